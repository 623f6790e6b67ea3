from __future__ import annotations

from collections.abc import Callable
from typing import Any

from service.drafting import repository as drafts
from service.drafting.draft import Sentence, WrittenDraft
from tests.review.conftest import CALM, PRIVATE, SPAM


def outcomes(desk: Any, role: str = "moderator", **query: Any) -> list[dict[str, Any]]:
    """Outcomes as the API lists them."""
    answer = desk.call("GET", "/v1/outcomes", role, params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def test_a_decision_becomes_an_outcome_with_what_the_machine_had_said(desk: Any) -> None:
    item = desk.item_of(desk.send("a", PRIVATE))
    made = desk.decide(item, "dismiss", tags=["manager-relations"]).json()
    (found,) = outcomes(desk)
    assert (found["kind"], found["verdict"], found["cause_id"]) == ("decision", "dismiss", made["id"])
    assert found["assessment_id"] == item["assessment"]["id"] and found["kept_tags"] == ["manager-relations"]
    flag = next(f for f in found["flags"] if f["seen_as"] == "personal_information")
    shown = next(f for f in item["assessment"]["flags"] if f["category"] == "personal_information")
    assert not flag["agree"] and flag["probability"] == shown["probability"] and flag["found_by"] == shown["found_by"]
    assert found["slices"]["length"] == "short" and found["slices"]["lang"] == "en" and found["seconds"] > 0
    assert "by" not in found and outcomes(desk, "admin")[0]["by"]


def test_what_is_undone_is_withdrawn_and_deciding_again_counts(desk: Any) -> None:
    item = desk.item_of(desk.send("a", PRIVATE))
    desk.decide(item, "dismiss")
    assert desk.call("POST", f"/v1/review/items/{item['id']}/undo").status_code == 200
    assert outcomes(desk) == []
    assert outcomes(desk, withdrawn=True)[0]["withdrawn_at"] is not None
    desk.decide(item, "agree")
    assert [o["verdict"] for o in outcomes(desk)] == ["agree"]
    assert len(outcomes(desk, withdrawn=True)) == 2


def test_a_refused_decision_leaves_no_outcome(desk: Any) -> None:
    item = desk.item_of(desk.send("a", PRIVATE))
    assert desk.decide(item, "change").status_code == 422
    assert outcomes(desk, withdrawn=True) == []


def test_an_audit_sample_keeps_its_probability_and_names_what_was_missed(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(audit_share=1.0)
    item = desk.item_of(desk.send("a", CALM))
    desk.decide(item, "change", flags=[{"category": "crisis_distress"}])
    (found,) = outcomes(desk, kind="audit")
    assert found["sampled_with"] == 1.0 and found["route"] == "publish"
    assert [(f["category"], f["seen_as"]) for f in found["flags"] if f["agree"]] == [("crisis_distress", None)]
    assert outcomes(desk, category="crisis_distress") == [found] and outcomes(desk, category="hate") == []


def test_golden_second_and_appealed_decisions_are_told_apart(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(second_review_share=1.0)
    post = desk.send("a", PRIVATE)
    first = desk.decide(desk.item_of(post), "agree").json()
    (hidden,) = desk.call("GET", "/v1/review/items", "second").json()["data"]
    item = desk.call("GET", f"/v1/review/items/{hidden['id']}", "second").json()
    assert desk.decide(item, "dismiss", "second").status_code == 200
    assert outcomes(desk, kind="second")[0]["against"] == first["id"]
    appealed = desk.call("POST", f"/v1/posts/{post}/appeals", "site", json={"reason": "no"})
    assert appealed.status_code == 201
    assert desk.decide(item | {"id": appealed.json()["item_id"]}, "dismiss", "admin").status_code == 200
    assert outcomes(desk, kind="appeal")[0]["verdict"] == "dismiss"
    calm = desk.send("b", CALM)
    golden = {"post_id": calm, "verdict": "change", "categories": ["low_effort"]}
    assert desk.call("POST", "/v1/review/golden", "admin", json=golden).status_code == 201
    desk.decide(desk.item_of(calm), "dismiss")
    assert outcomes(desk, kind="golden")[0]["expected"] == ["low_effort"]


def test_erasing_a_post_takes_the_tags_and_leaves_the_verdict(desk: Any) -> None:
    post = desk.send("a", PRIVATE)
    desk.decide(desk.item_of(post), "agree", tags=["manager-relations"])
    assert desk.call("DELETE", f"/v1/posts/{post}", "site").status_code == 204
    (found,) = outcomes(desk)
    assert found["erased_at"] and found["kept_tags"] is None and found["suggested_tags"] == []
    assert found["verdict"] == "agree" and found["flags"]


def test_kept_tags_are_an_outcome_and_only_the_last_word_counts(desk: Any) -> None:
    post = desk.send("a", CALM)
    for tags in (["manager-relations"], ["promotion"]):
        sent = {"tags": tags, "by": "author"}
        assert desk.call("PUT", f"/v1/posts/{post}/tags", "site", json=sent).status_code == 200
    assert [o["kept_tags"] for o in outcomes(desk, kind="tags")] == [["promotion"]]
    assert len(outcomes(desk, kind="tags", withdrawn=True)) == 2


def test_a_published_draft_is_an_outcome_with_the_edit_in_figures(desk: Any) -> None:
    post, stations = desk.send("a", CALM), desk.service.stations
    written = WrittenDraft(
        status="ready",
        kind="scaffold",
        sentences=[Sentence(id="s1", section="ask", text="Say more.", grounding="judgement")],
    )
    with stations.database.write() as session:
        draft = drafts.open_draft(session, post, "acme", None, stations.clock())
        drafts.save(session, draft, written, stations.clock())
    for what, body in (("claim", None), ("revisions", {"text": "Tell me more, please.", "sentences": [
        {"id": "s1", "action": "change", "text": "Tell me more, please."}]}), ("publish", None)):  # fmt: skip
        etag = desk.call("GET", f"/v1/drafts/{draft}", "mentor").headers["ETag"]
        done = desk.call("POST", f"/v1/drafts/{draft}/{what}", "mentor", headers={"If-Match": etag}, json=body)
        assert done.status_code < 300, done.text
    (found,) = outcomes(desk, kind="revision")
    assert found["verdict"] == "published" and found["measures"]["changed"] == 1
    assert found["measures"]["edit_distance"] > 0 and "more" not in str(found["measures"])


def test_pages_follow_each_other_and_other_sites_see_nothing(desk: Any) -> None:
    for name, post in (("a", PRIVATE), ("b", SPAM), ("c", PRIVATE)):
        desk.decide(desk.item_of(desk.send(name, post)), "agree")
    first = desk.call("GET", "/v1/outcomes", params={"limit": 2}).json()
    second = desk.call("GET", "/v1/outcomes", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    ids = [o["id"] for o in first["data"] + second["data"]]
    assert len(ids) == 3 and ids == sorted(ids, reverse=True)
    assert outcomes(desk, "elsewhere") == []
    assert desk.call("GET", "/v1/outcomes", "elsewhere", params={"site": "acme"}).status_code == 403
