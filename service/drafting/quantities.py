"""The numbers of a text, read so that two ways to write one are equal: 20 % and “twenty percent”, 15k and 15,000.

What cannot be read for sure stays as it is written, and is then equal only to itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from service.drafting.sentences import words

WORDED = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
    "eleven": "11", "twelve": "12", "fifteen": "15", "eighteen": "18", "twenty": "20", "thirty": "30", "forty": "40",
    "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90",
}  # fmt: skip
_SCALES = {"k": 1000, "thousand": 1000, "million": 1_000_000}
_GROUPED = re.compile(r"\d{1,3}(?:,\d{2,3}){0,5},\d{3}(?:\.\d{1,9})?")
_PLAIN = re.compile(r"\d{1,18}(?:\.(?:\d?[1-9]|\d{3,8}[1-9]))?")
"""Three digits after a dot are a part of one in one country and thousands in another; version 3.10 is not 3.1."""

_ANY = "|".join((*WORDED, "one", "hundred", "thousand", "million", "billion"))
_SCALE = rf"(?:thousand|million)\b(?![ -](?:and )?(?:\d|(?:{_ANY})\b))"
"""A scale that ends its number: not that of “three thousand five hundred”."""
_PERCENT = r"(?:%| %|[ -]?per[ -]?cent\b)(?![ -](?:percentage )?points?\b)"
_NUMBER = re.compile(
    rf"(?<![\w.])[$€£]?(?P<digits>\d[\d,.]*)(?: ?(?P<scale>[km]\b|{_SCALE}))?"
    rf"(?P<percent>{_PERCENT}|(?= ?(?:-|to) ?\d[\d,.]*{_PERCENT}))?"
)
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_UNITS = "one|two|three|four|five|six|seven|eight|nine"
_BEGINS = r"(?<![\w-])" + "".join(
    rf"(?<!\b{word} )"
    for word in (*_ANY.split("|"), "point", "hundred and", "thousand and", "million and", "billion and")
)
_SPELT = re.compile(
    rf"{_BEGINS}(?:({_TENS})[ -]({_UNITS})|({'|'.join(WORDED)}))"
    rf"(?={_PERCENT}| {_SCALE}| to (?:(?:{_TENS})[ -])?(?:{_ANY}|\d+){_PERCENT})"
)
"""A whole number in words before a unit; the end of a longer one (“a hundred and five percent”) is left alone."""


@dataclass(frozen=True)
class Quantity:
    """A number and its unit: `%`, `m` (metres, minutes, months or millions), or none. `written` is how it stood there."""

    value: Fraction | str
    unit: str = ""
    written: str = field(default="", compare=False)


def quantities(text: str) -> list[Quantity]:
    """Every number in digits, and every one in words before a unit, in order. Currencies count as no unit."""
    return [_read(found) for found in _NUMBER.finditer(digits_for_words(text))]


def worded(text: str) -> set[Quantity]:
    """The numbers that stand as words without a unit."""
    return {Quantity(Fraction(WORDED[word])) for word in words(digits_for_words(text)) if word in WORDED}


def digits_for_words(text: str) -> str:
    """The text in lower case, spaces single and dashes alike, with numbers in words before a unit in digits."""
    low = " ".join(text.lower().translate(_DASHES).split())
    return _SPELT.sub(lambda found: str(sum(_whole(word) for word in found.groups() if word)), low)


_DASHES = str.maketrans({"–": "-", "—": "-", "‑": "-"})


def _whole(word: str) -> int:
    return int(WORDED.get(word, 1))


def _read(found: re.Match[str]) -> Quantity:
    digits, scale = found["digits"].rstrip(",."), found["scale"] or ""
    percent = "%" if found["percent"] is not None else ""
    written = found[0].strip()
    sure = _PLAIN.fullmatch(digits) or _GROUPED.fullmatch(digits)
    if sure is None or (digits, scale) == ("401", "k"):  # the pension plan is no number of thousands
        return Quantity(digits + scale, percent, written)
    value = Fraction(digits.replace(",", ""))
    if scale == "m":
        return Quantity(value, "m" + percent, written)
    return Quantity(value * _SCALES.get(scale, 1), percent, written)
