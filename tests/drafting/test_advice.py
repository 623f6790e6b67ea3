from __future__ import annotations

import pytest

from service.drafting.advice import advises, opposed, stances


@pytest.mark.parametrize(
    ("advice", "story"),
    [
        ("Ask your manager for the gap in writing.", "I stayed for five months and it proved nothing."),
        ("Never resign before the offer is signed.", "They opened a second chat in week two and left."),
        ("I'd wait until the review is over.", "That was the hardest year."),
    ],
)
def test_advice_counts_for_more_than_story(advice: str, story: str) -> None:
    assert advises(advice) > 0.3 > advises(story)


def test_a_stance_knows_its_direction() -> None:
    assert [(s.verb, s.toward) for s in stances("Don't appeal. I would take the offer. Avoid leaving early.")] == [
        ("appeal", False), ("take", True), ("leave", False),
    ]  # fmt: skip


def test_a_noun_is_no_order() -> None:
    assert stances("Work is not everything. Offers are rare.") == ()


@pytest.mark.parametrize(("a", "b", "expected"), [
    ("Take the offer.", "Don't take the offer.", True), ("Stay a year.", "Leave now.", True),
    ("Stay a year.", "Don't leave now.", False), ("Ask him.", "Write it down.", False),
])  # fmt: skip
def test_stances_oppose_by_negation_or_by_opposite_verbs(a: str, b: str, expected: bool) -> None:
    assert opposed(stances(a)[0], stances(b)[0]) is expected
