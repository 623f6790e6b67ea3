from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from service.flagging.flag import Flag, Route
from service.flagging.policy import CATEGORIES, Policy
from service.flagging.routing import PERSON_AT_RISK, after_failure, route, stronger
from service.flagging.thresholds import Thresholds

PLAIN: dict[str, Any] = {"degraded": False, "limited": False, "unread_language": "publish"}


def test_a_post_without_flags_is_published(policy: Policy, cuts: Thresholds) -> None:
    assert route([], policy, cuts, **PLAIN) == Route(to="publish")


@pytest.mark.parametrize("category", sorted(PERSON_AT_RISK))
def test_a_person_at_risk_is_urgent_when_high_and_reviewed_when_middle(
    category: Any, policy: Policy, cuts: Thresholds, flag: Callable[..., Flag]
) -> None:
    assert route([flag(category, 0.8)], policy, cuts, **PLAIN).to == "urgent_review"
    assert route([flag(category, 0.5)], policy, cuts, **PLAIN).to == "review"


@pytest.mark.parametrize("category", [c for c in CATEGORIES if c not in PERSON_AT_RISK])
def test_any_other_middle_flag_waits_for_the_deep_lane(
    category: Any, policy: Policy, cuts: Thresholds, flag: Callable[..., Flag]
) -> None:
    assert route([flag(category, 0.5)], policy, cuts, **PLAIN).to == "publish"
    assert route([flag(category, 0.8)], policy, cuts, **PLAIN).to != "publish"


def test_the_route_follows_the_thresholds_of_the_day(
    policy: Policy, cuts: Thresholds, flag: Callable[..., Flag]
) -> None:
    raised = cuts.changed({"hate": {"high": 0.9}})
    assert route([flag("hate", 0.8)], policy, cuts, **PLAIN).to == "hold"
    assert route([flag("hate", 0.8)], policy, raised, **PLAIN).to == "publish"


def test_danger_outranks_a_hold(policy: Policy, cuts: Thresholds, flag: Callable[..., Flag]) -> None:
    both = route([flag("spam_promotion", 0.95), flag("self_harm_risk", 0.8)], policy, cuts, **PLAIN)
    assert both.to == "urgent_review" and both.because[0] == "self_harm_risk" and "spam_promotion" in both.because


def test_a_threat_added_to_abuse_does_not_bring_the_abuse_before_anybody(
    policy: Policy, cuts: Thresholds, flag: Callable[..., Flag]
) -> None:
    abuse, threat = flag("hate", 0.95), flag("violence_threat", 0.95)
    alone, both, only = (route(found, policy, cuts, **PLAIN) for found in ([abuse], [abuse, threat], [threat]))
    assert (alone.to, alone.withhold) == ("hold", True)
    assert (both.to, both.withhold) == ("urgent_review", True)
    assert (only.to, only.withhold) == ("urgent_review", False)


def test_of_two_routes_the_stronger_is_withheld_where_either_is() -> None:
    held, urgent = Route(to="urgent_review", withhold=True), Route(to="urgent_review")
    assert stronger(urgent, held).withhold and stronger(held, urgent).withhold
    assert stronger(Route(to="review"), held) == held and not stronger(urgent, Route(to="review")).withhold


def test_a_held_post_is_withheld_also_where_a_record_is_older_than_the_word() -> None:
    assert Route.model_validate({"to": "hold", "because": ["hate"]}).withhold
    assert not Route.model_validate({"to": "urgent_review"}).withhold


def test_somebody_elses_data_is_urgent_and_the_writers_own_is_not(
    policy: Policy, cuts: Thresholds, flag: Callable[..., Flag]
) -> None:
    own = route([flag("personal_information", 0.9)], policy, cuts, **PLAIN)
    exposed = route([flag("personal_information", 0.9, severity="critical")], policy, cuts, **PLAIN)
    assert (own.to, exposed.to) == ("review", "urgent_review")


def test_an_unread_post_is_not_a_clean_one(policy: Policy, cuts: Thresholds) -> None:
    assert route([], policy, cuts, **{**PLAIN, "degraded": True}) == Route(to="review", because=["degraded"])
    unread = {**PLAIN, "limited": True, "unread_language": "review"}
    assert route([], policy, cuts, **unread) == Route(to="review", because=["unread_language"])
    assert route([], policy, cuts, **{**PLAIN, "limited": True}).to == "publish"


def test_a_failed_deep_reader_adds_review_to_the_middle_band_alone(flag: Callable[..., Flag]) -> None:
    publish = Route(to="publish")
    assert after_failure([flag("hate", 0.5)], publish) == Route(to="review", because=["hate"])
    assert after_failure([flag("low_effort", 0.3)], publish) == publish
    assert after_failure([flag("hate", 0.5)], Route(to="hold", because=["x"])).to == "hold"


def test_the_stronger_route_is_kept() -> None:
    assert stronger(Route(to="review"), Route(to="publish")).to == "review"
    assert stronger(Route(to="review"), Route(to="urgent_review")).to == "urgent_review"
