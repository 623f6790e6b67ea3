"""The kill switches at run time, as an admin moves them by the API and on the settings page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from service.errors import FeatureOff
from tests.furnished import sqlite_copy
from tests.web.test_sign_in import csrf

OFF = {"on": False, "reason": "invents facts"}


@pytest.fixture
def database_url(tmp_path: Any, sqlite_template: Any) -> str:
    """SQLite alone: these tests are about what is around the database."""
    return sqlite_copy(sqlite_template, tmp_path)


def put(service: Any, feature: str, sent: dict[str, Any], role: str = "admin") -> Any:
    return service.call("PUT", f"/v1/switches/{feature}", role, json=sent)


def test_every_feature_has_a_switch_that_stands_on_until_it_is_moved(start: Callable[..., Any]) -> None:
    listed = start().call("GET", "/v1/switches", "admin").json()["data"]
    assert [(one["feature"], one["on"], one["by"]) for one in listed] == [
        (name, True, None) for name in ("draft", "flags", "tags", "support")
    ]


def test_a_moved_switch_holds_at_once_and_is_a_link_of_the_audit_log_without_the_words(
    start: Callable[..., Any],
) -> None:
    service = start()
    moved = put(service, "flags", OFF).json()
    assert (moved["on"], moved["reason"]) == (False, "invents facts") and moved["by"] and moved["at"]
    with pytest.raises(FeatureOff):
        service.stations.gateway.switches.check("flags")
    service.stations.gateway.switches.check("draft")
    assert put(service, "flags", OFF).json() == moved
    assert put(service, "flags", {"on": True, "reason": "mended"}).json()["on"]
    service.stations.gateway.switches.check("flags")
    links = service.call("GET", "/v1/audit", "admin").json()["data"]
    assert [(link["act"], link["subject"], link["facts"]) for link in links] == [
        ("switch", "feature:flags", {"before": False, "after": True}),
        ("switch", "feature:flags", {"before": True, "after": False}),
    ]
    assert all(link["text_digest"] for link in links)


@pytest.mark.parametrize(
    ("feature", "sent", "status"),
    [
        ("nothing", OFF, 404),
        ("draft", {"on": False}, 422),
        ("draft", {"on": False, "reason": ""}, 422),
        ("draft", {"on": False, "reason": " "}, 422),
        ("draft", OFF | {"who": "x"}, 422),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(
    start: Callable[..., Any], feature: str, sent: dict[str, Any], status: int
) -> None:
    service = start()
    assert put(service, feature, sent).status_code == status
    assert all(one["on"] for one in service.call("GET", "/v1/switches", "admin").json()["data"])


def test_what_a_setting_has_switched_off_cannot_be_switched_at_run_time(start: Callable[..., Any]) -> None:
    service = start(drafts_enabled=False)
    first = service.call("GET", "/v1/switches", "admin").json()["data"][0]
    assert (first["on"], first["by_setting"]) == (False, False)
    assert put(service, "draft", {"on": True, "reason": "x"}).status_code == 409


@pytest.mark.parametrize("role", ["site", "mentor", "moderator"])
def test_only_an_admin_sees_and_moves_switches(start: Callable[..., Any], role: str) -> None:
    service = start()
    assert put(service, "draft", OFF, role).status_code == 403
    assert service.call("GET", "/v1/switches", role).status_code == 403


def test_an_admin_switches_in_a_plain_form(start: Callable[..., Any]) -> None:
    service = start(tag_reader_enabled=False)
    client = service.client
    client.post("/sign-in", data={"key": service.keys["admin"]})
    shown = client.get("/settings").text
    assert shown.count('action="/settings/switches"') == 3 and "by a setting" in shown
    sent = {"csrf": csrf(shown), "feature": "draft", "on": "no", "reason": "invents <b>facts</b>"}
    shown = client.post("/settings/switches", data=sent).text
    assert "draft is switched off." in shown and "invents &lt;b&gt;facts" in shown and "Switch draft on" in shown
    assert client.post("/settings/switches", data=sent | {"reason": ""}).status_code == 422
    assert "<small>off</small>" in client.get("/settings/audit").text
