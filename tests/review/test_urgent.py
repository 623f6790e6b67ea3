"""An urgent item is announced once, when it becomes urgent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from service.every_minute import remind_urgent
from service.people import identity
from tests.review.conftest import CALM, CRISIS
from tests.review.test_queue import events, listen


def test_an_urgent_item_is_announced_once_with_its_id(desk: Any) -> None:
    listen(desk)
    post = desk.send("a", CRISIS)
    item = desk.item_of(post)
    assert [e["item_id"] for e in events(desk, "review.urgent")] == [item["id"]]
    assert desk.service.post("a", CRISIS[0], CRISIS[1] + " Nobody will miss me at the review.").status_code == 200
    report = {"reporter_id": "m1", "category": "self_harm_risk"}
    desk.call("POST", f"/v1/posts/{post}/reports", "site", json=report)
    assert len(events(desk, "review.urgent")) == 1


def test_the_same_result_after_the_decision_is_not_announced(desk: Any) -> None:
    from service import assessment as assessments
    from service.assess_post import keep_assessment
    from service.clock import new_id
    from service.intake import repository as posts
    from service.retrieval.evidence import Evidence

    listen(desk)
    item = desk.item_of(desk.send("a", CRISIS))
    desk.decide(item, "agree")
    stations = desk.service.stations
    with stations.database.write() as session:
        post, known = posts.get(session, item["post_id"]), assessments.newest(session, item["post_id"])
        assert known is not None
        later = known.model_copy(update={"id": new_id()})
        keep_assessment(stations.readers, session, post, later, Evidence(), stations.webhooks.announce)
    assert len(events(desk, "review.urgent")) == 1 and len(events(desk, "assessment.completed")) == 2


def test_a_report_that_makes_an_item_urgent_is_announced_and_the_next_is_not(desk: Any) -> None:
    listen(desk)
    post = desk.send("a", CALM)
    for reporter in ("m1", "m2"):
        sent = {"reporter_id": reporter, "category": "self_harm_risk"}
        assert desk.call("POST", f"/v1/posts/{post}/reports", "site", json=sent).status_code == 201
    assert [e["item_id"] for e in events(desk, "review.urgent")] == [desk.items()[0]["id"]]


def test_a_reminder_names_the_admins_of_its_own_site(desk: Any) -> None:
    listen(desk)
    stations = desk.service.stations
    with stations.database.write() as session:
        for site in ("acme", "other", "*"):
            name = "every" if site == "*" else site
            identity.add_person(session, f"{name}@example.org", "admin", site, stations.clock())
    desk.send("a", CRISIS)
    desk.clock.now += timedelta(minutes=16)
    assert remind_urgent(stations) == 1
    assert sorted(events(desk, "review.urgent")[-1]["admins"]) == ["acme@example.org", "every@example.org"]
