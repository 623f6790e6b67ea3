"""What a mentor does to a draft. The API and the pages call these; every change names the version it was made on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.orm import Session

from service import learning, mentoring
from service.desk import publishing
from service.desk import repository as desk
from service.desk.revision import NewRevision
from service.desk.tables import RevisionRow
from service.drafting import repository as drafts
from service.drafting.draft import DraftKind
from service.drafting.tables import DraftRow
from service.errors import Conflict, InvalidInput, NotFound
from service.intake import repository as posts
from service.integrations import webhooks
from service.people.permissions import Caller, require
from service.stations import Stations

PUBLISHED = "draft.published"


@dataclass(frozen=True)
class Changed:
    """A draft after a change: as the API shows it, with the text as it would be published and what blocks it."""

    shown: dict[str, Any]
    version: int
    more: dict[str, Any]


def claim(stations: Stations, caller: Caller, draft_id: str, version: int) -> Changed:
    """Take the draft, or renew the lease. Raises Conflict where somebody else has it."""
    with _changing(stations, caller, draft_id, version) as (session, row):
        desk.claim(session, row, caller.id, stations.clock())
        return _changed(session, row)


def take(stations: Stations, caller: Caller, draft_id: str) -> None:
    """Take the draft at whatever version it is, as “take the next one” does. Raises Conflict."""
    with stations.database.write() as session:
        desk.claim(session, mentoring.find(session, caller, draft_id), caller.id, stations.clock())


def renew(stations: Stations, caller: Caller, draft_id: str) -> dict[str, Any]:
    """Keep the lease while the page is open. Needs no version and changes none. Raises Conflict."""
    with stations.database.write() as session:
        row = mentoring.find(session, caller, draft_id)
        desk.renew(session, row, caller.id, stations.clock())
        return mentoring.lease(row, stations.clock()) | {"id": row.id, "version": row.version, "stale": row.stale}


def release(stations: Stations, caller: Caller, draft_id: str, version: int) -> Changed:
    """Hand the draft back; its revisions stay."""
    with _changing(stations, caller, draft_id, version) as (session, row):
        desk.release(session, row, caller.id, stations.clock())
        return _changed(session, row)


def revise(stations: Stations, caller: Caller, draft_id: str, version: int, sent: NewRevision) -> Changed:
    """Append a revision. A point taken from the evidence must be of this post's evidence, and the draft then rests on it."""
    with _changing(stations, caller, draft_id, version) as (session, row):
        _check_points(stations, session, row, sent)
        made = desk.revise(session, row, caller.id, sent, stations.clock())
        return _changed(session, row, revision=_outline(made))


def regenerate(
    stations: Stations, caller: Caller, draft_id: str, version: int, instruction: str = "",
    sentence_id: str | None = None, form: DraftKind | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Have the draft, or one sentence, written anew in a draft beside this one; the mentor's edits are not touched."""
    if not stations.settings.drafts_enabled:
        raise Conflict("drafts are switched off")
    if sentence_id is not None and form is not None:
        raise InvalidInput("one sentence has no form of its own", field="form")
    with _changing(stations, caller, draft_id, version) as (session, row):
        new = desk.regenerate(session, row, caller.id, instruction, sentence_id, stations.clock(), form)
        stations.deep_lane.enqueue_draft(session, new)
        return mentoring.shown(session, drafts.find(session, new)) | {"of": draft_id}


def continue_with(stations: Stations, caller: Caller, draft_id: str, version: int) -> Changed:
    """Go on with a draft that was written anew: it takes the other's place on the desk, which is put away.

    Raises Conflict where it stands for itself, is not written yet, or somebody else has either.
    """
    now = stations.clock()
    with _changing(stations, caller, draft_id, version) as (session, row):
        beside = desk.written_for(session, row.id)
        if beside is None:
            raise Conflict("this draft was not written beside another", reason="not_beside")
        if row.status == "pending":
            raise Conflict("the draft is still being written", reason="pending")
        other = drafts.find(session, beside.of_draft_id)
        desk.claim(session, row, caller.id, now)
        desk.take_place(session, row, other)
        if other.status in desk.OPEN:
            publishing.discard(session, other, caller.id, "written_anew", None, now)
            learning.note_end(session, other.id, other.assessment_id)
        return _changed(session, row)


def publish(
    stations: Stations, caller: Caller, draft_id: str, version: int, via: Literal["webhook", "copy"] = "webhook"
) -> Changed:
    """Send the mentor's text to the site by webhook, or note that it was copied there by hand (then none is sent).

    What was published names, as `endpoints`, how many webhook endpoints are told; with none the site hears nothing of it.
    Raises Conflict: blocked, not held by the caller, already closed.
    """
    with _changing(stations, caller, draft_id, version) as (session, row):
        sent = publishing.publish(session, row, caller.id, stations.clock())
        learning.note_end(session, row.id, row.assessment_id)
        sent |= {"external_id": posts.get(session, row.post_id).external_id, "via": via}
        if via == "webhook":
            stations.webhooks.announce(session, row.site, PUBLISHED, sent)
        told = len(webhooks.listening(session, row.site, PUBLISHED)) if via == "webhook" else 0
        return _changed(session, row, published=sent | {"endpoints": told})


def listening(stations: Stations, site: str) -> int:
    """How many webhook endpoints would be told of a published draft of a site."""
    with stations.database.read() as session:
        return len(webhooks.listening(session, site, PUBLISHED))


def discard(stations: Stations, caller: Caller, draft_id: str, version: int, reason: str, note: str | None) -> Changed:
    """Put the draft away with a reason."""
    with _changing(stations, caller, draft_id, version) as (session, row):
        publishing.discard(session, row, caller.id, reason, note, stations.clock())
        learning.note_end(session, row.id, row.assessment_id)
        return _changed(session, row)


@contextmanager
def _changing(stations: Stations, caller: Caller, draft_id: str, version: int) -> Iterator[tuple[Session, DraftRow]]:
    """A write on one draft at the version that the caller has read. Raises StaleVersion."""
    require(caller, "drafts.edit")
    with stations.database.write() as session:
        row = mentoring.find(session, caller, draft_id)
        drafts.check_version(row, version)
        yield session, row


def _check_points(stations: Stations, session: Session, row: DraftRow, sent: NewRevision) -> None:
    points = [edit for edit in sent.sentences or () if edit.passage_id is not None]
    if not points:
        return
    known = {passage.id: passage for passage in mentoring.evidence_of(session, row).passages}
    for index, edit in enumerate(points):
        if edit.passage_id not in known:
            raise NotFound("the evidence of this post has no such passage", field=f"sentences.{index}.passage_id")
    drafts.rest_on(session, row.id, {known[str(edit.passage_id)].thread_id for edit in points})


def _outline(made: RevisionRow) -> dict[str, Any]:
    return {"id": made.id, "seq": made.seq, "measures": made.measures}


def _changed(session: Session, row: DraftRow, **more: Any) -> Changed:
    return Changed(mentoring.with_text(session, row), row.version, more)
