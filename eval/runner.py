"""Runs a suite: loads its sections, asks the subject about every case, keeps outputs as they come, and scores.

An output is appended to `reports/<run>/outputs/<suite>.<section>.jsonl` as soon as it is there; a run that was killed
goes on after the last whole line. The first line says what decided the outputs: suite, data, models, mode, and a digest
of code, weights, settings and prompts. Where any of them is another, the section begins anew; so does a case whose completions
are others now, were not recorded or failed.
"""

from __future__ import annotations

import json
import math
import subprocess
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from eval import calibration, stamp
from eval.loading import NotThere
from eval.metric import Case, Marked, Metric, Output, figure, mark, repeated
from eval.recordings import CaseCalls, calls_of
from eval.results import CaseResult, Figure, SectionResult, SliceFigure, SuiteResult
from eval.subjects import REPOSITORY, World
from eval.suite import Section, Suite

SMALLEST_SLICE = 5
console = Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class Choice:
    """Which cases to run. A run that leaves any out, or has `other_data`, is limited and can become no baseline."""

    only: tuple[str, ...] = ()
    slices: tuple[tuple[str, str], ...] = ()
    limit: int | None = None
    sections: tuple[str, ...] = ()
    other_data: bool = False

    @property
    def limited(self) -> bool:
        """Whether anything is left out."""
        return bool(self.sections) or self.limits_sections

    @property
    def limits_sections(self) -> bool:
        """Whether the sections that run are not whole."""
        return bool(self.only or self.slices or self.limit is not None or self.other_data)

    def of(self, cases: Sequence[Case]) -> list[Case]:
        """The chosen cases, in order."""
        chosen = [
            case
            for case in cases
            if (not self.only or any(fnmatch(case.id, pattern) for pattern in self.only))
            and all(case.slices.get(name) == group for name, group in self.slices)
        ]
        return chosen[: self.limit]


@dataclass
class Run:
    """How to run: where outputs go, how many cases at once, and what counts as the same run when resuming.

    `scores` is an earlier result of the suite whose outputs are scored again, with nobody asked.
    """

    folder: Path
    mode: str = "replay"
    jobs: int = 4
    choice: Choice = field(default_factory=Choice)
    models: dict[str, str] = field(default_factory=dict)
    progress: bool = True
    scores: SuiteResult | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    """How long sections took (`suite.section`) that were answered before they are scored."""


def run_suite(suite: Suite, world: World, run: Run) -> SuiteResult:
    """Run every section of a suite and score it."""
    began, started = time.monotonic(), datetime.now(UTC)
    usage = {"calls": 0.0, "input_tokens": 0.0, "output_tokens": 0.0, "cost_usd": 0.0, "model_ms": 0.0}
    sections = []
    for section in suite.sections:
        if run.scores is not None and run.scores.section(section.name) is None:
            continue
        if not takes(run, section):
            continue
        found = run_section(suite, section, world, run)
        for case in found.cases:
            for key, value in ((case.output or {}).get("_calls") or {}).items():
                usage[key] += value
        sections.append(found)
    return SuiteResult(
        suite=suite.name, version=suite.version, what=suite.what, mode=run.mode, models=run.models,
        started=started.isoformat(timespec="seconds"), seconds=round(time.monotonic() - began, 1),
        limited=run.choice.limited or (run.scores is not None and run.scores.limited), commit=_commit(), sections=sections, usage=usage,
    )  # fmt: skip


def takes(run: Run, section: Section) -> bool:
    """Whether a section belongs to a run."""
    return not run.choice.sections or any(fnmatch(section.name, pattern) for pattern in run.choice.sections)


def answer_section(suite: Suite, section: Section, world: World, run: Run) -> None:
    """The outputs of a section in the run's folder, without scoring them; data that is not there is passed over."""
    with suppress(NotThere):
        version, cases = _cases(section, world, run)
        _answered(suite, section, world, version, cases, run)


def run_section(suite: Suite, section: Section, world: World, run: Run) -> SectionResult:
    """Run one section, or say why it is skipped."""
    began = time.monotonic()
    try:
        version, cases = _cases(section, world, run)
        if run.scores is not None:
            outputs, errors = _scored_again(suite, section, version, cases, run, run.scores.section(section.name))
        else:
            outputs, errors = _answered(suite, section, world, version, cases, run)
    except NotThere as reason:
        console.print(f"[yellow]skipped[/] {suite.name} · {section.name}: {reason}")
        return SectionResult(section.name, section.what, "", str(reason), [], [], external=section.external)
    before = run.scores.section(section.name) if run.scores is not None else None
    limited = run.choice.limits_sections or (before is not None and before.limited)
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
    figures = [as_figure(metric, cases, marked[metric.name]) for metric in section.metrics]
    for metric in section.metrics:
        if metric.trusted is not None:
            _hold_against(figures, metric.name, *metric.trusted)
    seconds = run.seconds.get(f"{suite.name}.{section.name}", 0.0) + time.monotonic() - began
    return SectionResult(
        section.name, section.what, version, None, figures, results, round(seconds, 2), section.external, limited
    )


def _hold_against(figures: list[Figure], name: str, of: str, least: float) -> None:
    """Print beside a judged figure how far its judge agrees with people; without enough of that there is no figure."""
    found, other = (next(f for f in figures if f.metric == wanted) for wanted in (name, of))
    found.note = f"{of} {other.value:.2f} [{other.low:.2f}, {other.high:.2f}], n {other.n}"
    if not other.value >= least:
        found.value = found.low = found.high = math.nan
        found.by_slice, found.note = {}, f"refused, {found.note} is below {least:g}"


def as_figure(metric: Metric, cases: Sequence[Case], marked: Marked) -> Figure:
    """A metric over a section, with its slices and the points of its plot."""
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


def _cases(section: Section, world: World, run: Run) -> tuple[str, list[Case]]:
    """The version of a section's data, and those of its cases that are run. Raises NotThere."""
    loaded = section.load()
    cases = run.choice.of(loaded.cases)
    return loaded.version, repeated(cases, world.repeats) if section.asks_model else cases


def _kept_in(suite: Suite, section: Section, version: str, run: Run) -> tuple[Path, dict[str, Any]]:
    """The file of a section's outputs, and what its first line says of every run."""
    path = run.folder / "outputs" / f"{suite.name}.{section.name}.jsonl"
    return path, {"suite": suite.name, "version": suite.version, "data": version, "models": run.models}


def _answered(
    suite: Suite, section: Section, world: World, version: str, cases: Sequence[Case], run: Run
) -> tuple[dict[str, Output], dict[str, str]]:
    """Outputs and errors of the cases: what a run cut short has left, and the rest asked now."""
    title, errors = f"{suite.name} · {section.name}", dict[str, str]()
    path, said = _kept_in(suite, section, version, run)
    said |= {"mode": run.mode, "answers": stamp.digest(world.settings())}
    outputs = _kept(path, said, world)
    missing = [case for case in cases if case.id not in outputs]
    if len(missing) < len(cases) and not run.seconds:
        console.print(f"{title}: {len(cases) - len(missing)} outputs of this run are there already")
    if missing:
        fresh, errors = _ask(section.subject(world, cases), missing, path, said, run, title)
        outputs |= fresh
    return outputs, errors


def _scored_again(
    suite: Suite, section: Section, version: str, cases: Sequence[Case], run: Run, before: SectionResult | None
) -> tuple[dict[str, Output], dict[str, str]]:
    """Outputs and errors of a finished run. Raises NotThere where it has none, or has them of other data."""
    path, said = _kept_in(suite, section, version, run)
    first, *rows = _whole_lines(path) or [{}]
    outputs = {row["id"]: row["output"] for row in rows}
    if cases and not any(case.id in outputs for case in cases):
        raise NotThere("the run holds no output of it")
    if any(first.get(key) != json.loads(json.dumps(value)) for key, value in said.items()):
        raise NotThere("the run's outputs are of another version of the suite or its data")
    return outputs, {case.id: case.error for case in (before.cases if before else ()) if case.error}


def _kept(path: Path, said: dict[str, Any], world: World) -> dict[str, Output]:
    """Outputs of an earlier run in which the same things decided; a half-written last line is dropped."""
    if not path.is_file():
        return {}
    whole = _whole_lines(path)
    if not whole or whole[0] != json.loads(json.dumps(said)):
        path.unlink()
        return {}
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in whole), encoding="utf-8")
    rows = [row for row in whole[1:] if "failed" not in row and world.completions_are(row.get("rests_on", {}))]
    return {row["id"]: row["output"] for row in rows}


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.is_file() else []
    return [json.loads(line) for line in lines if line]


def _ask(
    subject: Callable[[Case], Output], cases: Sequence[Case], path: Path, said: dict[str, Any], run: Run, title: str
) -> tuple[dict[str, Output], dict[str, str]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    outputs: dict[str, Output] = {}
    errors: dict[str, str] = {}

    def one(case: Case) -> tuple[Case, Output | None, str | None, CaseCalls]:
        with calls_of(case.id) as calls:
            try:
                output = subject(case)
            except Exception as failure:
                place = traceback.extract_tb(failure.__traceback__)[-1]
                return (
                    case,
                    None,
                    f"{type(failure).__name__}: {str(failure)[:300]} ({Path(place.filename).name}:{place.lineno})",
                    calls,
                )
        if calls.calls:
            output["_calls"] = {
                "calls": calls.calls, "input_tokens": calls.input_tokens, "output_tokens": calls.output_tokens,
                "cost_usd": calls.cost_usd, "model_ms": calls.ms,
            }  # fmt: skip
        return case, output, None, calls

    with path.open("a", encoding="utf-8") as kept, ThreadPoolExecutor(run.jobs) as pool:
        if kept.tell() == 0:
            kept.write(json.dumps(said) + "\n")
        for case, output, error, calls in _tracked(pool.map(one, cases), len(cases), title, run.progress):
            if output is None:
                errors[case.id] = error or "no output"
                continue
            outputs[case.id] = json.loads(json.dumps(output))
            if calls.missed:
                continue
            row = {"id": case.id, "output": output, "rests_on": calls.rests_on, "failed": calls.failed}
            kept.write(json.dumps({key: value for key, value in row.items() if value}, ensure_ascii=False) + "\n")
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
