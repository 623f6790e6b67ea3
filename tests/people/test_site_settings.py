"""From when on an answer is old is a site's own decision, with the service's setting where it says nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from service import cli_sites
from service.database import Database
from service.people import site_settings
from service.people.tables import SiteRow
from tests.degraded.conftest import *

TITLE = "Passed over for promotion twice"
BODY = "Which people outside the team must know what changed?"


@pytest.mark.parametrize("said", [None, "30", 0, -1, True, 2.5, [30]])
def test_what_is_no_number_of_days_is_passed_over(database: Database, said: Any) -> None:
    with database.write() as session:
        session.add(SiteRow(name="camp", created_at=datetime.now(UTC), settings={site_settings.ANSWER_AGE: said}))
    with database.read() as session:
        assert site_settings.answer_age_days(session, "camp", 7) == 7
        assert site_settings.answer_age_days(session, "nowhere", 7) == 7


def answer_age(service: Any, monkeypatch: pytest.MonkeyPatch, *days: str) -> str:
    """`answerloop sites answer-age` for the site acme; what it prints."""
    settings = service.stations.settings.model_copy(update={"database_url": service.stations.database.url})
    monkeypatch.setattr(cli_sites, "Settings", lambda: settings)
    done = CliRunner().invoke(cli_sites.app, ["answer-age", *days, "--site", "acme"])
    assert done.exit_code == 0, done.output
    return done.output


def old(service: Any) -> set[bool]:
    asked = {"site": "acme", "title": TITLE, "body": BODY}
    return {thread["old"] for thread in service.call("POST", "/v1/related", json=asked).json()["related"]}


def notes(service: Any, name: str) -> str:
    made = service.post(name, TITLE, BODY, draft="async").json()
    service.run_jobs()
    draft = service.call("GET", f"/v1/drafts/{made['draft']['id']}").json()
    assert draft["status"] == "ready"
    return " ".join(draft["notes"])


def test_a_sites_own_age_holds_for_lookups_and_drafts_at_once_and_can_be_taken_back(
    by_hand: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = by_hand(draft_model="", answer_age_days=36_000)
    assert old(service) == {False} and "2026" not in notes(service, "p1")
    assert "older than 1 days" in answer_age(service, monkeypatch, "1")
    assert old(service) == {True} and "2026" in notes(service, "p2")
    assert "older than 36000 days" in answer_age(service, monkeypatch)
    assert old(service) == {False} and "2026" not in notes(service, "p3")
    links = service.call("GET", "/v1/audit", "admin").json()["data"]
    assert [(link["actor"], link["facts"]["after"]) for link in links] == [("command line", None), ("command line", 1)]
