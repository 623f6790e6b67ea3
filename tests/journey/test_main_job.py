"""The main job with real models: a post goes in, a draft of checked sentences comes out, and the site is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.api.conftest import *

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver(BaseHTTPRequestHandler):
    """Keeps what it is sent; refuses the first attempt of each delivery."""

    got: list[tuple[str, dict[str, Any]]]
    refused: set[str]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        Webhook(SECRET).verify(body, headers)
        self.got.append((headers["webhook-id"], json.loads(body)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    got: list[tuple[str, dict[str, Any]]] = []
    handler = type("Handler", (Receiver,), {"got": got, "refused": set()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hooks", got
    server.shutdown()
    server.server_close()


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def test_a_post_becomes_a_draft_and_the_site_is_told(start: Callable[..., Any], receiver: Any) -> None:
    url, got = receiver
    service = start(jobs=True, webhook_url=url, webhook_secret=SECRET, webhook_allow_private=True)
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
    wait_for(lambda: {"assessment.completed", "draft.ready"} <= {event["type"] for _, event in got})
    events = service.call("GET", f"/v1/drafts/{draft_id}/events").text
    assert "event: ready" in events
    after = service.call("GET", f"/v1/drafts/{draft_id}/events", headers={"Last-Event-ID": "9999"}).text
    assert "event:" not in after


def test_an_urgent_post_is_announced_and_gets_no_draft(start: Callable[..., Any], receiver: Any) -> None:
    url, got = receiver
    service = start(jobs=True, webhook_url=url, webhook_secret=SECRET, webhook_allow_private=True)
    made = service.post("p2", "Tired of it all", "I do not want to be alive anymore.", draft="wait").json()
    assert made["route"]["to"] == "urgent_review"
    assert made["draft"]["status"] == "abstained"
    wait_for(lambda: "review.urgent" in {event["type"] for _, event in got})


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
