from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from service.people import identity


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_a_link_signs_in_once(service: Any) -> None:
    stations = service.stations
    with stations.database.write() as session:
        person = identity.add_person(session, "mo@example.org", "moderator", "acme", stations.clock())
        secret = identity.create_link(session, person.id, stations.clock())
    shown = service.client.get(f"/sign-in/{secret}")
    assert shown.status_code == 200 and "<form" in shown.text
    assert service.client.post(f"/sign-in/{secret}", follow_redirects=False).status_code == 303
    assert "mo, moderator on acme" in service.client.get("/posts").text
    service.client.cookies.clear()
    assert service.client.post(f"/sign-in/{secret}").status_code == 401


def test_who_is_not_signed_in_is_led_to_the_front_page_and_back(service: Any) -> None:
    away = service.client.get("/posts", follow_redirects=False)
    assert away.status_code == 303 and away.headers["location"] == "/?next=/posts"
    sent = {"key": service.keys["moderator"], "next": "/posts"}
    back = service.client.post("/sign-in", data=sent, follow_redirects=False)
    assert back.headers["location"] == "/posts"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("public_url", "address", "secure"),
    [
        ("", "http://testserver", False),
        ("http://desk.example.org", "http://testserver", False),
        ("https://desk.example.org", "http://testserver", True),
        ("", "https://testserver", True),
    ],
)
def test_the_sessions_cookie_is_secure_where_browsers_come_by_https(
    start: Callable[..., Any], public_url: str, address: str, secure: bool
) -> None:
    service = start(public_url=public_url)
    sent = {"key": service.keys["moderator"]}
    answer = service.client.post(f"{address}/sign-in", data=sent, follow_redirects=False)
    assert ("secure" in answer.headers["set-cookie"].lower()) is secure


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_signing_in_never_leads_to_another_site(service: Any, elsewhere: str) -> None:
    sent = {"key": service.keys["moderator"], "next": elsewhere}
    back = service.client.post("/sign-in", data=sent, follow_redirects=False)
    assert back.status_code == 303 and "evil" not in back.headers["location"]


def test_signing_out_everywhere_ends_every_session(service: Any) -> None:
    service.client.post("/sign-in", data={"key": service.keys["moderator"]})
    other = dict(service.client.cookies)
    service.client.cookies.clear()
    page = service.client.post("/sign-in", data={"key": service.keys["moderator"]})
    refused = service.client.post("/sign-out/everywhere", data={"csrf": "guessed"}, follow_redirects=False)
    assert refused.status_code == 403
    service.client.post("/sign-out/everywhere", data={"csrf": csrf(page.text)})
    service.client.cookies.clear()
    service.client.cookies.update(other)
    assert service.client.get("/posts", follow_redirects=False).status_code == 303


def test_a_forms_token_looks_different_in_every_answer_and_no_other_is_taken(service: Any) -> None:
    service.client.post("/sign-in", data={"key": service.keys["moderator"]})
    first, second = (csrf(service.client.get("/posts").text) for _ in range(2))
    assert first != second
    spoilt = first[:-2] + ("AA" if first[-2:] != "AA" else "BB")
    for wrong in ("", "é", "x", first[:-4], spoilt, first + second):
        assert service.client.post("/sign-out", data={"csrf": wrong}, follow_redirects=False).status_code == 403, wrong
    assert service.client.post("/sign-out", data={"csrf": first}, follow_redirects=False).status_code == 303


def test_pages_and_their_files_are_compressed_and_answers_of_the_api_are_not(service: Any) -> None:
    service.client.post("/sign-in", data={"key": service.keys["moderator"]})
    for path in ("/posts", "/static/app.css"):
        assert service.client.get(path).headers.get("content-encoding") == "gzip", path
    listed = service.call("GET", "/v1/tags")
    assert "content-encoding" not in listed.headers and len(listed.content) > 2_000


def test_every_page_forbids_what_it_does_not_need(service: Any) -> None:
    policy = service.client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
