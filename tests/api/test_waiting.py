"""Who waits for a draft holds no thread: many of them delay no other call."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from service.api import drafts as drafts_api
from service.api import posts as posts_api
from service.drafting import repository as drafts
from service.drafting.draft import WrittenDraft

TITLE, BODY = "My promotion was declined again", "My manager says I lack visibility. How do I get promoted?"
FOLLOWERS = 45
"""More than the threads that serve requests."""

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def pending(service: Any) -> str:
    return str(service.post("w1", TITLE, BODY, draft="async").json()["draft"]["id"])


async def beside(service: Any, waiting: Callable[[httpx.AsyncClient], Any], begun: Callable[[], bool]) -> float:
    """Seconds that both calls of health take together beside `FOLLOWERS` calls that wait."""
    transport = httpx.ASGITransport(app=service.client.app)
    headers = {"Authorization": f"Bearer {service.keys['site']}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers, timeout=30) as client:
        following = [asyncio.create_task(waiting(client)) for _ in range(FOLLOWERS)]
        try:
            async with asyncio.timeout(20):
                while not begun():
                    await asyncio.sleep(0.05)
            begin = time.monotonic()
            for path in ("/healthz", "/readyz"):
                assert (await client.get(path)).status_code == 200
            return time.monotonic() - begin
        finally:
            for one in following:
                one.cancel()
            await asyncio.gather(*following, return_exceptions=True)


@on_sqlite
def test_many_followers_of_a_draft_delay_no_other_call(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts_api, "EVENT_POLL_S", 6.0)
    service = start()
    draft_id, looks = pending(service), []
    look = drafts.events_after
    monkeypatch.setattr(drafts, "events_after", lambda *told: (looks.append(1), look(*told))[1])
    seconds = asyncio.run(
        beside(
            service,
            lambda client: client.get(f"/v1/drafts/{draft_id}/events"),
            lambda: len(looks) >= FOLLOWERS - 5,
        )
    )
    assert seconds < 5.0
    assert drafts_api.EVENT_STREAMS.count() == 0


@on_sqlite
def test_many_posts_that_wait_for_their_draft_delay_no_other_call(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posts_api, "DRAFT_POLL_S", 6.0)
    service = start()
    pending(service)
    looks: list[int] = []
    look = posts_api.with_draft
    monkeypatch.setattr(posts_api, "with_draft", lambda *told: (looks.append(1), look(*told))[1])
    sent = {"site": "acme", "external_id": "w1", "title": TITLE, "body": BODY, "draft": "wait"}
    seconds = asyncio.run(
        beside(service, lambda client: client.post("/v1/posts", json=sent), lambda: len(looks) >= FOLLOWERS - 5)
    )
    assert seconds < 5.0


def test_a_draft_that_is_closed_during_a_look_still_says_so(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    draft_id, look = pending(service), drafts.events_after
    stations = service.stations

    def closing(*told: Any) -> Any:
        found = look(*told)
        with stations.database.write() as session:
            if drafts.find(session, draft_id).status == "pending":
                written = WrittenDraft(status="failed", abstained_because="model_failed")
                drafts.save(session, draft_id, written, stations.clock())
        return found

    monkeypatch.setattr(drafts, "events_after", closing)
    monkeypatch.setattr(drafts_api, "EVENT_POLL_S", 0.01)
    told = service.call("GET", f"/v1/drafts/{draft_id}/events").text
    assert told.count("event: failed") == 1
    assert json.loads(told.split("data: ")[1].split("\n")[0])["status"] == "failed"


def test_one_follower_too_many_is_refused(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts_api, "EVENT_STREAMS", drafts_api.Streams(most=0, each=1))
    answer = service.call("GET", f"/v1/drafts/{pending(service)}/events")
    assert answer.status_code == 429 and answer.json()["code"] == "too_many_requests"
