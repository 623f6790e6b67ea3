"""What a model is asked anew: repeats of a case, and a candidate's prompt, recorded here and replayed by a plain run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from eval import commands, results
from eval.__main__ import main
from eval.gate import BROKEN, PASS
from eval.recordings import RecordingBackend, Recordings
from eval.runner import Choice, Run, run_section
from eval.subjects import REPOSITORY, World
from eval.suites import SUITES
from service.models.calls import BackendRequest
from service.models.scripted import ScriptedBackend
from tests.suite.test_sabotage import PASSAGE, RULE, SPOILT

MODEL = "openai/obedient"


def reply(request: BackendRequest) -> dict[str, Any]:
    """Something that fits whatever was asked."""
    asked = set(request.schema["properties"]) if request.schema else set()
    if "flags" in asked:
        return {name: [] if name == "flags" else "A post." for name in asked}
    if "tags" in asked:
        return {"tags": []}
    return drafted(request.messages[-1].content)


def drafted(content: str) -> dict[str, Any]:
    """The first passage in its own words."""
    passage_id, text = PASSAGE.findall(content)[0]
    quote = " ".join(text.split()[:12])
    source = {"passage_id": passage_id, "quote": quote}
    sentence = {"section": "answer", "kind": "claim", "sources": [source], "text": quote}
    return {"form": "answer", "abstain_reason": "", "sentences": [sentence]}


def test_each_repeat_is_a_request_of_its_own(tmp_path: Path) -> None:
    models = {"draft_model": MODEL, "flag_model": MODEL, "tag_model": MODEL}
    script = ScriptedBackend([reply] * 12)
    with World(completions=RecordingBackend(Recordings([]), "record", script), settings=models) as world:
        world.repeats = 2
        for suite, name in (("drafting", "questions"), ("flags", "with_model"), ("tags", "with_model")):
            section = next(section for section in SUITES[suite].sections if section.name == name)
            only = "q-039" if suite == "drafting" else section.load().cases[0].id
            plan = Run(tmp_path, "record", 2, Choice((only,)), progress=False)
            before = len(script.requests)
            found = run_section(SUITES[suite], section, world, plan)
            assert [case.id for case in found.cases] == [only, f"{only}#2"]
            assert [case.error for case in found.cases] == [None, None]
            assert {request.repeat for request in script.requests[before:]} == {0, 1}, suite
            assert len({case.cluster for case in found.cases}) == 1


@pytest.fixture
def candidate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with `draft_answer` 1.0.1, which is neither released nor live; reports go to the test's folder."""
    shutil.copytree(REPOSITORY / "prompts", tmp_path / "prompts")
    text = (tmp_path / "prompts" / "draft_answer" / "1.0.0.md").read_text("utf-8")
    changed = text.replace(RULE, SPOILT).replace("version: 1.0.0", "version: 1.0.1")
    (tmp_path / "prompts" / "draft_answer" / "1.0.1.md").write_text(changed, "utf-8")
    monkeypatch.setattr(commands, "REPOSITORY", tmp_path)
    monkeypatch.setattr(results, "REPORTS", tmp_path / "reports")
    monkeypatch.delenv("EVAL_RECORDINGS", raising=False)
    return tmp_path


def test_a_candidate_is_recorded_by_name_and_version_and_then_replays(
    candidate: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = [
        "run",
        "drafting",
        "--section",
        "questions",
        "--only",
        "q-039",
        "--draft-model",
        MODEL,
        "--quiet",
        "--no-gate",
    ]
    pinned = [*run, "--prompt", "draft_answer@1.0.1"]
    requests, answers = candidate / "requests.jsonl", candidate / "answers.jsonl"
    assert main([*pinned, "--batch-out", str(requests)]) == PASS
    (line,) = [json.loads(row) for row in requests.read_text("utf-8").splitlines()]
    assert SPOILT in line["body"]["messages"][0]["content"] and line["body"]["model"] == "obedient"
    assert not list((candidate / "reports").glob("*/drafting.json"))
    message = {"content": json.dumps(drafted(line["body"]["messages"][-1]["content"]))}
    body = {"model": "obedient-2026", "choices": [{"message": message, "finish_reason": "stop"}]}
    row = {"custom_id": line["custom_id"], "response": {"status_code": 200, "body": body}, "error": None}
    answers.write_text(json.dumps(row) + "\n", "utf-8")
    assert main([*pinned, "--batch-in", str(answers)]) == PASS
    assert (candidate / "reports" / "recordings" / "openai_obedient.jsonl").is_file()
    assert main(pinned) == PASS  # a plain run reads what was taken in
    capfd.readouterr()
    assert main(run) == BROKEN  # the live version has no recording
    assert main([*pinned, "--repeats", "2"]) == BROKEN
    assert "q-039#2" in capfd.readouterr().err
