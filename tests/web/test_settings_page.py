from __future__ import annotations

import re
from typing import Any

import pytest
from markupsafe import escape

from service.people import identity
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


def test_an_admin_decides_for_a_site_in_a_plain_form(desk: Any) -> None:
    admin = signed_in(desk, "admin")
    shown = admin.get("/settings").text
    assert shown.count("as the service is set</small>") == 3 and '<th scope="row">other</th><td>1460 days' in shown
    sent = {"csrf": csrf(shown), "site": "acme", "answer_age_days": " 30 "}
    shown = admin.post("/settings/sites", data=sent).text
    assert "acme: answers older than 30 days are shown as old." in shown and 'value="30"' in shown
    assert "<td>30 days <small>as the site decided" in shown and shown.count("as the service is set</small>") == 2
    admin.post("/settings/sites", data=sent)
    assert (
        "acme: answers older than 1460 days" in admin.post("/settings/sites", data=sent | {"answer_age_days": ""}).text
    )
    links = desk.call("GET", "/v1/audit", "admin").json()["data"]
    assert [link["facts"] for link in links] == [{"before": 30, "after": None}, {"before": None, "after": 30}]
    assert {(link["act"], link["subject"]) for link in links} == {("answer_age_days", "site:acme")}
    assert "30 → as the service is set" in admin.get("/settings/audit").text


@pytest.mark.parametrize("written", ["0", "-1", "36501", "2.5", "a year", "<b>"])
def test_what_is_no_number_of_days_is_refused_beside_its_field(desk: Any, written: str) -> None:
    admin = signed_in(desk, "admin")
    sent = {"csrf": csrf(admin.get("/settings").text), "site": "other", "answer_age_days": written}
    answer = admin.post("/settings/sites", data=sent)
    shown = str(escape(written))
    assert answer.status_code == 422 and f'value="{shown}"' in answer.text.partition(">other<")[2]
    assert "is no whole number of days from 1 to 36500" in answer.text.partition(">other<")[2].partition("</tr>")[0]
    assert desk.call("GET", "/v1/sites/other/settings", "admin").json()["own"] == {"answer_age_days": None}


def test_the_api_decides_for_a_known_site_alone(desk: Any) -> None:
    age = {"answer_age_days": 400}
    now = desk.call("PUT", "/v1/sites/acme/settings", "admin", json=age).json()
    assert now == {"site": "acme", "answer_age_days": 400, "own": age}
    assert desk.call("GET", "/v1/sites/acme/settings", "admin").json() == now
    with desk.service.stations.database.write() as session:
        identity.ensure_site(session, "*", desk.clock())
    assert desk.call("PUT", "/v1/sites/*/settings", "admin", json=age).status_code == 422
    assert desk.call("PUT", "/v1/sites/nowhere/settings", "admin", json=age).status_code == 404
    assert desk.call("PUT", "/v1/sites/acme/settings", "admin", json={}).status_code == 422
    assert desk.call("PUT", "/v1/sites/acme/settings", "moderator", json=age).status_code == 403


PATHS = (
    "sites",
    "people",
    "keys",
    "webhooks",
    "switches",
    "people/x/disable",
    "people/x/sign-out",
    "keys/x/revoke",
    "webhooks/x/remove",
)
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
