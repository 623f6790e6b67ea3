"""The main job with real models: a post goes in, a draft of checked sentences comes out, and the site is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook

from service.integrations import webhooks
from service.integrations.tables import WebhookDeliveryRow
from tests.api.conftest import *

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class Attempt:
    """One request that a receiver was sent, its signature verified, and what it answered."""

    id: str
    event: dict[str, Any]
    status: int


@dataclass
class Receiver:
    """A site's endpoint on a port, and every attempt it was sent, in order."""

    url: str
    attempts: list[Attempt]

    def told(self) -> set[str]:
        """The events that arrived and were accepted."""
        return {attempt.event["type"] for attempt in self.attempts if attempt.status == 204}


class Handler(BaseHTTPRequestHandler):
    """Keeps what it is sent; refuses the first attempt of each delivery."""

    attempts: list[Attempt]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        event = Webhook(SECRET).verify(body, headers)
        known = {attempt.id for attempt in self.attempts}
        status = 204 if headers["webhook-id"] in known else 503
        self.attempts.append(Attempt(headers["webhook-id"], event, status))
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(webhooks, "RETRY_AFTER_S", (0,) * len(webhooks.RETRY_AFTER_S))
    attempts: list[Attempt] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Keeping", (Handler,), {"attempts": attempts}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Receiver(f"http://127.0.0.1:{server.server_port}/hooks", attempts)
    server.shutdown()
    server.server_close()


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def test_a_post_becomes_a_draft_and_the_site_is_told(start: Callable[..., Any], receiver: Receiver) -> None:
    service = start(jobs=True, webhook_url=receiver.url, webhook_secret=SECRET, webhook_allow_private=True)
    made = service.post(
        "p1",
        "Passed over for promotion a second time",
        "My manager says people outside the team must know what I changed for the people who use my work. How do I write that down?",
        draft="async",
    ).json()
    assert made["draft"]["status"] == "pending"
    draft_id = made["draft"]["id"]
    wait_for(lambda: service.call("GET", f"/v1/drafts/{draft_id}").json()["status"] != "pending")
    draft = service.call("GET", f"/v1/drafts/{draft_id}").json()
    assert draft["status"] == "ready" and draft["kind"] in ("answer", "scaffold")
    shown = {r["thread_id"] for r in made["related"]}
    grounded = [s for s in draft["sentences"] if s["grounding"] in ("supported", "partial")]
    assert grounded
    for sentence in grounded:
        assert sentence["sources"] and all(
            source["thread_id"] in shown and source["quote"] for source in sentence["sources"]
        )
    lanes = [a["lane"] for a in service.call("GET", f"/v1/posts/{made['post_id']}/assessments").json()["data"]]
    assert lanes == ["deep", "fast"]
    wait_for(lambda: {"assessment.completed", "draft.ready"} <= receiver.told())
    events = service.call("GET", f"/v1/drafts/{draft_id}/events").text
    assert "event: ready" in events
    after = service.call("GET", f"/v1/drafts/{draft_id}/events", headers={"Last-Event-ID": "9999"}).text
    assert "event:" not in after


def test_an_urgent_post_is_announced_and_gets_no_draft(start: Callable[..., Any], receiver: Receiver) -> None:
    service = start(jobs=True, webhook_url=receiver.url, webhook_secret=SECRET, webhook_allow_private=True)
    made = service.post("p2", "Tired of it all", "I do not want to be alive anymore.", draft="wait").json()
    assert made["route"]["to"] == "urgent_review"
    assert made["draft"]["status"] == "abstained"
    wait_for(lambda: "review.urgent" in receiver.told())


def test_a_refused_delivery_is_sent_again_under_the_same_id(start: Callable[..., Any], receiver: Receiver) -> None:
    service = start(jobs=True, webhook_url=receiver.url, webhook_secret=SECRET, webhook_allow_private=True)
    made = service.post("p4", "Which of two offers?", "One pays more, the other has a mentor for me.").json()
    wait_for(lambda: "assessment.completed" in receiver.told())
    refused, accepted = (a for a in receiver.attempts if a.event["data"]["assessment_id"] == made["id"])
    assert (refused.status, accepted.status) == (503, 204)
    assert refused.id == accepted.id and refused.event == accepted.event

    def kept() -> tuple[str, int]:
        with service.stations.database.read() as session:
            row = session.get_one(WebhookDeliveryRow, accepted.id)
            return row.state, row.attempts

    wait_for(lambda: kept() == ("delivered", 2))


def test_a_deleted_source_makes_its_drafts_stale(start: Callable[..., Any]) -> None:
    service = start(jobs=True)
    made = service.post(
        "p3", "Passed over for promotion twice", "Which people outside the team must know what changed?", draft="wait"
    ).json()
    draft = service.call("GET", f"/v1/drafts/{made['draft']['id']}").json()
    assert draft["status"] == "ready" and not draft["stale"]
    threads = {s["thread_id"] for sentence in draft["sentences"] for s in sentence["sources"]}
    gone = next(r["external_id"] for r in made["related"] if r["thread_id"] in threads)
    service.call("DELETE", f"/v1/threads/acme/{gone}")
    assert service.call("GET", f"/v1/drafts/{draft['id']}").json()["stale"]
