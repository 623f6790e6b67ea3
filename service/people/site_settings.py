"""What a site decides for itself, kept in its row; the service's settings stand in for what it leaves open."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.database import Database
from service.people.tables import SiteRow

ANSWER_AGE = "answer_age_days"
MOST_DAYS = 36_500


def answer_age_days(session: Session, site: str, default: int) -> int:
    """From how many days on an answer is shown as old on a site; `default` where the site says nothing usable."""
    return own_answer_ages(session, [site]).get(site, default)


def own_answer_ages(session: Session, sites: Sequence[str]) -> dict[str, int]:
    """What of these sites decided it themselves, in days; a site that says nothing usable is left out."""
    rows = session.execute(sa.select(SiteRow.name, SiteRow.settings).where(SiteRow.name.in_(sites)))
    said = {row.name: row.settings.get(ANSWER_AGE) for row in rows}
    return {site: days for site, days in said.items() if isinstance(days, int) and days is not True and days > 0}


def answer_age_of(database: Database, default: int, site: str) -> int:
    """The same, read by itself."""
    with database.read() as session:
        return answer_age_days(session, site, default)


def set_answer_age_days(session: Session, site: str, days: int | None) -> None:
    """Decide it for a site that exists; None: as the service's setting says."""
    row = session.get_one(SiteRow, site)
    others = {name: value for name, value in row.settings.items() if name != ANSWER_AGE}
    row.settings = others if days is None else {**others, ANSWER_AGE: days}
