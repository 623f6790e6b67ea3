"""Why a thread is related, in one line that a member can check."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from service.retrieval.reads import ShownPassage

SAME_TITLE, SAME_QUESTION, NEAR = 0.8, 0.75, 0.5
_WORD = re.compile(r"[^\W\d_][\w'’+#-]{3,}")
_PLAIN = frozenset(Path(__file__).with_name("plain_words.txt").read_text("utf-8").split())


def why(
    words: Sequence[str], title: str, passage: ShownPassage, title_similarity: float, question_similarity: float
) -> str:
    """One line: what of the thread is near, and the words that both use; `words` are the post's `telling_words`."""
    if title_similarity >= SAME_TITLE:
        near = "Asks nearly the same"
    elif passage.field == "answer":
        near = "An answer speaks to this"
    elif question_similarity >= SAME_QUESTION:
        near = "Describes nearly the same situation"
    elif max(title_similarity, question_similarity) >= NEAR:
        near = "Describes a similar situation"
    else:
        near = "Touches the same subject"
    both = shared_words(words, f"{title} {passage.text}")
    return f"{near}; both mention {', '.join(both)}" if both else near


def telling_words(post: str) -> list[str]:
    """The words of a post that say something, each once, in its order."""
    every = dict.fromkeys(word.lower() for word in _WORD.findall(post))
    return [word for word in every if word not in _PLAIN]


def shared_words(words: Sequence[str], text: str, most: int = 4) -> list[str]:
    """The longest of `words` that a text uses too, in their order."""
    theirs = {word.lower() for word in _WORD.findall(text)}
    both = [word for word in words if word in theirs]
    telling = sorted(both, key=len, reverse=True)[:most]
    return [word for word in both if word in telling]
