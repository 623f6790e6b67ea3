"""Time and identifiers, in one place, so that tests and simulations can hold them still."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import uuid_utils

Clock = Callable[[], datetime]
"""Returns the present moment as an aware UTC datetime."""


def system_clock() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A fresh UUIDv7 as text: sorts by the time it was made (RFC 9562)."""
    return str(uuid_utils.uuid7())


def rfc3339(moment: datetime) -> str:
    """`moment` as RFC 3339 in UTC with a `Z`; a naive moment is taken as UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.isoformat(timespec="milliseconds").replace("+00:00", "Z")
