from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from service.app import Adapters
from service.clock import new_id
from service.flagging.deep import DeepRead
from service.flagging.flag import Route
from service.models.calls import BackendFailure, BackendRequest
from service.models.scripted import ScriptedBackend
from service.prompting.tables import PromptShadowRow
from service.shadowing import LEAST_PAIRS, _of_flags, _of_tags, compared, interval, run
from service.tagging.check import CheckedTags
from service.tagging.suggestion import TagSuggestion
from tests.degraded.conftest import PASSAGE, PROMOTION
from tests.prompting.conftest import second

NAME, MODEL = "draft_answer", "openai/gpt-4.1-mini"


def writes(request: BackendRequest) -> Any:
    """What an obedient model replies; the candidate, told to be kind, adds a sentence that no source supports."""
    shown = request.messages[-1].content
    sentences = [
        {"section": "answer", "kind": "claim", "sources": [{"passage_id": found["id"], "quote": quote}], "text": quote}
        for found in PASSAGE.finditer(shown)
        if (quote := found["text"].split(". ")[0].rstrip(".") + ".")
    ][:3]
    if "Be kind." in request.messages[0].content:
        sentences.append(
            {"section": "answer", "kind": "claim", "sources": [], "text": "All 734 of our members got a raise in May."}
        )
    return {"form": "answer", "abstain_reason": "", "sentences": sentences}


def shadows(service: Any) -> list[PromptShadowRow]:
    with service.stations.database.read() as session:
        return list(session.scalars(sa.select(PromptShadowRow)))


def started(service_on: Callable[..., Any], folder: Path, lines: list[Any], share: float = 1.0) -> tuple[Any, str]:
    version = second(folder, NAME)
    service = service_on(Adapters(completions=ScriptedBackend(lines)), draft_model=MODEL, shadow_share=share)
    service.stations.labels.move(NAME, "candidate", version, by="ada", reason="try")
    return service, version


def run_shadows(service: Any) -> int:
    waiting = [entry for entry in service.jobs.waiting if entry[0] == "shadow"]
    for entry in waiting:
        service.jobs.waiting.remove(entry)
        run(service.stations, *entry[2])
    return len(waiting)


def test_a_candidate_writes_beside_production_and_is_never_shown(service_on: Callable[..., Any], folder: Path) -> None:
    service, version = started(service_on, folder, [writes, writes])
    made = service.post("p1", *PROMOTION, draft="async").json()
    _job, _, arguments, _ = next(entry for entry in service.jobs.waiting if entry[0] == "write_draft")
    service.stations.deep_lane.write_draft(*arguments)
    draft = service.call("GET", f"/v1/drafts/{made['draft']['id']}").json()
    before = service.call("GET", f"/v1/posts/{made['post_id']}/assessments").json()["data"]
    assert run_shadows(service) == 1
    (row,) = shadows(service)
    assert (row.name, row.production, row.candidate) == (NAME, "1.0.0", version)
    assert row.production_score == 1.0 and row.candidate_score is not None and row.candidate_score < 1.0
    assert row.figures["candidate"]["dropped"] > row.figures["production"]["dropped"]
    assert "734 of our members" not in str(row.figures)  # a digest may hold the number
    assert service.call("GET", f"/v1/drafts/{made['draft']['id']}").json() == draft
    assert service.call("GET", f"/v1/posts/{made['post_id']}/assessments").json()["data"] == before
    shown = service.call("GET", f"/v1/prompts/{NAME}/shadow", role="admin").json()
    assert shown["n"] == 1 and shown["gain"] < 0 and not shown["may_be_promoted"]


def test_a_candidate_that_fails_is_a_failure_and_no_score(service_on: Callable[..., Any], folder: Path) -> None:
    service, _ = started(service_on, folder, [writes, BackendFailure("bad_request", "400")])
    service.post("p1", *PROMOTION, draft="async")
    _, _, arguments, _ = next(entry for entry in service.jobs.waiting if entry[0] == "write_draft")
    service.stations.deep_lane.write_draft(*arguments)
    run_shadows(service)
    (row,) = shadows(service)
    assert row.candidate_score is None and row.figures["candidate"] == {"failed": "model_failed"}


def test_without_a_candidate_or_outside_the_share_nothing_runs_beside(
    service_on: Callable[..., Any], folder: Path
) -> None:
    service, _ = started(service_on, folder, [writes], share=0.0)
    service.post("p1", *PROMOTION, draft="async")
    _, _, arguments, _ = next(entry for entry in service.jobs.waiting if entry[0] == "write_draft")
    service.stations.deep_lane.write_draft(*arguments)
    assert run_shadows(service) == 0


def add_pairs(service: Any, gains: list[float], version: str = "1.1.0") -> None:
    with service.stations.database.write() as session:
        for gain in gains:
            session.add(
                PromptShadowRow(
                    id=new_id(),
                    name=NAME,
                    production="1.0.0",
                    candidate=version,
                    post_id=new_id(),
                    production_score=0.5,
                    candidate_score=0.5 + gain,
                    figures={},
                    at=service.stations.clock(),
                )
            )


def verdict(service: Any, margin: float = 0.02) -> dict[str, Any]:
    with service.stations.database.read() as session:
        return compared(session, NAME, "1.0.0", "1.1.0", margin)


def test_a_candidate_is_better_when_the_lower_bound_of_its_gain_is_above_the_margin(
    service_on: Callable[..., Any],
) -> None:
    service = service_on()
    add_pairs(service, [0.1, 0.2] * (LEAST_PAIRS // 2 - 1))
    assert not verdict(service)["may_be_promoted"]  # too few
    add_pairs(service, [0.1, 0.2])
    found = verdict(service)
    assert found["may_be_promoted"] and 0.1 < found["low"] < found["gain"] < found["high"] < 0.2
    assert not verdict(service, margin=0.14)["may_be_promoted"]
    add_pairs(service, [-0.4] * 10)
    assert not verdict(service)["may_be_promoted"]


def add_scores(service: Any, pairs: list[tuple[float | None, float | None]], **figures: Any) -> None:
    with service.stations.database.write() as session:
        for before, after in pairs:
            session.add(
                PromptShadowRow(
                    id=new_id(),
                    name=NAME,
                    production="1.0.0",
                    candidate="1.1.0",
                    post_id=new_id(),
                    production_score=before,
                    candidate_score=after,
                    figures=figures,
                    at=service.stations.clock(),
                )
            )


def test_what_neither_scored_is_no_pair_and_a_silent_candidate_counts_against_itself(
    service_on: Callable[..., Any],
) -> None:
    service = service_on()
    add_scores(service, [(0.5, 0.9)] * LEAST_PAIRS + [(None, None)] * 40)
    found = verdict(service)
    assert (found["n"], found["unscored"], found["failed"]["candidate"]) == (LEAST_PAIRS, 40, 0)
    assert found["may_be_promoted"]
    add_scores(service, [(None, 1.0)] * 5)  # production said nothing: no gain, and no pair
    assert verdict(service)["n"] == LEAST_PAIRS and verdict(service)["gain"] == found["gain"]
    add_scores(service, [(0.5, None)] * 6)
    silent = verdict(service)
    assert silent["n"] == LEAST_PAIRS + 6 and silent["gain"] < found["gain"] and not silent["may_be_promoted"]
    assert silent["failed"] == {"production": 5, "candidate": 6}


def test_a_candidate_that_never_says_anything_stops_its_promotion(service_on: Callable[..., Any]) -> None:
    service = service_on()
    add_scores(service, [(0.9, None)] * LEAST_PAIRS)
    found = verdict(service)
    assert found["n"] == LEAST_PAIRS and found["gain"] < 0 and not found["may_be_promoted"]


def test_a_failure_of_production_is_a_gain_as_one_of_the_candidate_is_a_loss(service_on: Callable[..., Any]) -> None:
    service = service_on()
    add_scores(service, [(None, 0.8)], production={"failed": "model_failed"})
    add_scores(service, [(0.8, None)], candidate={"failed": "model_failed"})
    found = verdict(service)
    assert (found["n"], found["gain"], found["failed"]) == (2, 0.0, {"production": 1, "candidate": 1})
    add_scores(service, [(None, None)], production={"flags": []}, candidate={"failed": "model_failed"})
    assert verdict(service)["failed"]["candidate"] == 2 and verdict(service)["n"] == 2


def tags(*names: str) -> CheckedTags:
    return CheckedTags([TagSuggestion(tag=name, probability=0.99, because=[]) for name in names])


def test_no_measure_of_tags_is_won_by_saying_little() -> None:
    suggested = {"a", "b", "c"}
    unknown = [_of_tags(tags(*left), suggested, None).score for left in ("", "a", "ab", "abc", "abcd", "bcd")]
    assert unknown == [0.0, 1 / 3, 2 / 3, 1.0, 1.0, 3 / 4]
    assert _of_tags(tags(), set(), None).score is None
    known = [_of_tags(tags(*left), suggested, {"a", "d"}).score for left in ("", "a", "ad", "abc")]
    assert known == [0.0, 2 / 3, 1.0, 0.4]
    assert _of_tags(tags(), suggested, set()).score == 1.0 and _of_tags(tags("a"), suggested, set()).score == 0.0
    assert _of_tags(tags("a"), suggested, {"a"}).figures["against"] == "kept"


def test_tags_are_held_against_those_that_people_kept(service_on: Callable[..., Any], folder: Path) -> None:
    def reply(request: BackendRequest) -> Any:
        kind = any("Be kind." in message.content for message in request.messages)
        kept = ["burnout"] if kind else ["burnout", "layoffs"]
        return {"tags": [{"tag": tag, "keep": True, "reason": "The topic.", "probability": 0.9} for tag in kept]}

    version = second(folder, "check_tags")
    service = service_on(Adapters(completions=ScriptedBackend([reply] * 2)), tag_model=MODEL)
    service.stations.labels.move("check_tags", "candidate", version, by="ada", reason="try")
    made = service.post("p1", "Tired", "I am worn out.").json()
    service.call("PUT", f"/v1/posts/{made['post_id']}/tags", json={"tags": ["burnout", "layoffs"], "by": "author"})
    run(service.stations, made["id"], "check_tags")
    (row,) = shadows(service)
    assert row.figures["production"]["against"] == "kept" and row.production_score is not None
    assert row.candidate_score is not None and row.candidate_score < row.production_score


def test_a_reading_without_a_flag_has_no_score() -> None:
    read = DeepRead([], Route(to="publish"), {})
    assert _of_flags(read).score is None
    assert _of_flags(DeepRead([], Route(to="publish"), {}, unfounded=2)).score == 0.0


def test_the_interval_covers_a_known_mean_about_as_often_as_it_says() -> None:
    import random

    draw, covered = random.Random(3), 0
    for _ in range(60):
        low, high = interval([draw.gauss(0.1, 0.3) for _ in range(40)])
        covered += low <= 0.1 <= high
    assert 50 <= covered <= 60
