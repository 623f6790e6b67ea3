"""`answerloop sites …`: what a site decides for itself."""

from __future__ import annotations

from typing import Annotated

import typer

from service.people.site_settings import MOST_DAYS
from service.settings import Settings

app = typer.Typer(no_args_is_help=True, help="What a site decides for itself.")
BY = "command line"


@app.callback()
def sites() -> None:
    """What a site decides for itself."""


@app.command("answer-age")
def answer_age(
    days: Annotated[
        int | None, typer.Argument(min=1, max=MOST_DAYS, help="Days; left out: as ANSWER_AGE_DAYS says.")
    ] = None,
    site: Annotated[str, typer.Option(help="The site; the sample community by default.")] = "sample",
) -> None:
    """From how many days on an answer is shown as old on a site."""
    from service.clock import system_clock
    from service.local import open_database
    from service.people import site_settings
    from service.site_choices import choose_answer_age

    settings = Settings()
    with open_database(settings) as database, database.write() as session:
        choose_answer_age(session, site, days, BY, system_clock())
        now = site_settings.answer_age_days(session, site, settings.answer_age_days)
    print(f"{site}: answers older than {now} days are shown as old")
