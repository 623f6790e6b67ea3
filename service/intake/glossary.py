"""Posts in other languages word by word in rough English, so that readers that know English best read them too.

`glossaries/<language>.txt` holds lines of a form, a tab and its English; a form that ends in `*` stands for every word that
begins so, the longest first, and one of several words is tried before its words. What no line knows stays as it is: names and
English loans are often the point. Chinese is cut by the longest form that matches (maximum matching, Liang 1986).
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from service.intake.normalise import ReadablePost, Reading
from service.intake.simplified import SIMPLIFIED

FOLDER = Path(__file__).with_name("glossaries")
LANGUAGES = frozenset({"es", "pt", "fr", "de", "it", "pl", "ru", "zh", "hi"})
LONGEST = 2_000
"""Characters of a field that are read: what a post is about is said by then, and it is embedded once more."""
SHORTEST_STEM = 3
_TOKEN = re.compile(r"(?:[^\W_]|[\u0900-\u0963\u0966-\u0dff])+|[^\w\s]")
_IDEOGRAPHS = re.compile(r"[\u3400-\u9fff]+|[^\u3400-\u9fff]+")
_IDEOGRAPH = re.compile(r"[\u3400-\u9fff]")


@dataclass
class Glossary:
    """The forms of one language, all without accents: whole words, beginnings of words, and expressions by their first word."""

    words: dict[str, str] = field(default_factory=dict)
    stems: dict[str, str] = field(default_factory=dict)
    expressions: dict[str, list[tuple[list[str], str]]] = field(default_factory=lambda: defaultdict(list))
    longest: int = 1

    def english(self, text: str) -> str:
        """`text` in rough English, lower case."""
        tokens = _TOKEN.findall(_plain(text))
        found: list[str] = []
        while tokens:
            taken, english = self._next(tokens)
            found.append(english)
            tokens = tokens[taken:]
        return " ".join(word for word in found if word)

    def _next(self, tokens: list[str]) -> tuple[int, str]:
        """(how many tokens are read, their English)."""
        for form, english in self.expressions.get(tokens[0], ()):
            if _begins(tokens, form):
                return len(form), english
        if _IDEOGRAPH.search(tokens[0]):
            return 1, " ".join(filter(None, self._cut(tokens[0])))
        return 1, self._word(tokens[0])

    def _word(self, word: str) -> str:
        if word in self.words:
            return self.words[word]
        beginnings = (word[:length] for length in range(len(word), SHORTEST_STEM - 1, -1))
        return next((self.stems[beginning] for beginning in beginnings if beginning in self.stems), word)

    def _cut(self, token: str) -> list[str]:
        found: list[str] = []
        for piece in _IDEOGRAPHS.findall(token):
            if not _IDEOGRAPH.match(piece):
                found.append(self._word(piece))
                continue
            start = 0
            while start < len(piece):
                lengths = range(min(self.longest, len(piece) - start), 0, -1)
                length = next((n for n in lengths if piece[start : start + n] in self.words), 1)
                found.append(self.words.get(piece[start : start + length], ""))
                start += length
        return found


def in_english(post: ReadablePost) -> ReadablePost | None:
    """A post word by word in English; None where no glossary knows its language."""
    if post.lang not in LANGUAGES:
        return None
    glossary = glossary_of(post.lang)
    return replace(post, title=_told(post.title, glossary), body=_told(post.body, glossary))


@cache
def glossary_of(lang: str) -> Glossary:
    """The glossary of a language. Raises OSError for one without."""
    made = Glossary()
    for line in (FOLDER / f"{lang}.txt").read_text("utf-8").strip("\n").split("\n"):
        form, english = line.split("\t")
        plain = _plain(form)
        words = plain.split()
        if len(words) > 1:
            made.expressions[words[0]].append((words, english))
        elif plain.endswith("*"):
            made.stems.setdefault(plain[:-1], english)
        else:
            made.words.setdefault(plain, english)
    for found in made.expressions.values():
        found.sort(key=lambda expression: -len(expression[0]))
    made.longest = max(map(len, made.words), default=1)
    return made


def _told(reading: Reading, glossary: Glossary) -> Reading:
    text = glossary.english(reading.text[:LONGEST])
    return Reading(reading.field, text, text, array("L", range(len(text))))


def _begins(tokens: list[str], form: list[str]) -> bool:
    """Whether an expression stands at the beginning of `tokens`."""
    *before, last = form
    if len(tokens) < len(form) or tokens[: len(before)] != before:
        return False
    word = tokens[len(before)]
    return word.startswith(last[:-1]) if last.endswith("*") else word == last


def _plain(text: str) -> str:
    """Lower case, without accents, traditional Chinese as simplified; marks of Indic scripts stay."""
    folded = unicodedata.normalize("NFD", text.casefold().translate(SIMPLIFIED))
    return unicodedata.normalize("NFC", "".join(c for c in folded if not "\u0300" <= c <= "\u036f"))
