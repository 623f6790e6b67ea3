"""Takes the words of sentences whose source is gone out of what a mentor saved; what the mentor wrote stays. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from service.desk.revision import HEADINGS, SentenceEdit
from service.drafting.draft import Sentence
from service.drafting.sentences import sentences, words

FEWEST_WORDS = 3
"""A part of a quotation with fewer words is anybody's: it stays."""
_UNQUOTED = re.compile(r"^“(.+)”\s*\([^()]*\)$", re.S)
_EMPTY_ITEM = re.compile(r"^[ \t]*[-*][ \t]*(?:\n|\Z)", re.M)
_EMPTY_SECTION = re.compile(rf"(?:{'|'.join(map(re.escape, HEADINGS.values()))})\s*(?=\*\*|\Z)")


@dataclass(frozen=True)
class Saved:
    """A text as it was saved, with what was done to each sentence."""

    text: str
    edits: list[SentenceEdit]


def without(saved: Saved, taken: Sequence[Sentence], order: Sequence[str], gone: Iterable[str]) -> Saved:
    """`saved` without the sentences of the draft in `taken` and without added points of the passages in `gone`.

    `order` are the ids of the draft's sentences as they stood, those taken too. A sentence that the mentor had changed
    becomes one of their own in the same place, without what it quoted.
    """
    away, lost = {s.id for s in taken}, set(gone)
    points = [edit for edit in saved.edits if edit.passage_id in lost]
    said = _parts([s.text for s in taken] + [e.text for e in points], [q.quote for s in taken for q in s.sources])
    edits: list[SentenceEdit] = []
    for edit in saved.edits:
        if edit in points:
            edits.append(edit.model_copy(update={"text": ""}))
        elif edit.id in away and edit.action == "change":
            place = _before(edit.id, order, away)
            edits.append(SentenceEdit(id=edit.id, action="add", text=_cleared(edit.text, said), after=place))
        elif edit.id not in away:
            edits.append(_own(edit, said, order, away))
    return Saved(_cleared(saved.text, said), edits)


def _own(edit: SentenceEdit, said: Sequence[str], order: Sequence[str], away: set[str]) -> SentenceEdit:
    """An edit of the mentor's without what it quotes, behind a sentence that is still there."""
    after = _before(edit.after, order, away) if edit.after in away else edit.after
    return edit.model_copy(update={"text": _cleared(edit.text, said), "after": after})


def _before(id_: str, order: Sequence[str], away: set[str]) -> str:
    """The nearest sentence before this one that stays; `""`: it comes first."""
    place = order.index(id_) if id_ in order else 0
    return next((other for other in reversed(order[:place]) if other not in away), "")


def _parts(texts: Sequence[str], quotes: Sequence[str]) -> list[str]:
    """Texts as they are, and what they and the quotes say, as a whole and sentence by sentence; the longest first."""
    bare = [_UNQUOTED.sub(r"\1", text.strip()) for text in [*texts, *quotes]]
    told = [part for one in bare for part in (one, *sentences(one)) if len(words(part)) >= FEWEST_WORDS]
    return sorted({text.strip() for text in [*texts, *told]} - {""}, key=lambda part: (-len(part), part))


def _cleared(text: str, said: Sequence[str]) -> str:
    """A text without these words, whatever the space between them, their quotation marks and what is empty then."""
    left = text
    for part in said:
        spaced = r"\s+".join(re.escape(word) for word in part.split())
        left = re.sub(rf' ?(?:“{spaced}”|"{spaced}"|(?<!\w){spaced}(?!\w))', "", left)
    if left == text:
        return text
    return re.sub(r"\n{3,}", "\n\n", _EMPTY_SECTION.sub("", _EMPTY_ITEM.sub("", left))).strip()
