from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from service.every_minute import remind_urgent
from service.integrations.tables import WebhookDeliveryRow
from tests.review.conftest import CALM, CRISIS, PRIVATE

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="


def events(desk: Any, name: str) -> list[dict[str, Any]]:
    """What was announced under a name."""
    with desk.service.stations.database.read() as session:
        rows = session.scalars(sa.select(WebhookDeliveryRow).order_by(WebhookDeliveryRow.id))
        return [row.payload["data"] for row in rows if row.event == name]


def listen(desk: Any) -> None:
    """Register an endpoint, so that events are written."""
    sent = {"site": "acme", "url": "https://example.com/hook", "secret": SECRET}
    assert desk.call("POST", "/v1/webhooks", "site", json=sent).status_code == 201


def test_urgent_items_come_first_then_the_oldest(desk: Any) -> None:
    first, second = desk.send("a", PRIVATE), desk.send("b", PRIVATE)
    urgent = desk.send("c", CRISIS)
    assert [item["post_id"] for item in desk.items()] == [urgent, first, second]


def test_pages_continue_where_the_last_one_ended(desk: Any) -> None:
    sent = [desk.send(f"p{i}", PRIVATE) for i in range(5)]
    answer = desk.call("GET", "/v1/review/items", params={"limit": 2}).json()
    seen = [item["post_id"] for item in answer["data"]]
    while answer["next_cursor"]:
        answer = desk.call("GET", "/v1/review/items", params={"limit": 2, "cursor": answer["next_cursor"]}).json()
        seen += [item["post_id"] for item in answer["data"]]
    assert seen == sent
    assert answer["counts"]["open"] == 5


def test_filters_choose(desk: Any) -> None:
    private, urgent = desk.send("a", PRIVATE), desk.send("b", CRISIS)
    assert [i["post_id"] for i in desk.items(category="personal_information")] == [private]
    assert [i["post_id"] for i in desk.items(route="urgent_review")] == [urgent]
    assert [i["post_id"] for i in desk.items(search="manager's")] == [private]
    assert desk.items(by="member") == []
    assert desk.call("GET", "/v1/review/items", params={"category": "nonsense"}).status_code == 422


def test_an_item_shows_all_that_a_decision_needs(desk: Any) -> None:
    item = desk.item_of(desk.send("a", PRIVATE))
    flag = item["assessment"]["flags"][0]
    assert flag["reason"] and flag["counter_reading"] and flag["found_by"] and flag["quotes"]
    assert item["clauses"][flag["category"]]["clause"] == flag["clause"]
    assert flag["care"]["id"] in item["cards"]
    assert "+44 7700 900123" not in item["redaction"]["body"] and "[removed: " in item["redaction"]["body"]


def test_another_sites_items_do_not_exist(desk: Any) -> None:
    item = desk.item_of(desk.send("a", PRIVATE))
    assert desk.call("GET", "/v1/review/items", "elsewhere").json()["data"] == []
    assert desk.call("GET", f"/v1/review/items/{item['id']}", "elsewhere").status_code == 404
    assert desk.call("POST", f"/v1/review/items/{item['id']}/claim", "elsewhere").status_code == 404


def test_two_moderators_never_hold_one_item(desk: Any) -> None:
    item = desk.item_of(desk.send("a", PRIVATE))
    path = f"/v1/review/items/{item['id']}"
    assert desk.call("POST", f"{path}/claim").status_code == 200
    refused = desk.call("POST", f"{path}/claim", "second")
    assert refused.status_code == 409 and refused.json()["reason"] == "claimed"
    assert desk.decide(item, "dismiss", "second").status_code == 409
    desk.clock.now += timedelta(seconds=110)
    assert desk.call("POST", f"{path}/heartbeat").status_code == 200
    desk.clock.now += timedelta(seconds=110)
    assert desk.call("POST", f"{path}/claim", "second").status_code == 409
    desk.clock.now += timedelta(seconds=121)
    assert desk.call("POST", f"{path}/claim", "second").status_code == 200
    assert desk.call("POST", f"{path}/heartbeat").status_code == 409
    assert desk.call("POST", f"{path}/release", "second").status_code == 204
    assert desk.call("POST", f"{path}/heartbeat", "second").status_code == 409
    assert desk.call("POST", f"{path}/claim").status_code == 200


def test_a_released_item_is_free(desk: Any) -> None:
    item = desk.item_of(desk.send("a", PRIVATE))
    path = f"/v1/review/items/{item['id']}"
    desk.call("POST", f"{path}/claim")
    assert desk.call("POST", f"{path}/release").status_code == 204
    assert desk.call("POST", f"{path}/claim", "second").status_code == 200


def test_an_urgent_item_nobody_took_is_announced_once_more_after_a_quarter_of_an_hour(desk: Any) -> None:
    listen(desk)
    desk.send("a", CRISIS)
    desk.clock.now += timedelta(minutes=14)
    assert remind_urgent(desk.service.stations) == 0
    desk.clock.now += timedelta(minutes=2)
    assert remind_urgent(desk.service.stations) == 1
    assert remind_urgent(desk.service.stations) == 0
    told = events(desk, "review.urgent")
    assert [e.get("reminder", False) for e in told] == [False, True]
    assert told[1]["tell"] == ["moderator", "admin"]


def test_a_claimed_urgent_item_is_not_announced_again(desk: Any) -> None:
    item = desk.item_of(desk.send("a", CRISIS))
    desk.clock.now += timedelta(minutes=15)
    desk.call("POST", f"/v1/review/items/{item['id']}/claim")
    desk.clock.now += timedelta(minutes=1)
    assert remind_urgent(desk.service.stations) == 0


def test_a_sampled_post_looks_like_any_other_item(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(audit_share=1.0)
    item = desk.item_of(desk.send("a", CALM))
    assert item["route"] == "review" and item["assessment"]["route"]["to"] == "publish"
    assert not {"origin", "sampled_with", "second_of"} & set(item)


def test_reports_of_a_post_join_one_item(desk: Any) -> None:
    post = desk.send("a", CALM)
    path = f"/v1/posts/{post}/reports"
    first = desk.call(
        "POST", path, "site", json={"reporter_id": "m1", "category": "harassment", "reason": "he names me"}
    )
    again = desk.call("POST", path, "site", json={"reporter_id": "m1", "category": "harassment"})
    other = desk.call("POST", path, "site", json={"reporter_id": "m2", "category": "off_topic"})
    assert [first.status_code, again.status_code, other.status_code] == [201, 200, 201]
    assert first.json()["item_id"] == other.json()["item_id"]
    item = desk.item_of(post)
    assert item["reports"] == 2 and item["reported"][0]["reason"] == "he names me"
    assert [i["post_id"] for i in desk.items(by="member")] == [post]


def test_an_erased_post_leaves_the_queue(desk: Any) -> None:
    post = desk.send("a", PRIVATE)
    assert len(desk.items()) == 1
    assert desk.call("DELETE", f"/v1/posts/{post}", "site").status_code == 204
    assert desk.items() == []


def test_what_a_moderator_chose_stands_over_the_default(desk: Any) -> None:
    sent = {"distress_in_row": 1, "collapse_distress": False, "break_after_minutes": 25}
    assert desk.call("PUT", "/v1/review/wellbeing", json=sent | {"other": 1}).status_code == 422
    assert desk.call("PUT", "/v1/review/wellbeing", json=sent).json() == sent
