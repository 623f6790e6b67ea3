from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.review.conftest import CALM, CRISIS, PRIVATE, SPAM
from tests.review.test_queue import events, listen


def test_a_decision_closes_the_item_and_tells_the_site(desk: Any) -> None:
    listen(desk)
    item = desk.item_of(desk.send("a", PRIVATE))
    made = desk.decide(item, "dismiss", tags=["manager-relations"], note_to_author="Fine as it is.")
    assert made.status_code == 200 and not any(flag["agree"] for flag in made.json()["flags"])
    assert desk.items() == []
    told = events(desk, "review.decided")
    assert told[0]["verdict"] == "dismiss" and told[0]["note_to_author"] == "Fine as it is."
    kept = desk.call("GET", f"/v1/posts/{item['post_id']}", "site").json()["kept_tags"]
    assert kept == ["manager-relations"]


def test_a_decided_item_cannot_be_decided_again(desk: Any) -> None:
    item = desk.item_of(desk.send("a", PRIVATE))
    assert desk.decide(item, "agree").status_code == 200
    again = desk.decide(item, "dismiss", "second")
    assert again.status_code == 409 and again.json()["reason"] == "decided"


def test_a_decision_on_an_older_assessment_is_refused_only_where_it_differs(desk: Any) -> None:
    seen = desk.item_of(desk.send("a", PRIVATE))
    answer = desk.service.post("a", PRIVATE[0], PRIVATE[1] + " He also lives at 12 Mill Lane.")
    assert answer.status_code == 200 or answer.status_code == 201
    refused = desk.decide(seen, "dismiss")
    assert refused.status_code == 409
    problem = refused.json()
    assert problem["reason"] == "newer_assessment"
    assert problem["seen_assessment_id"] == seen["assessment"]["id"] != problem["newest_assessment_id"]
    assert problem["changed"]["content"] == {"seen_revision": 1, "now_revision": 2}
    assert desk.decide(desk.item_of(seen["post_id"]), "dismiss").status_code == 200


def test_undo_gives_everything_back_within_ten_minutes(desk: Any) -> None:
    item = desk.item_of(desk.send("a", PRIVATE))
    desk.decide(item, "dismiss", tags=["manager-relations"])
    path = f"/v1/review/items/{item['id']}/undo"
    assert desk.call("POST", path, "second").status_code == 403
    desk.clock.now += timedelta(minutes=9)
    assert desk.call("POST", path).status_code == 200
    assert [i["id"] for i in desk.items()] == [item["id"]]
    assert desk.call("GET", f"/v1/posts/{item['post_id']}", "site").json()["kept_tags"] is None
    desk.decide(item, "dismiss")
    desk.clock.now += timedelta(minutes=11)
    late = desk.call("POST", path)
    assert late.status_code == 409 and late.json()["reason"] == "too_late"
    reopened = desk.call("POST", f"/v1/review/items/{item['id']}/reopen", "second", json={"reason": "new facts"})
    assert reopened.status_code == 200
    acts = [a["act"] for a in desk.item_of(item["post_id"])["acts"]]
    assert acts == ["dismiss", "undo", "dismiss", "reopen"]


def test_escalating_moves_to_the_top_and_tells_the_admins(desk: Any) -> None:
    listen(desk)
    desk.send("a", CRISIS)
    item = desk.item_of(desk.send("b", PRIVATE))
    assert desk.call("POST", f"/v1/review/items/{item['id']}/escalate", json={"reason": "help"}).status_code == 200
    assert [i["escalated"] for i in desk.items()] == [False, True]
    assert desk.items()[1]["urgency"] == 0
    assert events(desk, "review.urgent")[-1]["tell"] == ["admin"]


def test_a_second_look_is_somebody_elses(desk: Any) -> None:
    item = desk.item_of(desk.send("a", PRIVATE))
    assert desk.decide(item, "second_look").status_code == 200
    assert desk.items() == []
    assert desk.decide(item, "agree").status_code == 403
    assert desk.decide(item, "agree", "second").status_code == 200


def test_an_appeal_is_decided_by_somebody_else(desk: Any) -> None:
    listen(desk)
    item = desk.item_of(desk.send("a", PRIVATE))
    path = f"/v1/posts/{item['post_id']}/appeals"
    assert desk.call("POST", path, "site", json={}).status_code == 409
    desk.decide(item, "agree")
    assert desk.call("POST", path, "site", json={"reason": "it is my own number"}).status_code == 201
    assert desk.call("POST", path, "site", json={}).status_code == 200
    assert desk.items() == []
    waiting = desk.call("GET", "/v1/review/items", "second").json()["data"]
    shown = desk.call("GET", f"/v1/review/items/{waiting[0]['id']}", "second").json()
    assert shown["appeals"][0]["reason"] == "it is my own number"
    assert desk.decide(shown, "dismiss").status_code == 403
    assert desk.decide(shown, "dismiss", "second").status_code == 200
    assert events(desk, "appeal.decided")[0]["outcome"] == "overturned"


def test_a_bulk_is_previewed_and_leaves_out_what_wants_a_look(desk: Any) -> None:
    calm, urgent = desk.item_of(desk.send("a", SPAM)), desk.item_of(desk.send("b", CRISIS))
    chosen = [
        {"item_id": i["id"], "assessment_id": i["assessment"]["id"], "verdict": "dismiss"} for i in (calm, urgent)
    ]
    preview = desk.call("POST", "/v1/review/decisions", json={"items": chosen}).json()["data"]
    assert preview[0]["would"] == "dismiss" and preview[0]["decision_id"] is None
    assert preview[1]["would"] is None and "one by one" in preview[1]["problem"]
    assert len(desk.items()) == 2
    desk.call("POST", "/v1/review/decisions", json={"items": chosen, "preview": False})
    assert [i["id"] for i in desk.items()] == [urgent["id"]]


def test_a_decided_post_is_a_precedent_for_the_next_like_it(desk: Any) -> None:
    first = desk.item_of(desk.send("a", PRIVATE))
    desk.decide(first, "agree")
    similar = desk.item_of(desk.send("b", (PRIVATE[0], PRIVATE[1] + " Please.")))
    found = similar["precedents"]
    assert [p["post_id"] for p in found] == [first["post_id"]]
    assert found[0]["verdict"] == "agree" and found[0]["similarity"] > 0.9 and found[0]["upheld"]


def test_a_second_review_is_blind(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(second_review_share=1.0)
    item = desk.item_of(desk.send("a", PRIVATE))
    desk.decide(item, "agree")
    assert desk.items() == []
    waiting = desk.call("GET", "/v1/review/items", "second").json()["data"]
    shown = desk.call("GET", f"/v1/review/items/{waiting[0]['id']}", "second").json()
    assert shown["post_id"] == item["post_id"] and shown["acts"] == []
    assert desk.decide(shown, "dismiss", "second").status_code == 200
    scores = desk.call("GET", "/v1/review/agreement", "admin").json()["second_reviews"]
    assert scores and all(s["n"] == 1 and s["both"] == 0 for s in scores)


def test_a_golden_item_scores_whoever_decides_it(desk: Any) -> None:
    post = desk.send("a", CALM)
    sent = {"post_id": post, "verdict": "dismiss", "categories": []}
    assert desk.call("POST", "/v1/review/golden", json=sent).status_code == 403
    assert desk.call("POST", "/v1/review/golden", "admin", json=sent).status_code == 201
    desk.decide(desk.item_of(post), "dismiss")
    golden = desk.call("GET", "/v1/review/agreement", "admin").json()["golden"]
    assert [(g["n"], g["right"]) for g in golden] == [(1, 1)]


def test_the_audit_chain_holds_after_an_erasure_and_breaks_where_a_link_was_changed(desk: Any) -> None:
    item = desk.item_of(desk.send("a", PRIVATE))
    desk.decide(item, "agree", reason="names a person")
    desk.call("DELETE", f"/v1/posts/{item['post_id']}", "site")
    assert desk.call("GET", "/v1/audit/verify", "admin").json()["holds"] is True
    record = desk.call("GET", f"/v1/audit/posts/{item['post_id']}", "admin")
    assert [link["act"] for link in record.json()["data"]] == ["agree"] and "names a person" not in record.text
    from service.review.tables import AuditRow

    with desk.service.stations.database.write() as session:
        session.get_one(AuditRow, 1).act = "dismiss"
    found = desk.call("GET", "/v1/audit/verify", "admin").json()
    assert (found["holds"], found["broken_at"]) == (False, 1)


@pytest.mark.parametrize("missing", ["assessment_id", "verdict"])
def test_a_decision_names_what_was_seen(desk: Any, missing: str) -> None:
    item = desk.item_of(desk.send("a", PRIVATE))
    sent = {"assessment_id": item["assessment"]["id"], "verdict": "agree"}
    del sent[missing]
    refused = desk.call("POST", f"/v1/review/items/{item['id']}/decide", json=sent)
    assert refused.status_code == 422 and refused.json()["field"] == missing
