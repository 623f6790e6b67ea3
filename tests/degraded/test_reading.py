"""A reader that fails is named, never taken for a verdict; DESIGN's rules for routes hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from service.app import Adapters
from service.errors import StoreUnavailable
from service.flagging.flag import Care, Flag
from service.flagging.reader import ReadFlags
from service.models.calls import BackendFailure, Reply
from service.models.scripted import Line, ScriptedBackend
from tests.degraded.conftest import PROMOTION

QUIET = ("My promotion was declined again", "My manager says I lack visibility. How do I get promoted?")
NO_FLAGS = {"flags": [], "summary": "A question about a promotion."}
FAILS = BackendFailure("bad_request", "400")
RUBBISH = "Sure! Here is what I think about it."


def newest(service: Any, made: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = service.call("GET", f"/v1/posts/{made['post_id']}").json()["assessment"]
    return found


def lanes(service: Any, made: dict[str, Any]) -> list[str]:
    listed = service.call("GET", f"/v1/posts/{made['post_id']}/assessments").json()["data"]
    return [assessment["lane"] for assessment in listed]


def reading(by_hand: Callable[..., Any], *lines: Line, **settings: Any) -> Any:
    settings = {"flag_model": "openai/gpt-4.1-mini"} | settings
    return by_hand(Adapters(completions=ScriptedBackend(lines)), **settings)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([FAILS], "model_failed"),
        ([RUBBISH, RUBBISH], "unusable_reply"),
        (["I'm sorry, but I can't help with that."], "model_refused"),
        ([Reply('{"flags": [], "summ', finish="length")] * 2, "unusable_reply"),
        ([{"flags": "none"}, {"verdict": 1}], "unusable_reply"),
    ],
)
def test_a_deep_reader_that_fails_keeps_the_fast_route(
    by_hand: Callable[..., Any], lines: list[Line], reason: str
) -> None:
    service = reading(by_hand, *lines)
    made = service.post("p1", *QUIET).json()
    assert made["route"]["to"] == "publish"
    assert service.run_jobs(most=1) == ["read_deep"]
    after = newest(service, made)
    assert after["degraded_because"] == [{"part": "flags", "reason": reason, "reader": "deep"}]
    assert (after["route"], after["flags"]) == (made["route"], made["flags"])
    assert service.jobs.waiting[0][0] == "read_deep" and service.jobs.waiting[0][3] == 60.0


def test_a_failed_deep_reading_is_tried_again_and_what_it_finds_then_counts(by_hand: Callable[..., Any]) -> None:
    service = reading(by_hand, FAILS, FAILS, NO_FLAGS)
    made = service.post("p1", *QUIET).json()
    assert service.run_jobs() == ["read_deep"] * 3
    assert lanes(service, made) == ["deep", "deep", "fast"]
    after = newest(service, made)
    assert not after["degraded"] and after["provenance"]["prompts"][0]["name"] == "flag_post"


def test_a_deep_reading_is_given_up_after_a_few_attempts(by_hand: Callable[..., Any]) -> None:
    service = reading(by_hand, *[FAILS] * 9)
    made = service.post("p1", *QUIET).json()
    assert service.run_jobs() == ["read_deep"] * 4
    assert newest(service, made)["degraded"] and lanes(service, made) == ["deep", "fast"]


def test_a_post_in_the_middle_band_is_reviewed_when_the_deep_reader_fails(
    by_hand: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = reading(by_hand, FAILS)
    flag = Flag(
        id="f1", category="confidential_business", clause="4.1", probability=0.4, calibrated=True, band="middle",
        severity="medium", care=Care(kind="redaction", id="redact"), quotes=[], reason="r", counter_reading="c",
        found_by=["learned:windows"],
    )  # fmt: skip
    reader = service.stations.readers.flag_reader
    monkeypatch.setattr(reader, "read", lambda *_: ReadFlags([flag]))
    made = service.post("p1", *QUIET).json()
    assert made["route"]["to"] == "publish"
    service.run_jobs(most=1)
    after = newest(service, made)
    assert after["route"] == {"to": "review", "because": ["confidential_business"]}
    assert after["degraded_because"] == [{"part": "flags", "reason": "model_failed", "reader": "deep"}]


def test_a_draft_that_is_done_first_does_not_keep_the_flags_from_being_read(by_hand: Callable[..., Any]) -> None:
    found = {
        "category": "confidential_business", "clause": "4.1", "quotes": ["must know what I changed"], "reason": "r",
        "counter_reading": "c", "probability": 0.9,
    }  # fmt: skip
    service = reading(by_hand, FAILS, {"flags": [found], "summary": "s"}, draft_model="openai/gpt-4.1-mini")
    made = service.post("p1", *PROMOTION, draft="async").json()
    service.jobs.waiting.reverse()
    assert service.run_jobs() == ["write_draft", "read_deep"]
    after = newest(service, made)
    assert "confidential_business" in [flag["category"] for flag in after["flags"]]
    assert after["degraded_because"] == [{"part": "draft", "reason": "model_failed", "reader": "deep"}]


def test_a_detector_that_breaks_turns_publish_into_review(
    by_hand: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = by_hand()

    class Broken:
        name = "broken"

        def detect(self, *_arguments: Any) -> Any:
            raise RuntimeError("secret words of the member")

    reader = service.stations.readers.flag_reader
    monkeypatch.setattr(reader, "_detectors", (*reader._detectors, Broken()))
    made = service.post("p1", *QUIET).json()
    assert made["route"]["to"] == "review"
    assert made["degraded_because"] == [{"part": "flags", "reason": "broken: RuntimeError", "reader": "fast"}]


def test_without_embeddings_the_post_is_kept_and_reviewed(
    by_hand: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = by_hand()

    def fail(*_arguments: Any, **_more: Any) -> Any:
        raise RuntimeError("onnx")

    monkeypatch.setattr(service.stations.embedder, "embed", fail)
    monkeypatch.setattr("service.assess_post.embed_post", fail)
    response = service.post("p1", *QUIET)
    assert response.status_code == 201
    made = response.json()
    assert {entry["part"] for entry in made["degraded_because"]} == {"related", "tags", "flags"}
    assert made["route"]["to"] == "review" and made["related"] == []
    assert service.call("GET", f"/v1/posts/{made['post_id']}").json()["body"] == QUIET[1]


def test_without_vectors_the_route_stands(by_hand: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    service = by_hand()

    def fail(*_arguments: Any, **_more: Any) -> Any:
        raise StoreUnavailable("no vectors")

    monkeypatch.setattr(service.stations.readers.finder, "find_related", fail)
    made = service.post("p1", *QUIET).json()
    assert made["degraded_because"][0] == {"part": "related", "reason": "store_unavailable", "reader": "fast"}
    assert made["route"]["to"] == "publish"
