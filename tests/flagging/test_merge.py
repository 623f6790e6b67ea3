from __future__ import annotations

from collections.abc import Callable

import pytest

from service.flagging.flag import Flag
from service.flagging.merge import MOST_PROBABLE, MOST_QUOTES, Concern, as_flags, merge_deep, quotes_of, strongest
from service.flagging.policy import Policy
from service.flagging.thresholds import Thresholds
from service.intake.normalise import ReadablePost, Span, normalise
from service.intake.post import NewPost

BODY = "He told me to go and die. The launch is on the 9th."


@pytest.fixture
def post() -> ReadablePost:
    return normalise(NewPost(site="s", external_id="1", title="T", body=BODY))


def concern(category: str, probability: float, start: int = 0, end: int = 5, **more: object) -> Concern:
    spans = (("body", Span(start, end)),)
    return Concern(category, probability, False, spans, ("prompt:flag_post@1.0.0",), **more)  # type: ignore[arg-type]


def test_what_both_lanes_raise_is_likelier_than_either_and_keeps_both_quotes(
    policy: Policy, cuts: Thresholds, post: ReadablePost, flag: Callable[..., Flag]
) -> None:
    fast = [flag("harassment", 0.5, BODY[:7])]
    deep = [concern("harassment", 0.6, 14, 24, reason="He was told to die.")]
    (merged,) = merge_deep(fast, deep, policy, cuts, post, seen=False)
    assert merged.probability == pytest.approx(0.8) and merged.band == "high" and not merged.calibrated
    assert [q.text for q in merged.quotes] == [BODY[:7], BODY[14:24]]
    assert merged.reason == "He was told to die." and len(merged.found_by) == 2


def test_what_only_the_model_raises_counts_as_it_says(policy: Policy, cuts: Thresholds, post: ReadablePost) -> None:
    (merged,) = merge_deep([], [concern("confidential_business", 0.8)], policy, cuts, post, seen=False)
    assert (merged.probability, merged.band) == (0.8, "high")


def test_the_models_silence_weakens_what_only_the_fast_lane_raised(
    policy: Policy, cuts: Thresholds, post: ReadablePost, flag: Callable[..., Flag]
) -> None:
    assert merge_deep([flag("harassment", 0.6)], [], policy, cuts, post, seen=False) == []
    (weaker,) = merge_deep([flag("harassment", 0.9)], [], policy, cuts, post, seen=False)
    assert weaker.probability == pytest.approx(9 / 16, abs=1e-4) and weaker.band == "middle" and not weaker.calibrated
    (kept,) = merge_deep([flag("hate", 0.97, found_by=["detector:hate"])], [], policy, cuts, post, seen=False)
    assert kept.probability == 0.97, "a detector that is nearly certain is not overruled"


def test_a_person_at_risk_stays_in_the_middle_band_whatever_the_model_does_not_say(
    policy: Policy, cuts: Thresholds, post: ReadablePost, flag: Callable[..., Flag]
) -> None:
    (kept,) = merge_deep([flag("self_harm_risk", 0.9)], [], policy, cuts, post, seen=False)
    assert kept.band == "middle"


def test_an_instruction_in_the_post_makes_the_models_silence_worthless(
    policy: Policy, cuts: Thresholds, post: ReadablePost, flag: Callable[..., Flag]
) -> None:
    fast = [flag("prompt_injection", 0.6), flag("harassment", 0.75)]
    merged = merge_deep(fast, [], policy, cuts, post, seen=False)
    assert [(f.category, f.probability) for f in merged] == [("harassment", 0.75), ("prompt_injection", 0.6)]


def test_nothing_is_taken_away_from_under_a_persons_eyes(
    policy: Policy, cuts: Thresholds, post: ReadablePost, flag: Callable[..., Flag]
) -> None:
    fast = [flag("harassment", 0.45), flag("low_effort", 0.25)]
    assert {f.id for f in merge_deep(fast, [], policy, cuts, post, seen=True)} == {f.id for f in fast}


def test_the_stronger_of_two_that_rest_on_the_same_words_covers_the_other(
    policy: Policy, cuts: Thresholds, post: ReadablePost
) -> None:
    same = [concern("self_harm_risk", 0.8, 14, 24), concern("crisis_distress", 0.9, 16, 24)]
    assert [f.category for f in as_flags(same, policy, cuts, post)] == ["self_harm_risk"]
    apart = [concern("self_harm_risk", 0.8, 14, 24), concern("crisis_distress", 0.9, 26, 40)]
    assert len(as_flags(apart, policy, cuts, post)) == 2


def test_one_category_covers_another_across_the_lanes_unless_a_person_has_seen_it(
    policy: Policy, cuts: Thresholds, post: ReadablePost, flag: Callable[..., Flag]
) -> None:
    fast = [flag("crisis_distress", 0.75, BODY[14:24], start=14)]
    deep = [concern("self_harm_risk", 0.8, 10, 24), concern("crisis_distress", 0.5, 14, 24)]
    assert [f.category for f in merge_deep(fast, deep[:1], policy, cuts, post, seen=False)] == ["self_harm_risk"]
    assert [f.category for f in merge_deep(fast, deep, policy, cuts, post, seen=False)] == ["self_harm_risk"]
    assert {f.id for f in fast} < {f.id for f in merge_deep(fast, deep, policy, cuts, post, seen=True)}


def test_the_clause_that_a_model_names_brings_its_own_care_severity_and_reason(
    policy: Policy, cuts: Thresholds, post: ReadablePost, flag: Callable[..., Flag]
) -> None:
    added = policy.clause_of("hate").model_copy(
        update={"category": "harassment", "clause": "3.9", "severity": "low", "route": "review", "reason": "Ours."}
    )
    own = policy.model_copy(update={"clauses": (*policy.clauses, added)})
    (alone,) = as_flags([concern("harassment", 0.9, clause="3.9")], own, cuts, post)
    assert (alone.clause, alone.severity, alone.reason, alone.care) == ("3.9", "low", "Ours.", added.care)
    fast = [flag("harassment", 0.8, BODY[:5])]
    (both,) = merge_deep(fast, [concern("harassment", 0.8, clause="3.9")], own, cuts, post, seen=False)
    assert (both.clause, both.severity, both.care) == ("3.9", "low", added.care)
    for other in ("5.2", "9.9", None):
        (first,) = as_flags([concern("harassment", 0.9, clause=other)], own, cuts, post)
        assert (first.clause, first.severity) == ("3.1", "high")


def test_a_low_flag_is_shown_only_beside_a_high_one(policy: Policy, cuts: Thresholds, post: ReadablePost) -> None:
    low = concern("low_effort", 0.3)
    assert as_flags([low], policy, cuts, post) == []
    assert len(as_flags([low, concern("hate", 0.9)], policy, cuts, post)) == 2


def test_a_category_switched_off_raises_nothing(policy: Policy, cuts: Thresholds, post: ReadablePost) -> None:
    off = policy.model_copy(update={"clauses": tuple(c for c in policy.clauses if c.category != "hate")})
    assert as_flags([concern("hate", 0.9)], off, cuts, post) == []


def test_no_probability_is_surer_than_a_reader_can_be(policy: Policy, cuts: Thresholds, post: ReadablePost) -> None:
    assert as_flags([concern("hate", 1.0)], policy, cuts, post)[0].probability == MOST_PROBABLE


def test_quotes_are_slices_each_once_and_not_too_many(post: ReadablePost) -> None:
    spans = [("body", Span(i, i + 2)) for i in range(0, 40, 2)]
    assert len(quotes_of(spans, post)) == MOST_QUOTES  # type: ignore[arg-type]
    outside = [("body", Span(40, 4000)), ("body", Span(5, 5)), ("body", Span(0, 10)), ("body", Span(2, 6))]
    assert [q.text for q in quotes_of(outside, post)] == [BODY[:10]]  # type: ignore[arg-type]


def test_one_concern_a_category_with_the_words_of_all() -> None:
    found = strongest([concern("hate", 0.5, 0, 4), concern("hate", 0.8, 6, 9), concern("sexual", 0.3)])
    assert [(c.category, c.probability, len(c.spans)) for c in found] == [("hate", 0.8, 2), ("sexual", 0.3, 1)]
