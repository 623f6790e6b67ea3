"""Scorers of flags and routes against answers worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from eval.metric import Case
from eval.scorers import false_alarm, misplaced_route, missed_sensitive, overconfident_flag, wrong_quote
from service.flagging.policy import CATEGORIES
from tests.suite.scorers.marking import flag, marks

OK, MISS = [[1.0, 1.0]], [[0.0, 1.0]]


def test_a_low_band_raises_nothing() -> None:
    output = {"flags": [flag("hate", band="low"), flag("sexual", 0.4, "middle")]}
    assert missed_sensitive.raised(output) == {"sexual": 0.4}


def test_recall_of_people_at_risk_counts_each_concern_of_a_post() -> None:
    metric = missed_sensitive.pooled(margin=0.02)
    output = {"flags": [flag("self_harm_risk"), flag("low_effort")]}
    said = marks(metric, metric.name, output, categories={"self_harm_risk", "personal_information", "low_effort"})
    assert said == [
        [0.0, 1.0],
        [1.0, 1.0],
    ]  # personal_information missed, self_harm_risk found; low_effort is no such concern
    assert marks(metric, metric.name, output, categories={"low_effort"}) is None


def test_precision_of_people_at_risk_counts_each_flag_of_a_post() -> None:
    metric = false_alarm.urgent_precision(margin=0.02)
    output = {"flags": [flag("self_harm_risk"), flag("minor_safety"), flag("spam_promotion")]}
    assert marks(metric, metric.name, output, categories={"minor_safety"}) == [[1.0, 1.0], [0.0, 1.0]]
    assert marks(metric, metric.name, {"flags": [flag("hate")]}, categories=set()) is None


@pytest.mark.parametrize(("category", "expected"), [("hate", OK), ("sexual", MISS), ("low_effort", None)])
def test_recall_of_one_category(category: str, expected: object) -> None:
    metric = missed_sensitive.of_category(category, margin=None)
    assert marks(metric, metric.name, {"flags": [flag("hate")]}, categories={"hate", "sexual"}) == expected


def test_precision_of_one_category_speaks_only_where_it_was_raised() -> None:
    metric = false_alarm.of_category("hate")
    assert marks(metric, metric.name, {"flags": [flag("hate")]}, categories=set()) == MISS
    assert marks(metric, metric.name, {"flags": []}, categories={"hate"}) is None


def test_macro_f1_by_hand() -> None:
    metric = missed_sensitive.macro(margin=None, categories=("hate", "sexual", "off_topic"))
    rows = [
        marks(metric, metric.name, {"flags": [flag(c) for c in said]}, categories=set(true))
        for said, true in ((["hate"], ["hate"]), (["hate"], ["sexual"]), (["off_topic"], ["off_topic"]), ([], ["hate"]))
    ]
    import numpy as np

    sums = np.sum([row[0] for row in rows if row], axis=0)
    assert metric.of_sums is not None
    # hate: 1 right, 1 made up, 1 missed → 2/4; sexual: 0; off_topic: 1
    assert float(metric.of_sums(sums)) == pytest.approx((0.5 + 0.0 + 1.0) / 3)


def test_every_category_of_the_policy_is_in_macro_f1() -> None:
    metric = missed_sensitive.macro(margin=None)
    assert len((marks(metric, metric.name, {"flags": []}, categories=set()) or [[]])[0]) == 3 * len(CATEGORIES)


@pytest.mark.parametrize(("family", "route", "expected"),
                         [("clean", "publish", OK), ("trap", "review", MISS), ("flagged", "publish", None)])  # fmt: skip
def test_clean_posts_and_traps_should_be_published(family: str, route: str, expected: object) -> None:
    metric = false_alarm.clean_published(margin=None)
    assert marks(metric, metric.name, {"route": route}, family=family) == expected


@pytest.mark.parametrize(
    ("name", "true", "said", "expected"),
    [
        ("route exact", "review", "review", OK), ("route exact", "review", "hold", MISS),
        ("urgent seen at once", "urgent_review", "review", MISS), ("urgent seen at once", "review", "review", None),
        ("concerns looked at", "urgent_review", "review", OK), ("concerns looked at", "hold", "publish", MISS),
        ("held rightly", "hold", "hold", OK), ("held rightly", "review", "hold", MISS), ("held rightly", "hold", "review", None),
    ],
)  # fmt: skip
def test_routes(name: str, true: str, said: str, expected: object) -> None:
    assert marks(misplaced_route.metrics(margin=None), name, {"route": said}, route=true) == expected


@pytest.mark.parametrize(
    ("changed", "passes"),
    [({}, True), ({"route": "publish"}, False), ({"flags": []}, False), ({"tags": [["ama", 0.9]]}, False),
     ({"flags": [flag("hate"), flag("sexual")]}, False), ({"flags": [flag("hate"), flag("sexual", band="low")]}, True)],
)  # fmt: skip
def test_a_golden_post_passes_only_when_all_it_expects_is_so(changed: dict[str, object], passes: bool) -> None:
    output = {"route": "hold", "flags": [flag("hate")], "tags": [["promotion", 0.8]]} | changed
    row = SimpleNamespace(
        route="hold", flags_present=["hate"], flags_absent=["sexual"], tags_any_of=["promotion", "layoffs"]
    )
    assert misplaced_route.expected(Case("g", row, "g"), output) == [[float(passes), 1.0]]


def test_probabilities_of_shown_flags_and_of_posts() -> None:
    metrics = overconfident_flag.metrics(margin=None)
    output = {"flags": [flag("hate", 0.9), flag("sexual", 0.3, "low"), flag("low_effort", 0.99, calibrated=False)]}
    assert marks(metrics, "ECE of flags", output, categories={"hate"}) == [[1.0, 0.9], [0.0, 0.3]]
    assert marks(metrics, "AUC any flag", output, categories={"hate"}) == [[1.0, 0.99]]
    assert marks(metrics, "AUC any flag", {"flags": []}, categories=set()) == [[0.0, 0.0]]


def quoted(start: int, end: int, text: str, field: str = "body") -> dict[str, object]:
    return {"field": field, "start": start, "end": end, "text": text}


def test_a_quote_is_the_very_slice_it_names() -> None:
    output = {"flags": [flag("hate", quotes=[quoted(5, 9, "🔥 is"), quoted(4, 8, "🔥 is")])]}
    metric = wrong_quote.verbatim()
    assert marks(metric, metric.name, output, title="", body="The 🔥 is hot") == MISS + OK
    assert marks(metric, metric.name, {"flags": []}, title="", body="") is None


def test_a_quote_meets_the_decisive_words_when_it_overlaps_them() -> None:
    body = "one two three two four"
    labelled = [SimpleNamespace(category="hate", quotes=[SimpleNamespace(field="body", text="two")])]
    metric = wrong_quote.on_the_words(margin=None)

    def said(*quotes: dict[str, object], band: str = "high") -> object:
        output = {"flags": [flag("hate", band=band, quotes=list(quotes))]}
        return marks(metric, metric.name, output, title="two", body=body, flags=labelled)

    assert said(quoted(14, 17, "two")) == OK  # the second "two" as well as the first
    assert said(quoted(0, 4, "one ")) == MISS  # touching is not overlapping
    assert said(quoted(0, 3, "two", "title")) == MISS
    assert said(quoted(4, 7, "two"), band="low") is None
