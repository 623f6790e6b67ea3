"""Checks of one sentence against the passage it cites. Pure: no model, no store.

In order: the passage was shown in this run; the quote stands in it; the numbers, names, identifiers and links of the
sentence stand in it or in what is known of it (author, level, date, thread).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from fractions import Fraction
from functools import cache

from service.corpus.lexical import STOP_WORDS
from service.drafting.quantities import WORDED, Quantity, digits_for_words, quantities, worded
from service.drafting.reading import stem
from service.drafting.sentences import words
from service.flagging.detectors.planted_task import VOCABULARY
from service.retrieval.evidence import EvidencePassage

COPY_RUN = 8
"""Consecutive words of a source from which on a sentence counts as copied."""

_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "’": "'", "‘": "'", "–": "-", "—": "-", "\u00a0": " "})
_LINK = re.compile(
    r"(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev|ai|co|app|gg|ly|me|xyz|info)\b(?:/\S*)?", re.I
)
_CONTACT = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|(?<!\w)@\w{2,}|\+?\d[\d ()-]{7,}\d")
_NAME = re.compile(
    r"(?<![.!?:]\s)(?<!^)\b[A-Z][\w'’-]*[a-z][\w'’-]*\b|\b[A-Z]{2,}[\w-]*\b|\b\w+(?:_\w+)+\b|\b[a-z]+[A-Z]\w*\b"
)
_FIRST = re.compile(r"(?:(?<=[.!?:]\s)|^)[\"“(]?([A-Z][a-z'’-]{2,})\b")
_INFLECTED = re.compile(r"(?:ing|ly|ed|ise|ize|ify|tion|ness|ment|able|ful|less|n't)$|-")
_OPENERS = frozenset(
    """one two each many much more most first second new better use get got let made make may might things please yes still
    good take keep give ask both""".split()  # noqa: SIM905
)
"""Words that often begin a sentence and are missing from the vocabulary."""
_MEASURED = re.compile(
    rf"\b({'|'.join(WORDED)})[\s-](?:\w+\s)?(?:years?|months?|weeks?|days?|hours?|minutes?|percent|dollars|euros|pounds|times|rounds?|levels?|offers?)\b",
    re.I,
)
"""A number written as a word that counts something; `two mentors say` sums up and counts nothing."""
_AGE = re.compile(rf"\b(\d{{1,2}}|one|{'|'.join(WORDED)})[\s-]years?(?:[\s-](?:ago|old|earlier|back)\b)", re.I)
_ORDINARY = {"I", "I'm", "I've", "I'd", "I'll", "Monday", "OK", "TL", "CV", "HR", "PR", "QA", "IT", "AMA", "IC"}


def _number(word: str) -> int:
    return int({"one": "1"}.get(word.lower()) or WORDED.get(word.lower(), word))


def folded(text: str) -> str:
    """Text for comparison: compatible characters joined, quotes and dashes alike, spaces single, lower case."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_QUOTES).lower().split())


def stands_in(quote: str, passage: str) -> bool:
    """Whether a quote is in a passage, letter by letter after folding. An empty quote is in nothing."""
    needle = folded(quote).strip(" .…\"'")
    return bool(needle) and needle in folded(passage)


def check_details(
    sentence: str, passages: list[EvidencePassage], known: str = "", ages: Collection[int] = ()
) -> str | None:
    """The first detail of `sentence` that no cited passage holds, said as a reason; None where all are there.

    `known` is what else is known of the passages (author, role, level, date, thread title), `ages` how many years ago they
    were written: “seven years ago” follows from a date.
    """
    sentence = _AGE.sub(lambda age: "" if _number(age[1]) in ages else age[0], sentence)
    source = folded(" ".join(p.text for p in passages) + " " + known)
    for link in _LINK.findall(sentence):
        if folded(link).rstrip(".,;)") not in source:
            return "holds a link that its source does not"
    for contact in _CONTACT.findall(sentence):
        if folded(contact) not in source:
            return "holds contact data that its source does not"
    numbers = {*quantities(source), *worded(source)}
    for word in _MEASURED.findall(digits_for_words(sentence)):
        if Quantity(Fraction(WORDED[word])) not in numbers:
            return f"holds a number that its source does not ({word})"
    for number in quantities(sentence):
        if number not in numbers:
            return f"holds a number that its source does not ({number.written[:20]})"
    tokens = set(words(source))
    first = [name for name in _FIRST.findall(sentence) if not _plain(name)]
    for name in [*_NAME.findall(sentence), *first]:
        if name not in _ORDINARY and not set(words(name)) <= tokens:
            return f"holds a name that its source does not ({name[:30]})"
    return None


def _plain(word: str) -> bool:
    """Whether a word that begins a sentence is one of the language, and capitalised for that alone."""
    low = word.lower().replace("’", "'").removesuffix("'s")
    return low in _vocabulary() or stem(low) in _vocabulary() or _INFLECTED.search(low) is not None


@cache
def _vocabulary() -> frozenset[str]:
    known = _OPENERS | STOP_WORDS | set(VOCABULARY.read_text("utf-8").split())
    return frozenset(known | {stem(word) for word in known})


def overlap(sentence: str, source: str) -> float:
    """The share of the sentence's words of four letters and more that stand in the source, 0 to 1."""
    wanted = {w for w in words(sentence) if len(w) > 3}
    return len(wanted & set(words(source))) / len(wanted) if wanted else 0.0


def copied(sentence: str, source: str, run: int = COPY_RUN) -> bool:
    """Whether `run` consecutive words of the sentence stand in the source in that order."""
    said, shown = words(sentence), words(source)
    runs = {tuple(shown[i : i + run]) for i in range(len(shown) - run + 1)}
    return any(tuple(said[i : i + run]) in runs for i in range(len(said) - run + 1))
