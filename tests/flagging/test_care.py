from __future__ import annotations

import pytest

from service.flagging.flag import Care
from service.flagging.policy import CATEGORIES, Policy

SENSITIVE = {
    "self_harm_risk": "resource", "crisis_distress": "resource", "discrimination_report": "person_first",
    "personal_information": "redaction", "identifying_detail": "redaction", "confidential_business": "redaction",
}  # fmt: skip


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_clause_says_to_the_author_what_to_do_and_why_it_may_be_fine(category: str, policy: Policy) -> None:
    for clause in (c for c in policy.clauses if c.category == category):
        assert len(clause.near_misses) >= 5 and len(set(clause.near_misses)) == len(clause.near_misses)
        assert len(clause.counts) >= 1
        assert len(clause.author_text.split()) >= 8, "the text shown to the author"
        assert clause.reason and clause.counter_reading
        assert policy.cards[clause.care.id].kind == clause.care.kind


@pytest.mark.parametrize(("category", "kind"), SENSITIVE.items())
def test_a_sensitive_category_leads_to_care_instead_of_a_punishment(category: str, kind: str, policy: Policy) -> None:
    clause = policy.clause_of(category)
    assert clause.care.kind == kind
    assert clause.route != "hold"


def test_who_reports_discrimination_is_not_called_the_offender(policy: Policy) -> None:
    text = policy.clause_of("discrimination_report").author_text.lower()
    assert not any(word in text for word in ("violat", "warning", "removed", "banned", "offen"))


def test_a_card_the_policy_does_not_have_is_an_error(policy: Policy) -> None:
    from pathlib import Path

    from service.flagging.care import care_card, load_crisis_lines

    lines = load_crisis_lines(Path(__file__).parents[2] / "prompts" / "policy" / "crisis_lines.yaml")
    with pytest.raises(KeyError):
        care_card(Care(kind="note", id="no-such-card"), policy, lines)
