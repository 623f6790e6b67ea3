"""Committed baselines: the guarded figures of an accepted run, with the marks of every case, so that a later run is
compared with it case by case."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.metric import Marked, Marks
from eval.results import SectionResult, SuiteResult
from eval.suite import Suite

FOLDER = Path(__file__).parent / "baselines"


class NotAcceptable(Exception):
    """A run that may not become a baseline; says why. Exit code 2."""


@dataclass(frozen=True)
class BaselineSection:
    """One section of a baseline. `marks` holds, for each guarded metric, the marks of each case."""

    version: str
    external: bool
    figures: dict[str, dict[str, float]]
    must_pass: list[str]
    cases: dict[str, str]
    marks: dict[str, dict[str, Marks]]

    def marked(self, metric: str) -> Marked:
        """The marks of a metric, ready for a comparison."""
        rows = self.marks.get(metric, {})
        return Marked(list(rows), [self.cases[case_id] for case_id in rows], list(rows.values()))


@dataclass(frozen=True)
class Baseline:
    """What a suite's figures are held against."""

    suite: str
    version: int
    commit: str
    accepted: str
    mode: str
    models: dict[str, str]
    sections: dict[str, BaselineSection]


def accept(result: SuiteResult, folder: Path = FOLDER, suite: Suite | None = None) -> Path:
    """Make a run the baseline of its suite. Raises NotAcceptable for a limited, incomplete or broken run."""
    if result.limited:
        raise NotAcceptable(f"the run of {result.suite} was limited to some cases or made on other data")
    if "repeats" in result.models:
        raise NotAcceptable(f"the run of {result.suite} asked cases {result.models['repeats']} times, others ask once")
    if absent := _absent(result, suite):
        raise NotAcceptable(f"the run of {result.suite} lacks {', '.join(absent)}")
    broken = [case.id for section in result.sections for case in section.cases if case.error]
    if broken:
        raise NotAcceptable(f"{len(broken)} cases of {result.suite} have no output, the first is {broken[0]}")
    sections = {section.name: _section(section) for section in result.sections if section.skipped is None}
    data = {
        "suite": result.suite, "version": result.version, "commit": result.commit, "accepted": result.started,
        "mode": result.mode, "models": result.models, "sections": sections,
    }  # fmt: skip
    path = folder / f"{result.suite}.json"
    previous = json.loads(path.read_text("utf-8"))["sections"] if path.is_file() else {}
    for section in result.sections:
        if section.skipped is not None and section.external and section.name in previous:
            sections[section.name] = previous[section.name]
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(_compact(data), encoding="utf-8")
    return path


def of_run(result: SuiteResult) -> Baseline:
    """A run as what another run of the same suite is held against, never written down."""
    sections = {section.name: _opened(_section(section)) for section in result.sections if section.skipped is None}
    return Baseline(
        result.suite, result.version, result.commit, result.started, result.mode, dict(result.models), sections
    )


def load(suite: str, folder: Path = FOLDER) -> Baseline | None:
    """The baseline of a suite, or None where none was accepted yet."""
    path = folder / f"{suite}.json"
    if not path.is_file():
        return None
    data = json.loads(path.read_text("utf-8"))
    return Baseline(**{**data, "sections": {name: _opened(row) for name, row in data["sections"].items()}})


def _opened(row: dict[str, Any]) -> BaselineSection:
    marks = {metric: {k: _unpacked(v) for k, v in cases.items()} for metric, cases in row["marks"].items()}
    return BaselineSection(**{**row, "marks": marks})


def _absent(result: SuiteResult, suite: Suite | None) -> list[str]:
    """Sections that a baseline cannot do without: the suite's and the run's own, except external ones."""
    wanted = {section.name for section in (suite.sections if suite else ()) if not section.external}
    wanted |= {section.name for section in result.sections if not section.external}
    return sorted(wanted - {section.name for section in result.sections if section.skipped is None})


def _section(section: SectionResult) -> dict[str, Any]:
    guarded = [figure for figure in section.figures if figure.margin is not None]
    return {
        "version": section.version,
        "external": section.external,
        "figures": {
            figure.metric: {"value": round(figure.value, 5), "low": round(figure.low, 5), "high": round(figure.high, 5)}
            | {"n": figure.n, "margin": figure.margin or 0.0}
            for figure in guarded
        },
        "must_pass": [case.id for case in section.cases if case.must_pass],
        "cases": {case.id: case.cluster for case in section.cases},
        "marks": {
            figure.metric: {
                case.id: _packed(case.marks[figure.metric]) for case in section.cases if figure.metric in case.marks
            }
            for figure in guarded
        },
    }


def _packed(marks: Marks) -> str:
    """Rows as text: numbers by commas, rows by semicolons; a wide row as its filled columns `column:number` and its width."""
    return ";".join(_row(row) for row in marks)


def _row(row: list[float]) -> str:
    if len(row) <= 4:
        return ",".join(f"{number:.4g}" for number in row)
    filled = [f"{index}:{number:.4g}" for index, number in enumerate(row) if number]
    return f"{len(row)}|" + ",".join(filled)


def _unpacked(text: str) -> Marks:
    rows: Marks = []
    for part in text.split(";"):
        if "|" not in part:
            rows.append([float(number) for number in part.split(",")])
            continue
        width, _, filled = part.partition("|")
        row = [0.0] * int(width)
        for entry in filled.split(",") if filled else []:
            index, number = entry.split(":")
            row[int(index)] = float(number)
        rows.append(row)
    return rows


def _compact(data: dict[str, Any]) -> str:
    """JSON that shows figures line by line and keeps each metric's marks on one line."""
    marks = {(name, metric): rows for name, s in data["sections"].items() for metric, rows in s["marks"].items()}
    outline = json.loads(json.dumps(data))
    for number, (name, metric) in enumerate(marks):
        outline["sections"][name]["marks"][metric] = f"@marks{number}@"
    text = json.dumps(outline, indent=1, ensure_ascii=False)
    for number, rows in enumerate(marks.values()):
        text = text.replace(f'"@marks{number}@"', json.dumps(rows, ensure_ascii=False, separators=(",", ":")))
    return text + "\n"
