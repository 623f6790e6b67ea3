from __future__ import annotations

import json
from typing import Any

import pytest

TITLE = "My promotion was declined again"
BODY = "My manager says I lack visibility. How do I get promoted?"


def test_a_post_is_assessed_within_the_request(service: Any) -> None:
    response = service.post("p1", TITLE, BODY)
    assert response.status_code == 201
    made = response.json()
    assert made["lane"] == "fast" and made["schema"] == 1 and made["route"]["to"] == "publish"
    assert made["related"][0]["external_id"] == "t-promo" and made["related"][0]["site"] == "acme"
    assert "promotion" in [t["tag"] for t in made["tags"]]
    assert response.headers["x-request-id"]


def test_the_same_content_again_is_the_same_post(service: Any) -> None:
    first, again = service.post("p1", TITLE, BODY), service.post("p1", TITLE, BODY)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]


def test_changed_content_is_a_new_assessment_of_the_same_post(service: Any) -> None:
    first, changed = service.post("p1", TITLE, BODY).json(), service.post("p1", TITLE, BODY + " In Berlin.").json()
    assert first["post_id"] == changed["post_id"] and first["id"] != changed["id"]
    listed = service.call("GET", f"/v1/posts/{first['post_id']}/assessments").json()
    assert [a["id"] for a in listed["data"]] == [changed["id"], first["id"]]


def test_a_flag_quotes_the_field_as_it_was_sent(service: Any) -> None:
    body = "😀 <b>Hi</b> &amp; bye.\n\nWrite me: jo.doe@gmail.com or +49 151 23456789 please."
    made = service.post("p2", "Contact", body).json()
    quotes = [q for f in made["flags"] for q in f["quotes"]]
    assert any("jo.doe@gmail.com" in q["text"] for q in quotes)
    for quote in quotes:
        source = {"title": "Contact", "body": body}[quote["field"]]
        assert source[quote["start"] : quote["end"]] == quote["text"]


def test_a_crisis_is_urgent_within_the_request(service: Any) -> None:
    made = service.post(
        "p3", "Project update", "We shipped. " * 80 + "Honestly I don't want to be alive anymore."
    ).json()
    assert made["route"]["to"] == "urgent_review"
    assert "self_harm_risk" in made["route"]["because"]


SPAM = (
    "Buy verified reviews and followers now! 50 % off today only: https://bit.ly/3fakeoff and https://t.me/growfastshop. "
    "Whatsapp +1 415 555 0199, promo code GROW50, earn $5000 a week from home, click here https://bit.ly/3fakeoff!!!"
)


def test_a_threat_added_to_what_would_be_held_keeps_it_from_being_shown(service: Any) -> None:
    alone, both = (
        service.post(id_, "Grow fast", body).json()["route"]
        for id_, body in (("s1", SPAM), ("s2", f"{SPAM}\n\nI will kill my manager tomorrow at the office."))
    )
    assert (alone["to"], alone["withhold"]) == ("hold", True)
    assert (both["to"], both["withhold"]) == ("urgent_review", True) and "violence_threat" in both["because"]


def test_an_erased_post_is_gone_and_its_text_with_it(service: Any) -> None:
    post_id = service.post("p4", TITLE, "a very particular sentence about walruses").json()["post_id"]
    assert service.call("DELETE", f"/v1/posts/{post_id}").status_code == 204
    assert service.call("GET", f"/v1/posts/{post_id}").status_code == 404
    with service.stations.database.read() as session:
        connection = session.connection()
        for table in ("post_texts", "assessment_texts", "draft_texts"):
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}").all()
            assert "walrus" not in repr(rows), table


def test_kept_tags_come_from_the_vocabulary(service: Any) -> None:
    post_id = service.post("p5", TITLE, BODY).json()["post_id"]
    path = f"/v1/posts/{post_id}/tags"
    assert service.call("PUT", path, json={"tags": ["promotion"], "by": "author"}).status_code == 200
    assert service.call("PUT", path, json={"tags": ["sandwiches"]}).status_code == 422
    assert service.call("GET", f"/v1/posts/{post_id}").json()["kept_tags"] == ["promotion"]


def test_an_unknown_site_and_a_foreign_key_are_told_apart(service: Any) -> None:
    sent = {"site": "nowhere", "external_id": "1", "title": "t"}
    unknown = service.call("POST", "/v1/posts", role="admin", json=sent)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_site")
    foreign = service.call("POST", "/v1/posts", role="stranger", json=sent | {"site": "acme"})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "not_allowed")
    assert service.call("POST", "/v1/posts", role=None, json=sent).status_code == 401


BAD: list[tuple[str, Any, int, str]] = [
    ("title and body empty", {"title": "", "body": ""}, 422, ""),
    ("body too long", {"body": "x" * 100_001}, 413, "body"),
    ("title too long", {"title": "x" * 301}, 422, "title"),
    ("NUL", {"body": "a\x00b"}, 422, "body"),
    ("unknown field", {"shoe_size": 43}, 422, "shoe_size"),
    ("wrong type", {"title": 5}, 422, "title"),
    ("bad time", {"created_at": "yesterday"}, 422, "created_at"),
    ("bad draft", {"draft": "maybe"}, 422, "draft"),
]


REFUSED_BEFORE_ANY_STORE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@REFUSED_BEFORE_ANY_STORE
@pytest.mark.parametrize(("change", "status", "field"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_input_is_a_named_refusal(service: Any, change: dict[str, Any], status: int, field: str) -> None:
    sent = {"site": "acme", "external_id": "1", "title": "t", "body": "b"} | change
    response = service.call("POST", "/v1/posts", json=sent)
    assert response.status_code == status, response.text
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["code"] in ("invalid_input", "too_large")
    assert field in problem["field"]


@REFUSED_BEFORE_ANY_STORE
@pytest.mark.parametrize(
    "raw", [b"{", b"", b"[]", b'{"site": "\xff"}', b'{"title": "\\ud800", "site": "acme", "external_id": "1"}', b"null"]
)
def test_what_is_no_json_object_is_refused(service: Any, raw: bytes) -> None:
    response = service.call("POST", "/v1/posts", content=raw, headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    json.dumps(response.json())


ODD = {
    "html bomb": "<div>" * 15_000,
    "one long line": "word " * 5_000,
    "emoji": "😀🎉💥" * 50,
    "right to left": "אני רוצה לעבור צוות ואין לי מושג איך לדבר עם המנהל שלי",
    "mixed scripts": "Мой manager сказал 你好 שלום how do I grow",
    "only code": "```\nfor i in range(3):\n    print(i)\n```",
    "only quotes": "> he said\n> she said\n> nothing else",
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "full size": "a b " * 25_000,
    "one word": "x" * 100_000,
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD.keys())
def test_odd_input_gets_a_sensible_answer(service: Any, body: str) -> None:
    response = service.post("odd", "An odd post", body)
    assert response.status_code == 201, response.text
    assert not response.json()["degraded"]


def test_a_request_over_one_mebibyte_is_refused(service: Any) -> None:
    response = service.call("POST", "/v1/posts", content=b"{" + b" " * (1 << 20) + b"}")
    assert response.status_code == 413


def test_a_body_that_does_not_say_its_length_is_read_up_to_one_mebibyte(service: Any) -> None:
    sent = json.dumps({"site": "acme", "external_id": "c1", "title": TITLE, "body": BODY, "draft": "none"}).encode()
    headers = {"Content-Type": "application/json"}
    small = service.call("POST", "/v1/posts", content=iter([sent[:20], sent[20:]]), headers=headers)
    assert small.request.headers["transfer-encoding"] == "chunked"
    assert small.status_code == 201 and small.headers["x-request-id"]
    large = service.call("POST", "/v1/posts", content=iter([sent, b" " * (1 << 20)]), headers=headers)
    assert large.status_code == 413 and large.json()["code"] == "too_large"


@pytest.mark.parametrize("length", ["²", "-1", "1" + 20 * "0"])
def test_a_length_that_no_body_can_have_is_refused(service: Any, length: str) -> None:
    headers = {"Content-Length": length.encode("latin-1"), "Content-Type": b"application/json"}
    assert service.call_raw("POST", "/v1/posts", "site", headers).status_code == 413
