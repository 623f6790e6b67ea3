from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from eval.cases import LabelledPost
from eval.threshold_gate import judge
from service import previewing, tuning
from service.cli_flags import app as flags_app
from service.database import Database
from service.errors import Conflict, InvalidInput
from service.feedback.bounds import Bounds
from service.flagging import versions
from service.flagging.thresholds import Thresholds, shipped
from service.settings import Settings
from tests.conftest import ROOT
from tests.review.conftest import CALM, PRIVATE, SPAM


def with_cut(category: str, cut: float) -> Thresholds:
    """The shipped thresholds with one category's cuts moved."""
    return shipped().changed({category: {"low": cut, "middle": cut, "high": cut}})  # type: ignore[dict-item]


def labelled(row_id: str, route: str, *categories: str) -> LabelledPost:
    """A post with these labels."""
    return LabelledPost.model_validate({
        "id": row_id, "voice": row_id, "lang": "en", "kind": "question", "title": "t", "body": "b",
        "author": {"role": None, "level": None, "company": None}, "tags": [],
        "flags": [{"category": c, "quotes": []} for c in categories], "route": route,
        "family": "flagged" if categories else "clean", "trap": None, "after": None,
    })  # fmt: skip


def test_every_probability_is_stored_below_the_cuts_too(desk: Any) -> None:
    post = desk.send("a", CALM)
    scores = desk.call("GET", f"/v1/posts/{post}").json()["assessment"]["provenance"]["scores"]
    assert len(scores) >= 20 and all(0 <= value <= 1 for value in scores.values())


def test_a_version_goes_live_only_after_shadow_and_gate_and_back_at_once(desk: Any) -> None:
    stations = desk.service.stations
    for number in range(25):
        desk.send(f"p{number}", (CALM[0], f"{CALM[1]} Number {number}."))
    assert "spam_promotion" in {f["category"] for f in desk.item_of(desk.send("s", SPAM))["assessment"]["flags"]}
    with stations.database.write() as session:
        made = versions.add(session, "acme", with_cut("spam_promotion", 1.0), "person", "x", {}, stations.clock())
    number = made.number
    with pytest.raises(Conflict, match="shadow"):
        tuning.promote(stations, "acme", number, "x", "try")
    found = tuning.shadow(stations, "acme", number)
    assert found["n"] == 26 and found["changed"] == 1 and found["examples"][0]["to"] == "publish"
    with pytest.raises(Conflict, match="gate"):
        tuning.promote(stations, "acme", number, "x", "try")
    assert tuning.gate(stations, "acme", number, judge=lambda *_: {"verdict": "failed"})["verdict"] == "failed"
    with pytest.raises(Conflict, match="gate"):
        tuning.promote(stations, "acme", number, "x", "try")
    tuning.gate(stations, "acme", number, judge=lambda *_: {"verdict": "passed"})
    tuning.promote(stations, "acme", number, "x", "try")
    again = desk.service.post("s2", *SPAM).json()
    assert "spam_promotion" not in again["route"]["because"]
    tuning.promote(stations, "acme", None, "x", "back")
    assert "spam_promotion" in desk.service.post("s3", *SPAM).json()["route"]["because"]
    tuning.promote(stations, "acme", number, "x", "it was live before")


def test_a_fit_rests_on_outcomes_and_is_refused_where_they_are_few(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(audit_share=1.0)
    stations = desk.service.stations
    desk.decide(desk.item_of(desk.send("s", SPAM)), "agree")
    with pytest.raises(InvalidInput, match="too few labels"):
        tuning.fit(stations, "acme", "x")
    for number in range(24):
        desk.decide(desk.item_of(desk.send(f"c{number}", (CALM[0], f"{CALM[1]} Number {number}."))), "dismiss")
    made = tuning.fit(stations, "acme", "x", bounds=Bounds(missed=10, clean_flagged=10))
    assert made.report["examples"] == 25 and made.report["categories"]["spam_promotion"]["changed"]
    assert Thresholds.model_validate(made.thresholds).categories["spam_promotion"].rule is not None
    assert stations.readers.thresholds_of("acme") == shipped(), "a candidate changes nothing"
    versions_path = "/v1/thresholds/acme"
    again = desk.call("POST", f"{versions_path}/fit", "admin", json={"clean_flagged": 10})
    assert again.status_code == 201 and again.json()["number"] == 2
    assert desk.call("POST", f"{versions_path}/2/shadow", "admin").json()["n"] == 25
    refused = desk.call("POST", f"{versions_path}/promote", "admin", json={"number": 2, "reason": "try"})
    assert refused.status_code == 409 and refused.json()["reason"] == "gate"
    listed = desk.call("GET", versions_path, "admin").json()
    assert [row["number"] for row in listed["data"]] == [2, 1] and listed["production"] is None
    assert desk.call("POST", f"{versions_path}/2/gate", "admin").status_code == 202
    assert desk.call("GET", versions_path, "admin").json()["data"][0]["gate"] == {"verdict": "running"}
    wished = desk.call("POST", f"{versions_path}/fit", "admin", json={"flag": {"low_effort": 10}, "miss": {"hate": 5}})
    assert wished.status_code == 422 and wished.json()["field"] == "miss.hate"
    assert "hate, at most 5 % of true posts missed: 0 true labels, 19 needed" in wished.json()["detail"]
    kept = desk.call("POST", f"{versions_path}/fit", "admin", json={"flag": {"low_effort": 10}, "clean_flagged": 10})
    assert kept.json()["thresholds"]["categories"]["low_effort"]["rule"]["labels"] == 24
    assert kept.json()["report"]["bounds"]["flag"] == {"low_effort": 10}
    desk.clock.now += timedelta(days=400)
    with pytest.raises(InvalidInput, match="too few labels"):
        tuning.fit(stations, "acme", "x")


def test_the_gate_is_red_where_a_person_at_risk_or_many_true_posts_are_lost(desk: Any) -> None:
    policy = desk.service.stations.readers.policy
    crisis, spam = {"self_harm_risk": 0.5}, {"spam_promotion": 0.9}
    rows = [
        labelled("r", "urgent_review", "self_harm_risk"),
        *(labelled(f"s{i}", "hold", "spam_promotion") for i in range(8)),
    ]
    scores = [crisis, *[spam] * 8]
    same = judge(rows, scores, shipped(), shipped(), policy)
    assert same["verdict"] == "passed" and json.dumps(same)
    assert judge(rows, scores, with_cut("self_harm_risk", 0.9), shipped(), policy)["verdict"] == "failed"
    assert judge(rows, scores, with_cut("spam_promotion", 0.95), shipped(), policy)["verdict"] == "failed"
    assert judge(rows[:3], scores[:3], with_cut("spam_promotion", 0.95), shipped(), policy)["verdict"] == "passed"


def test_what_was_read_takes_the_same_route_again(desk: Any) -> None:
    for name, post in (("a", CALM), ("b", PRIVATE), ("c", SPAM)):
        made = desk.service.post(name, *post).json()
        readers = desk.service.stations.readers
        again = previewing.reroute(made["provenance"]["scores"], readers.thresholds, readers.policy)
        assert again.to == made["route"]["to"]


def test_the_gate_finds_the_models_where_only_a_file_of_settings_names_the_folder(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stations, given = desk.service.stations, {}

    def run(command: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
        given.update(more["env"])
        return subprocess.CompletedProcess(command, 0, '{"verdict": "passed"}\n', "")

    monkeypatch.delenv("DATA_DIR", raising=False)
    monkeypatch.setattr(subprocess, "run", run)
    with stations.database.write() as session:
        number = versions.add(session, "acme", shipped(), "person", "x", {}, stations.clock()).number
    assert tuning.gate(stations, "acme", number)["verdict"] == "passed"
    assert given["DATA_DIR"] == str(stations.settings.data_dir.resolve())


def test_the_command_line_takes_bounds_of_single_categories_and_says_what_is_missing(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings()
    monkeypatch.setenv("DATA_DIR", str(settings.data_dir))
    monkeypatch.chdir(ROOT)
    opened = Database(settings.database)
    opened.create_schema()
    opened.close()
    wishes = ["--miss", "confidential_business=10", "--flag", "low_effort=2"]
    for arguments, said in (
        (wishes, r"low_effort, .*: 0 clean labels, 49 needed|confidential_business, .*: 0 true labels, 9 needed"),
        (["--miss", "hat=5"], "'hat' is no category"),
        (["--miss", "hate=5", "--flag", "hate=5"], "hate can have one bound"),
        (["--clean-flagged", "0"], "clean_flagged: 0 is no percentage"),
    ):
        failure = CliRunner().invoke(flags_app, ["fit", *arguments]).exception
        assert isinstance(failure, InvalidInput) and re.search(said, failure.detail), failure
