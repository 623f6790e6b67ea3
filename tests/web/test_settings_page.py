from __future__ import annotations

import re
from typing import Any

import pytest

from service.review.tables import AuditRow
from tests.review.conftest import SPAM, desk, open_desk
from tests.web.test_review_pages import signed_in
from tests.web.test_sign_in import csrf

__all__ = ["desk", "open_desk"]


def test_an_admin_adds_a_person_whose_link_works_until_they_are_disabled(desk: Any) -> None:
    admin = signed_in(desk, "admin")
    token = csrf(admin.get("/settings").text)
    sent = {"csrf": token, "email": "new@example.org", "role": "moderator", "site": "acme", "name": "Nova"}
    link = re.search(r"/sign-in/[\w-]+", admin.post("/settings/people", data=sent).text)
    assert link is not None
    assert "/sign-in/" not in admin.get("/settings").text
    person = next(p for p in desk.call("GET", "/v1/people", "admin").json()["data"] if p["name"] == "Nova")
    kept = dict(admin.cookies)
    admin.cookies.clear()
    assert "Nova, moderator on acme" in admin.post(link[0]).text
    nova = dict(admin.cookies)
    admin.cookies.clear()
    admin.cookies.update(kept)
    assert "disabled" in admin.post(f"/settings/people/{person['id']}/disable", data={"csrf": token}).text
    admin.cookies.clear()
    admin.cookies.update(nova)
    assert admin.get("/review", follow_redirects=False).status_code == 303


def test_a_revoked_key_ends_the_sessions_it_opened(desk: Any) -> None:
    client = signed_in(desk, "second")
    keys = desk.call("GET", "/v1/keys", "admin").json()["data"]
    mine = next(k for k in keys if desk.service.keys["second"].startswith(k["prefix"]))
    assert desk.call("DELETE", f"/v1/keys/{mine['id']}", "admin").status_code == 204
    assert client.get("/review", follow_redirects=False).status_code == 303


def test_a_made_key_is_shown_once_and_works(desk: Any) -> None:
    admin = signed_in(desk, "admin")
    sent = {"csrf": csrf(admin.get("/settings").text), "role": "mentor", "site": "acme"}
    key = re.search(r"al_mentor_[\w-]{40,}", admin.post("/settings/keys", data=sent).text)
    assert key is not None and key[0] not in admin.get("/settings").text
    desk.service.keys["made"] = key[0]
    assert desk.call("GET", "/v1/drafts", "made").status_code == 200


PATHS = ("people", "keys", "webhooks", "people/x/disable", "people/x/sign-out", "keys/x/revoke", "webhooks/x/remove")
FILLED = {
    "email": "x@example.org", "role": "mentor", "site": "acme", "url": "https://example.com",
    "secret": "whsec_" + "QUJD" * 8,
}  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("role", ["moderator", "admin"])
def test_settings_change_only_for_admins_with_the_sessions_token(desk: Any, path: str, role: str) -> None:
    client = signed_in(desk, role)
    token = csrf(client.get("/posts").text) if role == "moderator" else "guessed"
    assert client.post(f"/settings/{path}", data=FILLED | {"csrf": token}).status_code == 403


def test_the_audit_chain_is_read_anew_when_an_admin_asks(desk: Any) -> None:
    for name in ("a", "b"):
        desk.decide(desk.item_of(desk.send(name, SPAM)), "dismiss")
    admin = signed_in(desk, "admin")
    assert "The chain of 2 links holds" in admin.get("/settings").text
    desk.decide(desk.item_of(desk.send("c", SPAM)), "dismiss")
    with desk.service.stations.database.write() as session:
        session.get_one(AuditRow, 1).act = "agree"
    shown = admin.get("/settings/audit").text
    assert "The chain of 3 links holds" in shown and "Verify everything anew" in shown
    assert "broken at link 1" in admin.get("/settings/audit?verify=all").text
    assert "broken at link 1" in admin.get("/settings").text
