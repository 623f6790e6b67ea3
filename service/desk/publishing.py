"""What would be published, what blocks it, and how a draft ends. The caller's transaction commits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import rfc3339
from service.corpus import repository as threads
from service.corpus.thread import ThreadView
from service.desk import blocking, measures
from service.desk.blocking import Blocker
from service.desk.repository import check_holder, check_open, holder, machine_sentences, newest
from service.desk.revision import Piece, SentenceEdit, as_text, pieces
from service.desk.tables import DeskTextRow, DraftEndRow, RevisionRow
from service.drafting import repository as drafts
from service.drafting.draft import Source
from service.drafting.sources import withdrawn
from service.drafting.tables import DraftRow
from service.errors import Conflict
from service.people.tables import PersonRow


@dataclass(frozen=True)
class Ready:
    """What would be published, and what still blocks it."""

    text: str
    edits: list[SentenceEdit]
    machine: list[dict[str, Any]]
    revision_id: str | None
    blockers: list[Blocker]


def ready(session: Session, row: DraftRow) -> Ready:
    """The text as it would be published: the newest revision, else the machine's."""
    machine, last = machine_sentences(session, row.id), newest(session, row.id)
    edits = last.edits if last is not None else []
    text = last.text or "" if last is not None else as_text(machine)
    found = blocking.blockers(machine, edits, text, stale=row.stale)
    gone = _gone(session, row, edits)
    found += [Blocker("source", edit.text, edit.id) for edit in edits if edit.passage_id in gone]
    return Ready(text, edits, machine, last.row.id if last is not None else None, found)


def publish(session: Session, row: DraftRow, by: str, now: datetime) -> dict[str, Any]:
    """Publish what the mentor has. Returns what the site is told: text, sentences with sources, `ai_assisted` provenance.

    What is kept of the provenance holds ids, authors and dates; the words and places of sources are told and not kept.
    Raises Conflict: not open, not held by the caller, still pending, or blocked (naming by what).
    """
    check_open(row)
    check_holder(session, row, by, now)
    if holder(row, now) != by:
        raise Conflict("claim the draft first", reason="not_claimed")
    if row.status == "pending":
        raise Conflict("the draft is still being written", reason="pending")
    wanted = ready(session, row)
    blocking.check(wanted.blockers)
    measured = measures.full(wanted.machine, wanted.edits, as_text(wanted.machine), wanted.text)
    person = session.get(PersonRow, by)
    made_by = provenance(session, row, wanted, measured, person.name if person is not None else "", now)
    _end(session, row, "published", by, now, wanted, measured, made_by, None)
    sentences = _sentences(session, wanted)
    return {
        "post_id": row.post_id, "draft_id": row.id, "text": wanted.text, "format": "markdown", "kind": row.kind,
        "sentences": sentences, "ai_assisted": made_by | {"sources": _told(made_by["sources"], sentences)},
    }  # fmt: skip


def discard(session: Session, row: DraftRow, by: str, reason: str, note: str | None, now: datetime) -> None:
    """Put a draft away with a reason. Raises Conflict."""
    check_open(row)
    check_holder(session, row, by, now)
    _end(session, row, "discarded", by, now, ready(session, row), {}, {"written_by": row.provenance}, reason, note)


def end_of(session: Session, draft_id: str) -> DraftEndRow | None:
    """How the draft ended, if it did."""
    return session.get(DraftEndRow, draft_id)


def added_sources(session: Session, edits: Sequence[SentenceEdit]) -> list[Source]:
    """The passages of points that a mentor took from the evidence, as far as they still exist."""
    ids = [edit.passage_id for edit in edits if edit.action == "add" and edit.passage_id]
    return [
        Source(
            passage_id=p.id, thread_id=p.thread_id, quote="", author=p.author_id,
            date=p.written_at.date().isoformat() if p.written_at else None,
        )
        for p in threads.passages(session, ids)
    ]  # fmt: skip


def _sentences(session: Session, wanted: Ready) -> list[dict[str, Any]]:
    """Every sentence that is published, what became of it (None: untouched) and the sources it rests on.

    Of a text that was edited as a whole these are the sentences read from it; the text itself says their order.
    """
    placed = [piece for piece in pieces(wanted.machine, wanted.edits) if piece.action != "cut" and piece.text.strip()]
    added = {source.passage_id: source.model_dump() for source in added_sources(session, wanted.edits)}
    resting = [(piece, _rests_on(piece, added)) for piece in placed]
    seen = threads.threads(session, {str(source["thread_id"]) for _, sources in resting for source in sources})
    return [
        {
            "id": piece.id, "section": piece.section, "action": piece.action, "text": piece.text,
            "grounding": piece.machine.get("grounding") if piece.machine is not None else None,
            "sources": [_source(source, seen.get(str(source["thread_id"]))) for source in sources],
        }
        for piece, sources in resting
    ]  # fmt: skip


def _rests_on(piece: Piece, added: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The sources of a sentence as they are stored; a point of the evidence quotes itself."""
    if piece.machine is not None:
        return list(piece.machine.get("sources", []))
    found = added.get(piece.edit.passage_id or "") if piece.edit is not None else None
    return [found | {"quote": _quoted(piece.text)}] if found is not None else []


def _quoted(text: str) -> str:
    """What stands in the quotation marks of a point taken from the evidence; empty where the mentor took them out."""
    found = re.match(r"\s*“(.+)”", text, re.S)
    return found[1] if found else ""


def _source(source: dict[str, Any], thread: ThreadView | None) -> dict[str, Any]:
    """A source as the site can find it again: by the ids it gave the thread, with the words that are quoted."""
    named = {name: source.get(name) for name in ("passage_id", "thread_id", "author", "date", "quote")}
    place = {name: getattr(thread, name, None) for name in ("external_id", "url", "title")}
    return named | place


def _told(sources: Sequence[dict[str, Any]], sentences: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The sources of the provenance with their first quote and their place on the site."""
    known: dict[str, dict[str, Any]] = {}
    for sentence in sentences:
        for source in sentence["sources"]:
            known.setdefault(str(source["passage_id"]), source)
    return [known.get(str(source["passage_id"]), source) for source in sources]


def _gone(session: Session, row: DraftRow, edits: Sequence[SentenceEdit]) -> set[str]:
    """Passages of added points that may not be shown any more."""
    wanted = {edit.passage_id for edit in edits if edit.action == "add" and edit.passage_id}
    sources = added_sources(session, edits)
    return (wanted - {source.passage_id for source in sources}) | withdrawn(session, row.site, sources)


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


def provenance(
    session: Session, row: DraftRow, wanted: Ready, measured: dict[str, Any], mentor: str, now: datetime
) -> dict[str, Any]:
    """How a text came about: what of it is the machine's, who edited it, what it rests on."""
    acts = {edit.id: edit for edit in wanted.edits}
    kept = [s for s in wanted.machine if str(s["id"]) not in acts or acts[str(s["id"])].action != "cut"]
    sources: dict[str, dict[str, Any]] = {}
    for sentence in kept:
        for source in sentence.get("sources", []):
            entry = {name: source.get(name) for name in ("passage_id", "thread_id", "author", "date")}
            sources.setdefault(str(source["passage_id"]), entry)
    for source in added_sources(session, wanted.edits):
        sources.setdefault(source.passage_id, source.model_dump(include={"passage_id", "thread_id", "author", "date"}))
    by_model = [s for s in kept if str(s["id"]) not in acts or acts[str(s["id"])].action == "keep"]
    return {
        "ai_assisted": bool(kept) or bool(sources), "machine_sentences_unchanged": len(by_model), "edited_by": mentor,
        "published_at": rfc3339(now), "sources": list(sources.values()), "edit": measured, "written_by": row.provenance,
    }  # fmt: skip
