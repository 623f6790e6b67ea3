"""How many posts a post of the audit sample stands for."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.feedback import quality
from service.feedback.tables import OutcomeRow


def of_site(session: Session, site: str) -> dict[str, float]:
    """Post id → 1/(probability of being drawn × share of drawn posts that were decided), as thresholds are fitted with.

    Posts that came another way are not in it: they stand for themselves.
    """
    answered = quality.answered(session, site, None, None).sampled
    drawn = sa.select(OutcomeRow.post_id, OutcomeRow.sampled_with).where(
        OutcomeRow.site == site, OutcomeRow.kind == "audit", OutcomeRow.withdrawn_at.is_(None)
    )
    return {post_id: 1 / (drawn_with * answered) for post_id, drawn_with in session.execute(drawn) if drawn_with}
