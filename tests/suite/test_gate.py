"""The eval suite as whoever changes something runs it: green as it is, red where something was spoilt."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from eval import baselines
from eval.gate import GATE, check, exit_code
from eval.runner import Choice, Run, run_suite
from eval.subjects import REPOSITORY, World
from eval.suites import SUITES
from service.flagging.flag import Band, Category
from service.flagging.thresholds import Thresholds


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which both tests keep vectors, so that each text is embedded once."""
    return tmp_path_factory.mktemp("embeddings")


@pytest.mark.timeout(1500)
def test_what_is_shipped_replays_without_a_key_or_a_network_and_passes_the_gate(embeddings: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "EVAL_DATA"}
    command = [sys.executable, "-m", "eval", "run", "--quiet", "--cache", str(embeddings)]
    command += ["--run", f"test-{uuid.uuid4().hex[:12]}"]
    ran = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=1400)
    said = (ran.stdout + ran.stderr)[-4000:]
    assert ran.returncode == 0, said
    assert "gate: green" in said and "not recorded" not in said


def test_a_sabotaged_threshold_turns_the_gate_red_because_a_metric_fell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embeddings: Path
) -> None:
    kept = Thresholds.band

    def deaf(self: Thresholds, category: Category, probability: float) -> Band | None:
        return kept(self, category, probability) if probability > 0.97 else None

    monkeypatch.setattr(Thresholds, "band", deaf)
    run = Run(tmp_path, jobs=2, choice=Choice(sections=("held_out",)), progress=False)
    with World(cache=embeddings) as world:
        result = run_suite(SUITES["routing"], world, run)
    checks = check(SUITES["routing"], result, baselines.load("routing"))
    red = [found for found in checks if found.red]
    assert exit_code(checks) == GATE
    assert {found.verdict for found in red} == {"worse"}, red
