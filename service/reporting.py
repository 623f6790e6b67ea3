"""What the command line prints: an assessment as a person reads it, related threads, the progress and end of an import."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table as Grid
from rich.text import Text

ROUTES = {
    "publish": "publish: nobody needs to look",
    "review": "review: a moderator should look",
    "urgent_review": "urgent review: somebody must look now",
    "hold": "hold: do not show it until someone looked",
}
COUNTED = ("read", "imported", "changed", "unchanged", "gone", "refused", "answers")
SHOWN = 50
"""Refused records of an import that are shown; the rest are counted."""
LIKELIHOOD = ((0.9, "almost certain"), (0.7, "likely"), (0.45, "about even"), (0.2, "possible"), (0.0, "unlikely"))


def in_words(probability: float) -> str:
    """A probability as a word, after the scale that the pages use."""
    return next(word for least, word in LIKELIHOOD if probability >= least)


def print_assessment(tried: dict[str, Any], *, as_json: bool) -> None:
    """`{assessment, draft}` as a report, or as JSON."""
    if as_json:
        print(json.dumps(tried, ensure_ascii=False, indent=2))
        return
    console = Console()
    made, draft = tried["assessment"], tried["draft"]
    because = f" ({', '.join(made['route']['because'])})" if made["route"]["because"] else ""
    to, withheld = made["route"]["to"], made["route"]["withhold"] and made["route"]["to"] != "hold"
    said = ROUTES[to] + ("; do not show it until then" if withheld else "") + because
    console.print(Panel(escape(said), title="Route", title_align="left"))
    tags = ", ".join(f"{t['tag']} {t['probability']:.2f}" for t in made["tags"]) or "none"
    console.print(f"[bold]Tags[/bold]  {escape(tags)}")
    for flag in made["flags"]:
        _print_flag(console, flag)
    if not made["flags"]:
        console.print("[bold]Flags[/bold]  none")
    print_related(made["related"], as_json=False)
    if draft is not None:
        _print_draft(console, draft)
    for entry in made["degraded_because"]:
        console.print(f"[bold]Degraded[/bold]  {entry['part']} ({entry['reader']}): {escape(entry['reason'])}")
    if made["reader"] == "limited":
        console.print("[bold]Reader[/bold]  limited: no measured reader for this language")
    console.print("[dim]" + "  ".join(f"{part} {ms} ms" for part, ms in made["provenance"]["ms"].items()) + "[/dim]")


def print_related(related: list[dict[str, Any]], *, as_json: bool) -> None:
    """Related threads as a table, or as JSON."""
    if as_json:
        print(json.dumps(related, ensure_ascii=False, indent=2))
        return
    grid = Grid(title="Related threads", title_justify="left", expand=True)
    for column, style in (("score", "right"), ("dup.", "right"), ("thread", "left"), ("answered", "left")):
        grid.add_column(column, justify=style, no_wrap=column != "thread")  # type: ignore[arg-type]
    for row in related:
        said = f"[bold]{escape(row['title'])}[/bold]\n{escape(row['why'])}"
        notes = [word for word, on in (("old", row["old"]), ("answers differ", row["disagreement"])) if on]
        when = (row["answered_at"] or "")[:10] + (f"\n{', '.join(notes)}" if notes else "")
        grid.add_row(f"{row['score']:.2f}", f"{row['duplicate_probability']:.2f}", said, when)
    Console().print(grid if related else "Related threads: none")


def print_import(report: dict[str, Any]) -> int:
    """Refused lines with their numbers, notes, totals; 1 where it failed, or something was refused and nothing was usable."""
    console = Console()
    bad = report.get("bad", [])[:SHOWN]
    for refused in bad:
        console.print(f"  line {refused['line']}: {escape(str(refused['reason']))}")
    if (more := report.get("refused", 0) - len(bad)) > 0:
        console.print(f"  and {more} more")
    for note in report.get("notes", []):
        console.print(f"  {escape(str(note))}")
    console.print("  ".join(f"{name} {report[name]}" for name in COUNTED if name in report))
    if "reason" in report:
        Console(stderr=True).print(f"answerloop: the import failed: {escape(str(report['reason']))}")
        return 1
    usable = sum(report.get(name, 0) for name in ("imported", "changed", "unchanged", "gone"))
    return 1 if report.get("refused", 0) and not usable else 0


class RateColumn(ProgressColumn):
    """How many are done a second."""

    def render(self, task: Task) -> Text:
        """Empty until it can be told."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.1f}/s")


class ImportProgress:
    """A bar with count, rate, elapsed and remaining time."""

    def __init__(self, console: Console | None = None) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), RateColumn())
        shown = console or Console(stderr=True)
        self._progress = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=shown)
        self._task = self._progress.add_task("importing", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def step(self, done: int, total: int | None = None, what: str = "importing") -> None:
        """How far it is."""
        self._progress.update(self._task, completed=done, total=total, description=what)

    def show(self, state: dict[str, Any]) -> None:
        """The state of an import that a server runs."""
        report = state.get("report", {})
        done = int(report.get("done", state.get("position", 0)))
        self.step(done, report.get("total"), f"{report.get('doing', 'importing')} ({state['state']})")


def _print_flag(console: Console, flag: dict[str, Any]) -> None:
    lines = [
        f"{in_words(flag['probability'])} ({flag['probability']:.2f}), {flag['band']} band, clause {flag['clause']}"
    ]
    lines += [f"“{escape(quote['text'])}”" for quote in flag["quotes"]]
    lines += [
        f"Why: {escape(flag['reason'])}",
        f"But: {escape(flag['counter_reading'])}",
        f"Found by {', '.join(flag['found_by'])}",
    ]
    console.print(Panel("\n".join(lines), title=f"Flag: {flag['category']}", title_align="left"))


def _print_draft(console: Console, draft: dict[str, Any]) -> None:
    if draft["status"] != "ready":
        console.print(f"[bold]Draft[/bold]  {draft['status']}: {escape(draft['abstained_because'] or '')}")
        return
    lines = [escape(note) for note in draft["notes"]]
    for sentence in draft["sentences"]:
        sources = "; ".join(f"{s['author'] or 'a member'} {(s['date'] or '')[:10]}" for s in sentence["sources"])
        marked = f"[dim]{sentence['section']}[/dim]  {escape(sentence['text'])}"
        lines.append(marked + (f"  [dim]({escape(sources)}; {sentence['grounding']})[/dim]" if sources else ""))
    lines += [f"[strike]{escape(d['text'])}[/strike]  [dim]{escape(d['reason'])}[/dim]" for d in draft["dropped"][:8]]
    console.print(Panel("\n".join(lines), title=f"Draft ({draft['kind']})", title_align="left"))


def print_replay(found: dict[str, Any], *, as_json: bool) -> bool:
    """The model calls behind an assessment; returns whether none of them would be other words today."""
    calls = found["calls"]
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    elif not calls:
        print(f"{found['assessment_id']}: no model was asked")
    for call in calls if not as_json else ():
        print(f"{call['prompt']} {call['version']}: {call['because']}")
        print(f"  recorded {call['recorded_sha256'] or 'no digest'}\n  rendered {call['rendered_sha256'] or 'nothing'}")
        if call["reply"] is not None:
            print(call["reply"])
    return all(call["same"] is not False for call in calls)
