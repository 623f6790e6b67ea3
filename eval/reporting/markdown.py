"""A run as Markdown: what fits into a pull request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eval.gate import Check
from eval.printing import interval_of, number
from eval.results import SuiteResult


def write(path: Path, found: Sequence[SuiteResult], checks: Sequence[Check]) -> Path:
    """Figures of every suite, then what is red."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(_lines(found, checks)) + "\n", encoding="utf-8")
    return path


def _lines(found: Sequence[SuiteResult], checks: Sequence[Check]) -> list[str]:
    red = [c for c in checks if c.red]
    lines = [f"# Eval: {'red' if red else 'green'}", ""]
    lines += [f"- **{c.verdict}** {c.suite} · {c.section} · {c.name}: {c.message}" for c in red]
    for result in found:
        lines += ["", f"## {result.suite} v{result.version} ({result.mode}, {result.seconds:.0f} s)"]
        for section in result.sections:
            lines += ["", f"### {section.name}", section.what, ""]
            if section.skipped is not None:
                lines.append(f"Skipped: {section.skipped}.")
                continue
            lines += ["| metric | figure | 95 % | n | target | method |", "|---|---|---|---|---|---|"]
            for f in section.figures:
                sign = "≥" if f.better == "higher" else "≤"
                target = f"{sign} {f.target:g} {'reached' if f.reaches else 'missed'}" if f.target is not None else ""
                method = "; ".join(filter(None, (f.method, f.note)))
                lines.append(
                    f"| {f.metric} | {number(f.value, f.unit)} | {interval_of(f)} | {f.n} | {target} | {method} |"
                )
    return lines
