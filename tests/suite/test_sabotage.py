"""A spoilt prompt turns the gate red because a figure fell: every completion that it needs is recorded.

The model is a script that does what its prompt says, no more: it quotes the first sentence of each past answer it is
shown, as rule 2 of `draft_answer` wants, unless the prompt tells it to abstain more readily, which the sabotage does.
Its completions are recorded under both prompts and then replayed with nobody to ask.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eval import baselines
from eval.gate import GATE, PASS, check, exit_code
from eval.promotion import _put_live
from eval.recordings import RecordingBackend, Recordings
from eval.results import SuiteResult
from eval.runner import Choice, Run, run_suite
from eval.subjects import REPOSITORY, World
from eval.suites import SUITES
from service.models.calls import BackendRequest
from service.models.scripted import ScriptedBackend

pytestmark = pytest.mark.timeout(900)
CASES = ("q-019", "q-030", "q-032", "q-039", "q-045", "q-080")
"""Answerable questions that the station takes to a model."""
RULE = "- `abstain`: no passage bears on the question;"
SPOILT = (
    "- `abstain`: whenever in doubt, and always if a passage is not about this very company; no passage bears on it;"
)
PASSAGE = re.compile(r"Passage (\S+) \(answer, [^)]*\)\n<<<passage \w+\nThread:.*?\n\n(.*?)\npassage \w+>>>", re.S)


def obedient(request: BackendRequest) -> dict[str, Any]:
    """What a model that follows its prompt to the letter replies."""
    if "whenever in doubt" in request.messages[0].content:
        return {"form": "abstain", "abstain_reason": "No passage is about this very company.", "sentences": []}
    sentences = []
    for passage_id, text in PASSAGE.findall(request.messages[-1].content):
        quote = " ".join(re.split(r"(?<=[.!?])\s", text.strip())[0].split()[:25])
        source = {"passage_id": passage_id, "quote": quote}
        sentences.append({"section": "answer", "kind": "claim", "sources": [source], "text": quote})
    return {"form": "answer", "abstain_reason": "", "sentences": sentences[:6]}


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped prompts, and `draft_answer` 1.0.1 with one rule spoilt."""
    folder = tmp_path_factory.mktemp("sabotage") / "prompts"
    shutil.copytree(REPOSITORY / "prompts", folder)
    text = (folder / "draft_answer" / "1.0.0.md").read_text("utf-8")
    assert RULE in text
    spoilt = text.replace(RULE, SPOILT).replace("version: 1.0.0", "version: 1.0.1")
    (folder / "draft_answer" / "1.0.1.md").write_text(spoilt, "utf-8")
    return folder


@pytest.fixture(scope="module")
def runs(prompts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, SuiteResult]]:
    """The task recorded and replayed under either prompt."""
    scratch = tmp_path_factory.mktemp("runs")
    found = {}
    for version in ("1.0.0", "1.0.1"):
        _put_live(prompts / "live.toml", "draft_answer", version)
        script = ScriptedBackend([obedient] * 20)
        for mode in ("record", "replay"):
            known = Recordings([scratch / "kept"], scratch / "kept")
            backend = RecordingBackend(known, mode, script if mode == "record" else None)  # type: ignore[arg-type]
            settings = {"prompts_dir": prompts, "draft_model": "openai/obedient"}
            plan = Run(scratch / f"{version}-{mode}", mode, 2, Choice(CASES, sections=("questions",)), progress=False)
            with World(completions=backend, settings=settings) as world:
                found[f"{version} {mode}"] = run_suite(SUITES["drafting"], world, plan)
            assert not backend.misses
    yield found


@pytest.fixture(scope="module")
def baseline(runs: dict[str, SuiteResult], tmp_path_factory: pytest.TempPathFactory) -> baselines.Baseline:
    """The recorded run as what later ones are held against: a task of six cases, so not a limited run of a larger one."""
    folder = tmp_path_factory.mktemp("baselines")
    whole = runs["1.0.0 record"]
    whole.limited = False
    baselines.accept(whole, folder)
    known = baselines.load("drafting", folder)
    assert known is not None
    return known


def test_the_unspoilt_prompt_replays_green(runs: dict[str, SuiteResult], baseline: baselines.Baseline) -> None:
    checks = check(SUITES["drafting"], runs["1.0.0 replay"], baseline)
    assert exit_code(checks) == PASS
    drafted = runs["1.0.0 replay"].sections[0].figure("answerable drafted")
    assert (drafted.value, drafted.n) == (1.0, len(CASES))
    assert all((case.output or {})["_calls"]["calls"] == 1 for case in runs["1.0.0 replay"].sections[0].cases)


def test_the_spoilt_prompt_is_red_because_a_figure_fell(
    runs: dict[str, SuiteResult], baseline: baselines.Baseline
) -> None:
    spoilt = runs["1.0.1 replay"]
    assert all(case.error is None and (case.output or {})["_calls"]["calls"] for case in spoilt.sections[0].cases)
    checks = check(SUITES["drafting"], spoilt, baseline)
    red = {found.name: found.verdict for found in checks if found.red}
    assert exit_code(checks) == GATE
    assert red.get("answerable drafted") == "worse"
    assert "not recorded" not in json.dumps([found.message for found in checks])
