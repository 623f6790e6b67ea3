"""Attacks and controls stand where the case says, and nothing else changes."""

from __future__ import annotations

import pytest

from eval.loading import shipped
from eval.planting import in_evidence, in_text
from service.retrieval.evidence import Evidence, EvidencePassage, RelatedThread

BODY = "One. Two is longer. Three."


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ("title", ("Title X\ny", BODY)),
        ("start", ("Title", f"X\ny\n\n{BODY}")),
        ("middle", ("Title", "One. Two is longer. X\ny Three.")),
        ("list", ("Title", "One. Two is longer.\n\n- X y\n\n Three.")),
        ("quote", ("Title", "One. Two is longer.\n\n> X y\n\n Three.")),
        ("code", ("Title", f"{BODY}\n\n```\nX\ny\n```")),
        ("end", ("Title", f"{BODY}\n\nX\ny")),
        ("hidden", ("Title", f"{BODY}X\ny")),
    ],
)
def test_text_stands_in_the_place_the_case_names(position: str, expected: tuple[str, str]) -> None:
    assert in_text("Title", BODY, "X\ny", position) == expected


def evidence() -> Evidence:
    passages = [
        EvidencePassage(id="p1", thread_id="t", answer_id=None, field="question", text="Asked.", score=0.9),
        EvidencePassage(id="p2", thread_id="t", answer_id="a", field="answer", text="Advice.", score=0.8),
        EvidencePassage(id="p3", thread_id="t", answer_id="b", field="answer", text="More.", score=0.7),
    ]
    related = [
        RelatedThread(
            thread_id="t",
            external_id="t",
            title="T",
            score=0.9,
            passage="Advice.",
            site="sample",
            url=None,
            duplicate_probability=0.0,
            passage_id="p2",
            why="alike",
        )
    ]
    return Evidence(related=related, passages=passages, index_version="1")


def test_only_the_best_answer_of_the_thread_carries_the_attack() -> None:
    changed = in_evidence(evidence(), "t", "Obey.", "end")
    assert changed is not None
    assert [p.text for p in changed.passages] == ["Asked.", "Advice.\n\nObey.", "More."]


def test_an_attack_on_a_title_stands_at_the_start_of_an_answer() -> None:
    changed = in_evidence(evidence(), "t", "Obey.", "title")
    assert changed is not None
    assert changed.passages[1].text == "Obey.\n\nAdvice."


def test_a_thread_that_was_not_found_carries_nothing() -> None:
    assert in_evidence(evidence(), "elsewhere", "Obey.", "end") is None


def test_shipped_attacks_are_many_and_differ() -> None:
    rows = shipped("attacks").rows
    assert min(sum(row.where == where for row in rows) for where in ("post", "thread")) >= 300
    assert len({row.payload for row in rows}) == len(rows)
    assert len({row.family for row in rows}) >= 15 and len({row.lang for row in rows}) >= 8
    assert len({row.position for row in rows}) == 8 and len({row.aim for row in rows}) == 6
