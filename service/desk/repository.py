"""The desk in SQL: claims, revisions, publishing, discarding. The caller's transaction commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import new_id, rfc3339
from service.desk import blocking, measures
from service.desk.revision import NewRevision, SentenceEdit, as_text, check
from service.desk.tables import DeskTextRow, DraftEndRow, RegenerationRow, RevisionRow
from service.drafting import repository as drafts
from service.drafting.tables import DraftRow
from service.errors import Conflict, NotFound
from service.people.tables import PersonRow

LEASE = timedelta(minutes=15)
OPEN = ("pending", "ready", "abstained", "failed")


def holder(row: DraftRow, now: datetime) -> str | None:
    """Who has the draft on the desk now."""
    held = row.claimed_by is not None and row.claimed_until is not None and row.claimed_until >= now
    return row.claimed_by if held else None


def claim(session: Session, row: DraftRow, by: str, now: datetime) -> None:
    """Take the draft, or renew the lease of a quarter of an hour. Raises Conflict where somebody else has it."""
    _check_open(row)
    _check_holder(session, row, by, now)
    if holder(row, now) != by:
        row.version, row.claimed_by, row.updated_at = row.version + 1, by, now
    row.claimed_until = now + LEASE
    drafts.hurry(session, row.id)


def release(session: Session, row: DraftRow, by: str, now: datetime) -> None:
    """Hand the draft back. Raises Conflict where somebody else has it."""
    _check_holder(session, row, by, now)
    if row.claimed_by == by:
        row.version, row.claimed_by, row.claimed_until, row.updated_at = row.version + 1, None, None, now


def revise(session: Session, row: DraftRow, by: str, sent: NewRevision, now: datetime) -> RevisionRow:
    """Append a revision; the draft stays with its mentor. Raises Conflict, InvalidInput."""
    claim(session, row, by, now)
    machine = machine_sentences(session, row.id)
    check(sent.sentences, machine)
    row.version, row.updated_at = row.version + 1, now
    last = session.scalar(sa.select(sa.func.max(RevisionRow.seq)).where(RevisionRow.draft_id == row.id)) or 0
    revision = RevisionRow(
        id=new_id(), draft_id=row.id, post_id=row.post_id, seq=last + 1, by=by, at=now, draft_version=row.version,
        measures=measures.counts(machine, sent.sentences),
    )  # fmt: skip
    edits = [edit.model_dump() for edit in sent.sentences]
    text = sent.text if sent.text is not None else as_text(machine, sent.sentences)
    session.add(revision)
    session.add(DeskTextRow(owner_id=revision.id, post_id=row.post_id, text=text, sentences=edits))
    session.flush()
    return revision


@dataclass(frozen=True)
class Revised:
    """A revision with its words; `text` None after an erasure."""

    row: RevisionRow
    text: str | None
    edits: list[SentenceEdit]


def revisions(session: Session, draft_id: str, limit: int = 50) -> list[Revised]:
    """The revisions of a draft, newest first."""
    query = sa.select(RevisionRow, DeskTextRow).outerjoin(DeskTextRow, DeskTextRow.owner_id == RevisionRow.id)
    query = query.where(RevisionRow.draft_id == draft_id).order_by(RevisionRow.seq.desc()).limit(limit)
    return [_revised(row, words) for row, words in session.execute(query)]


def newest(session: Session, draft_id: str) -> Revised | None:
    """The newest revision of a draft."""
    found = revisions(session, draft_id, 1)
    return found[0] if found else None


def machine_sentences(session: Session, draft_id: str) -> list[dict[str, Any]]:
    """The sentences as the machine wrote them."""
    words = drafts.text(session, draft_id)
    return list(words.sentences) if words is not None else []


@dataclass(frozen=True)
class Ready:
    """What would be published, and what still blocks it."""

    text: str
    edits: list[SentenceEdit]
    machine: list[dict[str, Any]]
    revision_id: str | None
    blockers: list[blocking.Blocker]


def ready(session: Session, row: DraftRow) -> Ready:
    """The text as it would be published: the newest revision, else the machine's."""
    machine, last = machine_sentences(session, row.id), newest(session, row.id)
    edits = last.edits if last is not None else []
    text = last.text or "" if last is not None else as_text(machine)
    found = blocking.blockers(machine, edits, text, stale=row.stale)
    return Ready(text, edits, machine, last.row.id if last is not None else None, found)


def publish(session: Session, row: DraftRow, by: str, now: datetime) -> dict[str, Any]:
    """Publish what the mentor has. Returns what the site is told: text, sentences with sources, `ai_assisted` provenance.

    Raises Conflict: not open, not held by the caller, still pending, or blocked (naming by what).
    """
    _check_open(row)
    _check_holder(session, row, by, now)
    if holder(row, now) != by:
        raise Conflict("claim the draft first", reason="not_claimed")
    if row.status == "pending":
        raise Conflict("the draft is still being written", reason="pending")
    wanted = ready(session, row)
    blocking.check(wanted.blockers)
    measured = measures.full(wanted.machine, wanted.edits, as_text(wanted.machine), wanted.text)
    person = session.get(PersonRow, by)
    provenance = _provenance(row, wanted, measured, person.name if person is not None else "", now)
    _end(session, row, "published", by, now, wanted, measured, provenance, None)
    return {
        "post_id": row.post_id, "draft_id": row.id, "text": wanted.text, "format": "markdown", "kind": row.kind,
        "ai_assisted": provenance,
    }  # fmt: skip


def discard(session: Session, row: DraftRow, by: str, reason: str, note: str | None, now: datetime) -> None:
    """Put a draft away with a reason. Raises Conflict."""
    _check_open(row)
    _check_holder(session, row, by, now)
    _end(session, row, "discarded", by, now, ready(session, row), {}, {}, reason, note)


def regenerate(
    session: Session, row: DraftRow, by: str, instruction: str, sentence_id: str | None, now: datetime
) -> str:
    """Open a new draft beside this one, whose revisions stay untouched. Returns its id. Raises Conflict, NotFound."""
    _check_open(row)
    _check_holder(session, row, by, now)
    if sentence_id is not None and all(str(s["id"]) != sentence_id for s in machine_sentences(session, row.id)):
        raise NotFound("the draft has no such sentence", field="sentence_id")
    if row.status == "pending":
        raise Conflict("the draft is still being written", reason="pending")
    new = drafts.open_draft(session, row.post_id, row.site, row.assessment_id, now, instruction)
    session.add(RegenerationRow(draft_id=new, of_draft_id=row.id, sentence_id=sentence_id, by=by, at=now))
    drafts.hurry(session, new)
    return new


def regenerations(session: Session, draft_id: str) -> list[RegenerationRow]:
    """Drafts written anew beside this one, newest first."""
    query = sa.select(RegenerationRow).where(RegenerationRow.of_draft_id == draft_id)
    return list(session.scalars(query.order_by(RegenerationRow.draft_id.desc())))


def end_of(session: Session, draft_id: str) -> DraftEndRow | None:
    """How the draft ended, if it did."""
    return session.get(DraftEndRow, draft_id)


def erase_for_post(session: Session, post_id: str) -> None:
    """Take away the words of every revision and publication of a post. Registered as an effect of erasing."""
    session.execute(sa.delete(DeskTextRow).where(DeskTextRow.post_id == post_id))


def _end(
    session: Session, row: DraftRow, act: str, by: str, now: datetime, wanted: Ready, measured: dict[str, Any],
    provenance: dict[str, Any], reason: str | None, note: str | None = None,
) -> None:  # fmt: skip
    first = session.scalar(sa.select(sa.func.min(RevisionRow.at)).where(RevisionRow.draft_id == row.id))
    row.status, row.version, row.updated_at = act, row.version + 1, now
    row.claimed_by = row.claimed_until = None
    session.add(
        DraftEndRow(
            draft_id=row.id, post_id=row.post_id, site=row.site, act=act, by=by, at=now, revision_id=wanted.revision_id,
            reason=reason, seconds=(now - first).total_seconds() if first is not None else None, kind=row.kind,
            measures=measured, provenance=provenance,
        )
    )  # fmt: skip
    edits = [edit.model_dump() for edit in wanted.edits]
    text = wanted.text if act == "published" else note or ""
    session.add(DeskTextRow(owner_id=row.id, post_id=row.post_id, text=text, sentences=edits))
    drafts.add_event(session, row.id, act, {"id": row.id, "status": act})
    session.flush()


def _provenance(row: DraftRow, wanted: Ready, measured: dict[str, Any], mentor: str, now: datetime) -> dict[str, Any]:
    acts = {edit.id: edit for edit in wanted.edits}
    kept = [s for s in wanted.machine if str(s["id"]) not in acts or acts[str(s["id"])].action != "cut"]
    sources: dict[str, dict[str, Any]] = {}
    for sentence in kept:
        for source in sentence.get("sources", []):
            entry = {name: source.get(name) for name in ("passage_id", "thread_id", "author", "date")}
            sources.setdefault(str(source["passage_id"]), entry)
    by_model = [s for s in kept if str(s["id"]) not in acts or acts[str(s["id"])].action == "keep"]
    return {
        "ai_assisted": bool(kept), "machine_sentences_unchanged": len(by_model), "edited_by": mentor,
        "published_at": rfc3339(now), "sources": list(sources.values()), "edit": measured, "written_by": row.provenance,
    }  # fmt: skip


def _revised(row: RevisionRow, words: DeskTextRow | None) -> Revised:
    edits: Sequence[Any] = words.sentences if words is not None else ()
    return Revised(row, words.text if words is not None else None, [SentenceEdit.model_validate(e) for e in edits])


def _check_open(row: DraftRow) -> None:
    if row.status not in OPEN:
        raise Conflict(f"the draft is {row.status}", reason="closed", status_now=row.status)


def _check_holder(session: Session, row: DraftRow, by: str, now: datetime) -> None:
    held_by = holder(row, now)
    if held_by is not None and held_by != by:
        person = session.get(PersonRow, held_by)
        name = person.name if person is not None else "somebody else"
        raise Conflict(f"{name} is working on this draft", reason="claimed", claimed_by=name)
