"""`answerloop flags …`: thresholds fitted from what people decided, and their way into production."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from service.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Thresholds: fit, shadow, gate, move.")
Site = Annotated[str, typer.Option(help="The site; the sample community by default.")]
Number = Annotated[int, typer.Argument(help="The version; `list` shows them.")]
BY = "command line"


@app.command()
def fit(
    site: Site = "sample",
    missed: Annotated[
        float, typer.Option(help="Per cent of true cases missed at most, where a person is at risk.")
    ] = 10.0,
    clean_flagged: Annotated[
        float, typer.Option(help="Per cent of clean posts flagged at most, for anything else.")
    ] = 5.0,
    miss: Annotated[
        list[str] | None,
        typer.Option(metavar="CATEGORY=PERCENT", help="Per cent of this category's true cases missed at most; repeat."),
    ] = None,
    flag: Annotated[
        list[str] | None,
        typer.Option(metavar="CATEGORY=PERCENT", help="Per cent of clean posts flagged for it at most; repeat."),
    ] = None,
    days: Annotated[int, typer.Option(help="How far back.")] = 180,
) -> None:
    """Fit a candidate version from outcomes; refused with too few labels. It changes nothing until it is moved.

    A category named by --miss or --flag keeps that bound instead of the one for all, or the fit is refused.
    """
    from service import tuning
    from service.feedback.bounds import Bounds, parsed
    from service.local import open_stations, running_server

    settings = Settings()
    bounds = Bounds(missed, clean_flagged, parsed(miss or (), "miss"), parsed(flag or (), "flag"))
    server = running_server(settings)
    if server is not None:
        sent = bounds.shown() | {"days": days}
        found = server.call("POST", f"/v1/thresholds/{site}/fit", json=sent)
        number, report = found["number"], found["report"]
    else:
        with open_stations(settings) as stations:
            made = tuning.fit(stations, site, BY, days=days, bounds=bounds)
        number, report = made.number, made.report
    for category, row in report["categories"].items():
        said = f"{row['was']} to {row['cut']}, {row['labels']} labels" if row["changed"] else f"kept: {row['because']}"
        print(f"{category}\t{said}")
    print(f"version {number} is a candidate; next: answerloop flags shadow {number} --site {site}")


@app.command("list")
def list_versions(site: Site = "sample") -> None:
    """The versions of a site's thresholds."""
    from service.flagging import versions
    from service.local import open_database

    with open_database(Settings()) as database, database.read() as session:
        live = versions.live(session, site)
        for row in versions.listed(session, site):
            gate = (row.gate or {}).get("verdict", "no gate run")
            label = "production" if live is not None and live.number == row.number else ""
            print(f"{row.number}\t{row.made_from}\t{'shadow run' if row.shadow else 'no shadow'}\t{gate}\t{label}")
    print("production: the shipped thresholds" if live is None else f"production: {live.number}")


@app.command()
def shadow(number: Number, site: Site = "sample") -> None:
    """Route what was assessed before with a version beside production."""
    from service import tuning
    from service.local import open_stations, running_server

    settings = Settings()
    server = running_server(settings)
    if server is not None:
        found = server.call("POST", f"/v1/thresholds/{site}/{number}/shadow")
    else:
        with open_stations(settings) as stations:
            found = tuning.shadow(stations, site, number)
    print(json.dumps({name: value for name, value in found.items() if name != "examples"}))


@app.command()
def gate(number: Number, site: Site = "sample") -> None:
    """Hold a version against production on the shipped and the accepted cases; exit code 1 unless it passes."""
    from service import exporting, tuning
    from service.local import open_stations, running_server

    settings = Settings()
    server = running_server(settings)
    if server is not None:
        server.call("POST", f"/v1/thresholds/{site}/{number}/gate")
        print(f"the gate runs in the server; answerloop flags list --site {site} shows its verdict")
        return
    with open_stations(settings) as stations:
        found = tuning.gate(stations, site, number, exporting.write(stations, site))
    print(json.dumps(found))
    if found["verdict"] != "passed":
        raise typer.Exit(1)


@app.command()
def promote(number: Number, reason: Annotated[str, typer.Option(help="Why.")], site: Site = "sample") -> None:
    """Move production to a version (0: back to the shipped thresholds)."""
    from service import tuning
    from service.local import open_stations, running_server

    settings = Settings()
    server = running_server(settings)
    if server is not None:
        server.call("POST", f"/v1/thresholds/{site}/promote", json={"number": number or None, "reason": reason})
        print(f"production of {site}: {number or 'the shipped thresholds'}")
        return
    with open_stations(settings) as stations:
        tuning.promote(stations, site, number or None, BY, reason)
    print(f"production of {site}: {number or 'the shipped thresholds'}")
