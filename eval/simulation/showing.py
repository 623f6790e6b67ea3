"""A synthetic month in words, as a table and as plots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eval.intervals import Interval, wilson
from eval.reporting.plots import days as plot_days
from eval.simulation.population import WAVE_FIRST, WAVE_LAST

SYSTEMS = ("frozen", "loop")


def share(run: dict[str, Any], of: str, among: str, system: str, first: int = 0, last: int = 10_000) -> Interval:
    """A share over days: of `among`, how many `of` in a system."""
    rows = [day for day in run["days"] if first <= day["day"] <= last]
    total = sum((day["posts"] - day["true"]) if among == "clean" else day[among] for day in rows)
    return wilson(sum(day[of][system] for day in rows), total)


def lines(run: dict[str, Any]) -> list[str]:
    """The month in words; each line says what it counts."""
    plan, half = run["plan"], run["plan"]["days"] // 2
    said = [f"SYNTHETIC: {plan['posts']} recombined posts over {plan['days']} simulated days, seed {plan['seed']}"]
    for name, of, among, first, last in (
        ("true posts that reached people, whole month", "reached", "true", 0, plan["days"]),
        ("true posts that reached people, second half", "reached", "true", half, plan["days"]),
        ("of the spam wave, reached people", "wave_reached", "wave", WAVE_FIRST, WAVE_LAST),
        ("person at risk, reached people", "at_risk_reached", "at_risk", 0, plan["days"]),
        ("other posts sent to people without any flag being true", "clean_flagged", "clean", 0, plan["days"]),
    ):
        for system in SYSTEMS:
            found = share(run, of, among, system, first, last)
            said.append(f"{name}, {system}: {found.value:.1%} ({found.low:.1%} to {found.high:.1%}, n {found.n})")
    spent = ", ".join(f"{origin} {minutes:.0f}" for origin, minutes in sorted(run["minutes"].items()))
    said.append(f"minutes of moderators: {spent}; the audit sample took {run['audit_minutes_a_day']} a day")
    on = run["wave_noticed_on"]
    late = "not noticed" if on is None else f"noticed on day {on + 1}, day {on + 1 - WAVE_FIRST} of the wave"
    said.append(f"the wave began on day {WAVE_FIRST + 1} and was {late}")
    true = share(run, "reached", "true", "loop")
    guess = run["recall_estimated"]
    if guess["value"] is not None:
        said.append(
            f"recall as /quality estimates it: {guess['value']:.1%} ({guess['low']:.1%} to {guess['high']:.1%}); in truth {true.value:.1%}"
        )
    return said


def write(run: dict[str, Any], folder: Path) -> Path:
    """Figures as JSON and a page with plots and their table; returns the page."""
    import json

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "simulation.json").write_text(json.dumps(run, indent=1), "utf-8")
    curves = {
        f"{name}, {system}": [_rate(day, of, among, system) for day in run["days"]]
        for name, of, among in (("reached people", "reached", "true"), ("wave", "wave_reached", "wave"))
        for system in SYSTEMS
    }
    rows = "".join(
        f"<tr><th scope=row>{day['day'] + 1}</th><td>{day['posts']}</td><td>{day['true']}</td><td>{day['reached']['frozen']}</td>"
        f"<td>{day['reached']['loop']}</td><td>{day['wave']}</td><td>{day['wave_reached']['frozen']}</td><td>{day['wave_reached']['loop']}</td>"
        f"<td>{day['clean_flagged']['frozen']}</td><td>{day['clean_flagged']['loop']}</td><td>{day['decided']}</td><td>{day['waiting']}</td>"
        f"<td>{day['version'] or 'shipped'}</td></tr>"
        for day in run["days"]
    )
    names = (
        "Day", "Posts", "True", "Reached, frozen", "Reached, loop", "Wave", "Wave reached, frozen", "Wave reached, loop",
        "Clean flagged, frozen", "Clean flagged, loop", "Decided", "Waiting", "Thresholds",
    )  # fmt: skip
    head = "".join(f"<th scope=col>{name}</th>" for name in names)
    words = "".join(f"<li>{line}</li>" for line in lines(run))
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Synthetic month</title><h1>Synthetic month</h1>"
        f"<ul>{words}</ul>{plot_days('Share of true posts that reached people, by day', curves)}"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></html>"
    )
    path = folder / "simulation.html"
    path.write_text(page, "utf-8")
    return path


def _rate(day: dict[str, Any], of: str, among: str, system: str) -> float | None:
    return day[of][system] / day[among] if day[among] else None
