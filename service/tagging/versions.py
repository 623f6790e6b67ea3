"""A site's taggers as versions: each fit is kept, one is in production, and going back is always possible."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import new_id
from service.errors import Conflict, NotFound
from service.tagging.tables import TaggerMoveRow, TaggerRow
from service.tagging.taxonomy import Taxonomy

T = TypeVar("T")


def add(
    session: Session, site: str, taxonomy: Taxonomy, weights: bytes, by: str, report: dict[str, Any],
    shadow: dict[str, Any] | None, at: datetime,
) -> TaggerRow:  # fmt: skip
    """Keep a fit as a new version; it changes nothing until production is moved to it. `at`: when its texts were read."""
    last = session.scalar(sa.select(sa.func.max(TaggerRow.number)).where(TaggerRow.site == site)) or 0
    row = TaggerRow(
        id=new_id(), site=site, number=last + 1, taxonomy=taxonomy.model_dump(mode="json"), weights=weights, made_by=by,
        report=report, shadow=shadow, gate=None, at=at,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def find(session: Session, site: str, number: int) -> TaggerRow:
    """A version. Raises NotFound."""
    row = session.scalar(sa.select(TaggerRow).where(TaggerRow.site == site, TaggerRow.number == number))
    if row is None:
        raise NotFound(f"there is no version {number} of the tagger of {site}", field="number")
    return row


def listed(session: Session, site: str) -> list[TaggerRow]:
    """The versions of a site, newest first."""
    query = sa.select(TaggerRow).where(TaggerRow.site == site).order_by(TaggerRow.number.desc())
    return list(session.scalars(query.limit(200)))


def moves(session: Session, site: str) -> list[TaggerMoveRow]:
    """The moves of a site's production, newest first."""
    query = sa.select(TaggerMoveRow).where(TaggerMoveRow.site == site).order_by(TaggerMoveRow.id.desc())
    return list(session.scalars(query.limit(50)))


def live(session: Session, site: str) -> TaggerRow | None:
    """The version in production; None for the shipped tagger."""
    return session.scalar(_in_production(sa.select(TaggerRow), site))


def live_id(session: Session, site: str) -> str | None:
    """The id of the version in production, without reading it."""
    return session.scalar(_in_production(sa.select(TaggerRow.id), site))


def same_vocabulary(one: Taxonomy, other: Taxonomy) -> bool:
    """Whether name, version and tags agree: only then can two taggers be held against each other."""
    return (one.name, one.version, set(one.names)) == (other.name, other.version, set(other.names))


def comparable(production: TaggerRow | None, taxonomy: Taxonomy) -> bool:
    """Whether production is a tagger of the site's own, for this vocabulary."""
    return production is not None and same_vocabulary(Taxonomy.model_validate(production.taxonomy), taxonomy)


def move(session: Session, site: str, number: int | None, by: str, reason: str, now: datetime) -> TaggerMoveRow:
    """Point production at a version, or at the shipped tagger (None).

    Back at once, and so to a version that nothing in production is comparable with. Any other needs a shadow that is not
    worse and a gate that it passed beside what is in production now. Raises Conflict.
    """
    if number is not None and not _was_live(session, site, number):
        row, production = find(session, site, number), live(session, site)
        if production is not None and comparable(production, Taxonomy.model_validate(row.taxonomy)):
            if row.shadow is not None and not row.shadow["may_be_promoted"]:
                raise Conflict(f"its shadow refuses it: {row.shadow['because']}", reason="shadow", number=number)
            gate = row.gate or {}
            if gate.get("verdict") != "passed" or gate.get("against") != production.number:
                raise Conflict(
                    f"its gate beside version {production.number} has not passed", reason="gate", number=number
                )
    made = TaggerMoveRow(id=new_id(), site=site, number=number, by=by, reason=reason, at=now)
    session.add(made)
    session.flush()
    return made


def _in_production(query: sa.Select[T], site: str) -> sa.Select[T]:
    newest = sa.select(TaggerMoveRow.number).where(TaggerMoveRow.site == site).order_by(TaggerMoveRow.id.desc())
    return query.where(TaggerRow.site == site, TaggerRow.number == newest.limit(1).scalar_subquery())


def _was_live(session: Session, site: str, number: int) -> bool:
    query = sa.select(TaggerMoveRow.id).where(TaggerMoveRow.site == site, TaggerMoveRow.number == number)
    return session.scalar(query.limit(1)) is not None
