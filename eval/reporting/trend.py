"""Figures over time: each run appends its own to `reports/trend.jsonl`."""

from __future__ import annotations

import json
import math

from eval import results
from eval.results import SuiteResult


def note(result: SuiteResult, run: str) -> None:
    """Append a whole run's figures; limited runs are no part of a trend."""
    if result.limited:
        return
    path = results.REPORTS / "trend.jsonl"
    rows = [
        {
            "run": run,
            "at": result.started,
            "suite": result.suite,
            "section": s.name,
            "metric": f.metric,
            "value": f.value,
        }
        for s in result.sections
        for f in s.figures
        if not math.isnan(f.value)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as out:
        out.write("".join(json.dumps(row) + "\n" for row in rows))


def read() -> dict[tuple[str, str, str], list[tuple[str, float]]]:
    """(suite, section, metric) → (run, value) in order, each run once."""
    path = results.REPORTS / "trend.jsonl"
    found: dict[tuple[str, str, str], dict[str, float]] = {}
    if path.is_file():
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            found.setdefault((row["suite"], row["section"], row["metric"]), {})[row["run"]] = row["value"]
    return {key: list(points.items()) for key, points in found.items()}
