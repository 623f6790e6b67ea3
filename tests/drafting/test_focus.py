from __future__ import annotations

from service.drafting.abstain import CUT_OFF, reason_to_abstain
from service.drafting.focus import bearing, focused
from service.flagging.flag import Route
from service.retrieval.evidence import Evidence
from tests.drafting.conftest import ASK, evidence, passage


def scored(*scores: float, answered: bool = True) -> Evidence:
    """Threads of these relatednesses, each with an answer."""
    field = "answer" if answered else "question"
    found = evidence(*(passage(ASK, n, field=field) for n in range(1, len(scores) + 1)))
    return found.model_copy(
        update={"related": [t.model_copy(update={"score": s}) for t, s in zip(found.related, scores, strict=True)]}
    )


def test_a_thread_that_stands_out_bears_more_than_one_of_many() -> None:
    assert bearing(scored(0.45, 0.2, 0.2, 0.2, 0.15)) > bearing(scored(0.45, 0.44, 0.43, 0.42, 0.41))


def test_without_an_answer_nothing_bears() -> None:
    assert bearing(scored(0.9, answered=False)) == bearing(Evidence()) == 0.0


def test_a_draft_is_written_from_the_cut_on() -> None:
    assert reason_to_abstain("question", Route(to="publish"), scored(CUT_OFF)) is None
    assert reason_to_abstain("question", Route(to="publish"), scored(CUT_OFF - 0.01)) is not None


def test_threads_about_something_else_are_left_out_and_the_best_comes_first() -> None:
    found = scored(0.4, 0.6, 0.55)
    assert [p.id for p in focused(found).passages] == ["p2", "p3"]
