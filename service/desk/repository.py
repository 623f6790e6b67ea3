"""The desk in SQL: claims, revisions, drafts written anew. The caller's transaction commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import new_id
from service.corpus import repository as threads
from service.desk import measures
from service.desk.reading_back import edits_of
from service.desk.revision import NewRevision, SentenceEdit, as_text, check
from service.desk.tables import DeskTextRow, DraftTopicRow, RevisionRow
from service.desk.withdrawing import Saved, without
from service.drafting import repository as drafts
from service.drafting.draft import DraftKind
from service.drafting.repository import Taken
from service.drafting.tables import DraftRow, RegenerationRow
from service.errors import Conflict, NotFound
from service.people.tables import PersonRow

LEASE = timedelta(minutes=15)
OPEN = drafts.OPEN


def holder(row: DraftRow, now: datetime) -> str | None:
    """Who has the draft on the desk now."""
    held = row.claimed_by is not None and row.claimed_until is not None and row.claimed_until >= now
    return row.claimed_by if held else None


def claim(session: Session, row: DraftRow, by: str, now: datetime) -> None:
    """Take the draft, or renew the lease of a quarter of an hour. Raises Conflict where somebody else has it."""
    check_open(row)
    check_holder(session, row, by, now)
    if row.claimed_by != by:
        row.version, row.claimed_by, row.updated_at = row.version + 1, by, now
    row.claimed_until = now + LEASE
    drafts.hurry(session, row.id)


def renew(session: Session, row: DraftRow, by: str, now: datetime) -> None:
    """Keep the lease while the page is open; changes no version. Raises Conflict where the draft is not the caller's any more."""
    check_open(row)
    check_holder(session, row, by, now)
    if row.claimed_by != by:
        raise Conflict("the draft was handed back", reason="not_claimed")
    row.claimed_until = now + LEASE


def release(session: Session, row: DraftRow, by: str, now: datetime) -> None:
    """Hand the draft back. Raises Conflict where somebody else has it."""
    check_holder(session, row, by, now)
    if row.claimed_by == by:
        row.version, row.claimed_by, row.claimed_until, row.updated_at = row.version + 1, None, None, now


def revise(session: Session, row: DraftRow, by: str, sent: NewRevision, now: datetime) -> RevisionRow:
    """Append a revision; the draft stays with its mentor. Raises Conflict, InvalidInput."""
    claim(session, row, by, now)
    machine = machine_sentences(session, row.id)
    last = newest(session, row.id)
    done = edits_of(sent, machine, last.edits if last is not None else ())
    check(done, machine)
    row.version, row.updated_at = row.version + 1, now
    highest = session.scalar(sa.select(sa.func.max(RevisionRow.seq)).where(RevisionRow.draft_id == row.id)) or 0
    revision = RevisionRow(
        id=new_id(), draft_id=row.id, post_id=row.post_id, seq=highest + 1, by=by, at=now, draft_version=row.version,
        measures=measures.counts(machine, done),
    )  # fmt: skip
    edits = [edit.model_dump() for edit in done]
    text = sent.text if sent.text is not None else as_text(machine, done)
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


def revisions(session: Session, draft_id: str, limit: int = 50, before: int | None = None) -> list[Revised]:
    """The revisions of a draft, newest first; `before` is the number to continue after."""
    query = sa.select(RevisionRow, DeskTextRow).outerjoin(DeskTextRow, DeskTextRow.owner_id == RevisionRow.id)
    query = query.where(RevisionRow.draft_id == draft_id).order_by(RevisionRow.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(RevisionRow.seq < before)
    return [_revised(row, words) for row, words in session.execute(query)]


def newest(session: Session, draft_id: str) -> Revised | None:
    """The newest revision of a draft."""
    found = revisions(session, draft_id, 1)
    return found[0] if found else None


def machine_sentences(session: Session, draft_id: str) -> list[dict[str, Any]]:
    """The sentences as the machine wrote them."""
    words = drafts.text(session, draft_id)
    return list(words.sentences) if words is not None else []


def regenerate(
    session: Session, row: DraftRow, by: str, instruction: str, sentence_id: str | None, now: datetime,
    form: DraftKind | None = None,
) -> str:  # fmt: skip
    """Open a new draft beside this one, whose revisions stay untouched. Returns its id. Raises Conflict, NotFound.

    `form` is the kind wished for; without it the writer chooses. Beside a stale draft it is written from what is found
    for the post now.
    """
    check_open(row)
    check_holder(session, row, by, now)
    if sentence_id is not None and all(str(s["id"]) != sentence_id for s in machine_sentences(session, row.id)):
        raise NotFound("the draft has no such sentence", field="sentence_id")
    if row.status == "pending":
        raise Conflict("the draft is still being written", reason="pending")
    new = drafts.open_draft(
        session, row.post_id, row.site, row.assessment_id, now, instruction, beside=True,
        stale_because=drafts.outdated(row),
    )  # fmt: skip
    session.add(RegenerationRow(draft_id=new, of_draft_id=row.id, sentence_id=sentence_id, form=form, by=by, at=now))
    drafts.hurry(session, new)
    return new


def regenerations(session: Session, draft_id: str) -> list[RegenerationRow]:
    """Drafts written anew beside this one, newest first."""
    query = sa.select(RegenerationRow).where(RegenerationRow.of_draft_id == draft_id)
    return list(session.scalars(query.order_by(RegenerationRow.draft_id.desc())))


def written_for(session: Session, draft_id: str) -> RegenerationRow | None:
    """Beside which draft this one was written anew; None for one that stands for itself."""
    return session.get(RegenerationRow, draft_id)


def take_place(session: Session, row: DraftRow, other: DraftRow) -> None:
    """A draft written anew stands for itself from now on, under the topics of the other; the rest stay beside it."""
    beside = sa.update(RegenerationRow).where(
        RegenerationRow.of_draft_id == other.id, RegenerationRow.draft_id != row.id
    )
    session.execute(beside.values(of_draft_id=row.id))
    session.execute(sa.delete(RegenerationRow).where(RegenerationRow.draft_id == row.id))
    topics = session.scalars(sa.select(DraftTopicRow.topic).where(DraftTopicRow.draft_id == other.id)).all()
    session.add_all(DraftTopicRow(topic=topic, draft_id=row.id, post_id=row.post_id) for topic in topics)


def revision(session: Session, draft_id: str, seq: int) -> Revised:
    """One revision by its number. Raises NotFound."""
    query = sa.select(RevisionRow, DeskTextRow).outerjoin(DeskTextRow, DeskTextRow.owner_id == RevisionRow.id)
    found = session.execute(query.where(RevisionRow.draft_id == draft_id, RevisionRow.seq == seq)).first()
    if found is None:
        raise NotFound("there is no such revision", field="revision")
    return _revised(*found)


def withdraw(session: Session, taken: Mapping[str, Taken]) -> None:
    """Take the words of sentences that went, and of points whose passage is gone, out of what mentors saved of these
    drafts. A published text stays as it was published."""
    if not taken:
        return
    unpublished = sa.select(DraftRow.id).where(DraftRow.id.in_(list(taken)), DraftRow.status != "published")
    of_draft = {id_: id_ for id_ in session.scalars(unpublished)}
    saved = sa.select(RevisionRow.id, RevisionRow.draft_id).where(RevisionRow.draft_id.in_(list(of_draft)))
    of_draft |= {row.id: row.draft_id for row in session.execute(saved)}
    found = session.scalars(sa.select(DeskTextRow).where(DeskTextRow.owner_id.in_(list(of_draft)))).all()
    named = {str(edit["passage_id"]) for words in found for edit in words.sentences if edit.get("passage_id")}
    gone = named - {passage.id for passage in threads.passages(session, named)}
    for words in found:
        edits = [SentenceEdit.model_validate(edit) for edit in words.sentences]
        went = taken[of_draft[words.owner_id]]
        left = without(Saved(words.text, edits), went.sentences, went.order, gone)
        words.text, words.sentences = left.text, [edit.model_dump() for edit in left.edits]


def erase_for_post(session: Session, post_id: str) -> None:
    """Take away the words of every revision and publication of a post. Registered as an effect of erasing."""
    session.execute(sa.delete(DeskTextRow).where(DeskTextRow.post_id == post_id))


def _revised(row: RevisionRow, words: DeskTextRow | None) -> Revised:
    edits: Sequence[Any] = words.sentences if words is not None else ()
    return Revised(row, words.text if words is not None else None, [SentenceEdit.model_validate(e) for e in edits])


def check_open(row: DraftRow) -> None:
    """Raise Conflict where the draft has ended."""
    if row.status not in OPEN:
        raise Conflict(f"the draft is {row.status}", reason="closed", status_now=row.status)


def check_holder(session: Session, row: DraftRow, by: str, now: datetime) -> None:
    """Raise Conflict, naming who it is, where somebody else has the draft."""
    held_by = holder(row, now)
    if held_by is not None and held_by != by:
        person = session.get(PersonRow, held_by)
        name = person.name if person is not None else "somebody else"
        raise Conflict(f"{name} is working on this draft", reason="claimed", claimed_by=name)
