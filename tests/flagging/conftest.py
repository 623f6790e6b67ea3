"""Flags, policy and posts that tests of the flag readers share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.clock import new_id
from service.flagging.flag import Category, Flag, Quote
from service.flagging.policy import Policy, load_policy
from service.flagging.thresholds import Thresholds, shipped
from service.models.embedder import BundledEmbedder
from tests.models.conftest import make_gateway as make_gateway
from tests.models.conftest import quick_database as quick_database

SHIPPED = Path(__file__).parents[2] / "prompts" / "policy" / "tech-career" / "1.0.0.yaml"


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The shipped policy."""
    return load_policy(SHIPPED)


@pytest.fixture(scope="session")
def cuts() -> Thresholds:
    """The same cuts for every category, so that tests do not move with a refit."""
    same = {"low": 0.2, "middle": 0.4, "high": 0.7}
    return shipped().model_copy(
        update={
            "categories": {c: cut.model_copy(update={**same, "rule": None}) for c, cut in shipped().categories.items()}
        }
    )


@pytest.fixture(scope="session")
def models(embedder: BundledEmbedder) -> BundledEmbedder:
    """The bundled embedder."""
    return embedder


@pytest.fixture
def flag(policy: Policy, cuts: Thresholds) -> Callable[..., Flag]:
    """Makes a flag as the readers would."""

    def make(category: Category, probability: float, text: str = "", start: int = 0, **changes: Any) -> Flag:
        clause = policy.clause_of(category)
        quotes = [Quote(field="body", start=start, end=start + len(text), text=text)] if text else []
        made = Flag(
            id=new_id(), category=category, clause=clause.clause, probability=probability, calibrated=True,
            band=cuts.band(category, probability) or "low", severity=clause.severity, care=clause.care, quotes=quotes,
            reason=clause.reason, counter_reading=clause.counter_reading, found_by=["learned:sentences"],
        )  # fmt: skip
        return made.model_copy(update=changes)

    return make
