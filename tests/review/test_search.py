from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from service.review import titles
from service.review.tables import ReviewWordRow
from service.review.titles import words_of
from tests.review.conftest import CALM, PRIVATE, SPAM


def test_words_are_folded_and_each_counts_once() -> None:
    assert words_of("My Manager's MANAGER, Straße №5") == ["my", "manager", "s", "strasse", "no5"]
    assert words_of("面试 how") == ["面", "试", "how"]
    assert words_of("!? …") == []


@pytest.mark.parametrize("few", [1_000, 0])
def test_a_search_finds_beginnings_of_words_whichever_way_it_takes(
    desk: Any, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(titles, "FEW", few)
    private, spam = desk.send("p-1", PRIVATE), desk.send("s-1", SPAM)
    for search, found in (
        ("manager's", [private]), ("MANAG number", [private]), ("home earn", [spam]), ("m", [private, spam]),
        ("number home", []), ("anager", []), ("s-1", [spam]), ("zebra", []), ("?", []), ("100%", []),
    ):  # fmt: skip
        assert {item["post_id"] for item in desk.items(search=search)} == set(found), search


def test_a_search_follows_the_post_and_ends_with_the_item(desk: Any) -> None:
    post = desk.send("a", SPAM)
    desk.service.post("a", "A new headline", SPAM[1])
    assert desk.items(search="earn") == [] and len(desk.items(search="headline")) == 1
    desk.decide(desk.item_of(post), "dismiss")
    with desk.service.stations.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(ReviewWordRow)) == 0
    again = desk.call("GET", f"/v1/posts/{post}").json()
    assert again["title"] == "A new headline"


def test_one_of_several_sites_is_chosen_by_those_who_see_several(desk: Any) -> None:
    here = desk.send("a", SPAM)
    assert [item["post_id"] for item in desk.call("GET", "/v1/review/items?site=acme", "admin").json()["data"]] == [
        here
    ]
    assert desk.call("GET", "/v1/review/items?site=other", "admin").json()["data"] == []
    assert desk.call("GET", "/v1/review/items?site=acme").status_code == 200
    assert desk.call("GET", "/v1/review/items?site=other").status_code == 403
    assert desk.call("GET", "/v1/sites", "moderator").json()["data"] == ["acme"]
    assert {"acme", "other"} <= set(desk.call("GET", "/v1/sites", "admin").json()["data"])


def test_only_admins_tell_the_audit_sample_apart(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(audit_share=1.0)
    sampled = desk.send("a", CALM)
    desk.send("b", SPAM)
    found = desk.call("GET", "/v1/review/items?by=audit", "admin").json()
    assert [item["post_id"] for item in found["data"]] == [sampled] and found["counts"]["facets"]["by"]["audit"] == 1
    assert desk.call("GET", "/v1/review/items?by=audit").status_code == 403
    assert desk.call("GET", "/v1/review/next?by=audit").status_code == 403
    shown = desk.call("GET", "/v1/review/items").json()
    assert "audit" not in shown["counts"]["facets"]["by"] and len(shown["data"]) == 2
    assert len(desk.items(by="machine")) == 2


def test_a_database_from_before_learns_the_words_of_its_open_items(desk: Any) -> None:
    post, database = desk.send("a", SPAM), desk.service.stations.database
    with database.write() as session:
        session.execute(sa.text("DROP TABLE review_words"))
        session.execute(sa.text("UPDATE alembic_version SET version_num = '0002'"))
    database.create_schema()
    assert [item["post_id"] for item in desk.items(search="earn")] == [post]
