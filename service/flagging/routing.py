"""Where a post should go: a pure function of its flags. Routes are advice to the site; nothing here acts.

Each flag proposes a route, and the strongest wins:

1. A flag in the high band proposes its clause's route: `usual_route` where the clause has one, unless the flag is more
   severe than its clause (the condition `strongest_when` is met).
2. A flag in the middle band publishes and waits for the deep lane, except where a person may be in danger: then
   somebody reviews it. A flag in the low band proposes nothing.
3. `hold` outranks `urgent_review`, unless a person is at risk: then `urgent_review` wins, and the post is seen at once;
   it stays withheld, so that a threat added to abuse does not bring the abuse before anybody.
4. Readers that failed turn `publish` into `review`: an unread post is not a clean one. So does an unread language where
   the site asked for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from service.flagging.flag import Category, Flag, Route, RouteTo
from service.flagging.policy import Clause, Policy
from service.flagging.thresholds import Thresholds

PERSON_AT_RISK: frozenset[Category] = frozenset({"self_harm_risk", "violence_threat", "minor_safety"})
"""Where waiting may cost somebody dearly."""
STRENGTH: dict[RouteTo, int] = {"publish": 0, "review": 1, "urgent_review": 2, "hold": 3}
_SEVERITIES = ("low", "medium", "high", "critical")


def route(
    flags: Sequence[Flag],
    policy: Policy,
    thresholds: Thresholds,
    *,
    degraded: bool,
    limited: bool,
    unread_language: Literal["publish", "review"],
) -> Route:
    """The route of a post and the categories that say so, the strongest first.

    `degraded`: a fast flag reader failed. `limited`: the language has no measured reader. Flags of categories that the
    policy has switched off propose nothing.
    """
    proposed: list[tuple[RouteTo, Flag]] = []
    for flag in flags:
        to = _proposed(flag, policy, thresholds)
        if to != "publish":
            proposed.append((to, flag))
    if proposed:
        proposed.sort(key=lambda p: (-STRENGTH[p[0]], -p[1].probability))
        strongest = proposed[0][0]
        withhold = strongest == "hold"
        if withhold and any(to == "urgent_review" and at_risk(flag, policy) for to, flag in proposed):
            strongest = "urgent_review"
            proposed.sort(key=lambda p: p[0] != "urgent_review")
        because = list(dict.fromkeys(flag.category for _, flag in proposed))
        return Route(to=strongest, because=because, withhold=withhold)
    if degraded:
        return Route(to="review", because=["degraded"])
    if limited and unread_language == "review":
        return Route(to="review", because=["unread_language"])
    return Route(to="publish")


def after_failure(flags: Sequence[Flag], fast: Route) -> Route:
    """The route where the deep reader failed: the fast one, except that a post with a flag in the middle band, which
    was left to the deep reader, is reviewed."""
    undecided = list(dict.fromkeys(flag.category for flag in flags if flag.band == "middle"))
    if fast.to == "publish" and undecided:
        return Route(to="review", because=[*undecided])
    return fast


def at_risk(flag: Flag, policy: Policy) -> bool:
    """Whether a flag says that a person may come to harm, exposed private data included."""
    return flag.category in PERSON_AT_RISK or _exposed(flag, _clause(flag, policy))


def stronger(one: Route, other: Route) -> Route:
    """The stronger of two routes, the first where they are equal; withheld where either is."""
    wins = other if STRENGTH[other.to] > STRENGTH[one.to] else one
    return wins.model_copy(update={"withhold": one.withhold or other.withhold})


def _proposed(flag: Flag, policy: Policy, thresholds: Thresholds) -> RouteTo:
    clause = _clause(flag, policy)
    if clause is None:
        return "publish"
    band = thresholds.band(flag.category, flag.probability)
    if band == "high":
        if clause.usual_route is None or _exposed(flag, clause):
            return clause.route
        return clause.usual_route
    return "review" if band == "middle" and flag.category in PERSON_AT_RISK else "publish"


def _exposed(flag: Flag, clause: Clause | None) -> bool:
    if clause is None or clause.usual_route is None:
        return False
    return _SEVERITIES.index(flag.severity) > _SEVERITIES.index(clause.severity)


def _clause(flag: Flag, policy: Policy) -> Clause | None:
    try:
        return policy.by_id(flag.clause)
    except KeyError:
        return policy.clause_of(flag.category) if policy.active(flag.category) else None
