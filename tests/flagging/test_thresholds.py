from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidInput
from service.flagging import thresholds
from service.flagging.fit_cuts import HOLDING, LEAST_HOLDING
from service.flagging.learned import WEIGHTS, LearnedReader
from service.flagging.policy import CATEGORIES, Policy, load_policy
from service.flagging.thresholds import Thresholds, load_thresholds, shipped
from tests.furnished import ROOT


def test_one_file_has_three_bands_for_every_category_and_belongs_to_the_weights() -> None:
    cuts = shipped()
    assert set(cuts.categories) == set(CATEGORIES)
    assert cuts.weights == hashlib.sha256(WEIGHTS.read_bytes()).hexdigest(), "refit: python -m service.flagging.fit"
    files = list(Path(thresholds.__file__).parents[1].rglob("*threshold*.json"))
    assert files == [thresholds.SHIPPED]


def test_what_keeps_a_post_from_being_seen_is_at_least_three_fifths_likely() -> None:
    """The categories are the policy's own: one that comes to hold posts needs its place in the fit."""
    policy = load_policy(ROOT / "prompts" / "policy" / "tech-career" / "1.0.0.yaml")
    holding = {clause.category for clause in policy.clauses if clause.route == "hold"}
    assert holding == set(HOLDING)
    assert min(shipped().categories[category].high for category in holding) >= LEAST_HOLDING


def test_bands_begin_at_their_cuts(cuts: Thresholds) -> None:
    found = [cuts.band("hate", p) for p in (0.19, 0.2, 0.39, 0.4, 0.69, 0.7, 1.0)]
    assert found == [None, "low", "low", "middle", "middle", "high", "high"]


def test_a_cut_moved_past_its_neighbours_takes_them_along(cuts: Thresholds) -> None:
    assert cuts.changed({"hate": {"middle": 0.9}}).categories["hate"].high == 0.9
    moved = cuts.changed({"hate": {"high": 0.3}}).categories["hate"]
    assert (moved.low, moved.middle, moved.high) == (0.2, 0.3, 0.3)


@given(st.sampled_from(CATEGORIES), st.dictionaries(st.sampled_from(["low", "middle", "high"]), st.floats(0, 1)))
def test_cuts_never_fall_whatever_a_site_sets(category: str, values: dict[str, float]) -> None:
    try:
        made = shipped().changed({category: values}).categories[category]  # type: ignore[dict-item, index]
    except InvalidInput:
        return
    assert made.low <= made.middle <= made.high


@pytest.mark.parametrize("values", [{"hgh": 0.5}, {"high": 1.5}, {"low": -0.1}, {"middle": 0.9, "high": 0.2}])
def test_what_is_no_cut_is_refused_with_the_field(values: dict[str, float], cuts: Thresholds) -> None:
    with pytest.raises(InvalidInput) as caught:
        cuts.changed({"hate": values})
    assert caught.value.field == "thresholds.hate"


def test_a_file_with_a_category_missing_or_a_word_misspelt_is_refused(tmp_path: Path) -> None:
    data = json.loads(thresholds.SHIPPED.read_text("utf-8"))
    path = tmp_path / "thresholds.json"
    for change in ("missing", "misspelt", "falling"):
        broken = json.loads(json.dumps(data))
        if change == "missing":
            del broken["categories"]["hate"]
        elif change == "misspelt":
            broken["categories"]["hate"]["hihg"] = 0.5
        else:
            broken["categories"]["hate"] = {"low": 0.9, "middle": 0.5, "high": 0.6}
        path.write_text(json.dumps(broken), "utf-8")
        with pytest.raises(InvalidInput):
            load_thresholds(path)


def test_what_too_few_labels_support_is_not_called_calibrated() -> None:
    """The manifest counts the positives of every language; a group of languages claims calibration on its own alone."""
    from service.flagging.fit import LEAST_POSITIVES

    fitted = json.loads(WEIGHTS.with_suffix(".json").read_text("utf-8"))["cross_validated_by_voice"]
    said = dict(zip(CATEGORIES, LearnedReader()._calibrated.tolist(), strict=True))
    assert all(fitted[c]["positives"] >= LEAST_POSITIVES for c in CATEGORIES if said[c])
    assert said["self_harm_risk"] and not said["duplicate_crosspost"], "the last is read by retrieval"


def test_the_shipped_policy_leaves_the_shipped_cuts_and_a_sites_policy_moves_them(policy: Policy) -> None:
    assert load_thresholds().for_policy(policy) == load_thresholds()
    moved = policy.model_copy(update={"thresholds": {"spam_promotion": {"high": 0.97}}})
    cuts = load_thresholds().for_policy(moved)
    assert cuts.categories["spam_promotion"].high == 0.97
    assert {c for c in CATEGORIES if cuts.categories[c] != shipped().categories[c]} == {"spam_promotion"}
