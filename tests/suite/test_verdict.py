"""The gate and the comparison of two runs: red for a loss that is real and large enough, and for nothing else."""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval import baselines, commands, results
from eval.__main__ import main
from eval.compare import compare
from eval.gate import BROKEN, GATE, PASS, check, exit_code
from eval.metric import Case
from eval.reporting import html, junit, markdown, trend
from eval.results import SuiteResult
from eval.runner import Choice, Run, run_suite
from eval.subjects import World
from eval.suites import SUITES
from tests.suite import tiny

MANY = [
    Case(f"case-{i}", {"text": str(i)}, f"voice-{i}", {"half": "first" if i < 60 else "second"}, i == 0)
    for i in range(120)
]


def run(tmp_path: Path, wrong: range, cases: list[Case] = MANY, **more: Any) -> SuiteResult:
    names = {f"case-{i}" for i in wrong}
    folder = tmp_path / f"run-{wrong.start}-{wrong.stop}-{len(cases)}-{more}"
    return tiny.run(folder, lambda case: "no" if case.id in names else "yes", cases=cases, **more)


@pytest.fixture
def judge(tmp_path: Path) -> Callable[..., tuple[int, dict[str, str]]]:
    baselines.accept(run(tmp_path, range(100, 110)), tmp_path / "baselines")
    known = baselines.load("tiny", tmp_path / "baselines")

    def one(result: SuiteResult, baseline: Any = known) -> tuple[int, dict[str, str]]:
        checks = check(tiny.suite(lambda _: "", result.version), result, baseline)
        return exit_code(checks), {found.name: found.verdict for found in checks}

    return one


def test_the_same_again_is_green(tmp_path: Path, judge: Any) -> None:
    code, said = judge(run(tmp_path, range(100, 110)))
    assert code == PASS and said == {"case-0": "pass", "right": "pass", "Brier": "pass"}


def test_a_loss_beyond_the_margin_is_red(tmp_path: Path, judge: Any) -> None:
    code, said = judge(run(tmp_path, range(90, 110)))
    assert code == GATE and said["right"] == "worse" and said["Brier"] == "worse"


def test_a_loss_that_chance_explains_is_green(tmp_path: Path, judge: Any) -> None:
    code, said = judge(run(tmp_path, range(97, 110)))  # three more of 120, p = 0.25
    assert code == PASS and said["right"] == "pass"


def test_a_gain_is_told(tmp_path: Path, judge: Any) -> None:
    code, said = judge(run(tmp_path, range(0)))
    assert code == PASS and said["right"] == "better"


def test_a_must_pass_case_alone_is_red(tmp_path: Path, judge: Any) -> None:
    code, said = judge(run(tmp_path, range(1)))
    assert code == GATE and said["case-0"] == "failed" and said["right"] != "worse"


def test_a_missing_case_is_red_unless_the_run_was_limited(tmp_path: Path, judge: Any) -> None:
    code, said = judge(run(tmp_path, range(100, 110), MANY[:-1]))
    assert code == GATE and said["cases"] == "missing"
    code, said = judge(run(tmp_path, range(100, 110), choice=Choice(limit=119)))
    assert code == PASS and "cases" not in said
    code, said = judge(run(tmp_path, range(100, 110), MANY[:-1], choice=Choice(sections=("words",))))
    assert code == GATE and said["cases"] == "missing"  # the section was chosen, and whole


def test_a_figure_that_is_no_longer_defined_is_red(tmp_path: Path, judge: Any) -> None:
    result = run(tmp_path, range(100, 110))
    for case in result.sections[0].cases:
        case.marks["right"] = [[0.0, 0.0]]
    code, said = judge(result)
    assert code == GATE and said["right"] == "worse"


def test_a_figure_that_never_was_defined_is_no_loss(tmp_path: Path) -> None:
    result = run(tmp_path, range(100, 110))
    for case in result.sections[0].cases:
        case.marks["right"] = [[0.0, 0.0]]
        case.must_pass = False
    baselines.accept(result, tmp_path / "baselines")
    checks = check(tiny.suite(lambda _: ""), result, baselines.load("tiny", tmp_path / "baselines"))
    assert exit_code(checks) == PASS and {found.name: found.verdict for found in checks}["right"] == "pass"


def test_a_case_without_output_is_red(tmp_path: Path, judge: Any) -> None:
    def fails(case: Case) -> str:
        if case.id == "case-50":
            raise ValueError("x")
        return "no" if 100 <= int(case.row["text"]) < 110 else "yes"

    code, said = judge(tiny.run(tmp_path / "fails", fails, cases=MANY))
    assert code == GATE and said["case-50"] == "failed"


def test_another_version_of_the_suite_is_not_held_against_the_old(tmp_path: Path, judge: Any) -> None:
    code, said = judge(run(tmp_path, range(100, 110), version=2))
    assert code == GATE and said["version"] == "failed"


def test_without_a_baseline_nothing_is_red(tmp_path: Path, judge: Any) -> None:
    assert judge(run(tmp_path, range(100, 110)), None)[0] == PASS


def test_usage_and_infrastructure_are_neither_pass_nor_gate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "REPORTS", tmp_path)
    assert main(["run", "no-such-suite"]) == BROKEN
    assert "there are retrieval, " in capsys.readouterr().err
    assert main(["run", "tags", "--slice", "half"]) == BROKEN
    assert main(["report", "no-such-run"]) == BROKEN
    assert main(["compare", "a", "b"]) == BROKEN
    with pytest.raises(SystemExit) as usage:
        main(["run", "--mode", "guess"])
    assert usage.value.code == BROKEN
    for option in ("--limit", "--repeats", "--jobs"):
        for number in ("0", "-3", "many"):
            with pytest.raises(SystemExit) as usage:
                main(["run", "tags", option, number])
            assert usage.value.code == BROKEN
    capsys.readouterr()
    assert main(["run", "tags", "--data", str(tmp_path / "none.jsonl")]) == BROKEN
    assert capsys.readouterr().err == f"error: there is no file {tmp_path / 'none.jsonl'}\n"
    assert main(["run", "drafting", "--prompt", "draft_answer"]) == BROKEN
    assert main(["run", "drafting", "--prompt", "draft_answer@9.9.9"]) == BROKEN
    assert "there is no draft_answer 9.9.9" in capsys.readouterr().err


@pytest.mark.parametrize(
    "failure",
    [sqlite3.OperationalError("database is locked"), OSError(28, "No space left"), RuntimeError("ONNX\n: no")],
)
def test_whatever_breaks_is_said_in_one_line_and_is_no_verdict(
    failure: Exception, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_given: Any) -> int:
        raise failure

    monkeypatch.setattr(commands, "list_suites", breaks)
    assert main(["list"]) == BROKEN
    said = capsys.readouterr().err
    assert said.startswith(f"error: {type(failure).__name__}: ") and said.count("\n") == 1
    assert main(["list", "--traceback"]) == BROKEN
    assert "Traceback" in capsys.readouterr().err


def test_a_run_on_other_data_can_be_no_baseline_and_is_not_scored_as_the_suite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "REPORTS", tmp_path)
    result = tiny.run(tmp_path / "scratch", lambda _: "yes", choice=Choice(other_data=True))
    assert result.limited and result.sections[0].limited
    result.suite, result.sections[0].name = "tags", "exported"
    results.save(result, tmp_path / "on-data")
    assert main(["baseline", "accept", "--run", "on-data"]) == BROKEN
    assert "made on other data" in capsys.readouterr().err
    assert main(["score", "--run", "on-data"]) == BROKEN
    assert "was made with --data" in capsys.readouterr().err


def test_a_comparison_lists_the_flips_with_both_outputs_and_the_slices(tmp_path: Path) -> None:
    a, b = run(tmp_path, range(100, 110)), run(tmp_path, range(94, 104))
    rows = {row.metric: row for row in compare([tiny.suite(lambda _: "")], [a], [b])}
    right = rows["right"]
    assert (right.before, right.after) == (pytest.approx(110 / 120), pytest.approx(110 / 120))
    assert [(f.case, f.gain) for f in right.flips[:6]] == [(f"case-{i}", -1.0) for i in range(94, 100)]
    assert [f.gain for f in right.flips[6:]] == [1.0] * 6
    worst = right.flips[0]
    assert worst.before.output == {"text": "yes"} and worst.after.output == {"text": "no"}
    assert right.by_slice["half: first"].difference == 0.0 and right.change.p == 1.0


def test_every_report_is_written_and_needs_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "REPORTS", tmp_path)
    baselines.accept(run(tmp_path, range(100, 110)), tmp_path / "baselines")
    known = baselines.load("tiny", tmp_path / "baselines")
    before, result = run(tmp_path, range(100, 110)), run(tmp_path, range(20))
    checks = check(tiny.suite(lambda _: ""), result, known)
    trend.note(before, "one")
    trend.note(result, "two")
    page = html.write(tmp_path / "two" / "report.html", [result], checks, [before]).read_text("utf-8")
    for wanted in (
        "right",
        "a wrong word is said",
        "case-0",
        "earlier output",
        "half=first",
        "share true by probability said",
        "0.833",
    ):
        assert wanted in page, wanted
    assert "<svg" in page and "data-words" in page and "default-src 'none'" in page
    for outside in ("http://", "https://", "src=", "@import", "url(", "fetch(", "<link"):
        assert outside not in page, outside
    assert page.index("case-0 ") < page.index("case-100 ")  # worst first
    xml = junit.write(tmp_path / "two" / "junit.xml", [result], checks).read_text("utf-8")
    assert 'failures="1"' in xml and "must pass: right" in xml
    text = markdown.write(tmp_path / "two" / "report.md", [result], checks).read_text("utf-8")
    assert text.startswith("# Eval: red") and "| right | 0.833 |" in text


def test_a_member_cannot_write_into_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "REPORTS", tmp_path)
    nasty = [Case("case-0", {"text": "<script>alert(1)</script>"}, "v", {})]
    result = tiny.run(tmp_path / "run", lambda case: case.row["text"], cases=nasty)
    page = html.write(tmp_path / "x" / "report.html", [result], []).read_text("utf-8")
    assert page.count("<script") == 1


@pytest.mark.parametrize(("wrong", "code", "times"), [(range(97, 110), PASS, 50), (range(90, 110), GATE, 5)])
def test_the_verdict_is_the_same_fifty_times_of_fifty(
    tmp_path: Path, judge: Any, wrong: range, code: int, times: int
) -> None:
    result = run(tmp_path, wrong)
    baseline = baselines.load("tiny", tmp_path / "baselines")
    said = {str(check(tiny.suite(lambda _: ""), result, baseline)) for _ in range(times)}  # messages and p values, too
    assert len(said) == 1 and judge(result)[0] == code


def test_a_section_run_anew_fifty_times_is_green_fifty_times(tmp_path: Path) -> None:
    """Pairs of answers, each time asked of the drafting station; only the vectors of the texts are kept."""
    suite = SUITES["support"]
    choice = Choice(sections=("answer_pairs",), only=("pair-*1", "pair-*4", "pair-*7"))
    with World() as world:

        def anew(number: int) -> SuiteResult:
            return run_suite(
                suite, world, Run(tmp_path / str(number), jobs=1 + number % 4, choice=choice, progress=False)
            )

        known = baselines.of_run(anew(0))
        checks = [check(suite, anew(number), known) for number in range(1, 51)]
    assert len(checks[0]) == 3 and {exit_code(said) for said in checks} == {PASS}
    assert len({str(said) for said in checks}) == 1


def test_an_accepted_baseline_is_the_run_to_the_last_digit(tmp_path: Path) -> None:
    cases = [Case(f"case-{i}", {"text": f"{'y' * i}es"}, f"v{i}") for i in range(30)]
    result = tiny.run(tmp_path / "r", lambda case: case.row["text"], cases=cases)
    baselines.accept(result, tmp_path / "baselines")
    known = baselines.load("tiny", tmp_path / "baselines")
    assert known is not None
    for metric in ("right", "Brier"):
        assert known.sections["words"].marked(metric).rows == result.sections[0].marked(metric).rows


def test_the_commands_know_each_suite() -> None:
    assert {s.name for s in commands.chosen([])} == {
        "retrieval", "tags", "flags", "drafting", "support", "injection", "privacy", "routing", "fault"
    }  # fmt: skip
    assert commands._choice(argparse.Namespace(only=[], slice=["a=b"], limit=None, section=[])).limited


def test_no_case_of_a_baseline_is_gone() -> None:
    for suite in SUITES.values():
        known = baselines.load(suite.name)
        assert known is not None
        for section in suite.sections:
            if section.name in known.sections and not section.external:
                gone = set(known.sections[section.name].cases) - {case.id for case in section.load().cases}
                assert not gone, (suite.name, section.name, sorted(gone)[:3])
