"""What a model is shown: which passages of the evidence, and the inputs of the two prompts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from service.intake.normalise import ReadablePost
from service.intake.post import NewPost
from service.retrieval.evidence import Evidence, EvidencePassage

SMALL_PASSAGES, SMALL_PASSAGE_WORDS, SMALL_QUESTION_WORDS = 3, 85, 130
SMALL_TOKENS, SMALL_TITLE_TOKENS, SMALL_QUESTION_TOKENS = 1220, 150, 530
"""Tokens at most of all that fills the prompt of the bundled model, which is kept to 1,500 with its own 280; of them, tokens
of the title and of the question. Passages share what is left. English prose of so many words stays below."""
STRONG_PASSAGES, STRONG_QUESTION_WORDS = 10, 1500
PER_THREAD, PER_THREAD_STRONG = 2, 4
_GOES_ON = " …"
_PIECE = re.compile(r" ?(?<![A-Za-z])(?!(?i:[a-z]*[b-df-hj-np-tv-xz]{5}))[A-Za-z][a-z]{0,19}(?![A-Za-z])|.", re.S)
"""A word as English writes it, without five consonants in a row, and the space before it; or one character."""


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
    """The inputs of `draft_small`, within `SMALL_TOKENS`."""
    title = first_tokens(readable.title.text[:200], SMALL_TITLE_TOKENS)
    body = first_tokens(first_words(readable.body.text, SMALL_QUESTION_WORDS), SMALL_QUESTION_TOKENS)
    left, texts = SMALL_TOKENS - tokens_at_most(title) - tokens_at_most(body), []
    for after, passage in enumerate(shown, -len(shown)):
        texts.append(first_tokens(first_words(passage.text, SMALL_PASSAGE_WORDS), left // -after))
        left -= tokens_at_most(texts[-1])
    return {"title": title, "body": body, "evidence": [{"text": text} for text in texts]}


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
    return text if len(parts) <= most else " ".join(parts[:most]) + _GOES_ON


def first_tokens(text: str, most: int) -> str:
    """The beginning of a text that has surely no more than so many tokens; an ellipsis says that it goes on."""
    used, end = 0, 0
    for piece in _PIECE.finditer(text):
        used += _cost(piece[0])
        if used <= most - len(_GOES_ON.encode()):
            end = piece.end()
        elif used > most:
            return text[:end] + _GOES_ON
    return text


def tokens_at_most(text: str) -> int:
    """An upper bound of what the bundled model reads in a text: a token holds a byte at least, and two letters of an
    English word; of keyboard noise in words it may hold fewer."""
    return sum(_cost(piece[0]) for piece in _PIECE.finditer(text))


def _cost(piece: str) -> int:
    letters = piece.strip(" ")
    if letters.isascii() and letters.isalpha():
        return (len(letters) + 1) // 2
    return 3 if piece in "<>" else len(piece.encode("utf-8", "replace"))
