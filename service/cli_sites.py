"""`answerloop sites …`: what a site decides for itself."""

from __future__ import annotations

from typing import Annotated

import typer

from service.settings import Settings

app = typer.Typer(no_args_is_help=True, help="What a site decides for itself.")


@app.callback()
def sites() -> None:
    """What a site decides for itself."""


@app.command("answer-age")
def answer_age(
    days: Annotated[
        int | None, typer.Argument(min=1, max=36_500, help="Days; left out: as ANSWER_AGE_DAYS says.")
    ] = None,
    site: Annotated[str, typer.Option(help="The site; the sample community by default.")] = "sample",
) -> None:
    """From how many days on an answer is shown as old on a site."""
    from service.corpus.generations import new_version
    from service.local import open_database
    from service.people import identity, site_settings

    settings = Settings()
    with open_database(settings) as database, database.write() as session:
        identity.check_site(session, site)
        site_settings.set_answer_age_days(session, site, days)
        new_version(session, site)  # what is remembered of lookups tells old answers by the age of before
        now = site_settings.answer_age_days(session, site, settings.answer_age_days)
    print(f"{site}: answers older than {now} days are shown as old")
