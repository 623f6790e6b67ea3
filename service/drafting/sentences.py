"""Text to sentences, for checking what a draft says and for choosing what a past answer said."""

from __future__ import annotations

import re

_BREAK = re.compile(r"(?<=[.!?。！？])[\"')\]]*\s+(?=[\"'(\[A-Z0-9À-Þ一-鿿ऀ-ॿ¿¡])|\n+|(?<=[。！？])")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|Mr|Ms|Mrs|Dr|Sr|Jr|approx|z\.B|d\.h)\.|\b[A-Z]\.)$")
_BULLET = re.compile(r"^\s*(?:[-*•–]|\d{1,2}[.)])\s+")
_MARKS = re.compile(r"\*\*|__|`|^#{1,6}\s+", re.M)


def sentences(text: str) -> list[str]:
    """The sentences of `text` in order, without bullets and Markdown marks; abbreviations do not end one."""
    found: list[str] = []
    for piece in _BREAK.split(text):
        clean = _MARKS.sub("", _BULLET.sub("", piece)).strip()
        if not clean:
            continue
        if found and _ABBREVIATION.search(found[-1]):
            found[-1] = f"{found[-1]} {clean}"
        else:
            found.append(clean)
    return found


def words(text: str) -> list[str]:
    """Lower-case words and numbers of `text`."""
    return re.findall(r"[^\W_]+(?:['’.][^\W_]+)*", text.lower())
