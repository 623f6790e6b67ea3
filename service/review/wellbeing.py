"""Care for the people who read: no long row of distressing posts, breaks, texts that open only when asked.

What a moderator chose stands above the default.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, get_args

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from service.flagging.flag import Category
from service.people.tables import PersonRow
from service.review.tables import DecisionRow
from service.review.verdict import VERDICTS

PAUSE = timedelta(minutes=15)
"""A gap this long between two decisions counts as a break."""
_GRAVE = (
    "self_harm_risk", "crisis_distress", "minor_safety", "violence_threat", "sexual", "hate", "harassment",
    "discrimination_report",
)  # fmt: skip
NO_CONCERN = "none"
BY_WEIGHT: tuple[str, ...] = (*_GRAVE, *(name for name in get_args(Category) if name not in _GRAVE), NO_CONCERN)
"""Concerns from the heaviest to read to the lightest. Those that a policy calls distressing stand first, so that a post
whose heaviest concern is not among them has none of them."""


class Choices(BaseModel):
    """What a moderator chose. `distress_in_row` 0: no limit; `break_after_minutes` 0: no reminder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    distress_in_row: Annotated[int, Field(ge=0, le=50)] = 3
    collapse_distress: bool = True
    break_after_minutes: Annotated[int, Field(ge=0, le=480)] = 50


@dataclass(frozen=True)
class Shift:
    """Where a moderator stands: minutes since the last break, minutes left until one is suggested, distress in a row."""

    minutes: int
    minutes_left: int | None
    distress_in_row: int
    wants_relief: bool

    @property
    def wants_break(self) -> bool:
        """Whether it is time for a break."""
        return self.minutes_left == 0


def heaviest(categories: Sequence[str]) -> str:
    """The one of a post's concerns that weighs most on whoever reads it; `NO_CONCERN` where there is none."""
    return next((name for name in BY_WEIGHT if name in categories), NO_CONCERN)


def choices_of(session: Session, person_id: str) -> Choices:
    """A moderator's choices, or the defaults."""
    person = session.get(PersonRow, person_id)
    chosen: dict[str, Any] = (person.preferences or {}).get("wellbeing", {}) if person is not None else {}
    return Choices.model_validate(chosen)


def choose(session: Session, person_id: str, choices: Choices) -> None:
    """Keep a moderator's choices; an API key has none to keep."""
    person = session.get(PersonRow, person_id)
    if person is not None:
        person.preferences = {**(person.preferences or {}), "wellbeing": choices.model_dump()}


def shift(session: Session, person_id: str, choices: Choices, now: datetime) -> Shift:
    """Read a moderator's last decisions: since when without a break, how many distressing posts in a row."""
    query = (
        sa.select(DecisionRow.at, DecisionRow.distressing)
        .where(DecisionRow.by == person_id, DecisionRow.act.in_(VERDICTS), DecisionRow.at > now - timedelta(hours=12))
        .order_by(DecisionRow.at.desc())
        .limit(500)
    )
    begin = last = now
    row, counting = 0, True
    for at, distressing in session.execute(query):
        if last - at > PAUSE:
            break
        begin = last = at
        counting = counting and distressing
        row += counting
    minutes = int((now - begin).total_seconds() // 60)
    left = max(0, choices.break_after_minutes - minutes) if choices.break_after_minutes else None
    return Shift(minutes, left, row, bool(choices.distress_in_row) and row >= choices.distress_in_row)
