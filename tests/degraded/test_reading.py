"""A reader that fails is named, never taken for a verdict; DESIGN's rules for routes hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from service.app import Adapters
from service.assessment import AssessmentTextRow
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


def test_what_failed_readings_cost_stands_in_the_record(by_hand: Callable[..., Any]) -> None:
    service = reading(by_hand, RUBBISH, RUBBISH)
    made = service.post("p1", *QUIET).json()
    service.run_jobs(most=1)
    told = newest(service, made)["provenance"]
    assert told["usage"]["input_tokens"] == 20 and told["usage"]["cost_usd"] > 0 and told["prompts"] == []


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


CHECKED = {"tags": [{"tag": "promotion", "keep": True, "probability": 0.99, "reason": "It is about one."}]}
MODELS = {"flag_model": "openai/flags", "tag_model": "openai/tags"}


class Each:
    """A script for each model; `asked` counts what was asked of it."""

    def __init__(self, flags: list[Line], tags: list[Line]) -> None:
        self._of = {"openai/flags": ScriptedBackend(flags), "openai/tags": ScriptedBackend(tags)}
        self.closed = False

    async def ask(self, request: Any) -> Reply:
        return await self._of[request.model].ask(request)

    def stream(self, request: Any) -> Any:
        return self._of[request.model].stream(request)

    async def close(self) -> None:
        self.closed = True

    @property
    def asked(self) -> list[int]:
        return [len(backend.requests) for backend in self._of.values()]


def of_promotion(after: dict[str, Any]) -> float:
    return float(next(tag["probability"] for tag in after["tags"] if tag["tag"] == "promotion"))


@pytest.mark.parametrize("first", ["flags", "tags"])
def test_what_one_model_read_stays_while_the_other_is_asked_again(by_hand: Callable[..., Any], first: str) -> None:
    good: dict[str, list[Line]] = {"flags": [NO_FLAGS], "tags": [CHECKED]}
    other = "tags" if first == "flags" else "flags"
    backend = Each(**{first: good[first], other: [FAILS, FAILS, *good[other]]})
    service = by_hand(Adapters(completions=backend), **MODELS)
    made = service.post("p1", *QUIET).json()
    service.run_jobs(most=2)
    assert [d["part"] for d in newest(service, made)["degraded_because"]] == [other]
    assert service.run_jobs() == ["read_deep"]
    after = newest(service, made)
    assert not after["degraded"] and of_promotion(after) == 0.99
    assert sorted(p["name"] for p in after["provenance"]["prompts"]) == ["check_tags", "flag_post"]
    assert sorted(backend.asked) == [1, 3]


@pytest.mark.parametrize("given_up", ["flags", "tags"])
def test_what_was_read_at_a_later_attempt_is_kept_beside_what_is_given_up(
    by_hand: Callable[..., Any], given_up: str
) -> None:
    lines: dict[str, list[Line]] = {"flags": [FAILS, NO_FLAGS], "tags": [FAILS, CHECKED]}
    backend = Each(**(lines | {given_up: [FAILS] * 9}))
    service = by_hand(Adapters(completions=backend), **MODELS)
    made = service.post("p1", *QUIET).json()
    assert service.run_jobs() == ["read_deep"] * 4
    after = newest(service, made)
    assert after["degraded_because"] == [{"part": given_up, "reason": "model_failed", "reader": "deep"}]
    assert (of_promotion(after) == 0.99) is (given_up == "flags")
    assert len(after["provenance"]["prompts"]) == 1
    assert lanes(service, made) == ["deep", "deep", "fast"] and sorted(backend.asked) == [2, 4]


@pytest.mark.parametrize("lines", [[NO_FLAGS], [FAILS]])
def test_nothing_is_kept_of_a_post_that_is_edited_while_the_model_reads(
    by_hand: Callable[..., Any], lines: list[Line]
) -> None:
    made: dict[str, Any] = {}

    def edits(_request: Any) -> Line:
        made["edited"] = service.post("p1", QUIET[0], QUIET[1] + " I live in Berlin and work for a bank.").json()
        return lines[0]

    service = reading(by_hand, edits, NO_FLAGS)
    made["sent"] = service.post("p1", *QUIET).json()
    assert service.run_jobs(most=1) == ["read_deep"]
    assert newest(service, made["sent"])["id"] == made["edited"]["id"]
    assert lanes(service, made["sent"]) == ["fast", "fast"]
    assert [job[2] for job in service.jobs.waiting] == [(made["edited"]["id"],)], "the old text is not tried again"
    assert service.run_jobs() == ["read_deep"]
    assert lanes(service, made["sent"]) == ["deep", "fast", "fast"]


def test_nothing_is_kept_of_a_post_that_is_erased_while_the_model_reads(by_hand: Callable[..., Any]) -> None:
    def erases(_request: Any) -> Line:
        assert service.call("DELETE", f"/v1/posts/{made['post_id']}").status_code == 204
        return NO_FLAGS

    service = reading(by_hand, erases)
    made = service.post("p1", *QUIET).json()
    assert service.run_jobs() == ["read_deep"]
    with service.stations.database.read() as session:
        assert session.scalars(sa.select(AssessmentTextRow.record)).all() == []


def test_a_text_whose_assessment_still_holds_is_read_as_it_stands_now(by_hand: Callable[..., Any]) -> None:
    def edits(_request: Any) -> Line:
        assert service.post("p1", QUIET[0], QUIET[1].replace("visibility. How", "visibility! how")).status_code == 200
        return NO_FLAGS

    service = reading(by_hand, edits, NO_FLAGS)
    made = service.post("p1", *QUIET).json()
    assert service.run_jobs() == ["read_deep"] * 2
    assert lanes(service, made) == ["deep", "fast"] and not newest(service, made)["degraded"]


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
    assert after["route"] == {"to": "review", "because": ["confidential_business"], "withhold": False}
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
    monkeypatch.setattr("service.assess_post.embed_with_english", fail)
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
