from __future__ import annotations

from typing import Any

import pytest

from service.api import review
from service.api.followers import Streams
from service.errors import TooManyRequests


def test_streams_are_bounded_together_and_for_each_caller() -> None:
    streams = Streams(most=3, each=2)
    places = [streams.enter("a"), streams.enter("a"), streams.enter("b")]
    with pytest.raises(TooManyRequests, match="at most 2"):
        streams.enter("a")
    with pytest.raises(TooManyRequests, match="too many"):
        streams.enter("c")
    places[0].leave()
    places[0].leave()
    assert streams.count() == 2
    streams.enter("a")


def test_one_stream_too_many_is_refused(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review, "EVENT_STREAMS", Streams(most=0, each=6))
    answer = desk.call("GET", "/v1/review/events")
    assert answer.status_code == 429 and answer.json()["code"] == "too_many_requests"


def test_a_stream_says_the_counts_and_gives_its_place_back(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    streams = Streams(most=1, each=1)
    monkeypatch.setattr(review, "EVENT_STREAMS", streams)
    monkeypatch.setattr(review, "EVENTS_FOR_S", 0.2)
    monkeypatch.setattr(review, "EVENT_EVERY_S", 0.05)
    answer = desk.call("GET", "/v1/review/events")
    assert answer.text.count("event: open") == 1, "nothing changed, so the counts are said once"
    assert streams.count() == 0


def test_all_streams_of_a_site_share_one_count(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from service.review import queue

    counted: list[str | None] = []
    count = queue.count

    def counting(session: Any, site: str | None) -> Any:
        counted.append(site)
        return count(session, site)

    monkeypatch.setattr(queue, "count", counting)
    monkeypatch.setattr(review, "EVENTS_FOR_S", 0.2)
    monkeypatch.setattr(review, "EVENT_EVERY_S", 0.02)
    for _ in range(5):
        assert desk.call("GET", "/v1/review/events").status_code == 200
    assert counted == ["acme"]
