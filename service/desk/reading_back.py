"""Reads a text that was edited as a whole back into what was done to each sentence; pure.

A sentence that stands in the text word for word is as it was, wherever it was moved to, also one that was cut before and
is pasted again; what is left of the text is matched to the sentences that are missing by their words (Ratcliff and
Metzener 1988, as in difflib), and what matches none was added.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.desk.measures import words
from service.desk.revision import HEADINGS, NewRevision, Piece, SentenceEdit, pieces
from service.drafting.sentences import sentences

ALIKE = 0.5
"""From this ratio of shared words on a piece of the text counts as a changed sentence rather than a new one."""
LONGEST_PIECE = 5_000
_NOTHING = Piece("", "", "", None)


def edits_of(
    sent: NewRevision, machine: Sequence[dict[str, Any]], before: Sequence[SentenceEdit]
) -> list[SentenceEdit]:
    """What a revision says was done to each sentence; where it only has a text, what that text amounts to."""
    if sent.sentences is not None:
        return list(sent.sentences)
    if sent.text is None:
        return []
    found = {edit.id: edit for edit in read_back(sent.text, machine, before)}
    for sentence in machine:
        id_ = str(sentence["id"])
        if id_ in sent.confirmed and id_ not in found:
            found[id_] = SentenceEdit(id=id_, action="keep")
    return list(found.values())


def read_back(text: str, machine: Sequence[dict[str, Any]], before: Sequence[SentenceEdit] = ()) -> list[SentenceEdit]:
    """The edits that `text` amounts to. `before` are the edits made so far: what was confirmed stays confirmed.

    Moving a sentence is no edit of it: an opinion of the machine that nobody confirmed is as unconfirmed in its new place.
    """
    every = pieces(machine, before)
    here = [piece for piece in every if piece.action != "cut"]
    spots = _in_order(text, here)
    found = {spot.piece.id for spot in spots}
    spots = sorted([*spots, *_moved(text, [p for p in every if p.id not in found], spots)], key=lambda spot: spot.start)
    found = {spot.piece.id for spot in spots}
    missing = [n for n, piece in enumerate(here) if piece.id not in found]
    edits = {spot.piece.id: spot.edit for spot in spots if spot.edit is not None and not spot.moved}
    at, last, anchor, count = 0, -1, "", 0
    for place, spot in enumerate([*spots, _Spot(len(text), len(text), len(here), _NOTHING)]):
        high = next((later.number for later in spots[place:] if not later.moved), len(here))
        between = [n for n in missing if last < n < high and here[n].id not in edits]
        for line in _lines(text[at : spot.start]):
            match = _best(line, [here[n].text for n in between])
            if match is not None and here[between[match]].machine is not None:
                last = between.pop(match)
                anchor = here[last].id
                edits[anchor] = SentenceEdit(id=anchor, action="change", text=line)
                continue
            count += 1
            id_ = _free(count, {p.id for p in every} | set(edits))
            edits[id_] = SentenceEdit(id=id_, action="add", text=line, after=anchor if place < len(spots) else None)
        if spot.moved and spot.edit is not None:
            edits[spot.piece.id] = _placed(spot.edit, anchor)
        at, last, anchor = spot.end, max(last, spot.number), spot.piece.id
    cut = [str(s["id"]) for s in machine if str(s["id"]) not in found | set(edits)]
    return [*edits.values(), *(SentenceEdit(id=id_, action="cut") for id_ in cut)]


@dataclass(frozen=True)
class _Spot:
    """text[start:end] is a sentence; `number` is its place among the others, -1 where it was moved."""

    start: int
    end: int
    number: int
    piece: Piece
    edit: SentenceEdit | None = None

    @property
    def moved(self) -> bool:
        """Whether it stands out of its order."""
        return self.number < 0


def _placed(edit: SentenceEdit, after: str) -> SentenceEdit:
    """An edit with the place that its sentence was moved to; those of the draft have their place by themselves."""
    return edit.model_copy(update={"after": after}) if edit.action == "add" else edit


def _in_order(text: str, here: Sequence[Piece]) -> list[_Spot]:
    """Sentences that stand in the text in their order."""
    spots: list[_Spot] = []
    start = 0
    for number, piece in enumerate(here):
        found = _find(piece.text, text, start) if piece.text.strip() else None
        if found is not None:
            spots.append(_Spot(*found, number, piece, piece.edit))
            start = found[1]
    return spots


def _moved(text: str, lost: Sequence[Piece], spots: Sequence[_Spot]) -> list[_Spot]:
    """Sentences that stand elsewhere in the text, outside of `spots`: as they were, or as the machine wrote them."""
    covered = [(spot.start, spot.end) for spot in spots]
    moved: list[_Spot] = []
    for piece in sorted(lost, key=lambda piece: -len(piece.text)):
        readings = [] if piece.action == "cut" else [(piece.text, piece.edit)]
        if piece.machine is not None:
            readings.append((str(piece.machine["text"]), piece.edit if piece.action == "keep" else None))
        for words_, edit in readings:
            found = _outside(words_, text, covered) if words_.strip() else None
            if found is not None:
                covered.append(found)
                moved.append(_Spot(*found, -1, piece, edit))
                break
    return moved


def _outside(sentence: str, text: str, covered: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Where a sentence stands in a text and touches nothing that is covered."""
    start = 0
    while (found := _find(sentence, text, start)) is not None:
        over = [end for begin, end in covered if begin < found[1] and found[0] < end]
        if not over:
            return found
        start = max(over)
    return None


def _find(sentence: str, text: str, start: int) -> tuple[int, int] | None:
    """Where a sentence stands in a text as whole words, whatever the space between them."""
    said = sentence.strip()
    before, after = (r"\b" if re.match(r"\w", edge) else "" for edge in (said[0], said[-1]))
    pattern = r"\s+".join(re.escape(part) for part in said.split())
    found = re.compile(before + pattern + after).search(text, start)
    return found.span() if found else None


def _lines(text: str) -> list[str]:
    headings = {re.sub(r"\W", "", heading) for heading in HEADINGS.values()}
    found = [line for line in sentences(text) if re.sub(r"\W", "", line) not in headings]
    return [line[:LONGEST_PIECE] for line in found if re.search(r"\w", line)]


def _best(line: str, candidates: Sequence[str]) -> int | None:
    own = words(line.lower())
    ratios = [difflib.SequenceMatcher(None, words(c.lower()), own, autojunk=False).ratio() for c in candidates]
    best = max(range(len(ratios)), key=ratios.__getitem__, default=None)
    return best if best is not None and ratios[best] >= ALIKE else None


def _free(count: int, taken: set[str]) -> str:
    while f"own-{count}" in taken:
        count += 1
    return f"own-{count}"
