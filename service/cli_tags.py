"""`answerloop tags …`: a site's vocabulary and its fitted tagger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.settings import Settings

if TYPE_CHECKING:
    from service.database import Database
    from service.taggers import Made
    from service.tagging.taxonomy import Taxonomy

app = typer.Typer(no_args_is_help=True, help="Vocabularies of tags and fitted taggers: fit, gate, move.")
Site = Annotated[str, typer.Option(help="The site; the sample community by default.")]
Number = Annotated[int, typer.Argument(help="The version; `list` shows them.")]
BY = "command line"

File = Annotated[
    Path | None,
    typer.Option("--taxonomy", help="A vocabulary file; by default that of the site's tagger, else the shipped one."),
]


@app.command()
def check(file: Annotated[Path, typer.Argument(help="A vocabulary: <name>/<version>.yaml.")]) -> None:
    """Look for mistakes in a vocabulary; exit code 1 where there are any."""
    from service.errors import InvalidPromptFile
    from service.tagging.taxonomy import load_taxonomy

    try:
        taxonomy = load_taxonomy(file)
    except InvalidPromptFile as problem:
        print(problem.detail)
        raise typer.Exit(1) from None
    print(f"{taxonomy.name} {taxonomy.version}: {len(taxonomy.tags)} tags, in order")


@app.command()
def fit(
    site: Annotated[str, typer.Option(help="The site whose threads and kept tags to learn from.")] = "sample",
    file: File = None,
    move: Annotated[
        bool, typer.Option("--promote", help="Run the gate too, and move production where shadow and gate allow it.")
    ] = False,
) -> None:
    """Learn a site's tagger and print how it does on held-out later threads.

    The first one of a site or of a vocabulary goes live at once; any later one is a candidate until production is moved.
    """
    from service import taggers
    from service.clock import system_clock
    from service.feedback import sample_weights
    from service.local import open_database
    from service.models.embedder import BundledEmbedder

    settings = Settings()
    embedder = BundledEmbedder(settings.models_dir)
    try:
        with open_database(settings) as database:
            taxonomy = _vocabulary(file, site, database, settings)
            typer.echo(f"vocabulary: {taxonomy.name} {taxonomy.version}, {len(taxonomy.tags)} tags", err=True)
            with database.read() as session:
                weights = sample_weights.of_site(session, site)
            made = taggers.fit(
                database, embedder, site, taxonomy, BY, system_clock(), lambda said: typer.echo(said, err=True), weights
            )
    finally:
        embedder.close()
    report = made.report
    print(
        f"on the later {report['posts']} posts: P@1 {report['p_at_1']}, R@3 {report['r_at_3']}, R@5 {report['r_at_5']}"
    )
    print(
        f"micro-F1 {report['micro_f1']}, calibration error {report['ece']}, coverage at 90 % {report['coverage_at_90']}"
    )
    for tag, row in report["tags"].items():
        if row["n"]:
            print(f"{tag}\tn {row['n']}\tprecision {row['precision']}\trecall {row['recall']}")
    _say_what_is_next(made, site)
    if move and made.shadow is not None:
        if not made.shadow["may_be_promoted"]:
            raise typer.Exit(1)
        gate(made.number, site)
        promote(made.number, "its shadow and its gate allow it", site)


@app.command("list")
def list_versions(site: Site = "sample") -> None:
    """The versions of a site's tagger."""
    from service.local import open_database
    from service.tagging import versions

    with open_database(Settings()) as database, database.read() as session:
        live = versions.live(session, site)
        for row in versions.listed(session, site):
            shadow = (row.shadow or {}).get("because", "no shadow")
            verdict = (row.gate or {}).get("verdict", "no gate run")
            label = "production" if live is not None and live.number == row.number else ""
            vocabulary = f"{row.taxonomy['name']} {row.taxonomy['version']}"
            print(f"{row.number}\t{row.at:%Y-%m-%d}\t{vocabulary}\t{shadow}\t{verdict}\t{label}")
    print("production: the shipped tagger" if live is None else f"production: {live.number}")


@app.command()
def gate(number: Number, site: Site = "sample") -> None:
    """Hold a version against production on the shipped and the accepted cases; exit code 1 unless it passes."""
    from service import taggers
    from service.clock import system_clock
    from service.local import open_database

    settings = Settings()
    with open_database(settings) as database:
        found = taggers.gate(database, settings.data_dir, site, number, system_clock)
    print(json.dumps(found))
    if found["verdict"] != "passed":
        raise typer.Exit(1)


@app.command()
def promote(number: Number, reason: Annotated[str, typer.Option(help="Why.")], site: Site = "sample") -> None:
    """Move production to a version (0: back to the shipped tagger). A running server follows within a second."""
    from service import taggers
    from service.clock import system_clock
    from service.local import open_database

    with open_database(Settings()) as database:
        taggers.promote(database, site, number or None, BY, reason, system_clock)
    print(f"production of {site}: {number or 'the shipped tagger'}")


def _say_what_is_next(made: Made, site: str) -> None:
    if made.live_because is not None:
        print(f"version {made.number} is live at once: {made.live_because}")
        return
    gate = f"answerloop tags gate {made.number} --site {site}, then "
    promote = f"answerloop tags promote {made.number} --site {site} --reason …"
    if made.shadow is None:
        print(f"version {made.number} is a candidate: production was moved back to the shipped tagger; next: {promote}")
    elif made.shadow["may_be_promoted"]:
        print(f"version {made.number} is a candidate ({made.shadow['because']}); next: {gate}{promote}")
    else:
        print(f"version {made.number} is a candidate that its shadow refuses: {made.shadow['because']}")


def _vocabulary(file: Path | None, site: str, database: Database, settings: Settings) -> Taxonomy:
    from service.prompting.labels import Labels
    from service.tagging.fit_site import vocabulary_of
    from service.tagging.taxonomy import load_taxonomy

    if file is not None:
        return load_taxonomy(file)
    with database.read() as session:
        known = vocabulary_of(session, site)
    if known is not None:
        return known
    live = Labels(database, settings.prompts_dir).live("taxonomy/tech-career")
    return load_taxonomy(settings.prompts_dir / "taxonomy" / "tech-career" / f"{live}.yaml")
