from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from eval.cases import LabelledPost
from eval.loading import load
from service import exporting, local
from service.cli_cases import app as cases_app
from service.database import Database
from service.errors import InvalidInput, NotFound
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


def outcome_of(desk: Any, **query: Any) -> dict[str, Any]:
    """The newest outcome."""
    return dict(desk.call("GET", "/v1/outcomes", params=query).json()["data"][0])


def test_outcomes_are_chosen_by_id_by_kind_and_by_category(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(audit_share=1.0)
    for name, post in (("s", SPAM), ("p", PRIVATE)):
        desk.decide(desk.item_of(desk.send(name, post)), "agree")
    calm = desk.send("c", CALM)
    desk.decide(desk.item_of(calm), "dismiss")
    spam = outcome_of(desk, category="spam_promotion")
    desk.clock.now += timedelta(days=200)
    assert export(desk)["proposed"] == []
    (named,) = export(desk, outcomes=[spam["id"]])["proposed"]
    assert named["outcome_id"] == spam["id"]
    (private,) = export(desk, category="personal_information", days=365)["proposed"]
    assert "personal_information" in {flag["category"] for flag in private["content"]["flags"]}
    (audited,) = export(desk, kind="audit", days=365)["proposed"]
    assert audited["post_id"] == calm
    for wrong, status in (({"outcomes": ["nothing"]}, 404), ({"kind": "tags"}, 422), ({"category": "rude"}, 422)):
        assert desk.call("POST", "/v1/cases/export", json=wrong).status_code == status
    assert desk.call("POST", "/v1/cases/export", "elsewhere", json={"outcomes": [spam["id"]]}).status_code == 404


def test_a_blind_second_decision_is_the_final_word_and_the_first_is_overruled(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(second_review_share=1.0)
    post = desk.send("a", SPAM)
    desk.decide(desk.item_of(post), "agree")
    first = outcome_of(desk)
    (hidden,) = desk.call("GET", "/v1/review/items", "second").json()["data"]
    item = desk.call("GET", f"/v1/review/items/{hidden['id']}", "second").json()
    assert desk.decide(item, "dismiss", "second").status_code == 200
    none = export(desk, outcomes=[first["id"]])
    assert none["proposed"] == [] and none["skipped"]["overruled"] == 1
    (case,) = export(desk, kind="second")["proposed"]
    assert case["content"]["family"] == "trap" and case["content"]["trap"] == "spam_promotion"


@pytest.mark.parametrize(("verdict", "becomes_a_case"), [("agree", True), ("dismiss", False)])
def test_a_golden_item_becomes_a_case_where_it_was_decided_rightly(
    desk: Any, verdict: str, becomes_a_case: bool
) -> None:
    post = desk.send("a", SPAM)
    item = desk.item_of(post)
    categories = sorted({flag["category"] for flag in item["assessment"]["flags"]})
    golden = {"post_id": post, "verdict": "agree", "categories": categories}
    desk.decide(item, "agree")
    desk.call("POST", f"/v1/review/items/{item['id']}/undo")
    desk.decide(desk.item_of(post), "dismiss")
    assert desk.call("POST", "/v1/review/golden", "admin", json=golden).status_code == 201
    desk.decide(desk.item_of(post), verdict)
    assert outcome_of(desk)["kind"] == "golden"
    (case,) = export(desk)["proposed"]
    assert (case["content"]["family"] == "flagged") == becomes_a_case
    assert (case["outcome_id"] == outcome_of(desk)["id"]) == becomes_a_case


def test_the_tags_kept_last_are_those_of_the_case(desk: Any) -> None:
    post = desk.send("a", PRIVATE)
    desk.decide(desk.item_of(post), "agree", tags=["manager-relations"])
    kept = {"tags": ["promotion"], "by": "author"}
    assert desk.call("PUT", f"/v1/posts/{post}/tags", "site", json=kept).status_code == 200
    (case,) = export(desk)["proposed"]
    assert case["content"]["tags"] == ["promotion"]


def test_a_moderator_chooses_outcomes_on_the_page(desk: Any) -> None:
    desk.decide(desk.item_of(desk.send("a", SPAM)), "agree")
    client = signed_in(desk, "moderator")
    token = csrf(client.get("/quality/cases").text)
    for chosen, said in (
        ({"kind": "appeal"}, "0 new cases"), ({"category": "hate"}, "0 new cases"), ({"outcome": "nothing"}, "no outcome"),
        ({"kind": "rumour"}, "no such kind"), ({"outcome": outcome_of(desk)["id"]}, "1 new cases"),
    ):  # fmt: skip
        assert said in client.post("/quality/cases/export", data={"csrf": token, **chosen}).text


def test_a_case_is_read_in_full_on_the_command_line_before_it_is_accepted(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "My manager Xanthippe Quillfeather reads everything. " + SPAM[1]
    desk.decide(desk.item_of(desk.send("a", (SPAM[0], body))), "agree")
    monkeypatch.setenv("DATA_DIR", str(desk.service.stations.settings.data_dir))
    monkeypatch.setenv("DATABASE_URL", desk.service.stations.settings.database_url)
    monkeypatch.chdir(ROOT)

    class Running:
        """The server that the command finds."""

        def call(self, method: str, path: str, json: dict[str, Any]) -> Any:
            """One call, as over the network."""
            return desk.call(method, path, json=json).json()

    monkeypatch.setattr(local, "running_server", lambda _settings: Running())
    chosen = f"--site acme --outcome {outcome_of(desk)['id']} --kind decision --category spam_promotion"
    made = CliRunner().invoke(cases_app, ["export", *chosen.split()])
    assert made.exit_code == 0 and "1 proposed" in made.stdout
    (case,) = desk.call("GET", "/v1/cases").json()["data"]
    shown = CliRunner().invoke(cases_app, ["show", case["id"]]).stdout
    assert case["content"]["body"] in shown and "may still name somebody: " in shown
    assert all(word in shown for word in case["look_at"])
    for name in ("outcome_id", "decision_id", "assessment_id", "post_id"):
        assert case[name] in shown
    assert isinstance(CliRunner().invoke(cases_app, ["show", "nothing"]).exception, NotFound)


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
