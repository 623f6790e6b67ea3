"""`answerloop tags …`: a site's vocabulary and its fitted tagger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Vocabularies of tags and fitted taggers.")

File = Annotated[Path | None, typer.Option("--taxonomy", help="A vocabulary file; the shipped one by default.")]


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
    from service.local import open_database
    from service.models.embedder import BundledEmbedder
    from service.tagging.fit_site import fit_site
    from service.tagging.taxonomy import load_taxonomy, newest_taxonomy

    settings = Settings()
    path = file or newest_taxonomy(settings.prompts_dir / "taxonomy", "tech-career")
    if path is None:
        raise typer.BadParameter("there is no vocabulary")
    taxonomy = load_taxonomy(path)
    embedder = BundledEmbedder(settings.models_dir)
    try:
        with open_database(settings) as database:
            report = fit_site(
                database, embedder, site, taxonomy, system_clock(), lambda said: typer.echo(said, err=True)
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
