"""Drafts that contradict the best past answer, by a judge whose agreement with people is measured beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eval import frozen
from eval.judging import PROMPT, VERSION, Judge
from eval.loading import shipped, version_of
from eval.metric import Case, Output
from eval.scorers import contradicting_draft
from eval.subjects import World
from eval.suite import Loaded, Section, Subject, cases_of

if TYPE_CHECKING:
    from service.retrieval.evidence import Evidence


def load() -> Loaded:
    """Pairs that people labelled, then the answerable questions."""
    pairs, questions = shipped("answer_pairs"), shipped("drafting_questions")
    rows = [row for row in questions.rows if row.answerable]
    version = version_of([pairs.version, questions.version, frozen.version(), f"{PROMPT}@{VERSION}"])
    return Loaded(cases_of(pairs.rows) + cases_of(rows), version)


def judged(world: World, _cases: Sequence[Case]) -> Subject:
    """The judge on a labelled pair, or on a draft and the best answer it had. Raises NotThere without a judge."""
    from eval.suites.drafting import written

    judge = Judge(world)

    def subject(case: Case) -> Output:
        row = case.row
        if hasattr(row, "label"):
            question, first, second, label = row.question, row.a, row.b, row.label
        else:
            evidence = frozen.evidence_of(row.id)
            draft = written(world, row, evidence)
            question, second, label = f"{row.title}\n{row.body}", best_answer(evidence), ""
            first = " ".join(s["text"] for s in draft["sentences"] if s["section"] not in ("ask", "gap"))
            if draft["status"] != "ready" or not first or not second:
                return {"label": "", "relation": "unrelated", "said": ["unrelated", "unrelated"], "judged": False}
        verdict = judge.relation(question, first, second)
        return {
            "label": label, "relation": verdict.relation, "said": list(verdict.said), "reasons": list(verdict.reasons),
            "judged": True,
        }  # fmt: skip

    return subject


def best_answer(evidence: Evidence) -> str:
    """The best passage of a past answer."""
    return next((p.text for p in evidence.passages if p.field == "answer"), "")


SECTION = Section(
    "judged", "drafts held against their best past answer by a judge, and the judge against people", load, judged,
    contradicting_draft.metrics(), external=True,
)  # fmt: skip
