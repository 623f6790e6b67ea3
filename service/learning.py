"""Where a judgement becomes an outcome: the assessment it was made on is joined to it, in the caller's transaction."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.assessment import AssessmentRow, AssessmentTextRow
from service.clock import new_id
from service.desk.tables import DraftEndRow
from service.feedback import outcomes
from service.feedback.outcomes import Assessed
from service.intake.tables import KeptTagsRow, PostRow, PostTextRow
from service.review.tables import AppealRow, DecisionRow, ReviewItemRow

MIDDLING, LONG = 80, 250
"""Words from which a post counts as middling and as long, as in the eval suite."""


def note_decision(session: Session, made: DecisionRow, item: ReviewItemRow, appeal: AppealRow | None) -> None:
    """A decision on an item, with the appeal it settled."""
    outcomes.note_decision(session, made, item, appeal, assessed(session, made.post_id, made.assessment_id))


def note_taken_back(session: Session, undoing: DecisionRow) -> None:
    """An undo or a re-opening: what was decided before teaches nothing."""
    if undoing.takes_back:
        outcomes.withdraw(session, undoing.takes_back, undoing.at)


def note_end(session: Session, draft_id: str, assessment_id: str | None) -> None:
    """A draft published or discarded."""
    end = session.get(DraftEndRow, draft_id)
    if end is not None:
        outcomes.note_end(session, end, assessed(session, end.post_id, assessment_id))


def note_tags(session: Session, post_id: str, site: str, by: str) -> None:
    """The tags that were just kept for a post."""
    newest = sa.select(KeptTagsRow).where(KeptTagsRow.post_id == post_id).order_by(KeptTagsRow.id.desc()).limit(1)
    kept = session.scalar(newest)
    if kept is not None:
        latest = sa.select(AssessmentRow.id).where(AssessmentRow.post_id == post_id).order_by(AssessmentRow.id.desc())
        seen = assessed(session, post_id, session.scalar(latest.limit(1)))
        outcomes.note_tags(session, kept.id or new_id(), post_id, site, kept.tags, by, kept.at, seen)


def assessed(session: Session, post_id: str, assessment_id: str | None) -> Assessed:
    """What an outcome keeps of an assessment; empty where there is none."""
    row = session.get(AssessmentRow, assessment_id) if assessment_id else None
    if row is None:
        return Assessed()
    words = session.get(AssessmentTextRow, row.id)
    found_by = {str(f["id"]): f["found_by"] for f in (words.record if words is not None else {}).get("flags", [])}
    flags = [
        {name: flag[name] for name in ("id", "category", "probability", "band")}
        | {"found_by": found_by.get(str(flag["id"]), [])}
        for flag in row.flags
    ]
    provenance = row.provenance
    prompts = [f"{p['name']} {p['version']}" for p in provenance.get("prompts", [])]
    post, text = session.get(PostRow, post_id), session.get(PostTextRow, (post_id, row.revision))
    slices = {"lane": row.lane, "lang": post.lang if post is not None else "unknown"}
    if text is not None:
        slices["length"] = length_of(text.body)
    tags = [{"tag": tag["tag"], "probability": tag["probability"]} for tag in row.tags]
    cost = float((provenance.get("usage") or {}).get("cost_usd", 0.0))
    return Assessed(row.id, row.route, flags, tags, prompts, slices, cost)


def length_of(text: str) -> str:
    """The slice of a text by its words."""
    words = len(text.split())
    return "short" if words < MIDDLING else "middling" if words < LONG else "long"
