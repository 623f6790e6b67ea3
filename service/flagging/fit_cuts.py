"""Where the cuts lie, chosen on out-of-fold probabilities of development posts.

Calibrated probabilities make most cuts one number: of the concerns that nobody may miss (`POOLED`) those are found most often, at
a precision and a share of clean posts kept back for all of them together, whose probability exceeds one cut common to them.
Of the other categories `middle` is half the best F1, which is where the F1 of a calibrated probability is highest (Lipton, Elkan
and Naryanaswamy 2014), and `high` above every clean post.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from service.flagging.labelled import Array
from service.flagging.policy import CATEGORIES

POOLED = ("self_harm_risk", "violence_threat", "minor_safety", "personal_information")
LEAST_PRECISION = 0.69
"""Of the pooled categories together: among posts as they are, and among those made longer, where chance finds more."""
CLEAN_KEPT_BACK = 0.027
"""Of clean posts and traps, by the pooled categories together; the others keep back none of those seen. Of voices that nobody fitted about
twice as many are kept back (decision 0010)."""
ABOVE_CLEAN = 0.03
"""How far above every clean post seen."""
HOLDING, LEAST_HOLDING = ("spam_promotion", "harassment", "hate", "sexual"), 0.6
"""A post is kept from being seen at once, which hurts where it is wrong, only for what is clearly more likely than not."""
LEAST_ROUTED = {"identifying_detail": 0.5, "prompt_injection": 0.55}
"""What detectors beside the learned reader tell at 0.48 and 0.5 is shown to a moderator and keeps no post back."""
LEAST_RAISED = 0.25
"""A flag less likely than this is not worth raising, unless a person may be in danger."""
UNREADABLE = {"duplicate_crosspost": {"low": 0.3, "middle": 0.5, "high": 0.7}}
"""Not to be seen in the post alone: cuts on retrieval's calibrated probability, set by hand."""
GRID = np.linspace(0.02, 0.95, 187)


@dataclass(frozen=True)
class OutOfFold:
    """(posts, categories): `found`, `silent` probabilities, `kept` the share with which a finding stands (`Said`), `true`
    labels; and which posts are `clean`."""

    found: Array
    silent: Array
    kept: Array
    true: Array
    clean: Array

    def only(self, kept: Array) -> OutOfFold:
        """Some of the posts."""
        return OutOfFold(*(getattr(self, f.name)[kept] for f in fields(self)))

    def caught(self, number: int, cut: float) -> Array:
        """How much of each post's flag of a category is raised at a cut, 0 to 1."""
        both = self.kept[:, number] * (self.found[:, number] >= cut)
        both = both + (1 - self.kept[:, number]) * (self.silent[:, number] >= cut)
        return np.where(self.true[:, number], both, self.found[:, number] >= cut)

    def rates(self, numbers: list[int], cut: float) -> dict[str, float]:
        """Recall and precision pooled over categories, and the share of clean posts raised by any of them."""
        raised = np.stack([self.caught(number, cut) for number in numbers], axis=1)
        true = self.true[:, numbers]
        hit = float(raised[true].sum())
        return {
            "recall": hit / max(float(true.sum()), 1.0),
            "precision": hit / max(float(raised.sum()), 1e-9),
            "clean": float((raised[self.clean] > 0).any(axis=1).mean()),
        }


def pooled_cut(said: OutOfFold, longer: OutOfFold | None = None) -> float:
    """The lowest cut at which the pooled categories keep their precision, among `longer` posts too, and the share of clean
    posts kept back."""
    numbers = [CATEGORIES.index(category) for category in POOLED]
    for cut in GRID:
        rates, of_longer = (part.rates(numbers, float(cut)) for part in (said, longer or said))
        precise = min(rates["precision"], of_longer["precision"]) >= LEAST_PRECISION
        if precise and rates["clean"] <= CLEAN_KEPT_BACK:
            return float(cut)
    return float(GRID[-1])


def choose(
    said: OutOfFold, longer: OutOfFold | None = None
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, float]]]:
    """(cuts, figures) of every category. Clean posts among `longer` hold `high` up as well."""
    cuts: dict[str, dict[str, float]] = {}
    figures: dict[str, dict[str, float]] = {}
    at_risk = pooled_cut(said, longer)
    for number, category in enumerate(CATEGORIES):
        best, _ = _best_f1(said, number)
        said_of_clean = np.concatenate([part.found[part.clean, number] for part in (said, longer) if part is not None])
        if category in POOLED:
            middle = high = at_risk
        else:
            middle = max(best / 2, LEAST_RAISED)
            high = min(max(float(said_of_clean.max()) + ABOVE_CLEAN, middle), 0.97)
            high = max(high, LEAST_HOLDING if category in HOLDING else LEAST_ROUTED.get(category, 0.0))
        cuts[category] = {"low": round(middle / 2, 3), "middle": round(middle, 3), "high": round(high, 3)}
        figures[category] = _figures(said, number, middle, high)
    return {**cuts, **UNREADABLE}, figures


def joined(parts: Sequence[OutOfFold]) -> OutOfFold:
    """The posts of several groups as one."""
    return OutOfFold(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(OutOfFold)))


def summary(said: OutOfFold, cuts: dict[str, dict[str, float]]) -> dict[str, float]:
    """Of all categories together at their cuts: macro-F1, recall and precision of the pooled ones, clean posts published."""
    readable = [n for n, category in enumerate(CATEGORIES) if category not in UNREADABLE and said.true[:, n].any()]
    pooled = [n for n, category in enumerate(CATEGORIES) if category in POOLED]
    raised = [said.caught(n, cuts[CATEGORIES[n]]["middle"]) for n in pooled]
    hit = sum(float(r[said.true[:, n]].sum()) for r, n in zip(raised, pooled, strict=True))
    routed = np.stack([said.found[said.clean, n] >= cuts[CATEGORIES[n]]["high"] for n in range(len(CATEGORIES))])
    return {
        "posts": len(said.true),
        "macro_f1": round(float(np.mean([_f1(said, n, cuts[CATEGORIES[n]]["middle"]) for n in readable])), 3),
        "pooled_recall": round(hit / max(float(said.true[:, pooled].sum()), 1.0), 3),
        "pooled_precision": round(hit / max(float(sum(r.sum() for r in raised)), 1e-9), 3),
        "clean_published": round(1 - float(routed.any(axis=0).mean()), 3),
    }  # fmt: skip


def _f1(said: OutOfFold, number: int, cut: float) -> float:
    rates = said.rates([number], cut)
    return 2 * rates["recall"] * rates["precision"] / max(rates["recall"] + rates["precision"], 1e-9)


def _best_f1(said: OutOfFold, number: int) -> tuple[float, float]:
    scores = [_f1(said, number, float(cut)) for cut in GRID]
    place = int(np.argmax(scores))
    return scores[place], float(GRID[place])


def _figures(said: OutOfFold, number: int, middle: float, high: float) -> dict[str, Any]:
    from sklearn.metrics import average_precision_score, roc_auc_score

    true, found = said.true[:, number], said.found[:, number]
    rates, routed = said.rates([number], middle), said.rates([number], high)
    enough = 0 < true.sum() < len(true)
    return {
        "positives": int(true.sum()),
        "auc": round(float(roc_auc_score(true, found)), 3) if enough else None,
        "average_precision": round(float(average_precision_score(true, found)), 3) if enough else None,
        "recall": round(rates["recall"], 3), "precision": round(rates["precision"], 3),
        "f1": round(_f1(said, number, middle), 3), "recall_at_high": round(routed["recall"], 3),
        "clean_routed": round(routed["clean"], 4),
    }  # fmt: skip
