"""A person who opens a post while a model still reads it finds nothing taken away afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from service.app import Adapters
from service.flagging.flag import Care, Flag
from service.flagging.reader import ReadFlags
from service.models.calls import BackendFailure
from service.models.scripted import Line, ScriptedBackend
from tests.degraded.conftest import by_hand, litellm, service, start

__all__ = ["by_hand", "litellm", "service", "start"]
QUIET = ("My promotion was declined again", "My manager says I lack visibility. How do I get promoted?")
OTHER = {
    "category": "off_topic", "clause": "6.1", "quotes": ["lack visibility"], "reason": "r", "counter_reading": "c",
    "probability": 0.9,
}  # fmt: skip


def reading(by_hand: Callable[..., Any], monkeypatch: Any, look: Callable[[Any], None], *lines: Line) -> Any:
    """A service whose fast reader raises one flag that no model confirms; `look` happens while the model reads."""
    flag = Flag(
        id="f1", category="harassment", clause="3.1", probability=0.8, calibrated=True, band="high",
        severity="medium", care=Care(kind="note", id="note"), quotes=[], reason="r", counter_reading="c",
        found_by=["learned:windows"],
    )  # fmt: skip

    def first(_request: Any) -> Line:
        look(service)
        return lines[0]

    backend = ScriptedBackend([first, *lines[1:]])
    service = by_hand(Adapters(completions=backend), flag_model="openai/gpt-4.1-mini")
    monkeypatch.setattr(service.stations.readers.flag_reader, "read", lambda *_: ReadFlags([flag]))
    return service


def opened(service: Any) -> None:
    """A moderator opens the one item there is."""
    (item,) = service.call("GET", "/v1/review/items", "moderator").json()["data"]
    assert service.call("GET", f"/v1/review/items/{item['id']}", "moderator").status_code == 200


def after(service: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The assessment at first and after the model read."""
    made = service.post("p1", *QUIET).json()
    assert made["route"]["to"] == "hold"
    assert service.run_jobs(most=1) == ["read_deep"]
    return made, service.call("GET", f"/v1/posts/{made['post_id']}").json()["assessment"]


def test_a_route_and_its_flags_stay_where_a_person_opened_the_post_during_the_reading(
    by_hand: Callable[..., Any], monkeypatch: Any
) -> None:
    service = reading(by_hand, monkeypatch, opened, {"flags": [OTHER], "summary": "s"})
    made, now = after(service)
    assert now["lane"] == "deep" and now["route"]["to"] == "hold"
    assert [f for f in now["flags"] if f["id"] == "f1"] == made["flags"]
    assert "off_topic" in {f["category"] for f in now["flags"]}


def test_a_flag_that_nobody_saw_is_taken_back_by_a_model_that_sees_nothing(
    by_hand: Callable[..., Any], monkeypatch: Any
) -> None:
    service = reading(by_hand, monkeypatch, lambda _service: None, {"flags": [], "summary": "s"})
    _, now = after(service)
    assert now["route"]["to"] == "publish"


def test_a_reading_that_fails_leaves_what_a_person_opened_meanwhile(
    by_hand: Callable[..., Any], monkeypatch: Any
) -> None:
    service = reading(by_hand, monkeypatch, opened, BackendFailure("bad_request", "400"))
    made, now = after(service)
    assert (now["route"], now["flags"]) == (made["route"], made["flags"])
