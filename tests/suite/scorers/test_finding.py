"""Scorers of tags, related threads and scores against answers worked out by hand or by scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from eval.scorers import blurred_score, buried_thread, invented_tag, missed_tag, slow_or_dear, wrong_tag
from tests.suite.scorers.marking import marks

VOCABULARY = ("promotion", "layoffs", "ama", "burnout")
SAID = {"tags": [["layoffs", 0.9], ["ama", 0.5], ["promotion", 0.4]]}


def tag_marks(name: str, wanted: list[str], output: dict[str, object] = SAID) -> object:
    metrics = [*wrong_tag.metrics(VOCABULARY, margin=None), missed_tag.metric(1), missed_tag.metric(3)]
    return marks(metrics, name, output, tags=wanted)


def test_the_first_tag_is_right_or_wrong() -> None:
    assert tag_marks("P@1", ["layoffs", "burnout"]) == [[1.0, 1.0]]
    assert tag_marks("P@1", ["promotion"]) == [[0.0, 1.0]]
    assert tag_marks("P@1", ["promotion"], {"tags": []}) == [[0.0, 1.0]]
    assert tag_marks("P@1", []) is None


def test_the_first_three_tags_are_right_in_part() -> None:
    assert tag_marks("P@3", ["layoffs", "burnout"]) == [[pytest.approx(1 / 3), 1.0]]
    assert tag_marks("P@3", ["ama"], {"tags": [["ama", 0.9], ["layoffs", 0.4]]}) == [[0.5, 1.0]]
    assert tag_marks("P@3", ["burnout"], {"tags": [[t, 0.5] for t in (*VOCABULARY[:3], "burnout")]}) == [[0.0, 1.0]]
    assert tag_marks("P@3", ["promotion"], {"tags": []}) == [[0.0, 1.0]]
    assert tag_marks("P@3", []) is None


def test_recall_among_the_first_tags_is_out_of_what_they_could_hold() -> None:
    assert tag_marks("R@3", ["promotion", "burnout"]) == [[0.5, 1.0]]
    assert tag_marks("R@1", ["layoffs", "promotion"]) == [[1.0, 1.0]]
    assert tag_marks("R@3", []) is None


def test_counts_of_tags() -> None:
    assert tag_marks("micro-F1", ["promotion", "burnout"]) == [[1, 2, 1]]
    # promotion right, layoffs and ama made up, burnout missed; three columns each, in the order of the vocabulary
    assert tag_marks("macro-F1", ["promotion", "burnout"]) == [[1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1]]


def test_probabilities_of_tags() -> None:
    assert tag_marks("ECE of tags", ["ama"]) == [[0.0, 0.9], [1.0, 0.5], [0.0, 0.4]]
    assert tag_marks("coverage at 90 % precision", ["layoffs"]) == [[1.0, 0.9]]
    assert tag_marks("coverage at 90 % precision", ["layoffs"], {"tags": []}) == [[0.0, 0.0]]


@pytest.mark.parametrize(
    ("tags", "kept"),
    [(["ama"], 1.0), (["ama", "golf"], 0.0), (["ama", "ama"], 0.0), (["ama", "layoffs", "burnout"], 0.0), ([], 1.0)],
)
def test_a_tag_is_of_the_vocabulary_and_stands_once(tags: list[str], kept: float) -> None:
    metric = invented_tag.metric(VOCABULARY, most=2)
    assert marks(metric, metric.name, {"tags": [[t, 0.5] for t in tags]}) == [[kept, 1.0]]


def rank_marks(name: str, ranking: list[str], relevant: list[str]) -> list[list[float]]:
    found = marks(buried_thread.metrics(targets={"R@50": 0.5}), name, {"related": ranking}, relevant=relevant)
    assert found is not None
    return found


def test_ranks_by_hand() -> None:
    ranking = [f"t{i}" for i in range(1, 60)]
    assert rank_marks("MRR@10", ranking, ["t4", "t2"]) == [[0.5, 1.0]]
    assert rank_marks("MRR@10", ranking, ["t11"]) == [[0.0, 1.0]]
    assert rank_marks("R@10", ranking, ["t1", "t11", "gone", "t10"]) == [[0.5, 1.0]]
    assert rank_marks("R@50", ranking, ["t50", "t51"]) == [[0.5, 1.0]]


def test_ndcg_agrees_with_scikit_learn() -> None:
    ranking, relevant = [f"t{i}" for i in range(12)], ["t0", "t3", "t9"]
    true = np.array([[float(t in relevant) for t in ranking]])
    theirs = ndcg_score(true, np.array([[12.0 - i for i in range(12)]]), k=10)
    assert rank_marks("nDCG@10", ranking, relevant)[0][0] == pytest.approx(theirs)


def test_more_relevant_threads_than_ten_cannot_push_ndcg_over_one() -> None:
    ranking = [f"t{i}" for i in range(20)]
    assert rank_marks("nDCG@10", ranking, ranking)[0][0] == pytest.approx(1.0)
    assert math.isclose(rank_marks("nDCG@10", [], ["t1"])[0][0], 0.0)


def test_scores_at_an_operating_point() -> None:
    true = {"label": 1, "score": 0.7, "flagged": False}
    false = {"label": 0, "score": 0.9, "flagged": True}
    area, recall = blurred_score.area(margin=None), blurred_score.recall("r", margin=None)
    alarms = blurred_score.alarms("a", margin=None)
    assert marks(area, "AUC", true) == [[1.0, 0.7]]
    assert marks(recall, "r", true) == [[0.0, 1.0]] and marks(recall, "r", false) is None
    assert marks(alarms, "a", false) == [[1.0, 1.0]] and marks(alarms, "a", true) is None


def test_costs_are_those_of_the_recorded_calls() -> None:
    calls = {"calls": 2.0, "input_tokens": 900.0, "output_tokens": 80.0, "cost_usd": 0.01, "model_ms": 1500.0}
    said = {m.name: m.marks(None, {"_calls": calls}) for m in slow_or_dear.of_models()}  # type: ignore[arg-type]
    assert said == {
        "model latency": [[1500.0, 1.0]], "input tokens": [[900.0, 1.0]], "output tokens": [[80.0, 1.0]], "cost": [[0.01, 1.0]]
    }  # fmt: skip
    assert all(m.marks(None, {}) is None for m in slow_or_dear.of_models())  # type: ignore[arg-type]
    own = slow_or_dear.own_ms()
    assert marks(own, own.name, {"ms": 12}) == [[12.0, 1.0]] and marks(own, own.name, {"ms": None}) is None
