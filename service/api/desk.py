"""The mentors' desk: claim a draft, revise it, have it written anew, publish or discard it. Every change names its version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from service import learning
from service.api.calling import CallerOf, StationsOf
from service.api.drafts import shown
from service.clock import rfc3339
from service.desk import figures
from service.desk import repository as desk
from service.desk.revision import DiscardReason, NewRevision
from service.drafting import repository as drafts
from service.drafting.tables import DraftRow
from service.errors import InvalidInput, NotFound
from service.intake import repository as posts
from service.intake.post import clean_text
from service.people.permissions import Caller, require
from service.stations import Stations

router = APIRouter(prefix="/v1", tags=["desk"])
IfMatch = Annotated[str | None, Header()]
Line = Annotated[str, Field(max_length=500), AfterValidator(clean_text)]


class Anew(BaseModel):
    """What the writer should do differently, for the whole draft or for one of its sentences."""

    model_config = ConfigDict(extra="forbid")

    instruction: Line = ""
    sentence_id: Annotated[str, Field(max_length=60)] | None = None


class PutAway(BaseModel):
    """Why a draft is not used."""

    model_config = ConfigDict(extra="forbid")

    reason: DiscardReason
    note: Line | None = None


@router.post("/drafts/{draft_id}/claim")
def claim_draft(
    draft_id: str, response: Response, stations: StationsOf, caller: CallerOf, if_match: IfMatch = None
) -> dict[str, Any]:
    """Take the draft, or renew the lease of a quarter of an hour; 409 where somebody else has it."""
    with _changing(stations, caller, draft_id, if_match) as (session, row):
        desk.claim(session, row, caller.id, stations.clock())
        return _state(session, row, response)


@router.post("/drafts/{draft_id}/release")
def release_draft(
    draft_id: str, response: Response, stations: StationsOf, caller: CallerOf, if_match: IfMatch = None
) -> dict[str, Any]:
    """Hand the draft back; its revisions stay."""
    with _changing(stations, caller, draft_id, if_match) as (session, row):
        desk.release(session, row, caller.id, stations.clock())
        return _state(session, row, response)


@router.post("/drafts/{draft_id}/revisions", status_code=201)
def revise_draft(
    draft_id: str,
    sent: NewRevision,
    response: Response,
    stations: StationsOf,
    caller: CallerOf,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Append a revision; nothing written before is lost."""
    with _changing(stations, caller, draft_id, if_match) as (session, row):
        made = desk.revise(session, row, caller.id, sent, stations.clock())
        return _state(session, row, response) | {
            "revision": {"id": made.id, "seq": made.seq, "measures": made.measures}
        }


@router.get("/drafts/{draft_id}/revisions")
def list_revisions(draft_id: str, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """The newest fifty revisions with their text and what was done to each sentence."""
    with stations.database.read() as session:
        row = _row(session, caller, draft_id)
        data = [
            {
                "id": r.row.id, "seq": r.row.seq, "at": rfc3339(r.row.at), "by": r.row.by, "text": r.text,
                "sentences": [edit.model_dump() for edit in r.edits], "measures": r.row.measures,
            }
            for r in desk.revisions(session, row.id)
        ]  # fmt: skip
    return {"data": data, "next_cursor": None}


@router.post("/drafts/{draft_id}/regenerate", status_code=202)
def regenerate_draft(
    draft_id: str, sent: Anew, response: Response, stations: StationsOf, caller: CallerOf, if_match: IfMatch = None
) -> dict[str, Any]:
    """Have the draft, or one sentence, written anew in a draft beside this one; the mentor's edits are not touched."""
    with _changing(stations, caller, draft_id, if_match) as (session, row):
        new = desk.regenerate(session, row, caller.id, sent.instruction, sent.sentence_id, stations.clock())
        stations.deep_lane.enqueue_draft(session, new)
        return shown(session, drafts.find(session, new)) | {"of": draft_id}


@router.post("/drafts/{draft_id}/publish")
def publish_draft(
    draft_id: str, response: Response, stations: StationsOf, caller: CallerOf, if_match: IfMatch = None
) -> dict[str, Any]:
    """Send the mentor's text to the site by webhook; 409 lists what has to be resolved first."""
    with _changing(stations, caller, draft_id, if_match) as (session, row):
        sent = desk.publish(session, row, caller.id, stations.clock())
        learning.note_end(session, row.id, row.assessment_id)
        sent |= {"external_id": posts.get(session, row.post_id).external_id}
        stations.webhooks.announce(session, row.site, "draft.published", sent)
        return _state(session, row, response) | {"published": sent}


@router.post("/drafts/{draft_id}/discard")
def discard_draft(
    draft_id: str, sent: PutAway, response: Response, stations: StationsOf, caller: CallerOf, if_match: IfMatch = None
) -> dict[str, Any]:
    """Put the draft away with a reason."""
    with _changing(stations, caller, draft_id, if_match) as (session, row):
        desk.discard(session, row, caller.id, sent.reason, sent.note, stations.clock())
        learning.note_end(session, row.id, row.assessment_id)
        return _state(session, row, response)


@router.get("/desk/figures")
def read_figures(stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """What became of the caller's own drafts; for admins also of everybody's, by prompt version and model."""
    require(caller, "drafts.edit")
    with stations.database.read() as session:
        own = asdict(figures.of_mentor(session, caller.id))
        site = None if caller.site == "*" else caller.site
        every = [asdict(f) for f in figures.by_writer(session, site)] if caller.role == "admin" else []
    return {"own": own, "by_writer": every}


@contextmanager
def _changing(
    stations: Stations, caller: Caller, draft_id: str, if_match: str | None
) -> Iterator[tuple[Session, DraftRow]]:
    """A write on one draft at the version that the caller has read."""
    require(caller, "drafts.edit")
    with stations.database.write() as session:
        row = _row(session, caller, draft_id)
        drafts.check_version(row, _version(if_match))
        yield session, row


def _version(if_match: str | None) -> int:
    said = (if_match or "").removeprefix("W/").strip('" ')
    if not said.isdigit() or len(said) > 9:
        raise InvalidInput("send the draft's ETag as `If-Match`", field="If-Match")
    return int(said)


def _row(session: Session, caller: Caller, draft_id: str) -> DraftRow:
    require(caller, "drafts.edit")
    row = drafts.find(session, draft_id)
    if not caller.may_on(row.site):
        raise NotFound("there is no such draft", field="draft_id")
    return row


def _state(session: Session, row: DraftRow, response: Response) -> dict[str, Any]:
    wanted = desk.ready(session, row)
    response.headers["ETag"] = f'"{row.version}"'
    return shown(session, row) | {"text": wanted.text, "blockers": [asdict(b) for b in wanted.blockers]}
