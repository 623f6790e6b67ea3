"""The review queue is tested on the service that the API tests use, with posts that are surely flagged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.app import Adapters
from service.people import identity
from tests.api.conftest import service, start

__all__ = ["service", "start"]

CRISIS = ("I cannot go on", "I do not want to live any more. I have decided to kill myself tonight after the review.")
PRIVATE = (
    "My manager's number",
    "He is Gerald Fitzwilliam, call him on +44 7700 900123 or write to gerald.fitzwilliam@example.com and tell him.",
)
SPAM = (
    "Earn money from home",
    "I made $5000 a week with this crypto course. Click https://bit.ly/x and use my referral code RICH to join now!!!",
)
CALM = ("Asking for feedback", "How do I ask my manager for feedback before the review? I would like to grow.")


@dataclass
class Clock:
    """A clock that a test moves on."""

    now: datetime

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass
class Desk:
    """A service, its clock, and moderators' keys."""

    service: Any
    clock: Clock

    def call(self, method: str, path: str, role: str = "moderator", **more: Any) -> Any:
        """One call as a role."""
        return self.service.call(method, path, role, **more)

    def send(self, external_id: str, post: tuple[str, str], **more: Any) -> str:
        """Send a post; returns its id."""
        answer = self.service.post(external_id, *post, **more)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["post_id"])

    def items(self, role: str = "moderator", **query: Any) -> list[dict[str, Any]]:
        """The queue's first page."""
        answer = self.call("GET", "/v1/review/items", role, params=query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"])

    def item_of(self, post_id: str, role: str = "moderator") -> dict[str, Any]:
        """The open item of a post, in full."""
        found = next(item for item in self.items(role, limit=200) if item["post_id"] == post_id)
        return dict(self.call("GET", f"/v1/review/items/{found['id']}", role).json())

    def next_of(self, role: str = "moderator", **query: Any) -> str | None:
        """The id of the item a role is offered next."""
        found: str | None = self.call("GET", "/v1/review/next", role, params=query).json()["id"]
        return found

    def decide(self, item: dict[str, Any], verdict: str, role: str = "moderator", **more: Any) -> Any:
        """Decide on what an item shows."""
        sent = {"assessment_id": item["assessment"]["id"], "verdict": verdict, "reason": "because"} | more
        return self.call("POST", f"/v1/review/items/{item['id']}/decide", role, json=sent)


@pytest.fixture
def open_desk(start: Callable[..., Any]) -> Callable[..., Desk]:
    """Starts a service with a clock of its own and a second moderator; settings may be changed."""

    def run(**changes: Any) -> Desk:
        clock = Clock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
        settings = {"audit_share": 0.0, "second_review_share": 0.0} | changes
        service = start(Adapters(clock=clock), **settings)
        with service.stations.database.write() as session:
            service.keys["second"] = identity.create_key(session, "moderator", "acme", clock())
            service.keys["third"] = identity.create_key(session, "moderator", "acme", clock())
            service.keys["elsewhere"] = identity.create_key(session, "moderator", "other", clock())
        return Desk(service, clock)

    return run


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    """A service without audit sample and second reviews."""
    return open_desk()
