"""What a model is shown: which passages of the evidence, and the inputs of the two prompts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from service.intake.normalise import ReadablePost
from service.intake.post import NewPost
from service.retrieval.evidence import Evidence, EvidencePassage

SMALL_PASSAGES, SMALL_PASSAGE_WORDS, SMALL_QUESTION_WORDS = 3, 85, 130
STRONG_PASSAGES, STRONG_QUESTION_WORDS = 10, 1500
PER_THREAD, PER_THREAD_STRONG = 2, 4


def shown_passages(evidence: Evidence, small: bool) -> list[EvidencePassage]:
    """The answer passages a model is shown, in the order given, few of one thread; then, for a large model, question passages."""
    most, of_thread = (SMALL_PASSAGES, PER_THREAD) if small else (STRONG_PASSAGES, PER_THREAD_STRONG)
    per_thread: dict[str, int] = {}
    chosen = []
    for passage in sorted(evidence.passages, key=lambda p: p.field != "answer"):
        if passage.field != "answer" and small:
            continue
        if per_thread.get(passage.thread_id, 0) < of_thread:
            per_thread[passage.thread_id] = per_thread.get(passage.thread_id, 0) + 1
            chosen.append(passage)
    return chosen[:most]


def small_inputs(readable: ReadablePost, shown: Sequence[EvidencePassage]) -> dict[str, Any]:
    """The inputs of `draft_small`."""
    return {
        "title": readable.title.text[:200],
        "body": first_words(readable.body.text, SMALL_QUESTION_WORDS),
        "evidence": [{"text": first_words(p.text, SMALL_PASSAGE_WORDS)} for p in shown],
    }


def strong_inputs(
    post: NewPost, readable: ReadablePost, evidence: Evidence, shown: Sequence[EvidencePassage], instruction: str,
    today: date, lang: str,
) -> dict[str, Any]:  # fmt: skip
    """The inputs of `draft_answer`; the member's and each mentor's role and level are among them."""
    titles = {thread.thread_id: thread.title for thread in evidence.related}
    author = ", ".join(part for part in (post.author.role, post.author.level) if part)
    passages = [
        {
            "id": p.id, "author": p.author, "role": p.author_role, "level": p.author_level,
            "date": p.date.date().isoformat() if p.date else "unknown", "thread_title": titles.get(p.thread_id, ""),
            "text": p.text, "kind": "answer" if p.field == "answer" else "question",
        }
        for p in shown
    ]  # fmt: skip
    return {
        "title": readable.title.text, "body": first_words(readable.body.text, STRONG_QUESTION_WORDS),
        "author_line": author, "evidence": passages, "instruction": instruction, "today": today.isoformat(), "lang": lang,
    }  # fmt: skip


def first_words(text: str, most: int) -> str:
    """The beginning of a text; an ellipsis says that it goes on."""
    parts = text.split()
    return text if len(parts) <= most else " ".join(parts[:most]) + " …"
