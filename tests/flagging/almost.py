"""Texts that nearly match a pattern: what makes a backtracking matcher try hardest."""

from __future__ import annotations

import importlib
import random
import re
from dataclasses import fields, is_dataclass
from typing import Any

MODULES = (
    *(f"service.flagging.detectors.{name}" for name in (
        "advice_and_reports", "bait", "confidential_business", "credentials", "crisis", "harassment", "hate",
        "identifying_detail", "interview_leak", "low_effort", "minor_safety", "named_beside", "ownership", "personal_information",
        "prompt_injection", "recruiter_solicitation", "sexual", "spam_promotion", "urgent_words", "violence_threat", "cues",
    )),
    *(f"service.models.{name}" for name in ("private_data", "phones", "id_numbers", "names", "masking")),
    "service.intake.normalise", "service.intake.windows", "service.flagging.features",
)  # fmt: skip


def patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Every compiled pattern that a post is read with, under the name of its module."""
    found: dict[str, tuple[str, re.Pattern[str]]] = {}

    def collect(value: Any, name: str) -> None:
        if isinstance(value, re.Pattern):
            found.setdefault(value.pattern, (name, value))
        elif isinstance(value, (tuple, list)):
            for item in value:
                collect(item, name)
        elif isinstance(value, dict):
            collect(tuple(value.values()), name)
        elif is_dataclass(value) and not isinstance(value, type):
            collect(tuple(getattr(value, f.name) for f in fields(value)), name)

    for name in MODULES:
        for value in vars(importlib.import_module(name)).values():
            collect(value, name.rsplit(".", 1)[1])
    return list(found.values())


def almost(pattern: re.Pattern[str], seed: int) -> str:
    """A string that follows `pattern` and breaks off: each choice by `seed`, repeats long, the last sign left out."""
    parser = importlib.import_module("re._parser")
    drawn = random.Random(seed)
    text = _of(list(parser.parse(pattern.pattern, pattern.flags)), drawn)
    return text[: drawn.randint(max(1, len(text) // 2), max(1, len(text) - 1))] or "a"


def _of(items: list[Any], drawn: random.Random) -> str:
    parts = []
    for operator, argument in items:
        kind = str(operator)
        if kind == "LITERAL":
            parts.append(chr(argument))
        elif kind == "NOT_LITERAL":
            parts.append("a" if argument != ord("a") else "b")
        elif kind == "ANY":
            parts.append("x")
        elif kind == "IN":
            parts.append(_from_set(argument, drawn))
        elif kind == "SUBPATTERN":
            parts.append(_of(list(argument[3]), drawn))
        elif kind == "ATOMIC_GROUP":
            parts.append(_of(list(argument), drawn))
        elif kind == "BRANCH":
            parts.append(_of(list(drawn.choice(argument[1])), drawn))
        elif kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, inner = argument
            times = drawn.choice((int(least), min(int(most), int(least) + 3), min(int(most), 40)))
            parts.extend(_of(list(inner), drawn) for _ in range(max(times, int(least))))
    return "".join(parts)


def _from_set(items: list[Any], drawn: random.Random) -> str:
    classes = {"CATEGORY_DIGIT": "7", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " ", "CATEGORY_NOT_SPACE": "a", "CATEGORY_NOT_WORD": "-",
               "CATEGORY_NOT_DIGIT": "a"}  # fmt: skip
    if str(items[0][0]) == "NEGATE":
        excluded = {chr(a) for o, a in items if str(o) == "LITERAL"}
        return next((c for c in "a b1-Z" if c not in excluded), "é")
    operator, argument = drawn.choice(items)
    if str(operator) == "LITERAL":
        return chr(argument)
    if str(operator) == "RANGE":
        return chr(drawn.randint(argument[0], min(argument[1], argument[0] + 25)))
    return classes.get(str(argument), "a")
