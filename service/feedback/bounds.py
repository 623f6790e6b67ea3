"""What a fit is to keep: a bound for all, and for single categories a wish of their own; and why a bound is not kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from service.errors import InvalidInput
from service.feedback.conformal import OutOfReach, TooFew
from service.flagging.flag import Category
from service.flagging.policy import CATEGORIES
from service.flagging.routing import PERSON_AT_RISK

Kind = Literal["missed_at_most", "clean_flagged_at_most"]
LEAST_PERCENT, MOST_PERCENT = 0.01, 99.0
"""A smaller share takes more labels than anybody has; a larger one is no bound."""
SHARE_OF: dict[Kind, str] = {"missed_at_most": "true", "clean_flagged_at_most": "clean"}
"""The labels that a bound is about."""


@dataclass(frozen=True)
class Wish:
    """A bound on one category's cut, in percent."""

    kind: Kind
    percent: float

    def __str__(self) -> str:
        done = "missed" if self.kind == "missed_at_most" else "flagged"
        return f"at most {self.percent:g} % of {SHARE_OF[self.kind]} posts {done}"


@dataclass(frozen=True)
class Bounds:
    """In percent: true posts missed where a person is at risk, and clean posts flagged for anything else.

    `miss` and `flag` hold what single categories are to keep instead, `{category: percent}`: at most so many of the
    category's true posts missed, or of clean posts flagged for it. Raises InvalidInput for a category in both and for
    a number that is no percentage.
    """

    missed: float = 10.0
    clean_flagged: float = 5.0
    miss: Mapping[Category, float] = field(default_factory=dict)
    flag: Mapping[Category, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, percent in (("missed", self.missed), ("clean_flagged", self.clean_flagged)):
            _check_percent(name, percent)
        for name, wishes in (("miss", self.miss), ("flag", self.flag)):
            for category, percent in wishes.items():
                _check_percent(f"{name}.{category}", percent)
        for category in self.miss:
            if category in self.flag:
                raise InvalidInput(f"{category} can have one bound: `miss` or `flag`", field=f"flag.{category}")

    def own(self, category: Category) -> Wish | None:
        """What a category's own cut is to keep; None where it moves together with the others."""
        if category in self.miss:
            return Wish("missed_at_most", self.miss[category])
        if category in self.flag:
            return Wish("clean_flagged_at_most", self.flag[category])
        return Wish("missed_at_most", self.missed) if category in PERSON_AT_RISK else None

    def wished(self, category: Category) -> bool:
        """Whether somebody asked for this category by name."""
        return category in self.miss or category in self.flag

    def shown(self) -> dict[str, Any]:
        """The bounds as a report keeps them."""
        return asdict(self)


def parsed(written: Sequence[str], name: str) -> dict[Category, float]:
    """`["hate=5", …]` as `{category: percent}`. Raises InvalidInput that names the part nobody can read."""
    found: dict[Category, float] = {}
    for wish in written:
        word, _, number = (part.strip() for part in wish.partition("="))
        category = next((known for known in CATEGORIES if known == word), None)
        if category is None:
            raise InvalidInput(f"{wish!r}: {word!r} is no category; write CATEGORY=PERCENT", field=name)
        try:
            found[category] = float(number)
        except ValueError:
            raise InvalidInput(f"{wish!r}: {number!r} is no number; write CATEGORY=PERCENT", field=name) from None
    return found


def why(found: TooFew | OutOfReach, kind: Kind, what_for: str = "") -> str:
    """Why a bound is not kept: how many labels there are (`what_for`) and needed, or that no cut keeps it."""
    labels = f"{found.labels} {SHARE_OF[kind]} labels{what_for}"
    if isinstance(found, TooFew):
        uneven = f" that weigh as much as {found.count_for}" if found.count_for < found.labels else ""
        return f"{labels}{uneven}, {found.needed} needed"
    done = "missed at the lowest" if kind == "missed_at_most" else "flagged at the highest"
    return f"{labels} are enough, but {100 * found.seen:.1f} % of them are {done} cut tried"


def _check_percent(name: str, percent: float) -> None:
    if not LEAST_PERCENT <= percent <= MOST_PERCENT:
        raise InvalidInput(f"{name}: {percent:g} is no percentage from {LEAST_PERCENT} to {MOST_PERCENT}", field=name)
