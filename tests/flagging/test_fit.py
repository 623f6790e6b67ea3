from __future__ import annotations

import numpy as np
import pytest

from service.flagging import fit_combination, fit_cuts, fit_readings
from service.flagging.fit_cuts import OutOfFold
from service.flagging.labelled import Array, Labelled, Places
from service.flagging.policy import CATEGORIES

SELF_HARM, HATE = CATEGORIES.index("self_harm_risk"), CATEGORIES.index("hate")


def labelled(
    group: str, said: list[str], quoted: Places | None = None, category: str | None = None, found: float = 0.0
) -> Labelled:
    vectors = np.array([[len(text), text.count("e")] for text in said], np.float32) / 10
    detected = np.zeros(len(CATEGORIES))
    detected[SELF_HARM] = found
    places = quoted or {}
    return Labelled("1", group, "en", not places, vectors, vectors, tuple(said), places, places, detected, category)


def test_a_single_text_speaks_of_its_own_category_alone() -> None:
    post = labelled("a", ["one", "two", "three"], {"hate": {1}})
    near_miss = labelled("texts", ["four"], None, "self_harm_risk")
    clean = labelled("texts", ["five"], None, "none")
    rows = fit_readings.sentence_rows([post], [near_miss, clean])
    assert rows.true[:, HATE].tolist() == [False, True, False, False, False]
    assert rows.weight[3].nonzero()[0].tolist() == [SELF_HARM] and not rows.true[3].any()
    assert rows.weight[4].all()


def test_a_post_is_read_by_readers_fitted_without_its_voice() -> None:
    """Every voice has a word of its own in what it is flagged for: nobody can know it out of fold, everybody in fold."""
    posts = [labelled(v, [f"{v * 4} stands here", "a plain line"], {"hate": {0}}) for v in "bcdfgh" for _ in range(3)]
    posts += [labelled(v, ["a plain line", f"{v * 4} is gone"]) for v in "jklmnp" for _ in range(3)]
    rows = fit_readings.gram_rows(posts, [], fit_readings.kept_grams(posts, []))
    folds = fit_readings.by_voice(posts, 3)
    assert sorted(int(n) for fold in folds for n in fold) == list(range(len(posts)))
    for fold in folds:
        inside = {posts[n].group for n in fold}
        assert not inside & {posts[n].group for n in set(range(len(posts))) - set(fold.tolist())}
    outside = rows.out_of_fold(folds, 3.0)
    for fold in folds:
        without = rows.strongest(*rows.fitted(fold, 3.0))
        assert np.array_equal(outside[fold], without[fold])


def test_findings_count_as_often_as_they_would_elsewhere() -> None:
    true = np.zeros((4, len(CATEGORIES)), bool)
    true[:, SELF_HARM] = True
    posts = [labelled("a", ["x"], {"self_harm_risk": {0}}, found=0.9) for _ in range(4)]
    texts = [labelled("t", ["x"], {"self_harm_risk": {0}}, "self_harm_risk", found=0.9 * (n == 0)) for n in range(4)]
    assert fit_combination.kept_share(posts, texts, true)[SELF_HARM] == 0.25
    assert fit_combination.kept_share(posts, [], true)[SELF_HARM] == 1.0


def made(true: Array, found: Array) -> OutOfFold:
    wide = np.zeros((len(true), len(CATEGORIES)))
    probability, label = wide.copy(), wide.astype(bool)
    probability[:, SELF_HARM], label[:, SELF_HARM] = found, true
    return OutOfFold(probability, probability, np.ones(wide.shape), label, ~label.any(axis=1))


def test_the_pooled_cut_is_the_lowest_that_keeps_both_promises() -> None:
    rng = np.random.default_rng(4)
    true = rng.random(2000) < 0.1
    found = np.clip(np.where(true, rng.beta(4, 3, 2000), rng.beta(1, 9, 2000)), 0, 1)
    said, at = made(true, found), fit_cuts.pooled_cut(made(true, found))
    rates = said.rates([SELF_HARM], at)
    assert rates["precision"] >= fit_cuts.LEAST_PRECISION and rates["clean"] <= fit_cuts.CLEAN_KEPT_BACK
    lower = [cut for cut in fit_cuts.GRID if cut < at]
    for cut in lower:
        below = said.rates([SELF_HARM], float(cut))
        assert below["precision"] < fit_cuts.LEAST_PRECISION or below["clean"] > fit_cuts.CLEAN_KEPT_BACK


def test_alarms_of_longer_posts_raise_the_pooled_cut() -> None:
    rng = np.random.default_rng(4)
    true = rng.random(2000) < 0.1
    found = np.clip(np.where(true, rng.beta(4, 3, 2000), rng.beta(1, 9, 2000)), 0, 1)
    louder = np.where(true, found, np.clip(found * 1.5, 0, 1))
    alone, with_longer = (fit_cuts.pooled_cut(made(true, found), longer) for longer in (None, made(true, louder)))
    assert with_longer > alone
    assert made(true, louder).rates([SELF_HARM], with_longer)["precision"] >= fit_cuts.LEAST_PRECISION


def test_a_finding_that_would_not_stand_elsewhere_is_no_recall() -> None:
    true = np.array([True] * 10 + [False] * 90)
    said = made(true, true * 0.9)
    half = OutOfFold(said.found, said.found * 0, np.full(said.found.shape, 0.5), said.true, said.clean)
    assert said.rates([SELF_HARM], 0.5)["recall"] == 1.0
    assert half.rates([SELF_HARM], 0.5)["recall"] == pytest.approx(0.5)
    assert half.rates([SELF_HARM], 0.5)["precision"] == 1.0


def test_cuts_rise_and_every_category_has_some() -> None:
    rng = np.random.default_rng(5)
    cuts, figures = fit_cuts.choose(made(rng.random(300) < 0.2, rng.random(300)))
    assert set(cuts) == set(figures) == set(CATEGORIES)
    assert all(cut["low"] <= cut["middle"] <= cut["high"] for cut in cuts.values())
