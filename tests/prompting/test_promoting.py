from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from service import promoting
from service.app import Adapters
from service.feedback.tables import CaseRow, OutcomeRow
from service.models.scripted import ScriptedBackend
from service.prompting.labels import Labels
from service.prompting.tables import PromptShadowRow
from service.shadowing import LEAST_PAIRS
from tests.prompting.conftest import second

NAME = "draft_small"


class Judge:
    """Says what a test wants, and remembers what it was asked."""

    def __init__(self, verdict: str) -> None:
        self.verdict = verdict
        self.asked: list[tuple[str, str, list[str]]] = []

    def __call__(self, name: str, version: str, models: list[str]) -> dict[str, Any]:
        """The verdict."""
        self.asked.append((name, version, models))
        if self.verdict == "breaks":
            raise RuntimeError("no such folder")
        return {"verdict": self.verdict, "because": "it was said so"}


def wish(service: Any, version: str, label: str = "production", role: str = "admin", **more: Any) -> Any:
    return service.call("POST", f"/v1/prompts/{NAME}/labels/{label}", role=role, json={"version": version} | more)


def run_gates(service: Any) -> None:
    while service.jobs.waiting:
        job, _key, arguments, _ = service.jobs.waiting.pop(0)
        assert job == "run_gate"
        service.stations.promotions.run_gate(*arguments)


@pytest.fixture
def judged(service_on: Callable[..., Any]) -> Callable[[str], tuple[Any, Judge]]:
    def run(verdict: str) -> tuple[Any, Judge]:
        judge = Judge(verdict)
        return service_on(Adapters(completions=ScriptedBackend(), judge=judge)), judge

    return run


def test_production_moves_forward_only_through_a_gate(judged: Callable[..., Any], folder: Path) -> None:
    version = second(folder, NAME)
    service, judge = judged("passed")
    answer = wish(service, version, reason="kinder")
    assert answer.status_code == 202
    gate = answer.json()["gate"]
    assert (gate["state"], gate["verdict"], gate["from_version"]) == ("waiting", None, "1.0.0")
    assert service.stations.labels.live(NAME) == "1.0.0"
    run_gates(service)
    assert judge.asked == [(NAME, version, ["local/SmolLM2-135M-Instruct"])]
    done = service.call("GET", answer.headers["location"], role="admin").json()
    assert (done["state"], done["verdict"]) == ("done", "passed")
    assert service.stations.labels.live(NAME) == version


@pytest.mark.parametrize(("gain", "verdict"), [(-0.3, "failed"), (0.3, "passed")])
def test_shadow_runs_stop_a_version_that_passed_and_stand_in_its_report(
    judged: Callable[..., Any], folder: Path, gain: float, verdict: str
) -> None:
    version = second(folder, NAME)
    service, _ = judged("passed")
    stations = service.stations
    with stations.database.write() as session:
        for n in range(LEAST_PAIRS):
            scores = {"production_score": 0.5, "candidate_score": 0.5 + gain}
            session.add(
                PromptShadowRow(id=f"s{n}", name=NAME, production="1.0.0", candidate=version, post_id=f"p{n}",
                                figures={}, at=stations.clock(), **scores)
            )  # fmt: skip
    gate_id = wish(service, version).json()["gate"]["id"]
    run_gates(service)
    gate = stations.promotions.gate(gate_id)
    assert gate["verdict"] == verdict and gate["report"]["shadow"]["n"] == LEAST_PAIRS
    assert stations.labels.live(NAME) == (version if verdict == "passed" else "1.0.0")


@pytest.mark.parametrize("verdict", ["failed", "unmeasured", "breaks"])
def test_any_other_verdict_moves_nothing(judged: Callable[..., Any], folder: Path, verdict: str) -> None:
    version = second(folder, NAME)
    service, _ = judged(verdict)
    gate_id = wish(service, version).json()["gate"]["id"]
    run_gates(service)
    said = service.call("GET", f"/v1/prompts/gates/{gate_id}", role="admin").json()["verdict"]
    assert said == ("unmeasured" if verdict == "breaks" else verdict)
    assert service.stations.labels.live(NAME) == "1.0.0"


def test_an_override_needs_an_unmeasured_verdict_and_a_reason(judged: Callable[..., Any], folder: Path) -> None:
    version = second(folder, NAME)
    service, judge = judged("failed")
    assert wish(service, version, override=True, reason="I know").status_code == 409
    wish(service, version)
    run_gates(service)
    assert wish(service, version, override=True, reason="I know").status_code == 409
    judge.verdict = "unmeasured"
    wish(service, version)
    run_gates(service)
    assert wish(service, version, override=True, reason="  ").status_code == 422
    moved = wish(service, version, override=True, reason="nothing recorded yet")
    assert moved.status_code == 200 and moved.json()["move"]["reason"] == "override: nothing recorded yet"
    assert moved.json()["move"]["by"].startswith("key:")
    assert service.stations.labels.live(NAME) == version


def test_going_back_is_immediate_and_seen_by_another_process_within_a_second(
    judged: Callable[..., Any], folder: Path
) -> None:
    version = second(folder, NAME)
    service, _ = judged("passed")
    wish(service, version)
    run_gates(service)
    elsewhere = Labels(service.stations.database, folder)
    assert elsewhere.live(NAME) == version
    began = time.monotonic()
    assert wish(service, "1.0.0", reason="invents facts").status_code == 200
    while elsewhere.live(NAME) != "1.0.0":
        assert time.monotonic() - began < 1.2
        time.sleep(0.02)
    assert wish(service, version).status_code == 200  # it was in production before: no gate
    history = service.call("GET", f"/v1/prompts/{NAME}/history", role="admin").json()
    assert [move["to_version"] for move in history["moves"]] == [version, "1.0.0", version, "1.0.0"]


def test_production_that_was_moved_meanwhile_is_not_overrun(judged: Callable[..., Any], folder: Path) -> None:
    version, third = second(folder, NAME), second(folder, NAME)
    service, _ = judged("passed")
    gate_id = wish(service, version).json()["gate"]["id"]
    service.stations.labels.move(NAME, "production", third, by="someone", reason="urgent")
    run_gates(service)
    assert service.stations.promotions.gate(gate_id)["verdict"] == "overtaken"
    assert service.stations.labels.live(NAME) == third


def test_one_gate_run_of_a_version_at_a_time(judged: Callable[..., Any], folder: Path) -> None:
    version = second(folder, NAME)
    service, _ = judged("passed")
    assert wish(service, version).status_code == 202
    assert wish(service, version).status_code == 409


def test_other_labels_move_at_once(judged: Callable[..., Any], folder: Path) -> None:
    version = second(folder, NAME)
    service, _ = judged("passed")
    assert wish(service, version, label="candidate").status_code == 200
    shown = {entry["name"]: entry for entry in service.call("GET", "/v1/prompts", role="admin").json()["data"]}
    assert shown[NAME]["labels"] == {"candidate": version, "production": "1.0.0"}
    assert [v["released"] for v in shown[NAME]["versions"]] == [True, True]
    assert shown[NAME]["shadow"]["n"] == 0 and not shown[NAME]["shadow"]["may_be_promoted"]
    assert "policy/tech-career" in shown


def test_a_version_that_could_still_change_does_not_go_to_production(judged: Callable[..., Any], folder: Path) -> None:
    version = second(folder, NAME)
    (folder / "released.lock").write_text(
        "".join(line for line in (folder / "released.lock").read_text().splitlines(True) if version not in line)
    )
    service, _ = judged("passed")
    assert wish(service, version).status_code == 409


@pytest.mark.parametrize(
    ("label", "version", "status"),
    [("production", "9.9.9", 404), ("Production!", "1.0.0", 422), ("production", "../../etc", 404)],
)
def test_a_move_that_makes_no_sense_is_refused(
    judged: Callable[..., Any], label: str, version: str, status: int
) -> None:
    service, _ = judged("passed")
    assert wish(service, version, label=label).status_code == status


@pytest.mark.parametrize("role", ["site", "mentor", "moderator"])
def test_only_an_admin_moves_a_label(judged: Callable[..., Any], role: str) -> None:
    service, _ = judged("passed")
    assert wish(service, "1.0.0", role=role).status_code == 403


def test_versions_and_their_difference_can_be_read(judged: Callable[..., Any], folder: Path) -> None:
    version = second(folder, NAME)
    service, _ = judged("passed")
    one = service.call("GET", f"/v1/prompts/{NAME}/versions/{version}", role="admin").json()
    assert one["released"] and "Be kind." in one["text"]
    path = f"/v1/prompts/{NAME}/diff?old=1.0.0&new={version}"
    assert "+Be kind." in service.call("GET", path, role="admin").json()["diff"]
    policy = service.call("GET", "/v1/prompts/policy/tech-career/versions/1.0.0", role="admin").json()
    assert policy["name"] == "policy/tech-career" and policy["released"]


def test_the_real_gate_says_unmeasured_where_nothing_is_recorded(service_on: Callable[..., Any], folder: Path) -> None:
    version = second(folder, NAME)
    service = service_on()
    gate_id = wish(service, version).json()["gate"]["id"]
    run_gates(service)
    gate = service.stations.promotions.gate(gate_id)
    assert gate["verdict"] == "unmeasured" and gate["report"]["because"]
    assert service.stations.labels.live(NAME) == "1.0.0"


def test_the_gate_runs_on_the_accepted_cases_too(
    service_on: Callable[..., Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, asked = second(folder, NAME), list[list[str]]()

    def run(command: list[str], **_options: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 0, '{"verdict": "failed", "because": "case loop-1"}\n', "")

    monkeypatch.setattr(promoting.subprocess, "run", run)
    service = service_on()
    post = service.post("a", "Earn money from home", "Join now.").json()["post_id"]
    with service.stations.database.write() as session:
        accepted_case(session, post, service.stations.clock())
    wish(service, version)
    run_gates(service)
    (command,) = asked
    data = Path(command[command.index("--data") + 1])
    assert data.is_relative_to(service.stations.settings.data_dir.resolve())
    assert [json.loads(line)["id"] for line in data.read_text("utf-8").splitlines()] == ["loop-1"]
    assert service.stations.labels.live(NAME) == "1.0.0"


def accepted_case(session: Any, post_id: str, now: datetime) -> None:
    """A case of a post, as somebody accepted it."""
    session.add(
        OutcomeRow(
            id="o1", kind="decision", cause_id="d1", post_id=post_id, site="acme", at=now, by="m", assessment_id=None,
            verdict="agree", route="review", flags=[], categories="", suggested_tags=[], kept_tags=None, measures={}, prompts=[],
            slices={}, expected=None, against=None, sampled_with=None, seconds=None, cost_usd=0.0, withdrawn_at=None, erased_at=None,
        )
    )  # fmt: skip
    session.flush()
    session.add(
        CaseRow(
            id="c1", outcome_id="o1", decision_id="d1", assessment_id=None, post_id=post_id, site="acme", state="accepted",
            stratum="clean", content={"id": "loop-1"}, look_at=[], shingles=[], author_digest="", proposed_by="m", proposed_at=now,
            decided_by="m", decided_at=now, reason=None,
        )
    )  # fmt: skip


@pytest.mark.parametrize("name", ["policy/tech-career", "taxonomy/tech-career"])
def test_a_policy_or_taxonomy_that_was_moved_says_that_a_restart_is_needed(
    judged: Callable[..., Any], folder: Path, name: str
) -> None:
    version = second(folder, name)
    service, _ = judged("passed")

    def moved(to: str, label: str = "production") -> bool:
        sent = {"version": to, "reason": "x"}
        answer = service.call("POST", f"/v1/prompts/{name}/labels/{label}", role="admin", json=sent)
        assert answer.status_code == 200
        return bool(answer.json()["restart_needed"])

    def shown() -> set[str]:
        listed = service.call("GET", "/v1/prompts", role="admin").json()["data"]
        return {entry["name"] for entry in listed if entry["restart_needed"]}

    assert not moved(version, "candidate") and shown() == set()
    service.stations.labels.move(name, "production", version, by="ada", reason="newer")
    assert shown() == {name}
    assert not moved("1.0.0") and shown() == set(), "what the process goes by"
    assert moved(version) and shown() == {name}
