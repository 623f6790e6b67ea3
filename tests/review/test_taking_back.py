"""What undo and re-open leave alone: erased posts, and tags that somebody else kept since."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from service.desk.tables import DraftTopicRow
from service.drafting import repository as drafts
from service.intake.tables import PostRow
from tests.review.conftest import PRIVATE, SPAM


def topics(desk: Any, draft: str) -> list[str]:
    """Under which topics a draft is found."""
    with desk.service.stations.database.read() as session:
        found = sa.select(DraftTopicRow.topic).where(DraftTopicRow.draft_id == draft).order_by(DraftTopicRow.topic)
        return list(session.scalars(found))


def open_draft(desk: Any, post: str) -> str:
    """A draft for a post."""
    stations = desk.service.stations
    with stations.database.write() as session:
        return str(drafts.open_draft(session, post, "acme", None, stations.clock()))


def test_a_decision_on_an_erased_post_is_not_taken_back(desk: Any) -> None:
    item, other = desk.item_of(desk.send("a", PRIVATE)), desk.item_of(desk.send("b", SPAM))
    desk.decide(item, "agree")
    assert desk.call("DELETE", f"/v1/posts/{item['post_id']}", "site").status_code == 204
    for what in ("undo", "reopen"):
        refused = desk.call("POST", f"/v1/review/items/{item['id']}/{what}", json={"reason": "new facts"})
        assert refused.status_code == 409 and refused.json()["reason"] == "erased", what
    assert desk.next_of() == other["id"] and [i["id"] for i in desk.items()] == [other["id"]]


def test_an_open_item_of_an_erased_post_is_not_offered(desk: Any) -> None:
    item, other = desk.item_of(desk.send("a", PRIVATE)), desk.item_of(desk.send("b", PRIVATE))
    with desk.service.stations.database.write() as session:
        session.get_one(PostRow, item["post_id"]).erased_at = desk.clock()
    assert desk.next_of() == other["id"] and [i["id"] for i in desk.items()] == [other["id"]]


def test_undo_gives_back_the_tags_from_before_the_decision(desk: Any) -> None:
    post = desk.send("a", PRIVATE)
    draft = open_draft(desk, post)
    desk.call("PUT", f"/v1/posts/{post}/tags", "site", json={"tags": ["burnout"], "by": "author"})
    item = desk.item_of(post)
    desk.decide(item, "dismiss", tags=["promotion"])
    assert topics(desk, draft) == ["promotion"]
    assert desk.call("POST", f"/v1/review/items/{item['id']}/undo").status_code == 200
    assert desk.call("GET", f"/v1/posts/{post}", "site").json()["kept_tags"] == ["burnout"]
    assert topics(desk, draft) == ["burnout"]


def test_undo_leaves_tags_that_somebody_else_kept_since(desk: Any) -> None:
    post = desk.send("a", PRIVATE)
    draft, item = open_draft(desk, post), desk.item_of(post)
    desk.decide(item, "dismiss", tags=["promotion"])
    desk.call("PUT", f"/v1/posts/{post}/tags", "mentor", json={"tags": ["burnout"], "by": "mentor"})
    assert desk.call("POST", f"/v1/review/items/{item['id']}/undo").status_code == 200
    assert desk.call("GET", f"/v1/posts/{post}", "site").json()["kept_tags"] == ["burnout"]
    assert topics(desk, draft) == ["burnout"]
