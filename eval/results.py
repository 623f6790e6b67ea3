"""A run on disk: `reports/<run>/<suite>.json` with figures, marks and outputs; written at the end, read by everything."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from eval.metric import Marked, Marks

REPORTS = Path(__file__).parent.parent / "reports"
HEAD = re.compile(r'^\{"suite": ".*?"started": "([^"]+)"', re.S)
HEAD_CHARACTERS = 8000


@dataclass
class SliceFigure:
    """A figure over one group of a slice."""

    value: float
    low: float
    high: float
    n: int


@dataclass
class Figure:
    """One metric over one section. `by_slice` is slice → group → figure; `curve` are the points of its plot."""

    metric: str
    harm: str
    value: float
    low: float
    high: float
    n: int
    method: str
    better: str
    unit: str
    detectable: float
    margin: float | None
    target: float | None
    by_slice: dict[str, dict[str, SliceFigure]] = field(default_factory=dict)
    plot: str | None = None
    curve: list[list[float]] = field(default_factory=list)
    note: str = ""

    @property
    def reaches(self) -> bool | None:
        """Whether the figure is on the right side of its target; None without one."""
        if self.target is None or math.isnan(self.value):
            return None
        return self.value >= self.target if self.better == "higher" else self.value <= self.target


@dataclass
class CaseResult:
    """One case of a run: what the subject made of it and what each metric marked."""

    id: str
    cluster: str
    slices: dict[str, str]
    output: dict[str, Any] | None
    marks: dict[str, Marks]
    error: str | None = None
    must_pass: bool = False
    sent: dict[str, Any] = field(default_factory=dict)


@dataclass
class SectionResult:
    """One section of a run, or why it was skipped. `limited`: some of its cases were left out on purpose."""

    name: str
    what: str
    version: str
    skipped: str | None
    figures: list[Figure]
    cases: list[CaseResult]
    seconds: float = 0.0
    external: bool = False
    limited: bool = False

    def figure(self, metric: str) -> Figure:
        """A figure by its metric's name. Raises KeyError."""
        for found in self.figures:
            if found.metric == metric:
                return found
        raise KeyError(metric)

    def marked(self, metric: str) -> Marked:
        """The marks of one metric, ready for a comparison."""
        cases = [case for case in self.cases if metric in case.marks]
        return Marked([c.id for c in cases], [c.cluster for c in cases], [c.marks[metric] for c in cases])


@dataclass
class SuiteResult:
    """One suite of a run."""

    suite: str
    version: int
    what: str
    mode: str
    models: dict[str, str]
    started: str
    seconds: float
    limited: bool
    commit: str
    sections: list[SectionResult]
    usage: dict[str, float] = field(default_factory=dict)

    def section(self, name: str) -> SectionResult | None:
        """A section by name."""
        return next((section for section in self.sections if section.name == name), None)


def save(result: SuiteResult, folder: Path) -> Path:
    """Write a suite's result."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.suite}.json"
    scratch = path.with_suffix(".part")
    scratch.write_text(json.dumps(_finite(asdict(result)), ensure_ascii=False), encoding="utf-8")
    scratch.replace(path)
    return path


def load(path: Path) -> SuiteResult:
    """Read a suite's result. Raises ValueError or KeyError for a file that is none."""
    data = json.loads(path.read_text(encoding="utf-8"))
    data["sections"] = [_section({"limited": data["limited"], **section}) for section in data["sections"]]
    return SuiteResult(**data)


def load_run(folder: Path) -> list[SuiteResult]:
    """Every suite of a run."""
    return [load(path) for path in sorted(folder.glob("*.json")) if _started(path)]


def started(folder: Path) -> str:
    """When the last suite of a run was started; empty for a folder that holds no run."""
    return max((_started(path) for path in folder.glob("*.json")), default="")


def newest_run() -> Path | None:
    """The folder of the run that was started last."""
    runs = [(began, path) for path in REPORTS.glob("*/") if (began := started(path))]
    return max(runs)[1] if runs else None


def _started(path: Path) -> str:
    """From the beginning of the file alone: a result is large. Empty for a file that is no suite's result."""
    with path.open(encoding="utf-8", errors="replace") as file:
        found = HEAD.match(file.read(HEAD_CHARACTERS))
    return found[1] if found else ""


def _section(data: Mapping[str, Any]) -> SectionResult:
    figures = []
    for row in data["figures"]:
        slices = {
            name: {group: SliceFigure(**_nan(found)) for group, found in groups.items()}
            for name, groups in row["by_slice"].items()
        }
        figures.append(Figure(**{**_nan(row, keep=("margin", "target", "plot")), "by_slice": slices}))
    return SectionResult(**{**data, "figures": figures, "cases": [CaseResult(**case) for case in data["cases"]]})


def _nan(row: Mapping[str, Any], keep: tuple[str, ...] = ()) -> dict[str, Any]:
    return {key: math.nan if value is None and key not in keep else value for key, value in row.items()}


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
