"""Reviewing by plain forms, as a browser without JavaScript sends them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.review.conftest import CRISIS, PRIVATE, SPAM, desk, open_desk
from tests.web.test_sign_in import csrf

__all__ = ["desk", "open_desk"]
HOSTILE = "<script>alert(1)</script><svg onload=alert(2)>[x](javascript:alert(3))\u202eGNP.exe"


def signed_in(desk: Any, role: str = "moderator") -> Any:
    """The browser of somebody who signed in with a key."""
    client = desk.service.client
    client.cookies.clear()
    assert client.post("/sign-in", data={"key": desk.service.keys[role]}).status_code == 200
    return client


def form(client: Any, path: str) -> dict[str, str]:
    """The hidden fields of an item's page."""
    text = client.get(path).text
    found = re.search(r'name="assessment_id" value="([^"]+)"', text)
    assert found is not None
    return {"csrf": csrf(text), "assessment_id": found[1], "tags_shown": "1"}


def test_an_item_is_decided_by_a_form_and_taken_back(desk: Any) -> None:
    item = desk.item_of(desk.send("a", SPAM))
    client, path = signed_in(desk), f"/review/{item['id']}"
    sent = form(client, path) | {"verdict": "dismiss", "tags": "compensation", "note_to_author": "Thank you."}
    after = client.post(f"{path}/decide", data=sent)
    assert after.url.path == "/review" and "Decided: dismiss" in after.text and "Nothing else waits" in after.text
    assert desk.items() == []
    assert desk.call("GET", f"/v1/posts/{item['post_id']}").json()["kept_tags"] == ["compensation"]
    client.post(f"{path}/undo", data={"csrf": sent["csrf"]})
    assert [i["id"] for i in desk.items()] == [item["id"]]


def test_deciding_leads_to_the_next_item_which_is_then_held(desk: Any) -> None:
    first, second = desk.item_of(desk.send("a", SPAM)), desk.item_of(desk.send("b", PRIVATE))
    client = signed_in(desk)
    if desk.items()[0]["id"] != first["id"]:
        first, second = second, first
    sent = form(client, f"/review/{first['id']}") | {"verdict": "dismiss"}
    after = client.post(f"/review/{first['id']}/decide", data=sent)
    assert after.url.path == f"/review/{second['id']}"
    assert desk.items()[0]["claimed_by"] is not None


def test_changing_names_what_is_wrong_and_what_is_missing(desk: Any) -> None:
    item = desk.item_of(desk.send("a", PRIVATE))
    client, path, flags = signed_in(desk), f"/review/{item['id']}", item["assessment"]["flags"]
    choices = {f"flag:{f['id']}:{f['category']}": "-" for f in flags} | {"missed": "off_topic"}
    client.post(f"{path}/decide", data=form(client, path) | choices | {"verdict": "change", "reason": "his own"})
    client.post(f"{path}/undo", data={"csrf": csrf(client.get(path).text)})
    acts = desk.item_of(item["post_id"])["acts"]
    said = {f["category"]: f["agree"] for f in acts[0]["flags"]}
    assert said == {f["category"]: False for f in flags} | {"off_topic": True}


def test_what_was_typed_is_not_lost_when_a_decision_is_refused(desk: Any) -> None:
    item = desk.item_of(desk.send("a", PRIVATE))
    client, path = signed_in(desk), f"/review/{item['id']}"
    sent = form(client, path)
    desk.service.post("a", PRIVATE[0], PRIVATE[1] + " More of it.")
    refused = client.post(f"{path}/decide", data=sent | {"verdict": "dismiss", "note_to_author": "long and careful"})
    assert refused.status_code == 409
    assert "long and careful" in refused.text and "the text (revision 1 → 2)" in refused.text
    assert form(client, path)["assessment_id"] != sent["assessment_id"]


def test_enter_in_a_field_decides_nothing(desk: Any) -> None:
    item = desk.item_of(desk.send("a", SPAM))
    client, path = signed_in(desk), f"/review/{item['id']}"
    first = re.search(r"<button[^>]*>", client.get(path).text.partition('aria-label="Decide"')[2])
    assert first is not None and 'value=""' in first[0]
    answer = client.post(f"{path}/decide", data=form(client, path) | {"verdict": "", "reason": "half a thought"})
    assert answer.status_code == 422 and "half a thought" in answer.text and len(desk.items()) == 1


def test_a_card_that_was_ticked_is_sent_with_the_decision(desk: Any) -> None:
    item = desk.item_of(desk.send("a", CRISIS))
    client, path = signed_in(desk), f"/review/{item['id']}"
    key = next(iter(item["cards"]))
    sent = form(client, path) | {"verdict": "agree", "attach": f"card:{key}", "reason": "he says so himself"}
    client.post(f"{path}/decide", data=sent)
    client.post(f"{path}/undo", data={"csrf": sent["csrf"]})
    note = desk.item_of(item["post_id"])["acts"][0]["note_to_author"]
    assert item["cards"][key]["text"] in note


def test_a_distressing_post_opens_only_when_asked(desk: Any) -> None:
    item = desk.item_of(desk.send("a", CRISIS))
    client = signed_in(desk)
    queue, page = client.get("/review").text, client.get(f"/review/{item['id']}").text
    assert CRISIS[0] not in queue
    assert "<details><summary>It is about" in page
    before = page.index("<details><summary>It is about")
    assert "kill myself" not in page[:before] and "kill myself" not in page[page.index("</details>", before) :]


def test_hostile_text_is_shown_as_text(desk: Any) -> None:
    item = desk.item_of(desk.send("a", (HOSTILE, f"{SPAM[1]} {HOSTILE}"), author={"id": HOSTILE, "role": HOSTILE}))
    client = signed_in(desk)
    for path in ("/review", f"/review/{item['id']}", f"/posts/{item['post_id']}", "/posts"):
        text = client.get(path).text
        assert "<script>alert" not in text and "<svg onload" not in text and 'href="javascript' not in text, path
        assert "&lt;script&gt;" in text, path


def test_filters_stay_in_the_address_of_the_next_page(desk: Any) -> None:
    client = signed_in(desk)
    desk.send("a", SPAM)
    assert "Earn money" in client.get("/review?category=spam_promotion").text
    empty = client.get("/review?category=hate&search=x").text
    assert "Nothing fits" in empty and 'value="x"' in empty and '<option value="hate" selected' in empty
    assert client.get("/review?category=nonsense").status_code == 422
    assert client.get("/review?cursor=broken").status_code == 422


def test_several_are_decided_after_a_preview(desk: Any) -> None:
    item = desk.item_of(desk.send("a", SPAM))
    client = signed_in(desk)
    sent = {"csrf": csrf(client.get("/review").text), "verdict": "dismiss"}
    sent["item"] = f"{item['id']}:{item['assessment']['id']}"
    assert "Decide 1" in client.post("/review/bulk", data=sent).text and len(desk.items()) == 1
    assert "1 decided" in client.post("/review/bulk", data=sent | {"confirmed": "yes"}).text
    assert desk.items() == []


@pytest.mark.parametrize("action", ["claim", "decide", "escalate", "release", "undo", "skip", "reopen"])
def test_a_form_without_the_sessions_token_does_nothing(desk: Any, action: str) -> None:
    item = desk.item_of(desk.send("a", SPAM))
    client = signed_in(desk)
    sent = {"verdict": "dismiss", "assessment_id": item["assessment"]["id"], "reason": "x"}
    assert client.post(f"/review/{item['id']}/{action}", data=sent | {"csrf": "guessed"}).status_code == 403
    assert desk.items()[0]["claimed_by"] is None


def test_a_mentor_has_no_queue(desk: Any) -> None:
    client = signed_in(desk, "mentor")
    assert client.get("/review").status_code == 403
    assert 'href="/review"' not in client.get("/posts").text
