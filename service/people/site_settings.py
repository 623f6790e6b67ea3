"""What a site decides for itself, kept in its row; the service's settings stand in for what it leaves open."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.database import Database
from service.people.tables import SiteRow

ANSWER_AGE = "answer_age_days"


def answer_age_days(session: Session, site: str, default: int) -> int:
    """From how many days on an answer is shown as old on a site; `default` where the site says nothing usable."""
    row = session.get(SiteRow, site)
    days = row.settings.get(ANSWER_AGE) if row is not None else None
    return days if isinstance(days, int) and not isinstance(days, bool) and days > 0 else default


def answer_age_of(database: Database, default: int, site: str) -> int:
    """The same, read by itself."""
    with database.read() as session:
        return answer_age_days(session, site, default)


def set_answer_age_days(session: Session, site: str, days: int | None) -> None:
    """Decide it for a site that exists; None: as the service's setting says."""
    row = session.get_one(SiteRow, site)
    others = {name: value for name, value in row.settings.items() if name != ANSWER_AGE}
    row.settings = others if days is None else {**others, ANSWER_AGE: days}
