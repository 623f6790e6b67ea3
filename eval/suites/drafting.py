"""Drafts over frozen evidence: grounded, covering what past mentors said, silent where nobody answered."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from eval import frozen
from eval.loading import shipped, version_of
from eval.metric import Case, Output
from eval.scorers import (
    copied_words,
    forbidden_claim,
    missed_point,
    slow_or_dear,
    unreadable_draft,
    unsupported_claim,
    wrong_silence,
)
from eval.subjects import NOW, SITE, World
from eval.suite import Loaded, Section, Subject, Suite, cases_of
from eval.suites.drafting_judged import SECTION as JUDGED
from service.drafting.draft import WrittenDraft
from service.flagging.flag import Route
from service.intake.normalise import normalise
from service.intake.post import Author, NewPost
from service.retrieval.evidence import Evidence


def load() -> Loaded:
    """Questions with their frozen evidence. Raises NotThere where one has none."""
    data = shipped("drafting_questions")
    for row in data.rows:
        frozen.evidence_of(row.id)
    return Loaded(cases_of(data.rows), version_of([data.version, frozen.version()]))


def write_drafts(world: World, _cases: Sequence[Case]) -> Subject:
    """The drafting station as the deep lane calls it, on frozen evidence."""

    def subject(case: Case) -> Output:
        return written(world, case.row, frozen.evidence_of(case.row.id), attempt=case.repeat)

    return subject


def written(world: World, row: object, evidence: Evidence, body: str | None = None, attempt: int = 0) -> Output:
    """One draft as an output."""
    a = row.author  # type: ignore[attr-defined]
    author = Author(id="member", role=a.role, level=a.level, company=a.company)
    post = NewPost(
        site=SITE, external_id=row.id, title=row.title, body=row.body if body is None else body,  # type: ignore[attr-defined]
        kind=row.kind, author=author,  # type: ignore[attr-defined]
    )  # fmt: skip
    drafter = world.deep.deep_lane.drafter
    draft = drafter.write(
        post, normalise(post), evidence, Route(to="publish"), lang=row.lang, today=NOW.date(), attempt=attempt  # type: ignore[attr-defined]
    )  # fmt: skip
    return as_output(draft, evidence)


def as_output(draft: WrittenDraft, evidence: Evidence) -> Output:
    """What scorers and readers need of a draft."""
    cited = {s.passage_id for sentence in draft.sentences for s in sentence.sources}
    credited = [f"{p.author} {p.author_role} {p.author_level} {p.date}" for p in evidence.passages if p.id in cited]
    ms = draft.provenance.get("ms", {})
    return {
        "status": draft.status,
        "kind": draft.kind,
        "abstained_because": draft.abstained_because,
        "sentences": [json.loads(s.model_dump_json(exclude={"id"})) for s in draft.sentences],
        "dropped": [[d.text, d.reason] for d in draft.dropped],
        "notes": draft.notes,
        "passages": {p.id: p.text for p in evidence.passages},
        "credits": " ".join(credited) + " " + " ".join(t.title for t in evidence.related),
        "simple": simple(evidence),
        "ms": ms.get("draft_own"),
        "rungs": list(draft.provenance.get("rungs", [])),
    }


def simple(evidence: Evidence) -> list[str]:
    """What copying would give: the first two sentences of the three best answers."""
    best: list[str] = []
    seen: set[str | None] = set()
    for passage in evidence.passages:
        if passage.field == "answer" and passage.answer_id not in seen and len(seen) < 3:
            seen.add(passage.answer_id)
            best += [s for s in re.split(r"(?<=[.!?])\s+", passage.text) if s.strip()][:2]
    return best


SUITE = Suite(
    "drafting",
    1,
    "suggested answers from frozen evidence",
    (
        Section(
            "questions", "drafts for members' questions", load, write_drafts,
            (
                *wrong_silence.metrics(margin=0.03), *unsupported_claim.metrics(margin=0.01),
                *missed_point.metrics(margin=0.03), forbidden_claim.metric(margin=0.02), copied_words.metric(),
                *unreadable_draft.metrics(), slow_or_dear.own_ms(), *slow_or_dear.of_models(),
            ),
            asks_model=True,
        ),
        JUDGED,
    ),
)  # fmt: skip
