"""What a run, a gate and a comparison look like in a terminal."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from eval.compare import Compared
from eval.gate import Check
from eval.results import Figure, SuiteResult

out = Console(file=sys.stdout, highlight=False, width=150 if not sys.stdout.isatty() else None)


def number(value: float, unit: str = "share") -> str:
    """A figure as text: shares with three decimals."""
    if math.isnan(value):
        return "–"
    if unit in ("share", "usd"):
        return f"{value:.3f}"
    return f"{value:,.1f}" if abs(value) < 1000 else f"{value:,.0f}"


def interval_of(figure: Figure) -> str:
    """Its 95 % interval."""
    return (
        f"[{number(figure.low, figure.unit)}, {number(figure.high, figure.unit)}]" if not math.isnan(figure.low) else ""
    )


def print_suite(result: SuiteResult) -> None:
    """Every figure of a suite with interval, n, target and what the set can show."""
    models = ", ".join(f"{k}={v}" for k, v in result.models.items())
    out.print(f"\n[bold]{result.suite}[/] v{result.version} · {result.mode} {models} · {result.seconds:.0f} s")
    for section in result.sections:
        if section.skipped is not None:
            out.print(f"  [yellow]{section.name}: SKIPPED[/] ({section.skipped})")
            continue
        errors = sum(1 for case in section.cases if case.error)
        table = Table(title=f"{section.name}: {section.what} ({len(section.cases)} cases, {section.seconds:.1f} s)")
        for column, justify in (("metric", "left"), ("figure", "right"), ("95 %", "left"), ("n", "right")):
            table.add_column(column, justify=justify, no_wrap=True)  # type: ignore[arg-type]
        table.add_column("target", no_wrap=True)
        table.add_column("shows ≥", justify="right", no_wrap=True)
        table.add_column("slices", overflow="fold")
        for figure in section.figures:
            table.add_row(
                figure.metric, number(figure.value, figure.unit), interval_of(figure), str(figure.n), _target(figure),
                number(figure.detectable, figure.unit), _slices(figure),
            )  # fmt: skip
        out.print(table)
        for figure in section.figures:
            if figure.note:
                out.print(f"  {figure.metric}: {figure.note}")
        if errors:
            first = next(case for case in section.cases if case.error)
            out.print(f"  [red]{errors} cases without output[/], first {first.id}: {first.error}")
    if result.usage.get("calls"):
        u = result.usage
        out.print(
            f"  model calls {u['calls']:.0f}, tokens {u['input_tokens']:.0f} in {u['output_tokens']:.0f} out, "
            f"{u['cost_usd']:.4f} USD, {u['model_ms'] / 1000:.1f} s of model time when recorded"
        )


def print_checks(checks: Sequence[Check], judged: bool) -> None:
    """What the gate found; everything red, and what got better."""
    shown = [c for c in checks if c.red or c.verdict in ("better", "skipped", "new")]
    for found in shown:
        colour = "red" if found.red else "green" if found.verdict == "better" else "yellow"
        out.print(f"[{colour}]{found.verdict:8}[/] {found.suite} · {found.section} · {found.name}: {found.message}")
    red = sum(found.red for found in checks)
    if judged:
        out.print(
            f"[bold {'red' if red else 'green'}]gate: {'RED' if red else 'green'}[/] ({len(checks)} checks, {red} red)"
        )


def print_comparison(rows: Sequence[Compared], flips: int) -> None:
    """Each metric in both runs, with the slices and cases that changed."""
    table = Table(title="second run against first, paired")
    for column in ("suite · section", "metric", "first", "second", "change", "95 %", "p", "n", "method"):
        table.add_column(column, no_wrap=True)
    for row in rows:
        c = row.change
        style = "" if not c.significant else "green" if (c.difference > 0) == (row.better == "higher") else "red"
        table.add_row(
            f"{row.suite} · {row.section}", row.metric, number(row.before), number(row.after), f"{c.difference:+.4f}",
            f"[{c.low:+.4f}, {c.high:+.4f}]", f"{c.p:.3g}", str(c.n), c.method, style=style,
        )  # fmt: skip
    out.print(table)
    for row in rows:
        moved = {name: c for name, c in row.by_slice.items() if c.significant}
        if not row.flips and not moved:
            continue
        out.print(f"\n[bold]{row.suite} · {row.section} · {row.metric}[/]: {len(row.flips)} cases changed")
        for name, c in moved.items():
            out.print(f"  {name}: {c.difference:+.4f} [{c.low:+.4f}, {c.high:+.4f}], n = {c.n}")
        for flip in row.flips[:flips]:
            out.print(f"  {'worse' if flip.gain < 0 else 'better'} {flip.case}")
            out.print(
                f"    before: {_short(flip.before.output)}\n    after:  {_short(flip.after.output)}", markup=False
            )


def _target(figure: Figure) -> str:
    if figure.target is None:
        return ""
    sign = "≥" if figure.better == "higher" else "≤"
    verdict = {True: "[green]yes[/]", False: "[red]no[/]", None: "?"}[figure.reaches]
    return f"{sign} {figure.target:g} {verdict}"


def _slices(figure: Figure) -> str:
    said = []
    for name, groups in figure.by_slice.items():
        said.append(f"{name}: " + ", ".join(f"{g} {number(f.value, figure.unit)} ({f.n})" for g, f in groups.items()))
    return "; ".join(said) if len(said) <= 3 else "; ".join(said[:3]) + " …"


def _short(output: object) -> str:
    text = str({k: v for k, v in output.items() if not k.startswith("_")}) if isinstance(output, dict) else str(output)
    return text if len(text) <= 300 else text[:299] + "…"
