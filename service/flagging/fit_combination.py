"""How readings and findings become one probability: logistic regressions on what was read out of fold.

The detectors were written with the development posts in view, so they find more there than elsewhere. How much more is told by
the single texts, written without them: where a detector finds the share `elsewhere` of the true texts and more of the true posts,
every found post also stands in the fit, and in the cuts, as one in which it found nothing, in that proportion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.flagging.fit_readings import by_voice
from service.flagging.labelled import Array, Labelled
from service.flagging.merge import PLAIN
from service.flagging.policy import CATEGORIES

STRENGTH = 1.0
FOLDS = 5


@dataclass(frozen=True)
class Said:
    """What a combination says of posts it was fitted without, (posts, categories): `found` as they are, `silent` if no
    detector had found anything; `share` (categories): how often a finding would stand elsewhere too."""

    found: Array
    silent: Array
    share: Array


def each(
    posts: Sequence[Labelled], texts: Sequence[Labelled], readings: Array, true: Array, signs: Sequence[int]
) -> tuple[Array, Said]:
    """A combination of its own for each category: (weights (categories, readings + 2), what it says out of fold).

    `readings`: (posts, categories, readings). `signs`: of each reading, 1 where more of it may not lower the probability, -1
    where it may not raise it, 0 where it may do both. Posts whose labels do not speak of a category are in no fit of it.
    """
    share = kept_share(posts, texts, true)
    known = np.array([[post.known is None or c in post.known for c in CATEGORIES] for post in posts])
    detected = np.array([post.detected for post in posts])
    folds = by_voice(posts, FOLDS)
    weights = np.zeros((len(CATEGORIES), readings.shape[2] + 2))
    said = Said(np.zeros(true.shape), np.zeros(true.shape), share)
    for number in range(len(CATEGORIES)):
        rows = np.c_[readings[:, number], detected[:, number]]
        for fold in folds:
            train = np.setdiff1d(np.flatnonzero(known[:, number]), fold)
            model = _one(rows[train], true[train, number], share[number], signs)
            _say(said, fold, number, rows, model)
        mine = known[:, number]
        weights[number] = _one(rows[mine], true[mine, number], share[number], signs)
    return weights, said


def say(readings: Array, detected: Array, weights: Array, share: Array) -> Said:
    """What a fitted combination says of other posts: `readings` (posts, categories, readings), `detected` (posts, categories)."""
    said = Said(np.zeros(detected.shape), np.zeros(detected.shape), share)
    for number in range(len(CATEGORIES)):
        rows = np.c_[readings[:, number], detected[:, number]]
        _say(said, np.arange(len(rows)), number, rows, weights[number])
    return said


def shared(posts: Sequence[Labelled], texts: Sequence[Labelled], readings: Array, true: Array) -> tuple[Array, Said]:
    """As `each`, where a category has too few posts for weights of its own: all share those of the readings (in units of
    their spread over the posts) and of the finding, and differ in their constant."""
    share = kept_share(posts, texts, true)
    detected = np.array([post.detected for post in posts])
    said = Said(np.zeros(true.shape), np.zeros(true.shape), share)
    for fold in by_voice(posts, FOLDS):
        train = np.setdiff1d(np.arange(len(posts)), fold)
        weights = _together(readings[train], detected[train], true[train], share)
        for number in range(len(CATEGORIES)):
            rows = np.c_[readings[:, number], detected[:, number]]
            _say(said, fold, number, rows, weights[number])
    return _together(readings, detected, true, share), said


def kept_share(posts: Sequence[Labelled], texts: Sequence[Labelled], true: Array) -> Array:
    """(categories,): the share of a detector's findings on true posts that it would also make in texts it was not written
    with; 1 where no text tells."""
    found = np.ones(len(CATEGORIES))
    for number, category in enumerate(CATEGORIES):
        of_texts = [t.detected[number] > 0 for t in texts if t.category == category and not t.clean]
        of_posts = [p.detected[number] > 0 for p, is_true in zip(posts, true[:, number], strict=True) if is_true]
        if of_texts and any(of_posts):
            found[number] = min(1.0, float(np.mean(of_texts)) / float(np.mean(of_posts)))
    return found


def _doubled(rows: Array, true: Array, share: float) -> tuple[Array, Array, Array]:
    """(rows, truth, weights) with each true found row standing twice: found, and not."""
    twice = true & (rows[:, -1] > 0)
    silent = rows[twice].copy()
    silent[:, -1] = 0
    weight = np.r_[np.where(twice, share, 1.0), np.full(int(twice.sum()), 1 - share)]
    return np.r_[rows, silent], np.r_[true, true[twice]], weight


def _one(rows: Array, true: Array, share: float, signs: Sequence[int]) -> Array:
    """A logistic regression whose weights keep their signs; that of the detector, the last column, is never negative."""
    from scipy.optimize import minimize

    mean, spread = rows[:, :-1].mean(axis=0), rows[:, :-1].std(axis=0) + 1e-9
    every, truth, weight = _doubled(np.c_[(rows[:, :-1] - mean) / spread, rows[:, -1]], true, share)

    def loss(v: Array) -> tuple[float, Array]:
        logit = every @ v[:-1] + v[-1]
        value = float((weight * (np.logaddexp(0, logit) - truth * logit)).sum() + v[:-1] @ v[:-1] / (2 * STRENGTH))
        pull = weight * (_probability(logit) - truth)
        return value, np.r_[every.T @ pull + v[:-1] / STRENGTH, pull.sum()]

    bounds = [(0 if sign > 0 else None, 0 if sign < 0 else None) for sign in (*signs, 1, 0)]
    found = minimize(
        loss, np.zeros(len(bounds)), jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 500}
    ).x
    of_readings = found[:-2] / spread
    return np.asarray(np.r_[of_readings, found[-2], found[-1] - float(of_readings @ mean)])


def _together(readings: Array, detected: Array, true: Array, share: Array) -> Array:
    from sklearn.linear_model import LogisticRegression

    mean, spread = readings.mean(axis=0), readings.std(axis=0) + 1e-9
    parts = []
    for number in range(len(CATEGORIES)):
        own = np.zeros((len(readings), len(CATEGORIES)))
        own[:, number] = 1
        rows = np.c_[own, (readings[:, number] - mean[number]) / spread[number], detected[:, number]]
        parts.append(_doubled(rows, true[:, number], float(share[number])))
    every, truth, weight = (np.concatenate([part[i] for part in parts]) for i in range(3))
    model = LogisticRegression(C=STRENGTH, max_iter=1000).fit(every, truth, sample_weight=weight)
    constants, of_z, of_finding = np.split(model.coef_[0], [len(CATEGORIES), -1])
    of_readings = of_z / spread
    constants = constants + model.intercept_[0] - (of_readings * mean).sum(axis=1)
    return np.asarray(np.c_[of_readings, np.full(len(CATEGORIES), of_finding[0]), constants])


def _say(said: Said, fold: Array, number: int, rows: Array, weights: Array) -> None:
    readings, finding = rows[fold][:, :-1], rows[fold][:, -1]
    silent = readings @ weights[:-2] + weights[-1]
    said.silent[fold, number] = _probability(silent)
    found = _probability(silent + finding * weights[-2])
    said.found[fold, number] = np.where(finding >= PLAIN, np.maximum(found, finding), found)


def _probability(logit: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(logit, -30, 30))))
