"""Opaque cursors for lists."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query

from service.errors import InvalidInput

Limit = Annotated[int, Query(ge=1, le=200, description="Most entries of one page.")]
CursorParameter = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before.")]


def encode(*keys: Any) -> str:
    """A cursor that continues after `keys`."""
    return base64.urlsafe_b64encode(json.dumps(keys).encode()).decode().rstrip("=")


def decode(cursor: str | None, length: int = 1) -> list[Any] | None:
    """The keys of a cursor, None without one. Raises InvalidInput for anything this service did not make."""
    if cursor is None:
        return None
    try:
        keys = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        keys = None
    if not isinstance(keys, list) or len(keys) != length or not all(isinstance(k, str | int | float) for k in keys):
        raise InvalidInput("this cursor was not made by this service", field="cursor")
    return keys


def page(items: Sequence[Any], limit: int, last: str | None) -> dict[str, Any]:
    """A page as the API shows it; `last` is the cursor after its last entry."""
    return {"data": list(items), "next_cursor": last if len(items) == limit else None}
