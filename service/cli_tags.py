"""`answerloop tags …`: a site's vocabulary and its fitted tagger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.settings import Settings

if TYPE_CHECKING:
    from service.database import Database
    from service.tagging.taxonomy import Taxonomy

app = typer.Typer(no_args_is_help=True, help="Vocabularies of tags and fitted taggers.")

File = Annotated[
    Path | None,
    typer.Option("--taxonomy", help="A vocabulary file; by default that of the site's last fit, else the shipped one."),
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
) -> None:
    """Learn a site's tagger and print how it does on held-out later threads. A running server takes it up by itself."""
    from service.clock import system_clock
    from service.feedback import sample_weights
    from service.local import open_database
    from service.models.embedder import BundledEmbedder
    from service.tagging.fit_site import fit_site

    settings = Settings()
    embedder = BundledEmbedder(settings.models_dir)
    try:
        with open_database(settings) as database:
            taxonomy = _vocabulary(file, site, database, settings)
            typer.echo(f"vocabulary: {taxonomy.name} {taxonomy.version}, {len(taxonomy.tags)} tags", err=True)
            with database.read() as session:
                weights = sample_weights.of_site(session, site)
            report = fit_site(
                database, embedder, site, taxonomy, system_clock(), lambda said: typer.echo(said, err=True), weights
            )
    finally:
        embedder.close()
    print(
        f"on the later {report['posts']} posts: P@1 {report['p_at_1']}, R@3 {report['r_at_3']}, R@5 {report['r_at_5']}"
    )
    print(
        f"micro-F1 {report['micro_f1']}, calibration error {report['ece']}, coverage at 90 % {report['coverage_at_90']}"
    )
    for tag, row in report["tags"].items():
        if row["n"]:
            print(f"{tag}\tn {row['n']}\tprecision {row['precision']}\trecall {row['recall']}")


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
