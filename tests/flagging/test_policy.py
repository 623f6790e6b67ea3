from __future__ import annotations

from pathlib import Path

import pytest

from service.errors import InvalidPromptFile
from service.flagging.care import care_card, load_crisis_lines
from service.flagging.policy import CATEGORIES, load_policy

PROMPTS = Path(__file__).parents[2] / "prompts" / "policy"
SHIPPED = PROMPTS / "tech-career" / "1.0.0.yaml"


def _site_file(tmp_path: Path, text: str) -> Path:
    for name, content in {"tech-career": SHIPPED.read_text("utf-8"), "house": text}.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "1.0.0.yaml").write_text(content, "utf-8")
    return tmp_path / "house" / "1.0.0.yaml"


def test_the_shipped_policy_covers_every_category_with_five_near_misses() -> None:
    policy = load_policy(SHIPPED)
    assert [clause.category for clause in policy.clauses if clause.clause == "4.2"] == ["confidential_business"]
    assert {clause.category for clause in policy.clauses} == set(CATEGORIES)
    assert all(len(clause.near_misses) >= 5 for clause in policy.clauses)
    assert "4.2 confidential_business" in policy.as_text


def test_a_site_switches_a_category_off_and_adds_a_clause(tmp_path: Path) -> None:
    clause = """
  - category: confidential_business
    clause: "4.9"
    title: Names of our partner schools
    counts: [A partner school is named.]
    near_misses: [a, b, c, d, e]
    severity: low
    route: review
    reason_required: false
    distressing: false
    reason: A partner school is named.
    counter_reading: It may be public.
    author_text: Please leave out the name.
    care: {kind: redaction, id: mask-business-detail}
"""
    head = "name: house\nversion: 1.0.0\nextends: tech-career@1.0.0\nswitched_off: [low_effort]\n"
    thresholds = "thresholds: {spam_promotion: {high: 0.9}}\nclauses:"
    policy = load_policy(_site_file(tmp_path, head + thresholds + clause))
    assert not policy.active("low_effort")
    assert policy.by_id("4.9").category == "confidential_business"
    assert policy.clause_of("confidential_business").clause == "4.2"
    assert policy.thresholds["spam_promotion"] == {"high": 0.9}


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("severity: low", "severty: low", "severty"),
        ("severity: low", "severity: tiny", "severity"),
        ("category: off_topic", "category: offtopic", "closed"),
        ("id: other-place}", "id: no-such-card}", "no card"),
        ("{kind: note, id: other-place}", "{kind: resource, id: other-place}", "kind: note"),
        ('clause: "2.1"', 'clause: "1.1"', "twice"),
        ('clause: "2.1"', 'clause: "9.1"', "chapter"),
    ],
)
def test_a_mistake_is_reported_with_file_line_and_hint(tmp_path: Path, before: str, after: str, says: str) -> None:
    folder = tmp_path / "tech-career"
    folder.mkdir()
    text = SHIPPED.read_text("utf-8")
    path = folder / "1.0.0.yaml"
    path.write_text(text.replace(before, after, 1), "utf-8")
    with pytest.raises(InvalidPromptFile) as caught:
        load_policy(path)
    wrong = text[: text.index(before)].count("\n") + 1
    line = caught.value.extra["line"]
    assert isinstance(line, int)
    assert abs(line - wrong) <= 1
    assert says in caught.value.detail
    assert caught.value.extra["hint"]


@pytest.mark.parametrize("text", ["", "- a", "name: [", "name: a\nname: b\n", "\t"])
def test_a_file_that_is_no_policy_is_refused_not_crashed_on(tmp_path: Path, text: str) -> None:
    path = _site_file(tmp_path, text)
    with pytest.raises(InvalidPromptFile):
        load_policy(path)


@pytest.mark.parametrize(
    ("cuts", "says"),
    [
        ("{hgh: 0.9}", "no cut `hgh`"), ("{high: 1.2}", "1.2 is no probability"), ("{high: .nan}", "nan"),
        ("{middle: 0.8, high: 0.5}", "must not fall"), ("{high: much}", "numbers from 0 to 1"),
    ],
)  # fmt: skip
def test_a_cut_that_is_none_is_refused_with_file_line_and_hint(tmp_path: Path, cuts: str, says: str) -> None:
    head = "name: house\nversion: 1.0.0\nextends: tech-career@1.0.0\nthresholds:\n"
    path = _site_file(tmp_path, f"{head}  spam_promotion: {cuts}\n")
    with pytest.raises(InvalidPromptFile) as refused:
        load_policy(path)
    assert says in str(refused.value) and f"{path}:5" in str(refused.value)
    with pytest.raises(InvalidPromptFile, match="closed"):
        load_policy(_written(path, f"{head}  spam: {{high: 0.9}}\n"))


def _written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_policies_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    path = _site_file(tmp_path, "name: house\nversion: 1.0.0\nextends: house@1.0.0\n")
    with pytest.raises(InvalidPromptFile, match="no policy"):
        load_policy(path)


def test_every_card_has_lines_for_any_country() -> None:
    policy, lines = load_policy(SHIPPED), load_crisis_lines(PROMPTS / "crisis_lines.yaml")
    for country in (None, "DE", "xx", *lines.countries):
        for clause in policy.clauses:
            card = care_card(clause.care, policy, lines, country)
            if policy.cards[clause.care.id].by_country:
                assert card.lines
                assert card.emergency or card.emergency_note


def test_a_reader_in_france_gets_french_lines_young_people_first() -> None:
    policy, lines = load_policy(SHIPPED), load_crisis_lines(PROMPTS / "crisis_lines.yaml")
    card = care_card(policy.clause_of("minor_safety").care, policy, lines, "fr")
    assert [line.phone for line in card.lines[:2]] == ["119", "3114"]
    assert "112" in card.emergency
