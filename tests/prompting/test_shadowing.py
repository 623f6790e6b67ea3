from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from service.app import Adapters
from service.clock import new_id
from service.models.calls import BackendFailure, BackendRequest
from service.models.scripted import ScriptedBackend
from service.prompting.tables import PromptShadowRow
from service.shadowing import LEAST_PAIRS, compared, interval, run
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
    assert "734" not in str(row.figures)
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


def test_the_interval_covers_a_known_mean_about_as_often_as_it_says() -> None:
    import random

    draw, covered = random.Random(3), 0
    for _ in range(60):
        low, high = interval([draw.gauss(0.1, 0.3) for _ in range(40)])
        covered += low <= 0.1 <= high
    assert 50 <= covered <= 60
