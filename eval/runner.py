"""Runs a suite: loads its sections, asks the subject about every case, keeps outputs as they come, and scores.

An output is appended to `reports/<run>/outputs/<suite>.<section>.jsonl` as soon as it is there; a run that was killed
goes on after the last whole line.
"""

from __future__ import annotations

import json
import subprocess
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from eval import calibration
from eval.loading import NotThere
from eval.metric import Case, Metric, Output, figure, mark
from eval.recordings import calls_of
from eval.results import CaseResult, Figure, SectionResult, SliceFigure, SuiteResult
from eval.subjects import REPOSITORY, World
from eval.suite import Section, Suite

SMALLEST_SLICE = 5
console = Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class Choice:
    """Which cases to run. A run that leaves any out is limited and can become no baseline."""

    only: tuple[str, ...] = ()
    slices: tuple[tuple[str, str], ...] = ()
    limit: int | None = None
    sections: tuple[str, ...] = ()

    @property
    def limited(self) -> bool:
        """Whether anything is left out."""
        return bool(self.only or self.slices or self.limit or self.sections)

    def of(self, cases: Sequence[Case]) -> list[Case]:
        """The chosen cases, in order."""
        chosen = [
            case
            for case in cases
            if (not self.only or any(fnmatch(case.id, pattern) for pattern in self.only))
            and all(case.slices.get(name) == group for name, group in self.slices)
        ]
        return chosen[: self.limit] if self.limit else chosen


@dataclass
class Run:
    """How to run: where outputs go, how many cases at once, and what counts as the same run when resuming."""

    folder: Path
    mode: str = "replay"
    jobs: int = 4
    choice: Choice = field(default_factory=Choice)
    models: dict[str, str] = field(default_factory=dict)
    progress: bool = True
    score_only: bool = False


def run_suite(suite: Suite, world: World, run: Run) -> SuiteResult:
    """Run every section of a suite and score it."""
    began, started = time.monotonic(), datetime.now(UTC)
    usage = {"calls": 0.0, "input_tokens": 0.0, "output_tokens": 0.0, "cost_usd": 0.0, "model_ms": 0.0}
    sections = []
    for section in suite.sections:
        if run.choice.sections and not any(fnmatch(section.name, pattern) for pattern in run.choice.sections):
            continue
        found = run_section(suite, section, world, run)
        for case in found.cases:
            for key, value in ((case.output or {}).get("_calls") or {}).items():
                usage[key] += value
        sections.append(found)
    return SuiteResult(
        suite=suite.name, version=suite.version, what=suite.what, mode=run.mode, models=run.models,
        started=started.isoformat(timespec="seconds"), seconds=round(time.monotonic() - began, 1),
        limited=run.choice.limited, commit=_commit(), sections=sections, usage=usage,
    )  # fmt: skip


def run_section(suite: Suite, section: Section, world: World, run: Run) -> SectionResult:
    """Run one section, or say why it is skipped."""
    began = time.monotonic()
    try:
        loaded = section.load()
        cases = run.choice.of(loaded.cases)
        path = run.folder / "outputs" / f"{suite.name}.{section.name}.jsonl"
        stamp = {"suite": suite.name, "version": suite.version, "data": loaded.version, "models": run.models}
        outputs, errors = _kept(path, stamp)
        missing = [case for case in cases if case.id not in outputs]
        if missing and not run.score_only:
            subject = section.subject(world, cases)
            fresh, errors = _ask(subject, missing, path, stamp, run, f"{suite.name} · {section.name}")
            outputs |= fresh
    except NotThere as reason:
        console.print(f"[yellow]skipped[/] {suite.name} · {section.name}: {reason}")
        return SectionResult(section.name, section.what, "", str(reason), [], [], external=section.external)
    outputs = {case.id: outputs[case.id] for case in cases if case.id in outputs}
    marked = {metric.name: mark(metric, cases, outputs) for metric in section.metrics}
    of_case: dict[str, dict[str, Any]] = {case.id: {} for case in cases}
    for name, found in marked.items():
        for case_id, rows in zip(found.ids, found.rows, strict=True):
            of_case[case_id][name] = rows
    results = [
        CaseResult(
            case.id, case.cluster, dict(case.slices), outputs.get(case.id), of_case[case.id], errors.get(case.id),
            case.must_pass, sent_of(case),
        )
        for case in cases
    ]  # fmt: skip
    figures = [as_figure(metric, cases, outputs) for metric in section.metrics]
    seconds = round(time.monotonic() - began, 2)
    return SectionResult(section.name, section.what, loaded.version, None, figures, results, seconds, section.external)


def as_figure(metric: Metric, cases: Sequence[Case], outputs: dict[str, Output]) -> Figure:
    """A metric over a section, with its slices and the points of its plot."""
    marked = mark(metric, cases, outputs)
    interval, method, detectable = figure(metric, marked)
    slices_of = {case.id: case.slices for case in cases}
    by_slice: dict[str, dict[str, SliceFigure]] = {}
    names = sorted({name for case in cases for name in case.slices}) if metric.by_slice else []
    for name in names:
        groups = [slices_of[case_id].get(name, "") for case_id in marked.ids]
        for group in sorted(set(groups)):
            part = marked.only([g == group for g in groups])
            if not group or len(part.ids) < SMALLEST_SLICE or len(part.ids) == len(marked.ids):
                continue
            found = figure(metric, part)[0]
            by_slice.setdefault(name, {})[group] = SliceFigure(found.value, found.low, found.high, found.n)
    curve: list[list[float]] = []
    if metric.plot and marked.ids:
        rows, _ = marked.flat
        if metric.plot == "reliability":
            curve = [[b.mean_probability, b.share_true, b.n] for b in calibration.reliability(rows)]
        else:
            points = calibration.coverage_curve(rows)
            curve = [list(point) for point in points[:: max(1, len(points) // 100)]]
    return Figure(
        metric=metric.name, harm=metric.harm, value=interval.value, low=interval.low, high=interval.high, n=interval.n,
        method=method, better=metric.better, unit=metric.unit, detectable=detectable, margin=metric.margin,
        target=metric.target, by_slice=by_slice, plot=metric.plot, curve=curve,
    )  # fmt: skip


def sent_of(case: Case) -> dict[str, Any]:
    """What a reader of the report sees of a case's row."""
    row = case.row
    data = _plain(row) if hasattr(row, "model_dump") or isinstance(row, dict) else {}
    return {
        key: value for key, value in data.items() if key not in ("id", "evidence") and value not in (None, [], "", {})
    }


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def _kept(path: Path, stamp: dict[str, Any]) -> tuple[dict[str, Output], dict[str, str]]:
    """Outputs of an earlier, unfinished run of the same suite on the same data; a half-written last line is dropped."""
    if not path.is_file():
        return {}, {}
    lines = path.read_text(encoding="utf-8").split("\n")
    whole = [line for line in lines[:-1] if line]
    if not whole or json.loads(whole[0]) != json.loads(json.dumps(stamp)):
        path.unlink()
        return {}, {}
    path.write_text("".join(line + "\n" for line in whole), encoding="utf-8")
    rows = [json.loads(line) for line in whole[1:]]
    return {row["id"]: row["output"] for row in rows}, {}


def _ask(
    subject: Callable[[Case], Output], cases: Sequence[Case], path: Path, stamp: dict[str, Any], run: Run, title: str
) -> tuple[dict[str, Output], dict[str, str]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    outputs: dict[str, Output] = {}
    errors: dict[str, str] = {}

    def one(case: Case) -> tuple[Case, Output | None, str | None]:
        with calls_of(case.id) as calls:
            try:
                output = subject(case)
            except Exception as failure:
                place = traceback.extract_tb(failure.__traceback__)[-1]
                return (
                    case,
                    None,
                    f"{type(failure).__name__}: {str(failure)[:300]} ({Path(place.filename).name}:{place.lineno})",
                )
        if calls.calls:
            output["_calls"] = {
                "calls": calls.calls, "input_tokens": calls.input_tokens, "output_tokens": calls.output_tokens,
                "cost_usd": calls.cost_usd, "model_ms": calls.ms,
            }  # fmt: skip
        return case, output, None

    with path.open("a", encoding="utf-8") as kept, ThreadPoolExecutor(run.jobs) as pool:
        if kept.tell() == 0:
            kept.write(json.dumps(stamp) + "\n")
        for case, output, error in _tracked(pool.map(one, cases), len(cases), title, run.progress):
            if output is None:
                errors[case.id] = error or "no output"
                continue
            outputs[case.id] = json.loads(json.dumps(output))
            kept.write(json.dumps({"id": case.id, "output": output}, ensure_ascii=False) + "\n")
            kept.flush()
    return outputs, errors


def _tracked(found: Iterable[Any], total: int, title: str, show: bool) -> Iterable[Any]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not show, transient=True) as progress:
        yield from progress.track(found, total=total, description=title)


def _commit() -> str:
    try:
        asked = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return asked.stdout.strip()
