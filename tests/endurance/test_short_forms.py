"""The short forms of `make fuzz`, `make chaos` and `make soak`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.endurance import chaos, fuzz, soak

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not os.environ.get("LONG_TESTS"), reason="minutes on a busy machine: LONG_TESTS=1"),
]


def test_requests_made_from_the_schema_never_break_or_hang_the_service(tmp_path: Path) -> None:
    outcome = fuzz.run(170, 300, tmp_path)  # each operation once with what fits its schema, once with what breaks it
    assert not outcome.problems, outcome.problems[:5]
    assert outcome.cases >= outcome.operations and outcome.statuses[422] and min(outcome.statuses) < 300, outcome.line()


def test_a_kill_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    outcome = chaos.run(2, 400, tmp_path, seed=4)
    assert not outcome.problems, outcome.problems[:5]
    assert outcome.kills["service"] == 2 and outcome.acknowledged.size, outcome.line()


def test_a_quarter_of_a_minute_of_mixed_load_leaves_files_and_threads_flat(tmp_path: Path) -> None:
    outcome = soak.run(12, tmp_path)
    flat = [
        problem for problem in outcome.problems if not problem.startswith("memory")
    ]  # too short for memory to settle
    assert not flat and outcome.after.memory_mb - outcome.before.memory_mb < 150, outcome.line()
    assert min(outcome.statuses) < 300, outcome.line()
