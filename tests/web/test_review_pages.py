"""Reviewing by plain forms, as a browser without JavaScript sends them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from markupsafe import escape

from service.people import identity
from service.review import wellbeing
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


def closed(text: str) -> str:
    """A page without what opens only when asked."""
    return re.sub(r"<details>(<summary>.*?</summary>).*?</details>", r"\1", text, flags=re.S)


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
    assert "kill myself" in page and "kill myself" not in closed(page) and CRISIS[0] not in closed(page)


def test_a_page_says_of_an_urgent_post_whether_it_is_shown_meanwhile(desk: Any) -> None:
    both = (SPAM[0], f"{SPAM[1]}\n\nI will kill my manager tomorrow at the office.")
    for name, sent, said in (("a", both, True), ("b", SPAM, False), ("c", CRISIS, False)):
        item = desk.item_of(desk.send(name, sent))
        client = signed_in(desk)
        assert ("held back until then" in client.get(f"/review/{item['id']}").text) is said
        assert ("do not show it until then" in client.get(f"/posts/{item['post_id']}").text) is said


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
    assert "Earn money" in client.get("/review?search=&category=&route=&by=&assigned=&tag=").text
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


def test_skipping_goes_on_in_the_queue_and_spares_who_read_enough_distress(desk: Any) -> None:
    crises = [desk.item_of(desk.send(f"c{n}", CRISIS)) for n in range(3)]
    private, spam = desk.send("p", PRIVATE), desk.item_of(desk.send("s", SPAM))
    client = signed_in(desk)
    token = csrf(client.get("/review").text)
    to = client.post(f"/review/{crises[0]['id']}/skip", data={"csrf": token})
    assert to.url.path == f"/review/{crises[1]['id']}"
    client.post("/review/wellbeing", data={"csrf": token, "distress_in_row": "1", "break_after_minutes": "0"})
    sent = form(client, f"/review/{crises[0]['id']}") | {"verdict": "agree", "reason": "he says so"}
    client.post(f"/review/{crises[0]['id']}/decide", data=sent)
    to = client.post(f"/review/{crises[1]['id']}/skip", data={"csrf": token})
    assert to.url.path == f"/review/{spam['id']}", "neither the next crisis nor a private person's number"
    assert desk.item_of(private)["claimed_by"] is None


def test_the_filters_hold_until_somebody_lifts_them(desk: Any) -> None:
    desk.send("c", CRISIS)
    items = [desk.item_of(desk.send(f"s{n}", (SPAM[0], SPAM[1].replace("5000", f"{n}000")))) for n in range(1, 5)]
    spam = [item["id"] for item in items]
    client, query = signed_in(desk), "category=spam_promotion&by=machine"
    written = query.replace("&", "&amp;")
    queue = client.get(f"/review?{query}").text
    assert f'action="/review/next?{written}"' in queue and f'href="/review/{spam[0]}?{written}"' in queue
    token = {"csrf": csrf(queue)}
    here = client.post(f"/review/next?{query}", data=token)
    assert here.url.path == f"/review/{spam[0]}" and here.url.query == query.encode()
    assert all(f"/{action}?{written}" in here.text for action in ("release", "skip", "decide", "escalate"))
    sent = form(client, f"/review/{spam[0]}") | {"verdict": "dismiss"}
    here = client.post(f"/review/{spam[0]}/decide?{query}", data=sent)
    assert here.url.path == f"/review/{spam[1]}" and here.url.query == f"{query}&done={spam[0]}".encode()
    here = client.post(f"/review/{spam[1]}/skip?{query}", data=token)
    assert here.url.path == f"/review/{spam[2]}" and here.url.query == query.encode()
    chosen = token | {"verdict": "dismiss", "item": f"{spam[2]}:{items[2]['assessment_id']}"}
    assert f"/review/bulk?{written}" in client.post(f"/review/bulk?{query}", data=chosen).text
    after = client.post(f"/review/bulk?{query}", data=chosen | {"confirmed": "yes"})
    assert "1 decided" in after.text and after.url.path == "/review" and after.url.query == query.encode()
    last = client.post(f"/review/{spam[3]}/skip?{query}", data=token)
    assert last.url.path == "/review" and "That was the last one." in last.text, "the urgent post is of another kind"


def test_escalated_items_can_be_filtered(desk: Any) -> None:
    item = desk.item_of(desk.send("a", SPAM))
    client = signed_in(desk, "admin")
    assert "Nothing fits" in client.get("/review?escalated=true").text
    desk.call("POST", f"/v1/review/items/{item['id']}/escalate", json={"reason": "help"})
    shown = client.get("/review?escalated=true").text
    assert "Earn money" in shown and '<option value="true" selected' in shown


def test_an_erased_post_can_be_skipped(desk: Any) -> None:
    item, other = desk.item_of(desk.send("a", PRIVATE)), desk.item_of(desk.send("b", PRIVATE))
    client, path = signed_in(desk), f"/review/{item['id']}"
    sent = form(client, path) | {"verdict": "dismiss"}
    desk.call("DELETE", f"/v1/posts/{item['post_id']}", "site")
    for gone in (client.get(path), client.post(f"{path}/decide", data=sent)):
        assert gone.status_code == 404 and "was erased" in gone.text and f'action="{path}/skip"' in gone.text
    assert client.post(f"{path}/skip", data={"csrf": sent["csrf"]}).url.path == f"/review/{other['id']}"
    assert client.get("/review/unknown").status_code == 404


def test_a_note_with_what_is_ticked_is_sent_whole_or_refused_with_its_length(desk: Any) -> None:
    long = desk.item_of(desk.send("a", (PRIVATE[0], PRIVATE[1] + " He is late again." * 400)))
    longer = desk.item_of(desk.send("b", (PRIVATE[0], PRIVATE[1] + " He is late again." * 1400)))
    client = signed_in(desk)
    sent = {"verdict": "dismiss", "attach": "redaction", "note_to_author": "Please read this."}
    refused = client.post(f"/review/{longer['id']}/decide", data=form(client, f"/review/{longer['id']}") | sent)
    assert refused.status_code == 422 and "20,000 can be sent" in refused.text and "Please read this." in refused.text
    client.post(f"/review/{long['id']}/decide", data=form(client, f"/review/{long['id']}") | sent)
    note = desk.call("GET", f"/v1/review/items/{long['id']}").json()["acts"][0]["note_to_author"]
    assert note.startswith("Please read this.") and note.endswith(long["redaction"]["body"]) and len(note) > 5_000


HEAVY = "A post that may weigh on you"


def test_words_around_a_distressing_post_open_only_when_asked(desk: Any) -> None:
    earlier = desk.item_of(desk.send("a", ("Nobody will miss me", CRISIS[1]), author={"id": "u1"}))
    desk.decide(earlier, "agree")
    report = {"reporter_id": "m1", "category": "off_topic", "reason": "she speaks of the knife"}
    calm = desk.send("b", ("A calm question", "How do I ask my manager for feedback?"), author={"id": "u1"})
    desk.call("POST", f"/v1/posts/{calm}/reports", "site", json=report)
    item = desk.item_of(desk.send("c", CRISIS, author={"id": "u1"}))
    desk.call("POST", f"/v1/posts/{item['post_id']}/reports", "site", json=report)
    assert {p["distressing"] for p in item["author_posts"] if p["title"] == "Nobody will miss me"} == {True}
    client = signed_in(desk)
    page, mild = (client.get(f"/review/{i['id']}").text for i in (item, desk.item_of(calm)))
    for words in ("Nobody will miss me", "the knife", item["assessment"]["flags"][0]["reason"]):
        assert str(escape(words)) in page and str(escape(words)) not in closed(page), words
    assert "Nobody will miss me" not in closed(mild) and HEAVY in closed(mild)
    assert "she speaks of the knife" in closed(mild), "a calm post is shown as it is"
    token = csrf(page)
    listed, post = client.get("/posts").text, client.get(f"/posts/{item['post_id']}").text
    assert CRISIS[0] not in listed and HEAVY in listed and "A calm question" in listed
    assert "kill myself" in post and "kill myself" not in closed(post) and CRISIS[0] not in closed(post)
    chosen = {"csrf": token, "verdict": "dismiss", "item": f"{item['id']}:{item['assessment']['id']}"}
    preview = client.post("/review/bulk", data=chosen).text
    assert CRISIS[0] in preview and CRISIS[0] not in closed(preview)


def test_somebody_who_wants_to_see_everything_sees_it(desk: Any) -> None:
    item = desk.item_of(desk.send("c", CRISIS))
    stations = desk.service.stations
    with stations.database.write() as session:
        person = identity.add_person(session, "m@example.org", "moderator", "acme", stations.clock())
        wellbeing.choose(session, person.id, wellbeing.Choices(collapse_distress=False))
        secret = identity.create_link(session, person.id, stations.clock())
    client = desk.service.client
    client.cookies.clear()
    client.post(f"/sign-in/{secret}")
    for path in ("/posts", f"/posts/{item['post_id']}", f"/review/{item['id']}"):
        assert CRISIS[0] in closed(client.get(path).text), path


def chips(text: str) -> list[str]:
    """The tags that an item's page offers as ticked."""
    return re.findall(r'type="hidden" name="ticked" value="([^"]+)"', text)


def test_tags_are_kept_where_somebody_changed_or_confirmed_them(desk: Any) -> None:
    text = ("Asking about promotion and salary", SPAM[1] + " How do I get promoted and negotiate my salary?")
    posts = [desk.send(f"p{n}", (text[0], f"{text[1]} {n}"), tags=["compensation"]) for n in range(3)]
    client, kept = signed_in(desk), []
    for n, post in enumerate(posts):
        path = f"/review/{desk.item_of(post)['id']}"
        suggested = chips(client.get(path).text)
        assert "compensation" in suggested
        sent: dict[str, Any] = form(client, path) | {"verdict": "dismiss", "ticked": suggested, "tags": suggested}
        sent |= ({}, {"keep_tags": "on"}, {"tags": suggested[1:]})[n]
        assert client.post(f"{path}/decide", data=sent).status_code == 200
        kept.append((suggested, desk.call("GET", f"/v1/posts/{post}").json()["kept_tags"]))
    assert kept[0][1] is None, "suggestions on the page are no word of a person"
    assert kept[1][1] == kept[1][0] and kept[2][1] == kept[2][0][1:]


def test_changed_tags_stay_on_the_page_of_a_refused_decision(desk: Any) -> None:
    item = desk.item_of(desk.send("a", SPAM, tags=["compensation", "promotion"]))
    client, path = signed_in(desk), f"/review/{item['id']}"
    suggested = chips(client.get(path).text)
    sent = form(client, path) | {"verdict": "", "ticked": suggested, "tags": "promotion", "add_tag": "feedback"}
    refused = client.post(f"{path}/decide", data=sent).text
    assert re.findall(r'name="tags" value="([^"]+)" checked', refused) == ["promotion"]
    assert chips(refused) == suggested


def test_an_open_page_renews_a_lease_and_takes_nothing_that_was_given_back(desk: Any) -> None:
    item = desk.item_of(desk.send("a", SPAM))
    client, path = signed_in(desk), f"/review/{item['id']}"
    token = {"csrf": csrf(client.get(path).text)}
    beat = re.search(r'data-heartbeat="([^"]+)"', client.post(f"{path}/claim", data=token).text)
    assert beat is not None
    desk.clock.now += timedelta(seconds=100)
    header = {"X-CSRF-Token": token["csrf"]}
    assert client.post(beat[1], headers=header).status_code == 204
    desk.clock.now += timedelta(seconds=100)
    assert desk.items()[0]["claimed_by"] is not None
    client.post(f"{path}/release", data=token)
    assert client.post(beat[1], headers=header).status_code == 409 and desk.items()[0]["claimed_by"] is None
    desk.call("POST", f"/v1/review/items/{item['id']}/claim", "second")
    assert client.post(beat[1], headers=header).status_code == 409


@pytest.mark.parametrize("reason", ["x" * 5_001, "a\x00b"])
def test_a_reason_that_cannot_be_kept_is_refused(desk: Any, reason: str) -> None:
    item = desk.item_of(desk.send("a", SPAM))
    client, path = signed_in(desk), f"/review/{item['id']}"
    sent = form(client, path) | {"reason": reason}
    refused = client.post(f"{path}/escalate", data=sent)
    assert refused.status_code == 422 and "reason" in refused.text
    desk.decide(item, "dismiss")
    assert client.post(f"{path}/reopen", data=sent).status_code == 422
