"""Drafts in SQL: opened pending, written by one job at a time, then ready, abstained or failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import new_id
from service.corpus.tables import AnswerRow, ThreadRow
from service.drafting.draft import DraftKind, DraftStatus, Dropped, Sentence, WrittenDraft
from service.drafting.sources import withdrawn
from service.drafting.tables import DraftEventRow, DraftRow, DraftSourceRow, DraftTextRow, RegenerationRow
from service.errors import NotFound, StaleVersion
from service.intake.tables import PostRow

OPEN = ("pending", "ready", "abstained", "failed")
DESK_PRIORITY = 10
WITHDRAWN = "its source was withdrawn"
_BESIDE = sa.exists().where(RegenerationRow.draft_id == DraftRow.id)


@dataclass(frozen=True)
class State:
    """Where a draft stands; `waiting` counts the drafts that will be written before it."""

    id: str
    status: DraftStatus
    kind: DraftKind | None
    waiting: int


@dataclass(frozen=True)
class Taken:
    """Sentences that were taken out of a draft, and the ids of all it had, in order."""

    sentences: list[Sentence]
    order: list[str]


def open_draft(
    session: Session, post_id: str, site: str, assessment_id: str | None, now: datetime, instruction: str = "",
    *, beside: bool = False, stale_because: str | None = None,
) -> str:  # fmt: skip
    """A new pending draft of a post; an older pending one of the same post is superseded. Returns its id.

    One that is written `beside` another supersedes none, and none supersedes it. `stale_because` says why the evidence
    of its assessment no longer holds: then it is written from what is found anew.
    """
    if not beside:
        older = sa.update(DraftRow).where(DraftRow.post_id == post_id, DraftRow.status == "pending", ~_BESIDE)
        session.execute(older.values(status="discarded", version=DraftRow.version + 1, updated_at=now))
    row = DraftRow(
        id=new_id(), post_id=post_id, site=site, assessment_id=assessment_id, status="pending", kind=None, version=1,
        stale=stale_because is not None, stale_because=stale_because, abstained_because=None,
        instruction=instruction or None, priority=0, claimed_by=None, claimed_until=None, created_at=now, updated_at=now,
        provenance={},
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def find(session: Session, draft_id: str) -> DraftRow:
    """The row of a draft. Raises NotFound."""
    row = session.get(DraftRow, draft_id)
    if row is None:
        raise NotFound("there is no such draft", field="draft_id")
    return row


def check_version(row: DraftRow, expected: int) -> None:
    """Raise StaleVersion where somebody changed the draft since `expected` was read."""
    if row.version != expected:
        raise StaleVersion(f"the draft is at version {row.version}", version=row.version)


def newest_for_post(session: Session, post_id: str) -> DraftRow | None:
    """The newest draft of a post that stands for itself."""
    own = sa.select(DraftRow).where(DraftRow.post_id == post_id, ~_BESIDE)
    return session.scalar(own.order_by(DraftRow.id.desc()).limit(1))


def outdated(row: DraftRow | None) -> str | None:
    """Why what a draft rests on no longer holds; None where it does."""
    return (row.stale_because or "a source changed") if row is not None and row.stale else None


def state_for_post(session: Session, post_id: str) -> State | None:
    """Where the newest draft of a post stands."""
    row = newest_for_post(session, post_id)
    return None if row is None else state(session, row)


def state(session: Session, row: DraftRow) -> State:
    """Where a draft stands."""
    ahead = waiting_before(session, row) if row.status == "pending" else 0
    return State(row.id, cast(DraftStatus, row.status), cast("DraftKind | None", row.kind), ahead)


def waiting_before(session: Session, row: DraftRow) -> int:
    """How many pending drafts will be written before this one: those opened on the desk first, then the newest."""
    ahead = sa.or_(DraftRow.priority > row.priority, sa.and_(DraftRow.priority == row.priority, DraftRow.id > row.id))
    count = sa.select(sa.func.count()).select_from(DraftRow).where(DraftRow.status == "pending", ahead)
    return session.scalar(count) or 0


def pending(session: Session) -> int:
    """How many drafts wait to be written."""
    return session.scalar(sa.select(sa.func.count()).select_from(DraftRow).where(DraftRow.status == "pending")) or 0


def next_pending(session: Session) -> DraftRow | None:
    """The draft to write next."""
    query = sa.select(DraftRow).where(DraftRow.status == "pending")
    return session.scalar(query.order_by(DraftRow.priority.desc(), DraftRow.id.desc()).limit(1))


def hurry(session: Session, draft_id: str) -> None:
    """A mentor opened this draft: write it before the others."""
    session.execute(
        sa.update(DraftRow).where(DraftRow.id == draft_id, DraftRow.status == "pending").values(priority=DESK_PRIORITY)
    )


def rest_anew(session: Session, draft_id: str, assessment_id: str, now: datetime, *, whole: bool) -> None:
    """A pending draft is written from the evidence of this assessment; where the `whole` of it is, it is no longer stale."""
    row = find(session, draft_id)
    if row.status == "pending":
        row.assessment_id, row.version, row.updated_at = assessment_id, row.version + 1, now
        if whole:
            row.stale, row.stale_because = False, None


def save(session: Session, draft_id: str, written: WrittenDraft, now: datetime) -> DraftRow:
    """Store what was written and send the closing event. A draft that is no longer pending stays as it is."""
    row = find(session, draft_id)
    if row.status != "pending":
        return row
    row.status, row.kind = written.status, written.kind
    row.abstained_because, row.provenance = written.abstained_because, written.provenance
    row.version, row.updated_at = row.version + 1, now
    put_text(session, draft_id, written.sentences, written.dropped, written.notes)
    if _withdraw(session, row).sentences:
        row.stale, row.stale_because = True, "a source was withdrawn while this was written"
    add_event(session, draft_id, written.status, {"id": draft_id, "status": written.status, "kind": written.kind})
    return row


def put_text(
    session: Session, draft_id: str, sentences: list[Sentence], dropped: list[Dropped], notes: list[str]
) -> None:
    """Replace a draft's sentences and note which threads they, and those dropped, rest on."""
    kept, left_out = ([one.model_dump(mode="json") for one in some] for some in (sentences, dropped))
    session.merge(DraftTextRow(draft_id=draft_id, sentences=kept, dropped=left_out, notes=notes))
    session.execute(sa.delete(DraftSourceRow).where(DraftSourceRow.draft_id == draft_id))
    named = [s for one in sentences for s in one.sources] + [s for one in dropped for s in one.sources]
    threads = {source.thread_id for source in named}
    session.add_all(DraftSourceRow(draft_id=draft_id, thread_id=thread) for thread in sorted(threads))


def text(session: Session, draft_id: str) -> DraftTextRow | None:
    """The sentences of a draft; None before it is written and after an erasure."""
    return session.get(DraftTextRow, draft_id)


def add_event(session: Session, draft_id: str, event: str, data: dict[str, Any]) -> int:
    """Append a server-sent event; returns its number, from 1 on."""
    last = session.scalar(sa.select(sa.func.max(DraftEventRow.seq)).where(DraftEventRow.draft_id == draft_id)) or 0
    session.add(DraftEventRow(draft_id=draft_id, seq=last + 1, event=event, data=data))
    return last + 1


def events_after(session: Session, draft_id: str, seq: int) -> list[DraftEventRow]:
    """The events a client has not seen yet."""
    query = sa.select(DraftEventRow).where(DraftEventRow.draft_id == draft_id, DraftEventRow.seq > seq)
    return list(session.scalars(query.order_by(DraftEventRow.seq)))


def rest_on(session: Session, draft_id: str, thread_ids: Iterable[str]) -> None:
    """Note that a draft now rests on these threads too: a mentor took a point from them."""
    for thread_id in thread_ids:
        session.merge(DraftSourceRow(draft_id=draft_id, thread_id=thread_id))


def make_stale(session: Session, thread_ids: Iterable[str], because: str, now: datetime) -> dict[str, Taken]:
    """Mark every draft that waits or is ready and rests on one of these threads as stale.

    In every draft, discarded ones too, sentences whose source may not be shown any more are taken out at once, with the
    events that carried them. A draft that only dropped sentences of such a thread loses their words and is not stale.
    Returns what went, by the id of each draft that names one of the threads.
    """
    touched = set(thread_ids)
    on = sa.select(DraftSourceRow.draft_id).where(DraftSourceRow.thread_id.in_(touched))
    taken = {}
    for row in session.scalars(sa.select(DraftRow).where(DraftRow.id.in_(on))).all():
        if row.status not in ("ready", "pending"):
            taken[row.id] = _withdraw(session, row)
            continue
        text = session.get(DraftTextRow, row.id)
        on = sa.select(DraftSourceRow.thread_id).where(DraftSourceRow.draft_id == row.id)
        if text is None or (touched & set(session.scalars(on))) - _only_dropped(text):
            row.stale, row.stale_because = True, because
        row.version, row.updated_at = row.version + 1, now
        taken[row.id] = _withdraw(session, row)
    return taken


def make_stale_for_post(session: Session, post_id: str, because: str, now: datetime) -> list[str]:
    """Mark the drafts of a post that changed as stale, those beside others and unwritten ones too; returns their ids."""
    query = sa.select(DraftRow).where(DraftRow.post_id == post_id, DraftRow.status.in_(OPEN))
    return _mark_stale(session.scalars(query).all(), because, now)


def make_stale_for_answers(session: Session, thread_ids: Iterable[str], because: str, now: datetime) -> list[str]:
    """Mark the drafts of posts whose own thread, among these, got an answer since as stale; returns their ids.

    A post and its thread have the same site and external id. A draft knows what was there before it and the assessment
    it rests on were made; ids sort by that.
    """
    later = sa.exists().where(
        AnswerRow.thread_id == ThreadRow.id,
        AnswerRow.id > DraftRow.id,
        AnswerRow.id > sa.func.coalesce(DraftRow.assessment_id, ""),
    )
    own = sa.and_(ThreadRow.site == PostRow.site, ThreadRow.external_id == PostRow.external_id)
    query = sa.select(DraftRow).join(PostRow, PostRow.id == DraftRow.post_id).join(ThreadRow, own)
    query = query.where(ThreadRow.id.in_(list(thread_ids)), DraftRow.status.in_(OPEN), later)
    return _mark_stale(session.scalars(query).all(), because, now)


def stop_for_post(session: Session, post_id: str, because: str, now: datetime) -> list[str]:
    """No draft of this post may be published as it is: ready ones become stale, waiting ones abstain. Ids of the latter."""
    query = sa.select(DraftRow).where(DraftRow.post_id == post_id, DraftRow.status.in_(("ready", "pending")))
    rows = session.scalars(query).all()
    waiting = [row for row in rows if row.status == "pending"]
    _mark_stale([row for row in rows if row.status == "ready"], because, now)
    for row in waiting:
        row.status, row.abstained_because, row.stale, row.stale_because = "abstained", because, False, None
        row.version, row.updated_at = row.version + 1, now
        if events_after(session, row.id, 0):
            add_event(session, row.id, "withdrawn", {})
        add_event(session, row.id, row.status, {"id": row.id, "status": row.status, "kind": row.kind})
    return [row.id for row in waiting]


def _mark_stale(rows: Sequence[DraftRow], because: str, now: datetime) -> list[str]:
    for row in rows:
        row.stale, row.stale_because, row.version, row.updated_at = True, because, row.version + 1, now
    return [row.id for row in rows]


def _only_dropped(text: DraftTextRow) -> set[str]:
    """Threads that dropped sentences name and that no sentence rests on."""
    kept, left_out = (
        {source["thread_id"] for one in some for source in one.get("sources", [])}
        for some in (text.sentences, text.dropped)
    )
    return left_out - kept


def _withdraw(session: Session, row: DraftRow) -> Taken:
    """Take out what rests on a source that is gone; its words are kept nowhere, why it was dropped stays."""
    text = session.get(DraftTextRow, row.id)
    if text is None:
        return Taken([], [])
    sentences = [Sentence.model_validate(s) for s in text.sentences]
    dropped = [Dropped.model_validate(d) for d in text.dropped]
    named = [s for one in sentences for s in one.sources] + [s for one in dropped for s in one.sources]
    gone = withdrawn(session, row.site, named)
    if not gone:
        return Taken([], [s.id for s in sentences])
    kept = [s for s in sentences if not gone & {source.passage_id for source in s.sources}]
    taken = [Dropped(text="", reason=WITHDRAWN)] * (len(sentences) - len(kept))
    text.sentences = [s.model_dump(mode="json") for s in kept]
    text.dropped = [d.model_dump(mode="json") for d in [*(_without_words(d, gone) for d in dropped), *taken]]
    events = sa.select(DraftEventRow).where(DraftEventRow.draft_id == row.id, DraftEventRow.event == "sentence")
    for event in session.scalars(events):
        if any(source["passage_id"] in gone for source in event.data.get("sources", [])):
            event.event, event.data = "withdrawn", {"id": event.data.get("id")}
    return Taken([s for s in sentences if s not in kept], [s.id for s in sentences])


def _without_words(dropped: Dropped, gone: set[str]) -> Dropped:
    """A dropped sentence keeps its words only where it names its sources and all of them are still there."""
    stays = dropped.sources and not gone & {source.passage_id for source in dropped.sources}
    return dropped if stays else Dropped(text="", reason=dropped.reason)


def erase_for_post(session: Session, post_id: str, now: datetime) -> None:
    """Take the texts and events of a post's drafts away."""
    ids = list(session.scalars(sa.select(DraftRow.id).where(DraftRow.post_id == post_id)))
    session.execute(sa.delete(DraftTextRow).where(DraftTextRow.draft_id.in_(ids)))
    session.execute(sa.delete(DraftEventRow).where(DraftEventRow.draft_id.in_(ids)))
    session.execute(sa.delete(DraftSourceRow).where(DraftSourceRow.draft_id.in_(ids)))
    session.execute(
        sa.update(DraftRow)
        .where(DraftRow.post_id == post_id, DraftRow.status.in_(["pending", "ready"]))
        .values(status="discarded", instruction=None, version=DraftRow.version + 1, updated_at=now)
    )
