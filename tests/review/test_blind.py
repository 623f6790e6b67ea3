"""Second reviews and golden items measure people: the site is told nothing, and the reader does not know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.review.conftest import CALM, CRISIS, PRIVATE
from tests.review.test_queue import events, listen


@pytest.fixture
def desk(open_desk: Callable[..., Any]) -> Any:
    """A service where every decision is looked at twice, whose site listens."""
    opened = open_desk(second_review_share=1.0)
    listen(opened)
    return opened


def kept_tags(desk: Any, post: str) -> Any:
    """The tags that count for a post."""
    return desk.call("GET", f"/v1/posts/{post}", "site").json()["kept_tags"]


def in_force(desk: Any, post: str) -> str:
    """The verdict that stands on a post."""
    from service.review import decisions

    with desk.service.stations.database.read() as session:
        made = decisions.in_force_for_post(session, post)
        return made.act if made is not None else ""


def test_a_second_review_changes_nothing_on_the_site(desk: Any) -> None:
    post = desk.send("a", PRIVATE)
    desk.decide(desk.item_of(post), "agree", tags=["manager-relations"])
    second = desk.item_of(post, "second")
    assert second["kept_tags"] is None
    assert desk.decide(second, "dismiss", "second", tags=["promotion"]).status_code == 200
    assert [e["verdict"] for e in events(desk, "review.decided")] == ["agree"]
    assert kept_tags(desk, post) == ["manager-relations"] and in_force(desk, post) == "agree"
    like_it = desk.item_of(desk.send("b", (PRIVATE[0], PRIVATE[1] + " Please.")))
    assert [p["verdict"] for p in like_it["precedents"]] == ["agree"]


def test_a_second_review_that_differs_is_settled_by_a_third_person(desk: Any) -> None:
    post = desk.send("a", PRIVATE)
    desk.decide(desk.item_of(post), "agree")
    second = desk.item_of(post, "second")
    desk.decide(second, "dismiss", "second")
    assert desk.items() == [] and desk.items("second") == []
    third = desk.item_of(post, "third")
    assert desk.decide(third, "dismiss", "third").status_code == 200
    assert [e["verdict"] for e in events(desk, "review.decided")] == ["agree", "dismiss"]
    assert in_force(desk, post) == "dismiss" and desk.items("admin") == []


def test_a_second_review_that_agrees_ends_it_and_one_taken_back_withdraws_the_third_look(desk: Any) -> None:
    post = desk.send("a", PRIVATE)
    desk.decide(desk.item_of(post), "agree")
    second = desk.item_of(post, "second")
    desk.decide(second, "dismiss", "second")
    assert len(desk.items("third")) == 1
    assert desk.call("POST", f"/v1/review/items/{second['id']}/undo", "second").status_code == 200
    assert [i["id"] for i in desk.items("third")] == [second["id"]]
    assert desk.decide(second, "agree", "second").status_code == 200
    assert desk.items("third") == [] and [e["verdict"] for e in events(desk, "review.decided")] == ["agree"]


def test_a_golden_item_is_scored_and_the_site_is_told_nothing(desk: Any) -> None:
    post = desk.send("a", CALM)
    sent = {"post_id": post, "verdict": "dismiss", "categories": []}
    assert desk.call("POST", "/v1/review/golden", "admin", json=sent).status_code == 201
    golden = desk.item_of(post)
    desk.decide(golden, "change", flags=[{"category": "off_topic"}], tags=["promotion"])
    desk.call("POST", f"/v1/review/items/{golden['id']}/undo")
    desk.decide(golden, "dismiss", tags=["promotion"])
    assert events(desk, "review.decided") == [] and kept_tags(desk, post) is None and in_force(desk, post) == ""


def test_an_appeal_ends_the_second_review_it_joins(desk: Any) -> None:
    post = desk.send("a", PRIVATE)
    desk.decide(desk.item_of(post), "agree")
    second = desk.item_of(post, "second")
    assert desk.call("POST", f"/v1/posts/{post}/appeals", "site", json={}).json()["item_id"] == second["id"]
    assert desk.decide(second, "dismiss", "second").status_code == 200
    assert events(desk, "appeal.decided")[0]["outcome"] == "overturned"
    assert [e["verdict"] for e in events(desk, "review.decided")] == ["agree", "dismiss"]
    assert desk.call("GET", "/v1/review/agreement", "admin").json()["second_reviews"] == []


def test_the_second_reader_sees_what_members_reported(desk: Any) -> None:
    post = desk.send("a", PRIVATE)
    reported = {"reporter_id": "m1", "category": "harassment", "reason": "he names me"}
    desk.call("POST", f"/v1/posts/{post}/reports", "site", json=reported)
    desk.decide(desk.item_of(post), "agree")
    assert [r["reason"] for r in desk.item_of(post, "second")["reported"]] == ["he names me"]


@pytest.mark.parametrize("joins", ["report", "edit"])
def test_what_is_new_makes_a_second_review_an_ordinary_item(desk: Any, joins: str) -> None:
    post = desk.send("a", PRIVATE)
    desk.decide(desk.item_of(post), "agree")
    assert desk.items() == []
    if joins == "report":
        desk.call("POST", f"/v1/posts/{post}/reports", "site", json={"reporter_id": "m1", "category": "hate"})
    else:
        assert desk.service.post("a", *CRISIS).status_code == 200
        assert events(desk, "review.urgent")[0]["item_id"] == desk.items()[0]["id"]
    assert desk.decide(desk.item_of(post), "agree").status_code == 200
    assert len(events(desk, "review.decided")) == 2
