"""How what several readers found becomes one list of flags: at most one for each category.

**Fast lane.** Detectors and the learned reader are one reader: the findings are inputs of the learned combination
(`learned.py`), and its answer counts. Where no learned reader reads a post (its language is not measured, it failed),
the strongest finding of a category stands for itself.

**Deep lane.** a is the fast probability, m the model's.

1. Both raise a category: 1 − (1 − a)(1 − m). The quotes of both are kept, the model's words are shown.
2. Only the model raises it: m, provided a quote of its was found in the post.
3. Only the fast lane raises it: the model read the post and saw nothing, so the odds are divided by `SILENCE`, unless
   - a person may be in danger: then the flag stays at least in the middle band;
   - a detector is nearly certain (`PLAIN`): an address is an address, whatever a model says;
   - the post holds an instruction to a machine reader: then the model's silence says nothing;
   - a person has seen the flag: nothing is taken away from under somebody's eyes.

Some categories cover others (`COVERS`): the covered one goes where both rest on the same words, whichever lane raised
them, unless a person has seen it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from service.clock import new_id
from service.flagging.flag import Category, Flag, Quote
from service.flagging.policy import Policy
from service.flagging.routing import PERSON_AT_RISK, at_risk
from service.flagging.thresholds import Thresholds
from service.intake.normalise import Field, ReadablePost, Span

SILENCE = 7.0
"""How much less likely a flag becomes by the silence of a model that misses about one in eight."""
PLAIN = 0.95
MOST_QUOTES = 5
MOST_PROBABLE = 0.99
"""No reader is surer than this."""
COVERS: dict[Category, Category] = {"self_harm_risk": "crisis_distress", "personal_information": "identifying_detail"}
"""The first says all that the second would say of the same words (policy, reading rules)."""


@dataclass(frozen=True)
class Concern:
    """A flag in the making, before it is compared with thresholds.

    `spans` as in Finding. `exposed` says that the clause's `strongest_when` is met. `plain` that a detector is certain.
    `reason` and `counter_reading` are a model's words, or what was found; None takes the policy's. `clause` is the one
    that a model named; None, or one of another category, takes the category's first.
    """

    category: Category
    probability: float
    calibrated: bool
    spans: tuple[tuple[Field, Span], ...]
    found_by: tuple[str, ...]
    exposed: bool = False
    plain: bool = False
    detail: str | None = None
    reason: str | None = None
    counter_reading: str | None = None
    clause: str | None = None


def merge_deep(
    fast: Sequence[Flag],
    deep: Sequence[Concern],
    policy: Policy,
    thresholds: Thresholds,
    post: ReadablePost,
    *,
    seen: bool,
) -> list[Flag]:
    """The flags of both lanes. `seen`: a person has the fast ones before them."""
    told = {concern.category: concern for concern in strongest(deep)}
    injected = any(flag.category == "prompt_injection" and flag.band != "low" for flag in fast)
    merged: list[Flag] = []
    for flag in fast:
        concern = told.pop(flag.category, None)
        if concern is not None:
            merged.append(_both(flag, concern, policy, thresholds, post))
        elif seen or injected or _plain(flag):
            merged.append(flag)
        else:
            merged += _unconfirmed(flag, thresholds)
    merged += as_flags(list(told.values()), policy, thresholds, post)
    keep = {flag.id for flag in fast} if seen else set()
    return _shown(_uncovered(merged, keep), keep)


def as_flags(concerns: Sequence[Concern], policy: Policy, thresholds: Thresholds, post: ReadablePost) -> list[Flag]:
    """Concerns as flags: those of categories that are switched on and reach a band, the surest first.

    A low one is kept only beside one that is high.
    """
    flags: list[Flag] = []
    for concern in concerns:
        probability = round(min(concern.probability, MOST_PROBABLE), 4)
        band = thresholds.band(concern.category, probability)
        if band is None or not policy.active(concern.category):
            continue
        clause = policy.clause_of(concern.category, concern.clause)
        exposed = concern.exposed and clause.usual_route is not None
        flags.append(
            Flag(
                id=new_id(),
                category=concern.category,
                clause=clause.clause,
                probability=probability,
                calibrated=concern.calibrated,
                band=band,
                severity="critical" if exposed else clause.severity,
                care=clause.care,
                quotes=quotes_of(concern.spans, post),
                reason=concern.reason or _specific(clause.reason, concern.detail),
                counter_reading=concern.counter_reading or clause.counter_reading,
                found_by=list(concern.found_by),
            )
        )
    return _shown(_uncovered(flags, keep=set()), keep=set())


def quotes_of(spans: Sequence[tuple[Field, Span]], post: ReadablePost) -> list[Quote]:
    """Spans as verbatim quotes, in their order, each once, at most `MOST_QUOTES`."""
    sources = {reading.field: reading.source for reading in post.fields}
    quotes: list[Quote] = []
    for field, span in spans:
        if not 0 <= span.start < span.end <= len(sources[field]):
            continue
        quote = Quote(field=field, start=span.start, end=span.end, text=sources[field][span.start : span.end])
        inside = any(q.field == field and q.start <= span.start and span.end <= q.end for q in quotes)
        if not inside and len(quotes) < MOST_QUOTES:
            quotes.append(quote)
    return quotes


def strongest(concerns: Sequence[Concern]) -> list[Concern]:
    """One concern for each category: the surest, with the words and the finders of all."""
    best: dict[Category, Concern] = {}
    for concern in sorted(concerns, key=lambda c: -c.probability):
        first = best.get(concern.category)
        if first is None:
            best[concern.category] = concern
            continue
        best[concern.category] = replace(
            first,
            spans=(*first.spans, *(span for span in concern.spans if span not in first.spans)),
            found_by=tuple(dict.fromkeys((*first.found_by, *concern.found_by))),
            exposed=first.exposed or concern.exposed,
            plain=first.plain or concern.plain,
        )
    return list(best.values())


def _both(flag: Flag, concern: Concern, policy: Policy, thresholds: Thresholds, post: ReadablePost) -> Flag:
    probability = round(min(1 - (1 - flag.probability) * (1 - concern.probability), MOST_PROBABLE), 4)
    quotes = list(flag.quotes)
    quotes += [
        q
        for q in quotes_of(concern.spans, post)
        if (q.field, q.start, q.end) not in {(o.field, o.start, o.end) for o in quotes}
    ]
    changes: dict[str, Any] = {
        "probability": probability,
        "calibrated": False,
        "band": thresholds.band(flag.category, probability) or flag.band,
        "quotes": quotes[:MOST_QUOTES],
        "reason": concern.reason or flag.reason,
        "counter_reading": concern.counter_reading or flag.counter_reading,
        "found_by": list(dict.fromkeys((*flag.found_by, *concern.found_by))),
    }
    if policy.active(flag.category):
        changes |= _placed(flag, concern, policy)
    return flag.model_copy(update=changes)


def _placed(flag: Flag, concern: Concern, policy: Policy) -> dict[str, Any]:
    """What follows from the clause that the model named; where it named none of the category, the flag's own stands."""
    clause = policy.clause_of(flag.category, concern.clause or flag.clause)
    if clause.usual_route is not None and (concern.exposed or at_risk(flag, policy)):
        severity: str = "critical"
    else:
        severity = flag.severity if clause.clause == flag.clause else clause.severity
    return {"clause": clause.clause, "care": clause.care, "severity": severity}


def _unconfirmed(flag: Flag, thresholds: Thresholds) -> list[Flag]:
    odds = flag.probability / max(1 - flag.probability, 1e-6) / SILENCE
    probability = odds / (1 + odds)
    if flag.category in PERSON_AT_RISK:
        probability = max(probability, min(flag.probability, thresholds.categories[flag.category].middle))
    band = thresholds.band(flag.category, round(probability, 4))
    if band is None:
        return []
    return [flag.model_copy(update={"probability": round(probability, 4), "band": band, "calibrated": False})]


def _plain(flag: Flag) -> bool:
    return flag.probability >= PLAIN and any(name.startswith("detector:") for name in flag.found_by)


def _uncovered(flags: list[Flag], keep: set[str]) -> list[Flag]:
    by_category = {flag.category: flag for flag in flags}
    gone: set[str] = set()
    for covering, covered in COVERS.items():
        over, under = by_category.get(covering), by_category.get(covered)
        if over and under and over.band != "low" and over.quotes and under.quotes and all(
            any(_overlap(mine, other) for other in over.quotes) for mine in under.quotes
        ):  # fmt: skip
            gone.add(under.id)
    return [flag for flag in flags if flag.id not in gone - keep]


def _overlap(one: Quote, other: Quote) -> bool:
    return one.field == other.field and one.start < other.end and other.start < one.end


def _shown(flags: list[Flag], keep: set[str]) -> list[Flag]:
    anchored = any(flag.band == "high" for flag in flags)
    shown = [flag for flag in flags if flag.band != "low" or anchored or flag.id in keep]
    return sorted(shown, key=lambda flag: -flag.probability)


def _specific(reason: str, detail: str | None) -> str:
    return f"{reason} Found: {detail}." if detail else reason
