"""Two processes that answer one run: every section once, none twice, the same figures as one process."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from eval.beside import Claims, answer, pays
from eval.metric import Case
from eval.runner import Choice, Run, run_suite
from eval.subjects import World
from eval.suite import Suite
from tests.suite import tiny

NAMES = ("a", "b", "c", "d", "e")


def several(asked: list[str], shared: tuple[str, ...] = ("b",)) -> Suite:
    """The tiny suite's section under five names; the subject notes which section's cases it is asked about."""
    one = tiny.suite(lambda _case: "yes").sections[0]

    def noting(name: str) -> object:
        def subject(_world: World, _cases: object) -> object:
            def ask(_case: Case) -> dict[str, str]:
                asked.append(name)
                return {"text": "yes"}

            return ask

        return subject

    sections = tuple(
        replace(one, name=name, subject=noting(name), shares_reading=name in shared)  # type: ignore[arg-type]
        for name in NAMES
    )
    return Suite("tiny", 1, "says yes", sections)


def test_a_section_is_taken_once(tmp_path: Path) -> None:
    claims = Claims(tmp_path)
    taken: list[bool] = []
    threads = [threading.Thread(target=lambda: taken.append(claims.take("tiny.a"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 7 + [True]
    claims.finish("tiny.a", 1.5)
    claims.take("tiny.b")
    assert claims.seconds() == {"tiny.a": 1.5}


def test_the_first_begins_with_shared_reading_and_the_second_leaves_that_alone(tmp_path: Path) -> None:
    asked: list[str] = []
    suite, run = several(asked), Run(tmp_path / "run", progress=False, jobs=1)
    (tmp_path / "claims").mkdir()
    claims = Claims(tmp_path / "claims")
    claims.take("tiny.a")  # the second is at it
    with World() as world:
        answer([suite], world, run, claims, first=True)
        assert list(dict.fromkeys(asked)) == ["b", "e", "d", "c"]
        answer([suite], world, run, claims, first=False)
        assert "a" not in asked
        run.seconds |= claims.seconds()
        result = run_suite(suite, world, run)
    assert asked.count("a") == len(tiny.CASES), "what its process did not answer is asked when it is scored"
    assert asked.count("b") == len(tiny.CASES), "what was answered is not"
    assert all(section.figure("right").value == 1.0 for section in result.sections)


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (Run(Path("r")), True),
        (Run(Path("r"), mode="record"), False),
        (Run(Path("r"), choice=Choice(limit=3)), False),
        (Run(Path("r"), choice=Choice(sections=("a", "b", "c"))), False),
        (Run(Path("r"), choice=Choice(sections=("[a-e]",))), True),
    ],
)
def test_a_second_process_is_started_for_a_whole_replay_alone(run: Run, expected: bool) -> None:
    assert pays([several([])], run) is expected
