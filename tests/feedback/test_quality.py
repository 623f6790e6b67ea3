from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from service.feedback import quality
from service.feedback.tables import OutcomeRow
from tests.review.conftest import CALM, PRIVATE, SPAM


def figures(desk: Any, role: str = "moderator", **query: Any) -> dict[str, Any]:
    """The quality figures as the API shows them."""
    answer = desk.call("GET", "/v1/quality", role, params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def of(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The entry of a name."""
    return next(row for row in rows if row["name"] == name)


def test_what_nobody_looked_at_is_unknown(desk: Any) -> None:
    desk.send("a", CALM)
    found = figures(desk)
    for figure in (found["overall"]["precision"], found["overall"]["recall"], found["overturned"], found["golden"],
                   found["edit_distance"], found["tag_precision"]):  # fmt: skip
        assert figure["value"] is None and figure["unknown"] and figure["n"] == 0
    assert found["cost_days"] == [] and found["methods"]["recall"]


def test_precision_counts_upheld_flags_and_recall_the_misses_of_the_audit_sample(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(audit_share=1.0)
    for name, verdict in (("a", "agree"), ("b", "agree"), ("c", "dismiss")):
        desk.decide(desk.item_of(desk.send(name, PRIVATE)), verdict)
    desk.decide(desk.item_of(desk.send("d", CALM)), "change", flags=[{"category": "personal_information"}])
    other = ("Two teams, one on-call rota", "Our two teams share a pager. How do others split the weekends fairly?")
    desk.decide(desk.item_of(desk.send("e", other)), "dismiss")
    found = figures(desk)
    row = of(found["categories"], "personal_information")
    assert row["precision"]["value"] == pytest.approx(2 / 3) and row["precision"]["n"] == 3
    assert row["recall"]["value"] == pytest.approx(2 / 3)
    assert row["recall"]["low"] < row["recall"]["value"] < row["recall"]["high"]
    assert (row["missed"], row["sampled"]) == (1, 2)
    assert of(found["prompts"], "local readers")["flagged"] == 3
    assert of(found["slices"]["length"], "short")["flagged"] == 3
    assert [r["name"] for r in figures(desk, category="personal_information")["categories"]] == ["personal_information"]
    assert figures(desk, lang="de")["overall"]["precision"]["value"] is None


def test_recall_is_unknown_without_an_audit_sample(desk: Any) -> None:
    desk.decide(desk.item_of(desk.send("a", SPAM)), "agree")
    found = figures(desk)["overall"]
    assert found["precision"]["value"] == 1.0 and found["recall"]["value"] is None


def test_tags_minutes_and_appeals_are_measured(desk: Any) -> None:
    post = desk.send("a", PRIVATE)
    desk.decide(desk.item_of(post), "agree", tags=["manager-relations"])
    assert desk.call("POST", f"/v1/posts/{post}/appeals", "site", json={}).status_code == 201
    (hidden,) = desk.call("GET", "/v1/review/items", "second").json()["data"]
    item = desk.call("GET", f"/v1/review/items/{hidden['id']}", "second").json()
    assert desk.decide(item, "dismiss", "second").status_code == 200
    found = figures(desk)
    assert found["overturned"]["value"] == 1.0 and found["overturned"]["n"] == 1
    assert found["tag_coverage"]["n"] == 1
    assert any(row["value"] is not None for row in found["decision_minutes"])
    assert of(found["categories"], "personal_information")["precision"]["value"] == 0.0


def test_what_costs_money_is_shown_to_admins_alone(desk: Any) -> None:
    assert figures(desk, "admin")["cost_days"] == []
    assert desk.call("GET", "/v1/quality", "mentor").status_code == 403


def test_the_taggers_curve_trades_coverage_for_precision(desk: Any) -> None:
    kept = {"a": (["promotion"], [("promotion", 0.9), ("burnout", 0.3)]), "b": (["visa"], [("burnout", 0.4)])}
    rows = [
        OutcomeRow(
            id=post, post_id=post, kept_tags=tags, erased_at=None,
            suggested_tags=[{"tag": tag, "probability": probability} for tag, probability in suggested],
        )
        for post, (tags, suggested) in kept.items()
    ]  # fmt: skip
    curve = {point.cut: point for point in quality.tag_curve(rows)}
    assert (curve[0.05].coverage.value, curve[0.05].precision.value, curve[0.05].precision.n) == (1.0, 1 / 3, 3)
    assert (curve[0.35].coverage.value, curve[0.35].precision.value) == (1.0, 0.5)
    assert (curve[0.9].coverage.value, curve[0.9].precision.value, curve[0.9].precision.n) == (0.5, 1.0, 1)
    assert curve[0.95].coverage.value == 0.0 and curve[0.95].precision.unknown == "no suggestion reaches this cut"
    assert quality.tag_curve([]) == []
    found = desk.call("GET", "/v1/quality").json()
    assert found["tag_curve"] == []
