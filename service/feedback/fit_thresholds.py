"""Thresholds from what people decided: for each category the cut that keeps a bound, or the old one where labels are few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.errors import InvalidInput
from service.feedback import conformal
from service.feedback.conformal import Cut, Label, TooFew
from service.feedback.judged import Answered, Judged
from service.flagging.flag import Category
from service.flagging.policy import CATEGORIES
from service.flagging.routing import PERSON_AT_RISK
from service.flagging.thresholds import Cuts, Rule, Thresholds


@dataclass(frozen=True)
class Example:
    """A post with every category's probability, the categories that people say it has, and its weight."""

    scores: Mapping[str, float]
    categories: frozenset[str]
    weight: float = 1.0


@dataclass(frozen=True)
class Bounds:
    """In percent: what may be missed where a person is at risk, and how many clean posts may be flagged elsewhere."""

    missed: float = 10.0
    clean_flagged: float = 2.0


@dataclass(frozen=True)
class Fitted:
    """New thresholds and, for each category, what they rest on or why they are the old ones."""

    thresholds: Thresholds
    report: dict[str, Any]


def examples_of(
    posts: Sequence[Judged], scores: Mapping[str, Mapping[str, float]], answered: Answered
) -> list[Example]:
    """Judged posts whose probabilities are known (`scores` by assessment id), weighted against the way they were chosen.

    A routed post stands for those not decided yet; an audited one for 1/probability unflagged ones. A post that only
    a member's report brought up came with no known probability, and is left out.
    """
    found = []
    for post in posts:
        known = scores.get(post.outcome.assessment_id or "")
        if not known:
            continue
        if post.routed:
            weight = 1 / answered.routed
        elif post.sampled_with:
            weight = 1 / (post.sampled_with * answered.sampled)
        else:
            continue
        found.append(Example(known, frozenset(post.upheld), weight))
    return found


def fit(examples: Sequence[Example], now: Thresholds, bounds: Bounds = Bounds()) -> Fitted:
    """The cuts that keep the bounds. Raises InvalidInput where the labels suffice for no category."""
    cuts: dict[Category, Cuts] = {}
    report: dict[str, Any] = {}
    for category in CATEGORIES:
        old = now.categories[category]
        labels = [Label(e.scores.get(category, 0.0), category in e.categories, e.weight) for e in examples]
        at_risk = category in PERSON_AT_RISK
        percent = bounds.missed if at_risk else bounds.clean_flagged
        control = conformal.missed_at_most if at_risk else conformal.clean_flagged_at_most
        found = control(labels, percent / 100)
        true = sum(label.true for label in labels)
        if isinstance(found, TooFew) or (not at_risk and not true):
            why = "no true case was seen" if isinstance(found, Cut) else f"{found.labels} labels, {found.needed} needed"
            cuts[category], report[category] = old, {"changed": False, "because": why, "true": true}
            continue
        rule = Rule(
            kind="missed_at_most" if at_risk else "clean_flagged_at_most", percent=percent, holds=True,
            labels=found.labels, seen=round(found.seen, 4),
        )  # fmt: skip
        cuts[category] = _around(found.at, old, at_risk, rule)
        report[category] = {
            "changed": True, "cut": found.at, "was": old.middle if at_risk else old.high, "labels": found.labels,
            "true": true, "seen": round(found.seen, 4), "rule": rule.kind, "percent": percent,
        }  # fmt: skip
    if not any(row["changed"] for row in report.values()):
        needed = conformal.least_labels(min(bounds.missed, bounds.clean_flagged) / 100)
        raise InvalidInput(
            f"too few labels: {len(examples)} judged posts suffice for no category; about {needed} are needed"
        )
    made = now.model_copy(update={"categories": cuts, "fitted_by": "answerloop flags fit"})
    return Fitted(made, {"examples": len(examples), "categories": report})


def _around(cut: float, old: Cuts, at_risk: bool, rule: Rule) -> Cuts:
    """A person at risk is reviewed from the middle band on, any other post routed from the high one on."""
    middle = cut if at_risk else min(old.middle, cut)
    high = max(old.high, middle) if at_risk else cut
    return Cuts(low=min(old.low, middle), middle=middle, high=high, rule=rule)
