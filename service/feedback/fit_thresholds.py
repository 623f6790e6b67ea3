"""Thresholds from what people decided: cuts that keep a bound, or the old ones where labels are few."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.errors import InvalidInput
from service.feedback import conformal
from service.feedback.bounds import Bounds, Wish, why
from service.feedback.conformal import Cut, Label, OutOfReach, TooFew
from service.feedback.judged import Answered, Judged
from service.flagging.flag import Category
from service.flagging.policy import CATEGORIES
from service.flagging.routing import PERSON_AT_RISK
from service.flagging.thresholds import Cuts, Rule, Thresholds

SHIFTS = tuple(step / 20 for step in range(-40, 81))
"""How far cuts may move together, in log odds, the most lenient first."""
LEAST_TRUE = 12
LEAST_CUT = 0.02
"""A lower cut than this flags what no reader believes."""


@dataclass(frozen=True)
class Example:
    """A post with every category's probability, the categories that people say it has, and its weight."""

    scores: Mapping[str, float]
    categories: frozenset[str]
    weight: float = 1.0


@dataclass(frozen=True)
class Fitted:
    """New thresholds and, for each category, what they rest on or why they are the old ones."""

    thresholds: Thresholds
    report: dict[str, Any]


@dataclass(frozen=True)
class _Made:
    """The cuts of one category and its row of the report; `refused` where they are the old ones."""

    cuts: Cuts
    row: dict[str, Any]
    refused: TooFew | OutOfReach | None = None

    @property
    def changed(self) -> bool:
        return bool(self.row["changed"])


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
    """The cuts that keep the bounds. Raises InvalidInput where a category's own wish cannot be kept, and where the labels
    suffice for no category.

    A category with a wish of its own gets the cut that keeps it: the highest that misses at most so many of its true
    posts, or the lowest at which at most so many clean posts are flagged for it. A person at risk has a bound on misses
    by default, and never a higher cut than before: a fit finds more people at risk, not fewer. The others
    together may flag at most `clean_flagged` of clean posts: half of the labels choose each category's cut (best weighted
    F1, from `LEAST_TRUE` true posts on), the other half how far all of them may move at once, so that the bound is about a
    clean post being flagged for anything, and the labels that choose are not those that vouch. What categories with a
    wish of their own flag comes on top.
    """
    made: dict[Category, _Made] = {}
    for category in CATEGORIES:
        wish = bounds.own(category)
        if wish is not None:
            made[category] = _alone(examples, category, now.categories[category], wish)
    rest = [category for category in CATEGORIES if category not in made]
    made |= _together(examples, rest, now, bounds.clean_flagged)
    _refuse(made, bounds, rest, len(examples))
    thresholds = now.model_copy(
        update={"categories": {c: made[c].cuts for c in CATEGORIES}, "fitted_by": "answerloop flags fit"}
    )
    rows = {c: made[c].row for c in CATEGORIES}
    return Fitted(thresholds, {"examples": len(examples), "bounds": bounds.shown(), "categories": rows})


def _alone(examples: Sequence[Example], category: Category, old: Cuts, wish: Wish) -> _Made:
    """A category with a bound of its own. It is about the cut that brings a post to people: where a person is at risk the
    middle one, else the high one."""
    at_risk, misses = category in PERSON_AT_RISK, wish.kind == "missed_at_most"
    was = old.middle if at_risk else old.high
    true = sum(category in e.categories for e in examples)
    labels = [
        Label(e.scores.get(category, 0.0), misses, e.weight)
        for e in examples
        if (category in e.categories if misses else not e.categories)
    ]
    keep = conformal.missed_at_most if misses else conformal.clean_flagged_at_most
    found = keep(labels, wish.percent / 100)
    if not isinstance(found, Cut):
        return _kept(old, why(found, wish.kind), true, found)
    because = _useless(found.at, was, misses, at_risk)
    if because:
        return _kept(old, because, true)
    cut = found.at if misses else max(found.at, LEAST_CUT)
    cut = min(cut, was) if at_risk else cut
    rule = Rule(
        kind=wish.kind, percent=wish.percent, holds=True, labels=found.labels, seen=_lost(labels, cut, misses)
    )  # fmt: skip
    high = old.high if at_risk else cut
    cuts = Cuts(low=min(old.low, cut), middle=cut if at_risk else min(old.middle, cut), high=high, rule=rule)
    return _Made(cuts, _row(cut, was, true, rule))


def _useless(cut: float, was: float, misses: bool, at_risk: bool) -> str:
    """Why a cut that keeps a bound is not taken all the same; empty where it is."""
    if misses and cut == 0:
        return "only a cut of 0 would keep the bound, and it flags every post"
    if at_risk and not misses and cut > was:
        return f"it takes a cut of {cut:g} after {was:g}, and a fit never finds fewer people at risk"
    return ""


def _lost(labels: Sequence[Label], cut: float, misses: bool) -> float:
    """The weighted share of labels that a cut misses, or flags."""
    lost = sum(x.weight for x in labels if (x.probability < cut) == misses)
    return round(lost / sum(x.weight for x in labels), 4)


def _together(
    examples: Sequence[Example], categories: Sequence[Category], now: Thresholds, percent: float
) -> dict[Category, _Made]:
    """The categories that share one bound on clean posts."""
    chosen = {c: _best(examples[::2], c, now.categories[c].high) for c in categories}
    vouching = [e for e in examples[1::2] if not e.categories]
    found = conformal.control(
        [e.weight for e in vouching], percent / 100, SHIFTS,
        lambda index, shift: any(vouching[index].scores.get(c, 0.0) >= _moved(chosen[c], shift) for c in categories),
    )  # fmt: skip
    made = {}
    for category in categories:
        old = now.categories[category]
        true = sum(category in e.categories for e in examples)
        if not isinstance(found, Cut):
            because = why(found, "clean_flagged_at_most", " to vouch for it")
            made[category] = _kept(old, because, true, found)
            continue
        cut, seen = _moved(chosen[category], found.at), round(found.seen, 4)
        rule = Rule(kind="clean_flagged_at_most", percent=percent, holds=True, labels=found.labels, seen=seen)
        cuts = Cuts(low=min(old.low, cut), middle=min(old.middle, cut), high=cut, rule=rule)
        made[category] = _Made(cuts, _row(cut, old.high, true, rule))
    return made


def _refuse(made: Mapping[Category, _Made], bounds: Bounds, rest: Sequence[Category], examples: int) -> None:
    """Refuse a fit that does not keep what somebody asked for by name, or keeps nothing at all."""
    unkept = [category for category in made if bounds.wished(category) and not made[category].changed]
    if unkept:
        few = any(isinstance(made[category].refused, TooFew) for category in unkept)
        said = "; ".join(f"{c}, {bounds.own(c)}: {made[c].row['because']}" for c in unkept)
        field = f"{'miss' if unkept[0] in bounds.miss else 'flag'}.{unkept[0]}"
        raise InvalidInput(f"too few labels: {said}" if few else f"no cut keeps {said}", field=field)
    if not any(category.changed for category in made.values()):
        few = all(isinstance(category.refused, TooFew) for category in made.values())
        alone = [f"{c}: {made[c].row['because']}" for c in made if c not in rest]
        said = "; ".join([*alone, *(f"the others: {made[c].row['because']}" for c in rest[:1])])
        begun = "too few labels" if few else "no cut keeps the bounds"
        raise InvalidInput(f"{begun}: {examples} judged posts suffice for no category. {said}")


def _kept(old: Cuts, because: str, true: int, refused: TooFew | OutOfReach | None = None) -> _Made:
    return _Made(old, {"changed": False, "because": because, "true": true}, refused)


def _row(cut: float, was: float, true: int, rule: Rule) -> dict[str, Any]:
    row = {"changed": True, "cut": cut, "was": was, "true": true}
    return row | {"rule": rule.kind, "percent": rule.percent, "labels": rule.labels, "seen": rule.seen}


def _best(examples: Sequence[Example], category: Category, old: float) -> float:
    """The cut with the best weighted F1; the old one with few true posts."""
    if sum(category in e.categories for e in examples) < LEAST_TRUE:
        return old
    best, best_cut = -1.0, old
    for cut in sorted({min(max(e.scores.get(category, 0.0), LEAST_CUT), 0.98) for e in examples} | {old}):
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
