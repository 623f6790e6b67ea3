"""A whole service on both databases with real stores and models, and callers for each role."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.app import Adapters, create_app
from service.people import identity
from service.settings import Settings
from service.stations import Stations

THREADS = [
    ("t-promo", "Passed over for promotion twice", ["promotion"], "How do I get promoted when my manager says I lack visibility?",
     "Write down what changed for the people who use your work. Ask your manager which two people outside the team must know it."),
    ("t-offer", "How to negotiate a first offer", ["offer-negotiation", "compensation"], "They offered less than I hoped. Can I ask for more?",
     "Ask once, in writing, with one number and one reason. Nobody withdraws an offer because you asked politely."),
    ("t-burn", "Too tired to open the laptop", ["burnout"], "After two years of on-call I am exhausted and want to leave.",
     "Take the leave before you decide. I waited and decided badly. Hand over the pager this week, not next quarter."),
]  # fmt: skip


@dataclass
class Service:
    """A running service in this process, and the keys to it."""

    client: TestClient
    stations: Stations
    keys: dict[str, str]

    def call(self, method: str, path: str, role: str | None = "site", **arguments: Any) -> Any:
        """One request as a role; None: without a key."""
        headers = dict(arguments.pop("headers", {}))
        if role is not None:
            headers["Authorization"] = f"Bearer {self.keys[role]}"
        return self.client.request(method, path, headers=headers, **arguments)

    def post(self, external_id: str, title: str, body: str, **more: Any) -> Any:
        """Send a post as the site."""
        sent = {"site": "acme", "external_id": external_id, "title": title, "body": body, "draft": "none"} | more
        return self.call("POST", "/v1/posts", content=json.dumps(sent), headers={"Content-Type": "application/json"})


def thread(title: str, tags: list[str], body: str, answer: str) -> dict[str, Any]:
    """A thread as `PUT /v1/threads` takes it."""
    author = {"id": "mentor-1", "level": "staff"}
    answers = [{"external_id": "a1", "body": answer, "author": author, "created_at": "2026-01-02T00:00:00Z"}]
    return {"title": title, "body": body, "tags": tags, "created_at": "2026-01-01T00:00:00Z", "answers": answers}


@pytest.fixture
def start(make_settings: Callable[..., Settings], database_url: str, embedder: Any) -> Iterator[Callable[..., Service]]:
    """Starts a service with a small corpus on the site `acme`; settings and adapters may be changed."""
    opened: list[TestClient] = []

    def run(adapters: Adapters | None = None, *, jobs: bool = False, **changes: Any) -> Service:
        settings = make_settings(database_url=database_url, requests_per_minute=0, **changes)
        app = create_app(settings, adapters or Adapters(), run_jobs=jobs)
        client = TestClient(app, raise_server_exceptions=False)
        client.__enter__()
        opened.append(client)
        stations: Stations = app.state.stations
        keys = {}
        with stations.database.write() as session:
            for role in ("site", "mentor", "moderator", "admin"):
                keys[role] = identity.create_key(session, role, "acme", stations.clock())
            keys["stranger"] = identity.create_key(session, "site", "elsewhere", stations.clock())
        service = Service(client, stations, keys)
        for external_id, title, tags, body, answer in THREADS:
            assert (
                service.call(
                    "PUT", f"/v1/threads/acme/{external_id}", json=thread(title, tags, body, answer)
                ).status_code
                == 201
            )
        return service

    yield run
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def service(start: Callable[..., Service]) -> Service:
    """A service without running jobs."""
    return start()
