"""What a site decides for itself, and what follows from a change: the command line, the API and the pages all call this."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from service.corpus.generations import new_version
from service.errors import InvalidInput
from service.people import identity, site_settings
from service.review import audit


def choose_answer_age(session: Session, site: str, days: int | None, by: str, now: datetime) -> None:
    """From how many days on a site shows an answer as old; None: as the service is set. Leaves a link in the audit log.

    Raises UnknownSite, and InvalidInput for `*`. What was decided already changes nothing.
    """
    identity.check_site(session, site)
    if site == "*":
        raise InvalidInput("each site decides for itself; name one", field="site")
    before = site_settings.own_answer_ages(session, [site]).get(site)
    if days == before:
        return
    site_settings.set_answer_age_days(session, site, days)
    new_version(session, site)  # what is remembered of lookups tells old answers by the age of before
    facts = {"before": before, "after": days}
    audit.append(session, actor=by, act="answer_age_days", subject=f"site:{site}", facts=facts, text="", now=now)
