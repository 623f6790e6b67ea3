"""How much of a draft a mentor kept; pure. The edit is the metric."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from service.desk.revision import SentenceEdit

_WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


@dataclass(frozen=True)
class Part:
    """A run of words of a diff."""

    kind: Literal["same", "added", "removed"]
    text: str


def counts(machine: Sequence[dict[str, Any]], edits: Sequence[SentenceEdit]) -> dict[str, int]:
    """Sentences kept (confirmed or untouched), changed, cut and added."""
    acts = {edit.id: edit.action for edit in edits}
    done = [acts.get(str(sentence["id"]), "keep") for sentence in machine]
    tally = {name: done.count(name) for name in ("keep", "change", "cut")}
    added = sum(edit.action == "add" for edit in edits)
    return {"kept": tally["keep"], "changed": tally["change"], "cut": tally["cut"], "added": added}


def full(
    machine: Sequence[dict[str, Any]], edits: Sequence[SentenceEdit], machine_text: str, text: str
) -> dict[str, Any]:
    """Counts, what happened to each sentence, and the edit distance in words over the longer text (0: untouched)."""
    before, after = words(machine_text), words(text)
    distance = edit_distance(before, after)
    acts = {edit.id: edit.action for edit in edits}
    by_sentence = [
        {
            "id": str(s["id"]), "action": acts.get(str(s["id"]), "keep"), "grounding": s.get("grounding"),
            "threads": sorted({str(source["thread_id"]) for source in s.get("sources", [])}),
        }
        for s in machine
    ]  # fmt: skip
    return {
        **counts(machine, edits), "words_machine": len(before), "words_final": len(after),
        "edit_distance": round(distance / max(len(before), len(after), 1), 4), "sentences": by_sentence,
    }  # fmt: skip


def words(text: str) -> list[str]:
    """Words and punctuation marks of a text."""
    return _WORD.findall(text)


def edit_distance(before: Sequence[str], after: Sequence[str]) -> int:
    """Levenshtein distance of two sequences of words (Levenshtein 1966): insertions, deletions and replacements."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    before, after = before[start:], after[start:]
    while before and after and before[-1] == after[-1]:
        before, after = before[:-1], after[:-1]
    row = list(range(len(after) + 1))
    for i, one in enumerate(before, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(after, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (one != other))
    return row[-1]


def diff(before: str, after: str) -> list[Part]:
    """What changed from one text to another, in runs of words with their spaces."""
    one, other = re.findall(r"\S+\s*", before), re.findall(r"\S+\s*", after)
    found: list[Part] = []
    for op, a, b, c, d in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if op == "equal":
            found.append(Part("same", "".join(one[a:b])))
            continue
        if b > a:
            found.append(Part("removed", "".join(one[a:b])))
        if d > c:
            found.append(Part("added", "".join(other[c:d])))
    return found
