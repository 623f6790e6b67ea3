"""A run as one HTML page that needs nothing else: summary, slices, plots, and every case, worst first."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from eval.gate import Check
from eval.printing import interval_of, number
from eval.reporting import plots, trend
from eval.results import CaseResult, Figure, SectionResult, SuiteResult

SHOWN = 250
"""Cases of a section on the page, worst first; all of them stay in the run's JSON."""
MOST = 6000
"""Characters shown of one case or output."""


def write(
    path: Path, found: Sequence[SuiteResult], checks: Sequence[Check], against: Sequence[SuiteResult] = ()
) -> Path:
    """Write the page. `against` is an earlier run whose outputs are shown beside."""
    history = trend.read()
    earlier = {(s.suite, part.name, c.id): c for s in against for part in s.sections for c in part.cases}
    suites = [_suite(result, history, earlier) for result in found]
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
    )
    red = [c for c in checks if c.red]
    text = pages.get_template("report.html").render(suites=suites, red=red, checks=checks, run=path.parent.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _suite(result: SuiteResult, history: Any, earlier: Any) -> dict[str, Any]:
    sections = [_section(result.suite, section, history, earlier) for section in result.sections]
    models = ", ".join(f"{name} {model}" for name, model in result.models.items())
    return {
        "name": result.suite, "version": result.version, "what": result.what, "mode": result.mode, "models": models,
        "seconds": result.seconds, "commit": result.commit, "sections": sections, "usage": result.usage,
    }  # fmt: skip


def _section(suite: str, section: SectionResult, history: Any, earlier: Any) -> dict[str, Any]:
    ordered = sorted(section.cases, key=_goodness)
    return {
        "name": section.name, "what": section.what, "skipped": section.skipped, "n": len(section.cases),
        "figures": [_figure(f, history.get((suite, section.name, f.metric), [])) for f in section.figures],
        "cases": [_case(c, earlier.get((suite, section.name, c.id))) for c in ordered[:SHOWN]],
        "hidden": max(0, len(ordered) - SHOWN),
    }  # fmt: skip


def _figure(figure: Figure, past: list[tuple[str, float]]) -> dict[str, Any]:
    picture = ""
    if figure.plot == "reliability" and figure.curve:
        picture = plots.reliability(figure.curve)
    elif figure.plot == "coverage" and figure.curve:
        picture = plots.coverage(figure.curve)
    drawn = figure.unit == "share" and not math.isnan(figure.value) and not math.isnan(figure.low)
    slices = [
        (
            name,
            group,
            number(f.value, figure.unit),
            f"[{number(f.low, figure.unit)}, {number(f.high, figure.unit)}]",
            f.n,
        )
        for name, groups in figure.by_slice.items()
        for group, f in groups.items()
    ]
    sign = "≥" if figure.better == "higher" else "≤"
    return {
        "metric": figure.metric, "harm": figure.harm, "value": number(figure.value, figure.unit),
        "interval": interval_of(figure), "n": figure.n, "method": "; ".join(filter(None, (figure.method, figure.note))),
        "detectable": number(figure.detectable, figure.unit),
        "target": "" if figure.target is None else f"{sign} {figure.target:g}", "reaches": figure.reaches,
        "bar": Markup(plots.interval(figure.value, figure.low, figure.high, figure.target)) if drawn else "",
        "trend": Markup(plots.trend([value for _, value in past[-20:]])), "plot": Markup(picture), "slices": slices,
    }  # fmt: skip


def _case(case: CaseResult, before: CaseResult | None) -> dict[str, Any]:
    missed = [name for name, rows in case.marks.items() if any(len(r) > 1 and r[0] < r[1] for r in rows)]
    return {
        "id": case.id, "slices": case.slices, "error": case.error, "missed": missed, "sent": _text(case.sent),
        "output": _text(case.output), "before": _text(before.output) if before is not None else None,
        "words": " ".join([case.id, *missed, *(f"{k}={v}" for k, v in case.slices.items())]).lower(),
    }  # fmt: skip


def _goodness(case: CaseResult) -> float:
    if case.error:
        return -1.0
    shares = [r[0] / r[1] for rows in case.marks.values() for r in rows if len(r) == 2 and r[1]]
    return sum(shares) / len(shares) if shares else 1.0


def _text(value: Any) -> str:
    """One line for each key, text as it is read; lists of things one thing a line."""
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)[:MOST]
    lines = []
    for key, item in value.items():
        if isinstance(item, str):
            lines.append(f"{key}: {item}")
        elif isinstance(item, list) and any(isinstance(part, dict | list) for part in item):
            lines += [f"{key}:", *(f"  {json.dumps(part, ensure_ascii=False)}" for part in item)]
        else:
            lines.append(f"{key}: {json.dumps(item, ensure_ascii=False)}")
    return "\n".join(lines)[:MOST]
