"""Thresholds from what people decided: cuts that keep a bound, or the old ones where labels are few."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.errors import InvalidInput
from service.feedback import conformal
from service.feedback.conformal import Label, TooFew
from service.feedback.judged import Answered, Judged
from service.flagging.flag import Category
from service.flagging.policy import CATEGORIES
from service.flagging.routing import PERSON_AT_RISK
from service.flagging.thresholds import Cuts, Rule, Thresholds

SHIFTS = tuple(step / 20 for step in range(-40, 81))
"""How far cuts may move together, in log odds, the most lenient first."""
LEAST_TRUE = 12


@dataclass(frozen=True)
class Example:
    """A post with every category's probability, the categories that people say it has, and its weight."""

    scores: Mapping[str, float]
    categories: frozenset[str]
    weight: float = 1.0


@dataclass(frozen=True)
class Bounds:
    """In percent: true posts missed where a person is at risk, and clean posts flagged for anything else."""

    missed: float = 10.0
    clean_flagged: float = 5.0


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
    """The cuts that keep the bounds. Raises InvalidInput where the labels suffice for no category.

    A person at risk: each category's cut is the highest that misses at most `missed` of its true posts, and never higher
    than it was: a fit finds more people at risk, not fewer. The others
    together may flag at most `clean_flagged` of clean posts: half of the labels choose each category's cut (best weighted
    F1, from `LEAST_TRUE` true posts on), the other half how far all of them may move at once, so that the bound is about a
    clean post being flagged for anything, and the labels that choose are not those that vouch.
    """
    cuts, report = dict(now.categories), {}
    for category in CATEGORIES:
        if category in PERSON_AT_RISK:
            cuts[category], report[category] = _for_people(examples, category, now.categories[category], bounds.missed)
    others = [c for c in CATEGORIES if c not in PERSON_AT_RISK]
    chosen = {c: _best(examples[::2], c, now.categories[c].high) for c in others}
    vouching = [e for e in examples[1::2] if not e.categories]
    found = conformal.control(
        [e.weight for e in vouching], bounds.clean_flagged / 100, SHIFTS,
        lambda index, shift: any(vouching[index].scores.get(c, 0.0) >= _moved(chosen[c], shift) for c in others),
    )  # fmt: skip
    for category in others:
        old = now.categories[category]
        true = sum(category in e.categories for e in examples)
        if isinstance(found, TooFew):
            because = f"{found.labels} clean labels to vouch for it, {found.needed} needed"
            report[category] = {"changed": False, "because": because, "true": true}
            continue
        cut = _moved(chosen[category], found.at)
        rule = Rule(kind="clean_flagged_at_most", percent=bounds.clean_flagged, holds=True, labels=found.labels,
                    seen=round(found.seen, 4))  # fmt: skip
        cuts[category] = Cuts(low=min(old.low, cut), middle=min(old.middle, cut), high=cut, rule=rule)
        report[category] = {"changed": True, "cut": cut, "was": old.high, "true": true, **_of(rule)}
    if not any(row["changed"] for row in report.values()):
        needed = 2 * conformal.least_labels(bounds.clean_flagged / 100)
        said = f"{len(examples)} judged posts suffice for no category; at least {needed} of them must be clean"
        raise InvalidInput(f"too few labels: {said}")
    made = now.model_copy(update={"categories": cuts, "fitted_by": "answerloop flags fit"})
    return Fitted(made, {"examples": len(examples), "categories": report})


def _for_people(
    examples: Sequence[Example], category: Category, old: Cuts, percent: float
) -> tuple[Cuts, dict[str, Any]]:
    """From the middle band on somebody reviews a post with a person at risk."""
    labels = [Label(e.scores.get(category, 0.0), category in e.categories, e.weight) for e in examples]
    found = conformal.missed_at_most(labels, percent / 100)
    true = sum(label.true for label in labels)
    if isinstance(found, TooFew):
        because = f"{found.labels} true labels, {found.needed} needed"
        return old, {"changed": False, "because": because, "true": true}
    cut = min(found.at, old.middle)
    seen = sum(x.weight for x in labels if x.true and x.probability < cut) / sum(x.weight for x in labels if x.true)
    rule = Rule(kind="missed_at_most", percent=percent, holds=True, labels=found.labels, seen=round(seen, 4))
    cuts = Cuts(low=min(old.low, cut), middle=cut, high=old.high, rule=rule)
    return cuts, {"changed": True, "cut": cut, "was": old.middle, "true": true, **_of(rule)}


def _best(examples: Sequence[Example], category: Category, old: float) -> float:
    """The cut with the best weighted F1; the old one with few true posts."""
    if sum(category in e.categories for e in examples) < LEAST_TRUE:
        return old
    best, best_cut = -1.0, old
    for cut in sorted({min(max(e.scores.get(category, 0.0), 0.02), 0.98) for e in examples} | {old}):
        hits = sum(e.weight for e in examples if category in e.categories and e.scores.get(category, 0.0) >= cut)
        flagged = sum(e.weight for e in examples if e.scores.get(category, 0.0) >= cut)
        true = sum(e.weight for e in examples if category in e.categories)
        f1 = 2 * hits / (flagged + true)
        if f1 > best:
            best, best_cut = f1, cut
    return best_cut


def _moved(cut: float, shift: float) -> float:
    """A cut moved by `shift` in log odds."""
    inside = min(max(cut, 0.01), 0.99)
    return round(1 / (1 + math.exp(-(math.log(inside / (1 - inside)) + shift))), 4)


def _of(rule: Rule) -> dict[str, Any]:
    return {"rule": rule.kind, "percent": rule.percent, "labels": rule.labels, "seen": rule.seen}
