"""The Assessment: all that the machine made of one post at one moment, and its rows in SQL."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.database import Table
from service.drafting.draft import DraftKind, DraftStatus
from service.errors import NotFound
from service.flagging.flag import Degradation, Flag, Route
from service.retrieval.evidence import RelatedThread
from service.tagging.suggestion import TagSuggestion

SCHEMA = 1
DAY = timedelta(days=1)


class DraftState(BaseModel):
    """Where the draft of a post stands. `waiting` counts the drafts that will be written before it."""

    id: str
    status: DraftStatus
    kind: DraftKind | None = None
    waiting: int = 0


class PromptUsed(BaseModel):
    """A prompt that took part; `rendered_sha256` covers the messages a model was sent."""

    name: str
    version: str
    sha256: str
    rendered_sha256: str = ""


class Usage(BaseModel):
    """Tokens and money that model calls took."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0


class Provenance(BaseModel):
    """What made an assessment: prompts, models, usage, and milliseconds spent in each station.

    `scores` are the fast readers' probabilities of every category, those below the cuts too: other thresholds can be tried
    on what was read before. `unfounded` counts what a model said of words that do not stand in the post.
    """

    prompts: list[PromptUsed] = []
    models: list[str] = []
    usage: Usage = Usage()
    ms: dict[str, float] = {}
    index_version: str = ""
    scores: dict[str, float] = {}
    unfounded: int = 0


class Assessment(BaseModel):
    """One assessment, as the API shows it."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, serialize_by_alias=True)

    id: str
    post_id: str
    version: Annotated[int, Field(alias="schema")] = SCHEMA
    lane: Literal["fast", "deep"]
    created_at: datetime
    related: list[RelatedThread] = []
    tags: list[TagSuggestion] = []
    flags: list[Flag] = []
    route: Route
    draft: DraftState | None = None
    reader: Literal["full", "limited"] = "full"
    degraded: bool = False
    degraded_because: list[Degradation] = []
    decision_digest: str
    provenance: Provenance = Provenance()


class AssessmentRow(Table):
    """What stays of an assessment after an erasure: ids, time, route, categories and digests."""

    __tablename__ = "assessments"
    __table_args__ = (sa.Index("ix_assessments_post", "post_id", "id"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    post_id: Mapped[str] = mapped_column(sa.ForeignKey("posts.id", ondelete="CASCADE"))
    site: Mapped[str] = mapped_column(sa.String(63), index=True)
    revision: Mapped[int]
    lane: Mapped[str] = mapped_column(sa.String(10))
    schema_version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(index=True)
    route: Mapped[str] = mapped_column(sa.String(20))
    flags: Mapped[list[Any]]
    tags: Mapped[list[Any]]
    degraded: Mapped[bool]
    decision_digest: Mapped[str] = mapped_column(sa.String(64))
    provenance: Mapped[dict[str, Any]]


class AssessmentTextRow(Table):
    """The full record and the evidence snapshot of an assessment: all of it that holds member text; erasable."""

    __tablename__ = "assessment_texts"

    assessment_id: Mapped[str] = mapped_column(sa.ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True)
    record: Mapped[dict[str, Any]]
    evidence: Mapped[dict[str, Any]]


class AssessmentThreadRow(Table):
    """A thread whose words stand in the snapshot of an assessment: what finds them when the thread goes."""

    __tablename__ = "assessment_threads"

    thread_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    assessment_id: Mapped[str] = mapped_column(
        sa.ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True, index=True
    )


def decision_digest(content_digest: str, flags: list[Flag], route: Route) -> str:
    """SHA-256 over what a person decides on: content, flags with their quotes, route, and whether an urgent post is withheld."""
    seen = [
        [f.category, [[q.field, q.start, q.end] for q in f.quotes]] for f in sorted(flags, key=lambda f: f.category)
    ]
    withheld = ["withhold"] if route.withhold and route.to != "hold" else []
    return hashlib.sha256(json.dumps([content_digest, seen, route.to, *withheld]).encode()).hexdigest()


def store(session: Session, assessment: Assessment, site: str, revision: int, evidence: dict[str, Any]) -> None:
    """Append an assessment."""
    outline = [
        {"id": f.id, "category": f.category, "probability": f.probability, "band": f.band} for f in assessment.flags
    ]
    session.add(
        AssessmentRow(
            id=assessment.id,
            post_id=assessment.post_id,
            site=site,
            revision=revision,
            lane=assessment.lane,
            schema_version=SCHEMA,
            created_at=assessment.created_at,
            route=assessment.route.to,
            flags=outline,
            tags=[t.model_dump(mode="json", exclude={"because"}) for t in assessment.tags],
            degraded=assessment.degraded,
            decision_digest=assessment.decision_digest,
            provenance=assessment.provenance.model_dump(mode="json"),
        )
    )
    session.flush()
    record = assessment.model_dump(mode="json", exclude={"draft"})
    session.add(AssessmentTextRow(assessment_id=assessment.id, record=record, evidence=evidence))
    rows = [{"thread_id": thread, "assessment_id": assessment.id} for thread in sorted(threads_in(evidence))]
    if rows:
        session.execute(sa.insert(AssessmentThreadRow), rows)


def threads_in(evidence: dict[str, Any]) -> set[str]:
    """The threads whose words an evidence snapshot holds."""
    return {found["thread_id"] for part in ("related", "passages") for found in evidence.get(part, [])}


def newest(session: Session, post_id: str) -> Assessment | None:
    """The newest assessment of a post, without its draft's state; None before the first or after an erasure."""
    found = history(session, post_id, limit=1)
    return found[0] if found else None


def history(session: Session, post_id: str, limit: int = 50, before: str | None = None) -> list[Assessment]:
    """Assessments of a post, newest first; `before` is the id to continue after."""
    query = (
        sa.select(AssessmentTextRow.record)
        .join(AssessmentRow, AssessmentRow.id == AssessmentTextRow.assessment_id)
        .where(AssessmentRow.post_id == post_id)
        .order_by(AssessmentRow.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(AssessmentRow.id < before)
    return [Assessment.model_validate(record) for record in session.scalars(query)]


def seconds_until_next(session: Session, post_id: str, limit: int, now: datetime) -> float:
    """How long until an edited post may be assessed again: 0 unless it was re-assessed `limit` times within a day.

    The first assessment of a post is no re-assessment; a deep reading belongs to a fast one. A limit of 0 is none.
    """
    if not limit:
        return 0.0
    fast = sa.select(AssessmentRow.id, AssessmentRow.created_at).where(
        AssessmentRow.post_id == post_id, AssessmentRow.lane == "fast"
    )
    first = session.execute(fast.order_by(AssessmentRow.id).limit(1)).first()
    last = session.execute(fast.order_by(AssessmentRow.id.desc()).limit(limit)).all()
    again = [at for row_id, at in last if first is not None and row_id != first[0] and at > now - DAY]
    return (min(again) + DAY - now).total_seconds() if len(again) == limit else 0.0


def get(session: Session, assessment_id: str) -> Assessment:
    """One assessment. Raises NotFound, also after an erasure."""
    row = session.get(AssessmentTextRow, assessment_id)
    if row is None:
        raise NotFound("there is no such assessment", field="assessment_id")
    return Assessment.model_validate(row.record)


def evidence_snapshot(session: Session, assessment_id: str) -> dict[str, Any]:
    """The evidence an assessment was made from. Raises NotFound."""
    row = session.get(AssessmentTextRow, assessment_id)
    if row is None:
        raise NotFound("there is no such assessment", field="assessment_id")
    return dict(row.evidence)
