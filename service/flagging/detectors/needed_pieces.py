"""Which pieces of text a pattern cannot match without: a cheap look before an expensive one."""

from __future__ import annotations

import importlib
import re
from typing import Any

SHORTEST = 2
"""Letters of a useful piece; in scripts that write words in one sign, one is enough."""


def needed_pieces(pattern: str) -> tuple[str, ...]:
    """Lower-case pieces such that every match of `pattern` (ignoring case) holds at least one of them.

    Empty where no such pieces can be told, also on a Python whose pattern parser differs: then the pattern is tried.
    """
    try:
        parser = importlib.import_module("re._parser")
        found = _of_sequence(list(parser.parse(pattern, re.I)))
    except (ImportError, AttributeError, TypeError, ValueError):
        return ()
    if not found:
        return ()
    return tuple(piece for piece in sorted(found) if not any(other != piece and other in piece for other in found))


def _of_sequence(items: list[Any]) -> frozenset[str]:
    """The most telling pieces of a sequence: a run of literals, or what one of its parts needs."""
    best: frozenset[str] = frozenset()
    run = ""
    for operator, argument in [*items, (None, None)]:
        if str(operator) == "LITERAL":
            run += chr(argument).lower()
            continue
        best, run = _better(best, frozenset({run}) if len(run) >= SHORTEST or run > "\u2e80" else frozenset()), ""
        if operator is not None:
            best = _better(best, _of_part(str(operator), argument))
    return best


def _of_part(operator: str, argument: Any) -> frozenset[str]:
    if operator == "SUBPATTERN":
        return _of_sequence(list(argument[3]))
    if operator == "BRANCH":
        branches = [_of_sequence(list(branch)) for branch in argument[1]]
        return frozenset().union(*branches) if all(branches) else frozenset()
    if operator in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, _most, inner = argument
        return _of_sequence(list(inner)) if least >= 1 else frozenset()
    return frozenset()


def _better(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """The set whose shortest piece is longer; of two alike, the smaller."""
    if not one or not other:
        return one or other
    return max(one, other, key=lambda pieces: (min(3, min(map(len, pieces))), -len(pieces)))
