"""Whether answers of one thread advise against each other, read from how they open and refer to one another."""

from __future__ import annotations

import re
from collections.abc import Sequence

_CONTRADICTS = re.compile(
    r"\b(i (?:strongly |respectfully |have to |must )?disagree|disagree with|contrary to (?:the|what)|"
    r"unlike (?:the )?other answers|i would not (?:do|follow|take) (?:that|this|what)|"
    r"(?:the )?other answers? (?:is|are) wrong|bad advice|terrible advice|"
    r"(?:that|this) is wrong|don'?t listen to)\b",
    re.I,
)
_HINTS = ("disagree", "contrary", "unlike", "would not", "other answer", "advice", "is wrong", "listen to")
"""One of these stands in whatever `_CONTRADICTS` finds; looking for them first is ten times as quick."""
_YES = re.compile(r"^\W*(?:yes|yep|absolutely|definitely|of course|go for it|take it|do it|you should)\b", re.I)
_NO = re.compile(
    r"^\W*(?:no|nope|don'?t|do not|never|absolutely not|definitely not|you should(?:n'?t| not)|i would(?:n'?t| not))\b",
    re.I,
)


def disagree(answers: Sequence[str]) -> bool:
    """Whether one answer contradicts another in so many words, or one opens with yes and one with no."""
    if len(answers) < 2:
        return False
    if any(_contradicts(answer[:1500]) for answer in answers):
        return True
    opens_yes = any(_YES.match(answer) and not _NO.match(answer) for answer in answers)
    return opens_yes and any(_NO.match(answer) for answer in answers)


def _contradicts(answer: str) -> bool:
    lower = answer.lower()
    return any(hint in lower for hint in _HINTS) and _CONTRADICTS.search(answer) is not None
