"""The people of a synthetic month: moderators who err and go home, and members who now and then report a post."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from service import deciding
from service.assessment import AssessmentRow
from service.errors import AnswerloopError
from service.people.permissions import Caller
from service.review.deciders import may_decide
from service.review.tables import ReviewItemRow
from service.review.verdict import Decide, FlagVerdict
from service.stations import Stations


@dataclass
class MovingClock:
    """A clock that the simulation moves on; each reading is a millisecond later than the one before."""

    now: datetime

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass
class Moderator:
    """Somebody who sees a true flag with probability `sees`, calls a clean one true with `imagines`, and works for
    `minutes_a_day`."""

    caller: Caller
    draw: random.Random
    minutes_a_day: float = 60.0
    minutes_each: float = 1.2
    sees: float = 0.93
    imagines: float = 0.05
    minutes_spent: dict[str, float] = field(default_factory=dict)

    def work(self, stations: Stations, clock: MovingClock, truth: dict[str, frozenset[str]]) -> int:
        """Take items from the top of the queue until the day's minutes are gone. Returns how many were decided."""
        decided, left = 0, self.minutes_a_day
        while left >= self.minutes_each:
            with stations.database.read() as session:
                item = session.scalar(
                    sa.select(ReviewItemRow)
                    .where(
                        ReviewItemRow.state == "open", ReviewItemRow.site == self.caller.site,
                        may_decide(self.caller.id),
                    )
                    .order_by(ReviewItemRow.urgency, ReviewItemRow.id)
                    .limit(1)
                )  # fmt: skip
                seen = session.get(AssessmentRow, item.assessment_id) if item is not None else None
            if item is None or seen is None:
                break
            try:
                deciding.decide(
                    stations, self.caller, item.id, self._verdict(seen, truth.get(item.post_id, frozenset()))
                )
            except AnswerloopError:
                break
            clock.now += timedelta(minutes=self.minutes_each)
            left -= self.minutes_each
            decided += 1
            self.minutes_spent[item.origin] = self.minutes_spent.get(item.origin, 0.0) + self.minutes_each
        return decided

    def _verdict(self, seen: AssessmentRow, true: frozenset[str]) -> Decide:
        said = [
            FlagVerdict(flag_id=str(f["id"]), category=f["category"], agree=self._believes(f["category"] in true))
            for f in seen.flags
        ]
        named = {verdict.category for verdict in said}
        missed = [c for c in sorted(true) if c not in named and self._believes(True)]
        flags = [*said, *(FlagVerdict(category=category) for category in missed)]
        upheld = [verdict for verdict in flags if verdict.agree]
        verdict = "dismiss" if not upheld else "agree" if len(upheld) == len(said) and not missed else "change"
        wanted = flags if verdict == "change" else None
        return Decide.model_validate({
            "assessment_id": seen.id, "verdict": verdict, "reason": "as the policy says",
            "flags": [flag.model_dump() for flag in wanted] if wanted is not None else None,
        })  # fmt: skip

    def _believes(self, true: bool) -> bool:
        return self.draw.random() < (self.sees if true else self.imagines)
