"""Who may decide: an appeal is for somebody new, and what was escalated is for somebody else."""

from __future__ import annotations

from typing import Any

from tests.review.conftest import PRIVATE, SPAM
from tests.review.test_queue import events, listen


def appealed(desk: Any, post: str) -> str:
    """Appeal for a post's author; returns the item's id."""
    answer = desk.call("POST", f"/v1/posts/{post}/appeals", "site", json={"reason": "it is my own number"})
    assert answer.status_code == 201
    return str(answer.json()["item_id"])


def test_a_second_look_at_an_appeal_does_not_give_it_to_the_first_decider(desk: Any) -> None:
    item = desk.item_of(desk.send("a", PRIVATE))
    desk.decide(item, "agree")
    appeal = item | {"id": appealed(desk, item["post_id"])}
    assert desk.decide(appeal, "second_look", "second").status_code == 200
    assert desk.items() == [] and desk.next_of() is None and desk.next_of("third") == appeal["id"]
    assert desk.call("POST", f"/v1/review/items/{appeal['id']}/claim").status_code == 403
    assert desk.call("GET", f"/v1/review/items/{appeal['id']}").json()["not_for_me"] is True
    assert desk.decide(appeal, "dismiss").status_code == 403
    assert desk.decide(appeal, "dismiss", "third").status_code == 200


def test_an_appeal_is_for_nobody_who_decided_on_the_post_before(desk: Any) -> None:
    item = desk.item_of(desk.send("a", PRIVATE))
    desk.decide(item, "agree")
    first = item | {"id": appealed(desk, item["post_id"])}
    assert desk.decide(first, "agree", "second").status_code == 200
    again = item | {"id": appealed(desk, item["post_id"])}
    assert [desk.decide(again, "agree", role).status_code for role in ("moderator", "second")] == [403, 403]
    assert desk.items() == [] and desk.items("second") == [] and len(desk.items("third")) == 1
    assert desk.decide(again, "agree", "third").status_code == 200


def test_who_took_back_a_decision_on_an_appeal_may_decide_it_anew(desk: Any) -> None:
    item = desk.item_of(desk.send("a", PRIVATE))
    desk.decide(item, "agree")
    appeal = item | {"id": appealed(desk, item["post_id"])}
    desk.decide(appeal, "agree", "second")
    assert desk.call("POST", f"/v1/review/items/{appeal['id']}/undo", "second").status_code == 200
    assert desk.decide(appeal, "dismiss", "second").status_code == 200


def test_an_escalated_item_is_offered_to_others_alone(desk: Any) -> None:
    item, other = desk.item_of(desk.send("a", PRIVATE)), desk.item_of(desk.send("b", SPAM))
    assert desk.call("POST", f"/v1/review/items/{item['id']}/escalate", json={"reason": "help"}).status_code == 200
    assert desk.next_of() == other["id"]
    assert desk.next_of("second") == desk.next_of("admin") == item["id"]
    assert [i["id"] for i in desk.items(escalated=True)] == [item["id"]]


def test_an_appeal_whose_every_flag_was_rejected_is_overturned(desk: Any) -> None:
    listen(desk)
    outcomes = []
    for number, keep in enumerate((False, True)):
        item = desk.item_of(desk.send(f"p{number}", PRIVATE))
        desk.decide(item, "agree")
        flags = [{"flag_id": f["id"], "category": f["category"], "agree": keep} for f in item["assessment"]["flags"]]
        appeal = item | {"id": appealed(desk, item["post_id"])}
        missed = {"category": "off_topic"}
        assert desk.decide(appeal, "change", "second", flags=[*flags, missed]).status_code == 200
        outcomes.append(events(desk, "appeal.decided")[-1]["outcome"])
    assert outcomes == ["overturned", "upheld"]
