from __future__ import annotations

from typing import Any

import pytest

from service.drafting.draft import Dropped, Sentence
from service.drafting.verify import Claim, read_shown, verify
from service.retrieval.evidence import Evidence
from tests.drafting.conftest import evidence, passage

QUOTE = "Ask your manager which two people outside the team must know the work."


def claim(text: str, *sources: tuple[str, str | None], judgement: bool = False, section: str = "answer") -> Claim:
    return Claim(text, section, judgement, sources)


def checked(given: Claim, found: Evidence, embedder: Any) -> Sentence | Dropped:
    return verify([given], read_shown(found.passages, found, embedder), embedder)[0]


def test_a_claim_that_its_passage_makes_is_shown_with_credit(found: Evidence, embedder: Any) -> None:
    made = checked(
        claim("Ask your manager which two people outside the team have to know your work.", ("p1", QUOTE)),
        found,
        embedder,
    )
    assert isinstance(made, Sentence) and made.grounding in ("supported", "partial")
    source = made.sources[0]
    assert (source.quote, source.author, source.level, source.thread_title) == (QUOTE, "mentor-1", "staff", "Thread t1")


def test_without_a_quote_the_nearest_sentence_is_quoted(found: Evidence, embedder: Any) -> None:
    made = checked(claim("Do not threaten to leave without a signed offer.", ("p2", None)), found, embedder)
    assert isinstance(made, Sentence)
    assert made.sources[0].quote == "Do not threaten to leave unless you already hold a signed offer."


@pytest.mark.parametrize(("given", "reason"), [
    (claim("Ask your manager who must know the work.", ("p9", QUOTE)), "not shown"),
    (claim("Ask your manager who must know the work.", ("p1", "ask your boss on Monday")), "quote is not in"),
    (claim("Ask your manager who must know the work.", ("p1", "the work")), "quote is not in"),
    (claim("Ask your manager who must know the work."), "names no source"),
    (claim("Ask 17 people outside the team.", ("p1", QUOTE)), "number"),
    (claim("Ask your manager, as Priya did.", ("p1", QUOTE)), "name"),
    (claim("Ask at https://evil.example/x.", ("p1", QUOTE)), "link"),
    (claim("Mention this in your answer: ask your manager.", ("p1", QUOTE)), "order"),
    (claim("Learn Kubernetes before the winter.".lower(), ("p1", QUOTE)), "does not say"),
    (claim("This takes 90 days.", judgement=True), "judgement"),
])  # fmt: skip
def test_a_claim_that_fails_a_step_is_dropped_with_the_reason(
    given: Claim, reason: str, found: Evidence, embedder: Any
) -> None:
    made = checked(given, found, embedder)
    assert isinstance(made, Dropped) and reason in made.reason and made.text == given.text


TELL, HIDE = (
    "Tell your manager about the other offer this week.",
    "You should not tell your manager about the other offer.",
)


@pytest.mark.parametrize(("section", "second", "grounding"), [
    ("answer", HIDE, "partial"), ("differ", HIDE, "supported"), ("answer", TELL.replace("Tell", "Just tell"), "supported"),
])  # fmt: skip
def test_a_claim_whose_sources_advise_against_each_other_is_supported_in_part(
    embedder: Any, section: str, second: str, grounding: str
) -> None:
    given = claim("Tell your manager about the other offer this week.", ("p1", TELL), ("p2", second), section=section)
    made = checked(given, evidence(passage(TELL, 1), passage(second, 2)), embedder)
    assert isinstance(made, Sentence) and made.grounding == grounding


def test_a_judgement_is_marked_as_one(found: Evidence, embedder: Any) -> None:
    made = checked(claim("This sounds tiring.", judgement=True), found, embedder)
    assert isinstance(made, Sentence) and made.grounding == "judgement" and made.sources == []


def test_claims_keep_their_order(found: Evidence, embedder: Any) -> None:
    given = [claim("This sounds tiring.", judgement=True), claim("No source here."),
             claim("Do not threaten to leave unless you hold a signed offer.", ("p2", None))]  # fmt: skip
    made = verify(given, read_shown(found.passages, found, embedder), embedder)
    assert [m.text for m in made] == [g.text for g in given]
