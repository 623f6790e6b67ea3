from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from eval.cases import LabelledPost
from eval.exported import on_file
from eval.loading import load
from eval.suites import SUITES
from service import exporting
from service.cli_cases import app as cases_app
from service.database import Database
from service.errors import InvalidInput
from service.feedback import candidates
from service.feedback.pseudonyms import disguise
from service.settings import Settings
from tests.conftest import ROOT
from tests.review.conftest import CALM, PRIVATE, SPAM
from tests.web.test_review_pages import signed_in
from tests.web.test_sign_in import csrf


def export(desk: Any, **sent: Any) -> dict[str, Any]:
    """An export as the API answers it."""
    answer = desk.call("POST", "/v1/cases/export", json=sent)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def judge(desk: Any, case: dict[str, Any], what: str, **sent: Any) -> Any:
    """Accept or reject a case."""
    return desk.call("POST", f"/v1/cases/{case['id']}/{what}", json=sent)


def accepted(desk: Any, tmp_path: Path) -> tuple[LabelledPost, ...]:
    """The accepted cases, read by the eval suite's own loader."""
    path = tmp_path / "accepted.jsonl"
    path.write_text(desk.call("GET", "/v1/cases/accepted.jsonl").text, "utf-8")
    return load("accepted", [path], LabelledPost).rows


def test_an_outcome_becomes_a_case_that_names_nobody_and_knows_its_decision(desk: Any, tmp_path: Path) -> None:
    made = desk.decide(desk.item_of(desk.send("a", PRIVATE)), "agree", tags=["manager-relations"]).json()
    (case,) = export(desk)["proposed"]
    assert case["decision_id"] == made["id"] and case["state"] == "proposed"
    assert case["look_at"] == []
    text = json.dumps(case["content"])
    assert not any(word in text for word in ("900123", "Gerald", "Fitzwilliam", "fitzwilliam@", "moderator", "acme"))
    assert desk.call("GET", "/v1/cases/accepted.jsonl").text == ""
    assert judge(desk, case, "accept").json()["state"] == "accepted"
    (row,) = accepted(desk, tmp_path)
    assert "personal_information" in row.categories and row.tags == ["manager-relations"] and row.route != "publish"
    assert export(desk)["proposed"] == [] and export(desk)["skipped"]["known"] == 1


def test_a_case_of_private_data_still_holds_such_data_of_nobody() -> None:
    hidden = disguise(["Write to ann.lee@acme.com or ann.lee@acme.com, call +44 7911 123456", "ann.lee@acme.com"])
    assert "ann.lee" not in "".join(hidden.texts)
    mail = re.findall(r"\S+@example\.org", hidden.texts[0])
    assert len(set(mail)) == 1 and hidden.texts[1] == mail[0].rstrip(",") and "+44 7700 900" in hidden.texts[0]


def test_a_rejected_case_stays_out_and_needs_a_reason(desk: Any) -> None:
    desk.decide(desk.item_of(desk.send("a", SPAM)), "agree")
    (case,) = export(desk)["proposed"]
    assert judge(desk, case, "reject").status_code == 422
    assert judge(desk, case, "reject", reason="says nothing").json()["reason"] == "says nothing"
    assert desk.call("GET", "/v1/cases/accepted.jsonl").text == ""
    assert judge(desk, {"id": "nothing"}, "accept").status_code == 404


def test_the_dangerous_miss_comes_first_and_near_duplicates_become_one_case(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(audit_share=1.0)
    desk.decide(desk.item_of(desk.send("s1", SPAM)), "agree")
    desk.decide(desk.item_of(desk.send("s2", (SPAM[0], SPAM[1] + " Hurry!"))), "agree")
    missed = desk.send("m", CALM)
    desk.decide(desk.item_of(missed), "change", flags=[{"category": "self_harm_risk"}])
    desk.decide(desk.item_of(desk.send("p", PRIVATE)), "dismiss")
    found = export(desk)
    assert [case["stratum"] for case in found["proposed"]] == ["missed_person_at_risk", "false_alarm", "confirmed"]
    assert found["skipped"]["near_duplicates"] == 1
    first, alarm = found["proposed"][:2]
    assert first["post_id"] == missed and first["content"]["route"] == "urgent_review"
    assert alarm["content"]["family"] == "trap" and alarm["content"]["route"] == "publish"


def test_erasing_the_post_deletes_its_case_from_the_database_and_from_the_file(desk: Any) -> None:
    stations = desk.service.stations
    post = desk.send("a", PRIVATE)
    desk.decide(desk.item_of(post), "agree")
    (case,) = export(desk)["proposed"]
    judge(desk, case, "accept")
    path = exporting.write(stations, "acme")
    assert case["id"] in path.read_text("utf-8")
    assert case["decision_id"] in (path.parent / "posts.lineage.jsonl").read_text("utf-8")
    assert desk.call("DELETE", f"/v1/posts/{post}", "site").status_code == 204
    assert path.read_text("utf-8") == "" == (path.parent / "posts.lineage.jsonl").read_text("utf-8")
    assert desk.call("GET", "/v1/cases").json()["data"] == []
    assert export(desk)["skipped"]["erased"] == 1


def test_a_case_whose_decision_is_taken_back_is_gone_and_the_next_decision_makes_another(desk: Any) -> None:
    item = desk.item_of(desk.send("a", PRIVATE))
    desk.decide(item, "agree")
    (case,) = export(desk)["proposed"]
    desk.call("POST", f"/v1/review/items/{item['id']}/undo")
    assert desk.call("GET", "/v1/cases").json()["data"] == []
    assert judge(desk, case, "accept").status_code == 409
    desk.decide(item, "dismiss")
    assert export(desk)["proposed"][0]["content"]["family"] == "trap"


def test_near_duplicates_are_told_from_posts_on_the_same_matter() -> None:
    one = "How do I ask my manager for feedback before the review comes up in spring this year"
    assert candidates.near(candidates.shingles(one), candidates.shingles(one.upper() + " please"))
    assert not candidates.near(
        candidates.shingles(one),
        candidates.shingles("My manager gives no feedback; how do I ask for it before a review?"),
    )


def test_another_site_neither_sees_nor_decides_cases(desk: Any) -> None:
    desk.decide(desk.item_of(desk.send("a", SPAM)), "agree")
    (case,) = export(desk)["proposed"]
    assert desk.call("GET", "/v1/cases", "elsewhere").json()["data"] == []
    assert desk.call("POST", f"/v1/cases/{case['id']}/accept", "elsewhere", json={}).status_code == 404


def test_a_moderator_proposes_and_accepts_cases_on_the_page(desk: Any) -> None:
    desk.decide(desk.item_of(desk.send("a", SPAM)), "agree")
    client = signed_in(desk, "moderator")
    token = csrf(client.get("/quality/cases").text)
    assert client.post("/quality/cases/export").status_code == 403
    text = client.post("/quality/cases/export", data={"csrf": token}).text
    accept = re.search(r"/quality/cases/[\w-]+/accept", text)
    assert accept is not None and SPAM[0] in text
    assert client.post(accept[0].replace("accept", "reject")).status_code == 403
    assert client.post(accept[0]).status_code == 403
    assert "1 accepted" in client.post(accept[0], data={"csrf": token}).text


def test_an_export_that_erasure_does_not_reach_is_asked_for_by_name_and_warned_of(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings, elsewhere = make_settings(), tmp_path / "elsewhere"
    monkeypatch.setenv("DATA_DIR", str(settings.data_dir))
    monkeypatch.chdir(ROOT)
    opened = Database(settings.database)
    opened.create_schema()
    opened.close()
    export_to = ["export", "--site", "acme", "--to"]
    for folder in (elsewhere, settings.data_dir / "cases" / "other", settings.data_dir / "cases" / "acme" / "more"):
        refused = CliRunner().invoke(cases_app, [*export_to, str(folder)]).exception
        assert isinstance(refused, InvalidInput) and "a post that is erased stays in" in refused.detail
        assert not folder.exists()
    made = CliRunner().invoke(cases_app, [*export_to, str(elsewhere), "--outside"])
    assert made.exit_code == 0 and "warning: a post that is erased stays in" in made.stderr
    assert (elsewhere / "posts.jsonl").exists()
    usual = CliRunner().invoke(cases_app, [*export_to, str(settings.data_dir / "cases" / "acme")])
    assert usual.exit_code == 0 and usual.stderr == ""


@pytest.mark.parametrize("name", ["flags", "tags", "routing"])
def test_suites_run_on_a_file_of_cases(name: str, tmp_path: Path) -> None:
    suite = on_file(SUITES[name], tmp_path / "posts.jsonl")
    assert suite is not None and [section.name for section in suite.sections] == ["exported"]
    assert on_file(SUITES["fault"], tmp_path / "posts.jsonl") is None
