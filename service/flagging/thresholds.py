"""Thresholds as data with one home: `thresholds.json`, read by the readers, by prompts and by the pages alike.

A category has two cuts. From `middle` on a flag is raised: somebody may want to look. From `high` on it routes. A
weaker one, from `low` on, is only shown beside another flag that routes, for whoever looks at the post anyway.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from service.errors import InvalidInput
from service.flagging.flag import Band, Category
from service.flagging.policy import CATEGORIES, Policy

SHIPPED = Path(__file__).with_name("thresholds.json")
Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class Rule(BaseModel):
    """What a cut was set to keep: at most `percent` of clean posts flagged, or of true ones missed.

    `holds` says whether the labels sufficed for the bound; `labels` how many it rests on; `seen` the share measured at
    the cut. Without a rule the cut is the one with the best F1 out of fold.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["clean_flagged_at_most", "missed_at_most"]
    percent: Annotated[float, Field(gt=0, lt=100)]
    holds: bool
    labels: int
    seen: float | None = None


class Cuts(BaseModel):
    """The cuts of one category: `low` ≤ `middle` ≤ `high`. A cut above every probability a reader gives is 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: Probability
    middle: Probability
    high: Probability
    rule: Rule | None = None

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not self.low <= self.middle <= self.high:
            raise ValueError("low, middle and high must not fall")
        return self


class Thresholds(BaseModel):
    """The cuts of every category, and the weights they were fitted for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    weights: str = ""
    fitted_by: str = ""
    categories: dict[Category, Cuts]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [category for category in CATEGORIES if category not in self.categories]
        if missing:
            raise ValueError(f"no cuts for {', '.join(missing)}")
        return self

    def band(self, category: Category, probability: float) -> Band | None:
        """The band of a probability; None below the lowest."""
        cuts = self.categories[category]
        if probability >= cuts.high:
            return "high"
        if probability >= cuts.middle:
            return "middle"
        return "low" if probability >= cuts.low else None

    def changed(self, changes: Mapping[Category, Mapping[str, float]]) -> Thresholds:
        """These thresholds with the cuts a site set. A cut moved past its neighbours takes them along.

        Raises InvalidInput for an unknown cut or a value that is no probability.
        """
        categories = dict(self.categories)
        for category, values in changes.items():
            cuts = categories[category]
            low, middle, high = cuts.low, cuts.middle, cuts.high
            for name, value in values.items():
                if name not in ("low", "middle", "high") or not 0.0 <= value <= 1.0:
                    raise InvalidInput(f"{name}: {value} is no cut between 0 and 1", field=f"thresholds.{category}")
            high = values.get("high", max(high, values.get("middle", 0.0)))
            middle = values.get("middle", min(middle, high))
            low = min(values.get("low", low), middle)
            try:
                categories[category] = Cuts(low=low, middle=middle, high=high)
            except ValidationError:
                raise InvalidInput("low, middle and high must not fall", field=f"thresholds.{category}") from None
        return self.model_copy(update={"categories": categories})

    def for_policy(self, policy: Policy) -> Thresholds:
        """These thresholds with what a policy file changes."""
        return self.changed(policy.thresholds)


def load_thresholds(path: Path = SHIPPED) -> Thresholds:
    """Read a thresholds file. Raises InvalidInput that names the field."""
    try:
        return Thresholds.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (ValidationError, ValueError) as error:
        raise InvalidInput(f"{path.name}: {error}", field="thresholds") from None


@cache
def shipped() -> Thresholds:
    """The thresholds that come with the weights."""
    return load_thresholds()
