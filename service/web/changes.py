"""A unified diff as rows of a table, the words that differ marked inside a changed line; signs tell, never colour alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from markupsafe import Markup, escape

HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
LEAST_LIKE = 0.4
"""Two lines that are less alike than this are shown as one gone and one new, without marking words."""


@dataclass(frozen=True)
class Row:
    """A line: its numbers before and after, what happened to it, and its text with changed words marked."""

    kind: Literal["gap", "same", "cut", "new"]
    before: int | None
    after: int | None
    text: Markup


def rows_of(diff: str) -> list[Row]:
    """The rows of a unified diff without its header; empty where nothing differs."""
    rows: list[Row] = []
    cut: list[str] = []
    new: list[str] = []
    before = after = 0
    for line in [*diff.splitlines()[2:], "@@ -0,0 +0,0 @@"]:
        if line.startswith("-"):
            cut.append(line[1:])
            continue
        if line.startswith("+"):
            new.append(line[1:])
            continue
        if line.startswith("\\"):
            continue  # a remark on the missing newline at the end
        rows += _changed(cut, new, before, after)
        before, after = before + len(cut), after + len(new)
        cut, new = [], []
        hunk = HUNK.match(line)
        if hunk is None:
            rows.append(Row("same", before, after, escape(line[1:])))
            before, after = before + 1, after + 1
            continue
        before, after = int(hunk[1]), int(hunk[2])
        if rows and before:
            rows.append(Row("gap", None, None, Markup("")))
    return rows


def _changed(cut: Sequence[str], new: Sequence[str], before: int, after: int) -> Iterator[Row]:
    marked = [_marked(old, fresh) for old, fresh in zip(cut, new, strict=False)]
    for n, line in enumerate(cut):
        yield Row("cut", before + n, None, marked[n][0] if n < len(marked) else escape(line))
    for n, line in enumerate(new):
        yield Row("new", None, after + n, marked[n][1] if n < len(marked) else escape(line))


def _marked(old: str, new: str) -> tuple[Markup, Markup]:
    one, other = re.findall(r"\s+|\w+|.", old), re.findall(r"\s+|\w+|.", new)
    match = SequenceMatcher(None, one, other, autojunk=False)
    if match.ratio() < LEAST_LIKE:
        return escape(old), escape(new)
    gone, come = Markup(""), Markup("")
    for tag, a, b, c, d in match.get_opcodes():
        left, right = "".join(one[a:b]), "".join(other[c:d])
        gone += escape(left) if tag == "equal" else Markup("<del>{}</del>").format(left) if left else ""
        come += escape(right) if tag == "equal" else Markup("<ins>{}</ins>").format(right) if right else ""
    return gone, come
