"""What a mentor reads: the drafts waiting, and one draft with all that an edit needs. The API and the pages show the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service import assessment as assessments
from service import evidence_view
from service.clock import rfc3339
from service.desk import publishing, waiting
from service.desk import repository as desk
from service.desk.revision import as_text, pieces
from service.desk.waiting import Filters
from service.drafting import repository as drafts
from service.drafting.draft import Source
from service.drafting.scaffold import credit
from service.drafting.sources import still_shown
from service.drafting.tables import DraftRow
from service.errors import Conflict, NotFound
from service.intake import repository as posts
from service.intake.post import Post
from service.people.permissions import Caller, require
from service.people.tables import PersonRow
from service.retrieval.evidence import Evidence
from service.stations import Stations

ANEW_SHOWN = 3
"""Drafts written anew that are shown beside the text, newest first."""


def site_of(caller: Caller) -> str | None:
    """The site whose desk a caller sees; None: every site."""
    return None if caller.role == "admin" or caller.site == "*" else caller.site


def find(session: Session, caller: Caller, draft_id: str) -> DraftRow:
    """A draft of the caller's site. Raises NotFound, NotAllowed."""
    require(caller, "drafts.edit")
    row = drafts.find(session, draft_id)
    if not caller.may_on(row.site):
        raise NotFound("there is no such draft", field="draft_id")
    return row


def listing(
    stations: Stations, caller: Caller, filters: Filters, limit: int, after: str | None = None
) -> list[dict[str, Any]]:
    """A page of the desk."""
    require(caller, "drafts.edit")
    now = stations.clock()
    with stations.database.read() as session:
        own = topics_of(session, caller)
        rows = waiting.page(session, site_of(caller), caller.id, own, filters, now, limit, after)
        tagged = waiting.topics_of(session, [row.id for row in rows])
        return [_entry(session, row, tagged[row.id], now) for row in rows]


def next_for(stations: Stations, caller: Caller) -> str | None:
    """The id of the draft to go on with: on the mentor's own topics where one waits, the oldest first."""
    require(caller, "drafts.edit")
    with stations.database.read() as session:
        own = topics_of(session, caller)
        return waiting.next_draft(session, site_of(caller), caller.id, own, stations.clock())


def counts(stations: Stations, caller: Caller) -> dict[str, Any]:
    """How many drafts wait, and on which topics; up to a quarter of a minute old."""
    return asdict(stations.desk_counts.of(site_of(caller)))


def topics_of(session: Session, caller: Caller) -> list[str]:
    """The topics that a mentor chose; a key has none."""
    person = session.get(PersonRow, caller.id)
    return list(person.topics) if person is not None else []


def choose_topics(stations: Stations, caller: Caller, topics: list[str]) -> list[str]:
    """Keep the caller's own topics. Raises InvalidInput for one outside the vocabulary, Conflict for a key."""
    require(caller, "drafts.edit")
    stations.check_tags("" if caller.site == "*" else caller.site, topics)
    with stations.database.write() as session:
        person = session.get(PersonRow, caller.id)
        if person is None:
            raise Conflict("a key has no topics of its own; sign in", reason="no_person")
        person.topics = list(dict.fromkeys(topics))
        return person.topics


def open_draft(stations: Stations, caller: Caller, draft_id: str) -> dict[str, Any]:
    """One draft in full; one that is still to be written is written before the others from now on."""
    now = stations.clock()
    with stations.database.write() as session:
        row = find(session, caller, draft_id)
        drafts.hurry(session, row.id)
    with stations.database.read() as session:
        row = find(session, caller, draft_id)
        try:
            post = posts.get(session, row.post_id)
        except NotFound:
            raise NotFound("the post was erased", field="draft_id") from None
        evidence = evidence_of(session, row)
        seen = with_text(session, row) | lease(row, now) | {"mine": desk.holder(row, now) == caller.id}
        held_by = session.get(PersonRow, row.claimed_by) if seen["claimed_by"] else None
        seen["claimed_by_name"] = held_by.name if held_by else "somebody" if seen["claimed_by"] else None
        seen |= _pieces(session, row, evidence, post) | _around(session, row, post)
    return seen


def evidence_of(session: Session, row: DraftRow) -> Evidence:
    """The evidence a draft was made from, as far as it may still be shown; empty after an erasure."""
    if row.assessment_id is None:
        return Evidence()
    try:
        snapshot = assessments.evidence_snapshot(session, row.assessment_id)
    except NotFound:
        return Evidence()
    return still_shown(session, row.site, Evidence.model_validate(snapshot))


def as_point(text: str, passage: dict[str, Any]) -> str:
    """A sentence of a passage as a sentence of a draft: in quotation marks, with its credit."""
    named = {name: passage[name] for name in ("passage_id", "thread_id", "author", "date")}
    return f"“{text}” ({credit(Source(**named, quote=text, level=passage['level'] or passage['role']))})"


def shown(session: Session, row: DraftRow) -> dict[str, Any]:
    """A draft as the API shows it."""
    text = drafts.text(session, row.id)
    return {
        "id": row.id, "post_id": row.post_id, "assessment_id": row.assessment_id, "status": row.status,
        "kind": row.kind, "version": row.version,
        "stale": row.stale, "stale_because": row.stale_because, "waiting": drafts.state(session, row).waiting,
        "sentences": text.sentences if text else [], "dropped": text.dropped if text else [],
        "notes": text.notes if text else [], "abstained_because": row.abstained_because, "claimed_by": row.claimed_by,
        "created_at": rfc3339(row.created_at), "updated_at": rfc3339(row.updated_at), "provenance": row.provenance,
    }  # fmt: skip


def with_text(session: Session, row: DraftRow) -> dict[str, Any]:
    """A draft with the text as it would be published, and what blocks that."""
    wanted = publishing.ready(session, row)
    return shown(session, row) | {"text": wanted.text, "blockers": [asdict(b) for b in wanted.blockers]}


def lease(row: DraftRow, now: datetime) -> dict[str, Any]:
    """Who holds a draft now, and until when."""
    held = desk.holder(row, now)
    return {"claimed_by": held, "claimed_until": rfc3339(row.claimed_until) if held and row.claimed_until else None}


def _entry(session: Session, row: DraftRow, topics: Sequence[str], now: datetime) -> dict[str, Any]:
    try:
        post: Post | None = posts.get(session, row.post_id)
    except NotFound:
        post = None
    return {
        "id": row.id, "post_id": row.post_id, "site": row.site, "status": row.status, "kind": row.kind,
        "stale": row.stale, "topics": list(topics), "title": post.title if post else None,
        "author_level": post.author.level if post else None, "created_at": rfc3339(row.created_at),
        "waiting": drafts.state(session, row).waiting,
    } | lease(row, now)  # fmt: skip


def _pieces(session: Session, row: DraftRow, evidence: Evidence, post: Post) -> dict[str, Any]:
    """The draft sentence by sentence with what each rests on, and the passages that points can be taken from."""
    wanted = publishing.ready(session, row)
    placed = pieces(wanted.machine, wanted.edits)
    blocked = {b.sentence_id: b.kind for b in wanted.blockers if b.sentence_id}
    view = evidence_view.View(session, evidence, post, wanted.machine)
    used = [str(edit.passage_id) for edit in wanted.edits if edit.passage_id]
    return {
        "pieces": [
            {
                "id": piece.id, "section": piece.section, "action": piece.action, "text": piece.text,
                "machine": str(piece.machine["text"]) if piece.machine else None,
                "grounding": piece.machine.get("grounding") if piece.machine else None,
                "blocked": blocked.get(piece.id), "after": piece.edit.after if piece.edit else None,
                "passage_id": piece.edit.passage_id if piece.edit else None,
                "sources": view.sources(piece),
            }
            for piece in placed
        ],
        "free": wanted.text.strip() != as_text(wanted.machine, wanted.edits).strip(),
        "passages": view.passages(used),
    }  # fmt: skip


def _around(session: Session, row: DraftRow, post: Post) -> dict[str, Any]:
    made = assessments.newest(session, post.id)
    last, beside = desk.newest(session, row.id), desk.written_for(session, row.id)
    ended = publishing.end_of(session, row.id)
    return {
        "site": row.site, "post": post.model_dump(mode="json") | {"received_at": rfc3339(post.received_at)},
        "tags": [tag.model_dump(mode="json") for tag in made.tags] if made else [],
        "kept_tags": posts.kept_tags(session, post.id), "instruction": row.instruction,
        "flags": [flag.category for flag in made.flags] if made else [],
        "revision": {"seq": last.row.seq, "at": rfc3339(last.row.at)} if last else None,
        "beside": beside.of_draft_id if beside else None, "sentence_id": beside.sentence_id if beside else None,
        "anew": [_anew(session, found.draft_id, found.sentence_id)
                 for found in desk.regenerations(session, row.id)[:ANEW_SHOWN]],
        "end": {"act": ended.act, "at": rfc3339(ended.at), "reason": ended.reason, "measures": ended.measures,
                "ai_assisted": ended.provenance} if ended else None,
    }  # fmt: skip


def _anew(session: Session, draft_id: str, sentence_id: str | None) -> dict[str, Any]:
    row = drafts.find(session, draft_id)
    return shown(session, row) | {"sentence_id": sentence_id, "instruction": row.instruction}
