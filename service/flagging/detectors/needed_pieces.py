"""What a text must hold for a pattern to match it: a cheap look before an expensive one.

A pattern is read by the standard library's parser into the strings that each of its matches must contain, as a small
formula: every part of a sequence, one of the alternatives. Word boundaries count, so that "me " is not found in "time ".
Texts and strings are compared folded: small letters, and a space for whatever is neither letter nor digit. Three letters of
each string are looked for among those of the text first, all strings at once.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import Any

MOST_STRINGS = 80
"""Strings that one place of a pattern may stand for: more are not multiplied out."""
MOST_REPEATS = 2
_EDGE = "\0"
_OTHER = re.compile(r"\W")
_ALIKE = str.maketrans({"ſ": "s", "ı": "i", "İ": "i", "K": "k", "’": "'"})
"""Letters that a pattern takes for another where it ignores case, and the apostrophe that detectors read as a plain one."""
_ZERO_WIDTH = frozenset({"ASSERT", "ASSERT_NOT"})
_COMMON = " etaoinshrdlucmfwypvbgkjqxz"
"""The space and the letters of English, the commonest first."""

Strings = frozenset[str]


@dataclass(frozen=True)
class Folded:
    """A folded text, and every three characters that follow one another in it."""

    text: str
    threes: frozenset[str]


@dataclass(frozen=True)
class Need:
    """One of `strings`, or one of `either`, and every one of `every`; a Need without any of them is always met."""

    strings: tuple[str, ...] = ()
    either: tuple[Need, ...] = ()
    every: tuple[Need, ...] = ()

    def met(self, folded: Folded) -> bool:
        """Whether a text may hold a match."""
        if self.strings:
            if not self.threes:
                return any(string in folded.text for string in self.strings)
            return any(
                string in folded.text for three in self.threes & folded.threes for string in self.by_threes[three]
            )
        if self.either:
            return any(need.met(folded) for need in self.either)
        return all(need.met(folded) for need in self.every)

    @cached_property
    def threes(self) -> frozenset[str]:
        """The rarest three characters of each string; empty where one of them is shorter."""
        return frozenset(self.by_threes)

    @cached_property
    def by_threes(self) -> dict[str, list[str]]:
        """The strings by those."""
        found: dict[str, list[str]] = {}
        for string in self.strings:
            if len(string) < 3:
                return {}
            found.setdefault(max(_threes(string), key=_rarity), []).append(string)
        return found


NOTHING = Need()


@lru_cache(maxsize=4)
def fold(text: str) -> Folded:
    """A text as `Need.met` reads it; the last ones are remembered, since one detector after the other asks."""
    folded = f" {_fold(text)} "
    return Folded(folded, frozenset(_threes(folded)))


def _fold(text: str) -> str:
    return _OTHER.sub(" ", text.translate(_ALIKE).lower())


def _threes(text: str) -> list[str]:
    return [text[n : n + 3] for n in range(len(text) - 2)]


def _rarity(three: str) -> int:
    return sum(place if (place := _COMMON.find(letter)) >= 0 else len(_COMMON) for letter in three)


def need_of(pattern: str) -> Need:
    """What every text that `pattern` (ignoring case) matches must hold.

    NOTHING where that cannot be told, also on a Python whose pattern parser differs: then the pattern is tried.
    """
    try:
        parser = importlib.import_module("re._parser")
        return _of_sequence(list(parser.parse(pattern, re.I)))
    except (ImportError, AttributeError, TypeError, ValueError):
        return NOTHING


def _of_sequence(items: list[Any]) -> Need:
    """Runs of places that stand for few strings each are multiplied out; what lies between is needed beside them."""
    needs: list[Need] = []
    run: Strings = frozenset({""})
    for operator, argument in items:
        strings = _strings(str(operator), argument)
        if strings is not None and len(run) * len(strings) <= MOST_STRINGS:
            run = frozenset(first + then for first, then in product(run, strings))
            continue
        needs.append(_as_need(run))
        run = strings if strings is not None else frozenset({""})
        if strings is None:
            needs.append(_of_part(str(operator), argument))
    return _every([*needs, _as_need(run)])


def _of_part(operator: str, argument: Any) -> Need:
    if operator == "SUBPATTERN":
        return _of_sequence(list(argument[3]))
    if operator == "ATOMIC_GROUP":
        return _of_sequence(list(argument))
    if operator == "BRANCH":
        return _either([_of_sequence(list(branch)) for branch in argument[1]])
    if operator in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT") and argument[0] >= 1:
        return _of_sequence(list(argument[2]))
    return NOTHING


def _strings(operator: str, argument: Any) -> Strings | None:
    """Everything that a part of a pattern can match, folded, with _EDGE for a word's edge; None where that is too much."""
    if operator == "LITERAL":
        return frozenset({_fold(chr(argument))})
    if operator == "AT":
        return frozenset({_EDGE if str(argument) == "AT_BOUNDARY" else ""})
    if operator in _ZERO_WIDTH:
        return frozenset({""})
    if operator == "IN":
        return _strings_of_class(argument)
    if operator == "SUBPATTERN":
        return _strings_of_sequence(list(argument[3]))
    if operator == "BRANCH":
        return _union([_strings_of_sequence(list(branch)) for branch in argument[1]])
    if operator in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, most, inner = argument
        once = _strings_of_sequence(list(inner)) if int(most) <= MOST_REPEATS else None
        return None if once is None else _union([_power(once, times) for times in range(least, int(most) + 1)])
    return None


def _strings_of_class(members: Any) -> Strings | None:
    found: set[str] = set()
    for operator, argument in members:
        if str(operator) == "LITERAL":
            found.add(_fold(chr(argument)))
        elif str(operator) == "RANGE" and argument[1] - argument[0] < MOST_STRINGS:
            found |= {_fold(chr(code)) for code in range(argument[0], argument[1] + 1)}
        else:
            return None
    return frozenset(found)


def _strings_of_sequence(items: list[Any]) -> Strings | None:
    run: Strings | None = frozenset({""})
    for operator, argument in items:
        strings = _strings(str(operator), argument)
        if strings is None or run is None or len(run) * len(strings) > MOST_STRINGS:
            return None
        run = frozenset(first + then for first, then in product(run, strings))
    return run


def _power(strings: Strings, times: int) -> Strings | None:
    if len(strings) ** times > MOST_STRINGS:
        return None
    return frozenset("".join(parts) for parts in product(strings, repeat=times))


def _union(parts: list[Strings | None]) -> Strings | None:
    found: set[str] = set()
    for part in parts:
        if part is None:
            return None
        found |= part
    return frozenset(found) if len(found) <= MOST_STRINGS else None


def _as_need(strings: Strings) -> Need:
    """One of the strings, each with a space where a word must begin or end; NOTHING where one of them is empty."""
    plain = {made for string in strings if (made := _edged(string)) is not None}
    if "" in plain:
        return NOTHING
    shortest = sorted(plain, key=lambda string: (len(string), string))
    kept = [one for n, one in enumerate(shortest) if not any(other in one for other in shortest[:n])]
    return Need(strings=tuple(kept))


def _edged(string: str) -> str | None:
    """`string` with its word edges as spaces, where one side tells that a letter is there; None where it cannot be matched."""
    made = ""
    parts = string.split(_EDGE)
    for n, part in enumerate(parts):
        if n:
            before, after = made[-1:], next((p for p in parts[n:] if p), "")[:1]
            letters = [bool(c) and c != " " for c in (before, after)]
            if before and after and letters[0] == letters[1]:
                if letters[0]:
                    return None
            elif (letters[0] and not after) or (letters[1] and not before):
                made += " "
        made += part
    return made


def _every(needs: list[Need]) -> Need:
    told = sorted((need for need in needs if need != NOTHING), key=_cost)
    return told[0] if len(told) == 1 else Need(every=tuple(told))


def _either(needs: list[Need]) -> Need:
    if not needs or NOTHING in needs:
        return NOTHING
    strings = frozenset(string for need in needs for string in need.strings)
    rest = [need for need in needs if not need.strings]
    if not rest:
        return _as_need(strings)
    return Need(either=((Need(strings=tuple(sorted(strings))), *rest) if strings else tuple(rest)))


def _cost(need: Need) -> tuple[int, int]:
    """What is quick to look for and seldom there first."""
    if need.strings:
        return -min(len(string) for string in need.strings), len(need.strings)
    return 0, sum(_cost(part)[1] for part in need.either + need.every)
