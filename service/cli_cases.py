"""`answerloop cases …`: outcomes as cases of the eval suite."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from service.errors import InvalidInput
from service.settings import Settings

app = typer.Typer(no_args_is_help=True, help="What people decided, as cases of the eval suite.")
Site = Annotated[str, typer.Option(help="The site; the sample community by default.")]
BY = "command line"


@app.command()
def export(
    site: Site = "sample",
    limit: Annotated[int, typer.Option(help="New candidates at most.")] = 50,
    days: Annotated[int, typer.Option(help="How far back.")] = 90,
    outcome: Annotated[
        list[str] | None, typer.Option(help="This outcome, by its id, whatever its age; may be said again.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="Only decision, audit, appeal, second (blind second ones) or golden.")
    ] = None,
    category: Annotated[str | None, typer.Option(help="Only outcomes about this category.")] = None,
    folder: Annotated[
        Path | None, typer.Option("--to", help="Folder; DATA_DIR/cases/SITE by default, any other only with --outside.")
    ] = None,
    outside: Annotated[
        bool,
        typer.Option("--outside", help="Write where erasure cannot reach: you delete cases of erased posts there."),
    ] = False,
) -> None:
    """Propose cases from outcomes, and write those that people accepted so far.

    Deleting a post deletes its case from DATA_DIR/cases/SITE. A file anywhere else keeps it until somebody writes that
    file anew, which is why such an export needs --outside.
    """
    from service import exporting
    from service.feedback import case_files
    from service.local import open_database, open_stations, running_server

    settings = Settings()
    folder = _reached(settings.data_dir / "cases" / site, folder, outside)
    server = running_server(settings)
    chosen: dict[str, Any] = {"limit": limit, "days": days, "kind": kind, "category": category}
    chosen["outcomes"] = outcome or []
    if server is not None:
        found = server.call("POST", "/v1/cases/export", json={"site": site, **chosen})
        _print([_row(case["id"], case["stratum"], case["content"]) for case in found["proposed"]])
        with open_database(settings) as database, database.read() as session:
            path = case_files.write(session, site, folder)
        print(f"{len(found['proposed'])} proposed; left out: {found['skipped']}")
        print(f"accepted cases: {path}")
        return
    with open_stations(settings) as stations:
        made = exporting.propose(stations, site, BY, **chosen)
        path = exporting.write(stations, site, folder)
    _print([_row(case.id, case.stratum, case.content) for case in made.cases])
    print(
        f"{len(made.cases)} proposed; left out: {made.near_duplicates} near-duplicates, {made.known} known, "
        f"{made.erased} erased, {made.overruled} overruled"
    )
    print(f"accepted cases: {path}")


@app.command("list")
def list_cases(
    site: Site = "sample", state: Annotated[str, typer.Option(help="proposed, accepted or rejected.")] = "proposed"
) -> None:
    """Cases and their first words."""
    from service.feedback import cases
    from service.local import open_database

    with open_database(Settings()) as database, database.read() as session:
        _print([_row(case.id, case.stratum, case.content) for case in cases.listed(session, site, state, 200)])


@app.command()
def show(case_id: Annotated[str, typer.Argument(help="The case; `list` shows them.")]) -> None:
    """A case as it would enter the suite: text, labels, words that may still name somebody, and where it comes from."""
    from service.feedback import cases
    from service.local import open_database

    with open_database(Settings()) as database, database.read() as session:
        row = cases.find(session, case_id)
    content = row.content
    flags = [f"{f['category']} ({'; '.join(q['text'] for q in f['quotes']) or 'no quote'})" for f in content["flags"]]
    print(f"{content['title']}\n\n{content['body']}\n")
    for name, said in (
        ("state", f"{row.state}{f': {row.reason}' if row.reason else ''}"),
        ("route", content["route"]),
        ("flags", ", ".join(flags) or f"none ({content['family']})"),
        ("not", content["trap"]),
        ("tags", ", ".join(content["tags"])),
        ("may still name somebody", ", ".join(row.look_at)),
        ("stratum", row.stratum),
        ("outcome", row.outcome_id),
        ("decision", row.decision_id),
        ("assessment", row.assessment_id),
        ("post", row.post_id),
    ):
        print(f"{name}: {said or '-'}")


@app.command()
def accept(case_id: Annotated[str, typer.Argument(help="The case; `list` shows them.")]) -> None:
    """Let a case into the suite."""
    _decide(case_id, "accepted", None)


@app.command()
def reject(
    case_id: Annotated[str, typer.Argument(help="The case; `list` shows them.")],
    reason: Annotated[str, typer.Option(help="Why it is no good.")],
) -> None:
    """Keep a case out."""
    _decide(case_id, "rejected", reason)


def _reached(own: Path, folder: Path | None, outside: bool) -> Path:
    """The folder to write to. Raises InvalidInput for one that erasure does not reach, unless that was asked for."""
    if folder is None or folder.resolve() == own.resolve():
        return own
    said = f"a post that is erased stays in {folder}: only {own} is written anew when a post is deleted"
    if not outside:
        raise InvalidInput(f"{said}; --outside writes there all the same", field="to")
    print(f"warning: {said}. Export again, or delete the file, after every erasure.", file=sys.stderr)
    return folder


def _decide(case_id: str, state: Literal["accepted", "rejected"], reason: str | None) -> None:
    from service.clock import system_clock
    from service.feedback import cases
    from service.local import open_database

    with open_database(Settings()) as database, database.write() as session:
        cases.decide(session, cases.find(session, case_id), state, BY, reason, system_clock())
    print(f"{case_id} is {state}")


def _row(case_id: str, stratum: str, content: dict[str, Any]) -> tuple[str, str, str, str]:
    flags = ", ".join(flag["category"] for flag in content["flags"]) or content["family"]
    return case_id, stratum, flags, str(content["title"])[:60]


def _print(rows: list[tuple[str, str, str, str]]) -> None:
    for row in rows:
        print("\t".join(row))
