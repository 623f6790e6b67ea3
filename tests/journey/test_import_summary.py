"""What `answerloop import` prints: what was refused, what to know about the source, the totals, how fast it goes."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
from rich.console import Console

from service.reporting import SHOWN, ImportProgress, print_import


def report(**changes: Any) -> dict[str, Any]:
    counts = dict.fromkeys(("read", "imported", "changed", "unchanged", "gone", "refused", "answers"), 0)
    return {**counts, "bad": [], "notes": []} | changes


def test_notes_are_printed_and_what_is_not_shown_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    bad = [{"line": number, "reason": "not a JSON object"} for number in range(1, 1001)]
    made = report(read=1300, imported=100, refused=1200, bad=bad, notes=["3 deleted answers left out"])
    assert print_import(made) == 0
    said = capsys.readouterr().out
    assert said.count("not a JSON object") == SHOWN and f"and {1200 - SHOWN} more" in said
    assert "3 deleted answers left out" in said and "imported 100" in said


def test_nothing_more_is_said_where_everything_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    print_import(report(read=2, imported=1, refused=1, bad=[{"line": 2, "reason": "not valid UTF-8"}]))
    assert "more" not in capsys.readouterr().out


@pytest.mark.parametrize("usable", ["imported", "changed", "unchanged", "gone"])
def test_some_refused_lines_are_no_failure_where_others_could_be_used(usable: str) -> None:
    assert print_import(report(refused=3, **{usable: 1})) == 0


def test_nothing_but_refused_lines_is_a_failure() -> None:
    assert print_import(report(refused=3)) == 1


def test_a_failed_import_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    failed = {"mapping": None, "keep": True, "reason": "a.jsonl is not JSON lines", "done": 3, "total": 9}
    assert print_import(failed) == 1
    said = capsys.readouterr()
    assert "a.jsonl is not JSON lines" in said.err and "total" not in said.out


def shown(*states: dict[str, Any]) -> str:
    """The last words of a bar that was told these states of an import on a server."""
    stream = io.StringIO()
    with ImportProgress(Console(file=stream, force_terminal=True, width=140)) as progress:
        for state in states:
            progress.show(state)
            time.sleep(0.02)
    return stream.getvalue()


def test_a_bar_fed_by_a_server_shows_the_total_the_rate_and_the_time_left() -> None:
    said = shown(*({"state": "running", "position": n, "report": {"done": n, "total": 400}} for n in (100, 200, 300)))
    assert "300/400" in said and "/s" in said and "-:--:--" not in said.splitlines()[-1]


def test_a_bar_goes_without_a_total_before_the_server_knows_it() -> None:
    assert "0/?" in shown({"state": "waiting", "position": 0, "report": {"mapping": None, "keep": True}})
