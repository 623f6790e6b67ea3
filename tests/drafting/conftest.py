"""Evidence and claims that are quick to write down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from service.retrieval.evidence import Evidence, EvidencePassage, RelatedThread

Passages = Callable[..., EvidencePassage]


def passage(text: str, number: int = 1, **more: Any) -> EvidencePassage:
    """An answer passage by a mentor of its own."""
    known: dict[str, Any] = {
        "id": f"p{number}", "thread_id": f"t{number}", "answer_id": f"a{number}", "field": "answer", "score": 0.6,
        "author": f"mentor-{number}", "author_role": "engineer", "author_level": "staff", "date": datetime(2025, 5, number, tzinfo=UTC),
    }  # fmt: skip
    return EvidencePassage(text=text, **{**known, **more})


def evidence(*passages: EvidencePassage) -> Evidence:
    """Passages and the threads they are from."""
    threads = [
        RelatedThread(
            thread_id=t, site="s", external_id=t, title=f"Thread {t}", url=None, score=0.6, duplicate_probability=0.0,
            passage="", passage_id="", why="",
        ) for t in dict.fromkeys(p.thread_id for p in passages)
    ]  # fmt: skip
    return Evidence(related=threads, passages=list(passages))


ASK = "Ask your manager which two people outside the team must know the work. Write down what changed for them, with a number."
WAIT = "Do not threaten to leave unless you already hold a signed offer. I did it once and they wished me luck."


@pytest.fixture
def found() -> Evidence:
    """Two answers of two mentors."""
    return evidence(passage(ASK, 1), passage(WAIT, 2))
