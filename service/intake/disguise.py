"""Letters in disguise as the letters people take them for, so that machines read what people see.

Styled letters (mathematical, wide, circled, raised: Unicode's compatibility decompositions), letters of other
alphabets that look like Latin ones in a Latin word (a few of Unicode's confusables, UTS 39), and marks piled on letters; the
letters of words that are held apart; and words that people censor (`censored_words.txt`: k1ll, su*cidal), whoever is in despair
among them. What a language writes that way stays: accents that compose with their letter, words of another alphabet, wide
punctuation. Digits stay in words that nobody censors: k8s, i18n.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from string import ascii_lowercase

IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Default_Ignorable_Code_Point of Unicode 16, as the inside of a character class: what is not shown at all."""
_STYLED = re.compile(
    "[\u02b0-\u02b8\u1d2c-\u1d61\u2071\u207f\u2102-\u214f\u24b6-\u24e9\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\ufb00-\ufb06"
    "\U0001d400-\U0001d7ff\U0001f130-\U0001f149]"
)
_LIGATURES = "\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06"
_DARK = re.compile("[\U0001f150-\U0001f169\U0001f170-\U0001f189]")
"""Letters in black circles and squares, which have no decomposition; each of the two rows runs from A."""
_LOOKALIKES = dict(
    zip(
        "аеорсухіјѕԁһӏԛԝкмтвн" "АВЕКМНОРСТУХІЈЅ" "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
        "aeopcyxijsdhlqwkmtbh" "ABEKMHOPCTYXIJS" "ABEZHIKMNOPTYXo",
        strict=True,
    )
)  # fmt: skip
_OTHER = re.compile("[\u0370-\u03ff\u0400-\u052f]")
_LATIN = re.compile("[A-Za-z]")
_MIXED_WORD = re.compile("[A-Za-z\u0370-\u03ff\u0400-\u052f]{2,}")
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f"
_MARKED = re.compile(f"[\x00-\x7f][{_MARKS}]+")
_LATIN_LETTER = f"[A-Za-z\u00c0-\u024f\u1e00-\u1eff][{_MARKS}]*"
_LETTER = re.compile(_LATIN_LETTER)
_WORD = re.compile(f"(?:{_LATIN_LETTER}){{3,60}}")
_SPACED = re.compile(r"(?<!\S)(?<![A-Za-z] )[A-Za-z](?: [A-Za-z]){2,}(?: {2,6}[A-Za-z](?: [A-Za-z])*)+(?!\S)")
"""Letters with one space between them, words with more."""
_HELD_APART = re.compile(r"(?<!\w)[a-z]([.*_|~-])[a-z](?:\1[a-z]){2,}(?!\w)")
_BETWEEN = re.compile(r"(?<=\S) (?=\S)|[.*_|~-]")
_CENSORED_WORDS = Path(__file__).with_name("censored_words.txt")
_CENSORED = re.compile(r"(?<![\w*])(?=[A-Za-z]+[0134578@$!*#])[A-Za-z][A-Za-z0134578@$!*#]{1,14}(?<=[A-Za-z])(?![\w*])")
_READ_AS = {
    "0": "o", "1": "il", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s", "!": "il",
    "*": ascii_lowercase, "#": ascii_lowercase,
}  # fmt: skip
_SHORTEST_BLANKED, _MOST_BLANKED = 4, 0.5
"""Letters of a word that may have any in place of some (d*e is a product), and how many of them."""
_LEAST_ACCENTED, _MOST_ACCENTED = 3, 0.75
"""A word with more letters under accents than this is written so in no language that the readers know."""


@dataclass
class Plain:
    """By offset in a text: what stands there `instead`, and what is `dropped`."""

    instead: dict[int, str] = field(default_factory=dict)
    dropped: set[int] = field(default_factory=set)


def plain_letters(text: str) -> Plain:
    """What to read in place of letters in disguise. Linear in the text."""
    found = Plain()
    for pattern in (_SPACED, _HELD_APART):
        for match in pattern.finditer(text):
            found.dropped.update(between.start() for between in _BETWEEN.finditer(text, *match.span()))
    _censored(text, found)
    if text.isascii():
        return found
    _styled(text, found)
    _from_other_alphabets(text, found)
    _piled(text, found)
    return found


def _censored(text: str, found: Plain) -> None:
    for match in _CENSORED.finditer(text):
        if meant := _meant(match[0].lower()):
            for place, letter in enumerate(match[0]):
                if not letter.isalpha():
                    found.instead[match.start() + place] = meant[place]


@cache
def _of_length() -> dict[int, list[str]]:
    """The words that people censor, by how long they are, the likelier first."""
    found = defaultdict(list)
    for word in _CENSORED_WORDS.read_text("utf-8").split():
        found[len(word)].append(word)
    return found


def _meant(word: str) -> str | None:
    """The first word of the list that may be meant."""
    blanks = word.count("*") + word.count("#")
    if blanks and (len(word) < _SHORTEST_BLANKED or blanks > _MOST_BLANKED * len(word)):
        return None
    for known in _of_length().get(len(word), ()):
        if all(letter == sent or letter in _READ_AS.get(sent, "") for letter, sent in zip(known, word, strict=True)):
            return known
    return None


def _styled(text: str, found: Plain) -> None:
    for match in _STYLED.finditer(text):
        meant = unicodedata.normalize("NFKC", match[0])
        if meant.isascii() and meant.isalnum() and (len(meant) == 1 or match[0] in _LIGATURES):
            found.instead[match.start()] = meant
    for match in _DARK.finditer(text):
        found.instead[match.start()] = chr(ord("A") + (ord(match[0]) - 0x1F150) % 32)


def _from_other_alphabets(text: str, found: Plain) -> None:
    """All of them in a text that has no letter of another alphabet but such ones; else those in words that are partly Latin."""
    others = set(_OTHER.findall(text))
    if not others or not _LATIN.search(text):
        return
    for match in _OTHER.finditer(text) if others <= _LOOKALIKES.keys() else _in_mixed_words(text):
        found.instead[match.start()] = _LOOKALIKES[match[0]]


def _in_mixed_words(text: str) -> list[re.Match[str]]:
    found = []
    for word in _MIXED_WORD.finditer(text):
        letters = list(_OTHER.finditer(text, *word.span()))
        if len(letters) < len(word[0]) and all(letter[0] in _LOOKALIKES for letter in letters):
            found += letters
    return found


def _piled(text: str, found: Plain) -> None:
    """Marks that do not compose with their letter, and accents on nearly every letter of a word."""
    for match in _MARKED.finditer(text):
        if not match[0][0].isalpha() or len(unicodedata.normalize("NFC", match[0])) > 1:
            found.dropped.update(range(match.start() + 1, match.end()))
    for word in _WORD.finditer(text):
        if word[0].isascii():
            continue
        letters = list(_LETTER.finditer(text, *word.span()))
        bases = [unicodedata.normalize("NFD", letter[0])[0] for letter in letters]
        accented = [n for n, letter in enumerate(letters) if letter[0] != bases[n] and bases[n].isascii()]
        if len(accented) >= _LEAST_ACCENTED and len(accented) > _MOST_ACCENTED * len(letters):
            for n in accented:
                found.instead[letters[n].start()] = bases[n]
                found.dropped.update(range(letters[n].start() + 1, letters[n].end()))
