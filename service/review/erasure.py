"""What an erased post leaves in review: ids, times, verdicts and digests; its words and salts go."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import system_clock
from service.review import audit, items
from service.review.tables import ReviewTextRow


def erase_for_post(session: Session, post_id: str) -> None:
    """Take away reasons, notes, report texts and salts, and withdraw the open item. Registered as an effect of erasing."""
    session.execute(sa.delete(ReviewTextRow).where(ReviewTextRow.post_id == post_id))
    audit.forget(session, f"post:{post_id}")
    row = items.open_for_post(session, post_id)
    if row is not None:
        items.close(session, row, "withdrawn", system_clock())
