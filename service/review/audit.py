"""The audit log: a chain of SHA-256 hashes over ids, verdicts and salted digests of texts.

No text is in the chain. A text's digest is salted; the salt lies in an erasable table, so that after an erasure nobody
can try out texts against the digest, while the chain still verifies.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import rfc3339
from service.database import Database
from service.review.tables import AuditRow, AuditSaltRow

FIRST = "0" * 64
_LOCK = 0x616E737765726C70


def append(
    session: Session, *, actor: str, act: str, subject: str, facts: dict[str, Any], text: str, now: datetime
) -> int:
    """Append a link in the caller's transaction; returns its number, from 1 on.

    `subject` is `post:<id>` or the like. `facts` hold ids, verdicts and vocabulary words alone.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    last = session.execute(sa.select(AuditRow.seq, AuditRow.hash).order_by(AuditRow.seq.desc()).limit(1)).first()
    seq, before = (last.seq + 1, last.hash) if last is not None else (1, FIRST)
    salt = secrets.token_hex(16) if text else ""
    row = AuditRow(
        seq=seq, at=rfc3339(now), actor=actor, act=act, subject=subject, facts=facts,
        text_digest=text_digest(salt, text) if text else "", before=before, hash="",
    )  # fmt: skip
    row.hash = _hash(row)
    session.add(row)
    if text:
        session.add(AuditSaltRow(seq=seq, subject=subject, salt=salt))
    session.flush()
    return seq


def text_digest(salt: str, text: str) -> str:
    """The salted digest of a text."""
    return hashlib.sha256(f"{salt}\x00{text}".encode()).hexdigest()


@dataclass(frozen=True)
class Verified:
    """What a verification found; `broken_at` is the first link that does not hold."""

    links: int
    head: str
    broken_at: int | None

    @property
    def holds(self) -> bool:
        """Whether every link holds."""
        return self.broken_at is None


def verify(session: Session, known: Verified | None = None) -> Verified:
    """Read the whole chain, or its last `known` link and what came after it."""
    count, before = (known.links, known.head) if known is not None else (0, FIRST)
    last = session.get(AuditRow, count) if count else None
    if count and (last is None or last.hash != before or _hash(last) != before):
        return Verified(count, before, count)
    later = sa.select(AuditRow).where(AuditRow.seq > count).order_by(AuditRow.seq)
    with session.scalars(later.execution_options(yield_per=1000)) as rows:
        for row in rows:
            count += 1
            if row.seq != count or row.before != before or row.hash != _hash(row):
                return Verified(count, before, row.seq)
            before = row.hash
    return Verified(count, before, None)


@dataclass(frozen=True)
class Checked:
    """What was found, and when the whole chain was read last."""

    found: Verified
    whole_at: datetime


class Checks:
    """Verifies the chain as it grows: what held is not read again by this process until somebody asks for all of it."""

    def __init__(self) -> None:
        self._kept: Checked | None = None
        self._lock = threading.Lock()

    def look(self, database: Database, now: datetime, *, anew: bool = False) -> Checked:
        """The chain as it stands. The first look reads all of it, `anew` does so again; a broken chain stays broken till then."""
        with self._lock:
            kept = None if anew else self._kept
            if kept is None or kept.found.holds:
                with database.read() as session:
                    found = verify(session, kept.found if kept is not None else None)
                kept = Checked(found, kept.whole_at if kept is not None else now)
            self._kept = kept
            return kept


def record(session: Session, subject: str) -> list[dict[str, Any]]:
    """Every link about one subject, oldest first, for export."""
    return shown(session.scalars(sa.select(AuditRow).where(AuditRow.subject == subject).order_by(AuditRow.seq)))


def newest(session: Session, limit: int = 50, before_seq: int | None = None) -> list[dict[str, Any]]:
    """The newest links."""
    query = sa.select(AuditRow).order_by(AuditRow.seq.desc()).limit(limit)
    if before_seq is not None:
        query = query.where(AuditRow.seq < before_seq)
    return shown(session.scalars(query))


def shown(rows: Iterable[AuditRow]) -> list[dict[str, Any]]:
    """Links as the API shows them."""
    names = ("seq", "at", "actor", "act", "subject", "facts", "text_digest", "before", "hash")
    return [{name: getattr(row, name) for name in names} for row in rows]


def forget(session: Session, subject: str) -> None:
    """Erase the salts of a subject."""
    session.execute(sa.delete(AuditSaltRow).where(AuditSaltRow.subject == subject))


def _hash(row: AuditRow) -> str:
    content = [row.seq, row.at, row.actor, row.act, row.subject, row.facts, row.text_digest, row.before]
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
