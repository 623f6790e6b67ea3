"""Text to sentences and words, for checking what a draft says and for choosing what a past answer said."""

from __future__ import annotations

import re

LONGEST_SPEECH = 400
"""Characters of a sentence with quoted speech in it; longer speech is cut like other text."""

_BREAK = re.compile(r"(?<=[.!?。！？])[\"')\]]*\s+(?=[\"'“(\[A-Z0-9À-Þ一-鿿ऀ-ॿ¿¡])|\n+|(?<=[。！？])")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|Mr|Ms|Mrs|Dr|Sr|Jr|approx|z\.B|d\.h)\.|\b[A-Z]\.)$")
_BULLET = re.compile(r"^\s*(?:[-*•–>]|\d{1,2}[.)])\s+")
_NUMBER = re.compile(r"\s*\d{1,2}[.)]\s*")
_MARKS = re.compile(r"\*\*|__|`|^#{1,6}\s+", re.M)
_WORD = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*")


def spans(text: str) -> list[tuple[int, int]]:
    """Where each sentence of `text` stands, as written; abbreviations and quoted speech do not end one."""
    found: list[tuple[int, int]] = []
    start = 0
    for end, after in [*((m.start(), m.end()) for m in _BREAK.finditer(text)), (len(text), len(text))]:
        # closing quotes and brackets belong to the sentence they close
        closed = end + len(text[end:after]) - len(text[end:after].lstrip("\"')]"))
        if text[start:closed].strip():
            if found and _goes_on(text, found[-1], closed):
                found[-1] = (found[-1][0], closed)
            else:
                found.append((start, closed))
        start = after
    return found


def _goes_on(text: str, before: tuple[int, int], closed: int) -> bool:
    """Whether a break is none: behind an abbreviation or the number of a list, or within speech that is quoted on one line."""
    said = text[before[0] : before[1]]
    if _ABBREVIATION.search(said) or _NUMBER.fullmatch(said):
        return True
    if closed - before[0] > LONGEST_SPEECH or "\n" in text[before[1] : closed]:
        return False
    speaking = said.count('"') % 2 == 1 or said.count("“") > said.count("”")
    line = text[before[1] :].split("\n", 1)[0]
    return speaking and ('"' in line[:LONGEST_SPEECH] or "”" in line[:LONGEST_SPEECH])


def plain(sentence: str) -> str:
    """A sentence without its bullet and Markdown marks."""
    return _MARKS.sub("", _BULLET.sub("", sentence)).strip()


def sentences(text: str) -> list[str]:
    """The sentences of `text` in order, plain."""
    return [clean for clean in (plain(text[start:end]) for start, end in spans(text)) if clean]


def words(text: str) -> list[str]:
    """Lower-case words and numbers of `text`."""
    return _WORD.findall(text.lower())


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where each word of `text` stands."""
    return [match.span() for match in _WORD.finditer(text)]
