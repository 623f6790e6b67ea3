"""The mentors' desk: what waits, one draft with its evidence, and every change to it. Every change names its version."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import PlainTextResponse

from service import comparing, editing, mentoring
from service.api.calling import CallerOf, StationsOf
from service.api.openapi import Markdown
from service.api.paging import CursorParameter, Limit, decode, encode, page
from service.clock import rfc3339
from service.desk import repository as desk
from service.desk.revision import DiscardReason, NewRevision
from service.desk.waiting import Age, Assigned, Filters, State
from service.drafting.draft import DraftKind
from service.editing import Changed
from service.errors import InvalidInput
from service.feedback import edits
from service.intake.post import Tag, clean_text
from service.people.permissions import Caller, require

router = APIRouter(prefix="/v1", tags=["desk"])
IfMatch = Annotated[str | None, Header()]
Line = Annotated[str, Field(max_length=500), AfterValidator(clean_text)]


def filters_of(
    topic: Annotated[str | None, Query(max_length=60)] = None,
    state: State | None = None,
    age: Age | None = None,
    assigned: Assigned | None = None,
    mine: bool = False,
    oldest: bool = False,
) -> Filters:
    """The filters of the desk, from the address."""
    return Filters(topic or None, state, age, assigned, mine, oldest)


FiltersOf = Annotated[Filters, Depends(filters_of)]


class Anew(BaseModel):
    """What the writer should do differently, for the whole draft (and in which form) or for one of its sentences."""

    model_config = ConfigDict(extra="forbid")

    instruction: Line = ""
    sentence_id: Annotated[str, Field(max_length=60)] | None = None
    form: DraftKind | None = None


class PutAway(BaseModel):
    """Why a draft is not used."""

    model_config = ConfigDict(extra="forbid")

    reason: DiscardReason
    note: Line | None = None


class Sent(BaseModel):
    """How the text reaches the site: by webhook, or copied there by hand (then no webhook is sent)."""

    model_config = ConfigDict(extra="forbid")

    via: Literal["webhook", "copy"] = "webhook"


class OwnTopics(BaseModel):
    """A mentor's own topics."""

    model_config = ConfigDict(extra="forbid")

    topics: Annotated[list[Tag], Field(max_length=60)]


@router.get("/desk/drafts")
def list_desk(
    stations: StationsOf, caller: CallerOf, filters: FiltersOf, limit: Limit = 50, cursor: CursorParameter = None
) -> dict[str, Any]:
    """Drafts on the desk with title, topics and holder; without a state those that wait to be edited. Counts of all."""
    listed = mentoring.listing(stations, caller, filters, limit, place_of(cursor))
    last = encode(listed[-1]["id"]) if listed else None
    return page(listed, limit, last) | {"counts": mentoring.counts(stations, caller)}


@router.get("/desk/next")
def next_draft(stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """The id of the draft to go on with, null where nothing waits."""
    return {"id": mentoring.next_for(stations, caller)}


@router.get("/desk/drafts/{draft_id}")
def open_draft(draft_id: str, response: Response, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """A draft with its post, its sentences and what each rests on; one still to be written moves to the front."""
    found = mentoring.open_draft(stations, caller, draft_id)
    response.headers["ETag"] = f'"{found["version"]}"'
    return found


@router.get("/desk/topics")
def read_topics(stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """The caller's own topics."""
    require(caller, "drafts.edit")
    with stations.database.read() as session:
        return {"topics": mentoring.topics_of(session, caller)}


@router.put("/desk/topics")
def choose_topics(sent: OwnTopics, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Keep the caller's own topics."""
    return {"topics": mentoring.choose_topics(stations, caller, list(sent.topics))}


@router.get("/desk/figures")
def read_figures(stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """What became of the caller's own drafts; for admins also of everybody's, by prompt version, model and source thread."""
    require(caller, "drafts.edit")
    with stations.database.read() as session:
        own = asdict(edits.of_mentor(session, caller.id))
        every = asdict(edits.of_all(session, mentoring.site_of(caller))) if caller.role == "admin" else None
    return {"own": own, "all": every}


@router.post("/drafts/{draft_id}/claim")
def claim_draft(
    draft_id: str, response: Response, stations: StationsOf, caller: CallerOf, if_match: IfMatch = None
) -> dict[str, Any]:
    """Take the draft, or renew the lease of a quarter of an hour; 409 where somebody else has it."""
    return _state(response, editing.claim(stations, caller, draft_id, _version(caller, if_match)))


@router.post("/drafts/{draft_id}/heartbeat")
def keep_draft(draft_id: str, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Renew the lease while the page is open: needs no version, changes none, and tells which one is current."""
    return editing.renew(stations, caller, draft_id)


@router.post("/drafts/{draft_id}/release")
def release_draft(
    draft_id: str, response: Response, stations: StationsOf, caller: CallerOf, if_match: IfMatch = None
) -> dict[str, Any]:
    """Hand the draft back; its revisions stay."""
    return _state(response, editing.release(stations, caller, draft_id, _version(caller, if_match)))


@router.post("/drafts/{draft_id}/revisions", status_code=201)
def revise_draft(
    draft_id: str, sent: NewRevision, response: Response, stations: StationsOf, caller: CallerOf,
    if_match: IfMatch = None,
) -> dict[str, Any]:  # fmt: skip
    """Append a revision; nothing written before is lost."""
    return _state(response, editing.revise(stations, caller, draft_id, _version(caller, if_match), sent))


@router.get("/drafts/{draft_id}/revisions")
def list_revisions(
    draft_id: str, stations: StationsOf, caller: CallerOf, limit: Limit = 50, cursor: CursorParameter = None
) -> dict[str, Any]:
    """Revisions, newest first, with their text and what was done to each sentence."""
    keys = decode(cursor)
    if keys and not isinstance(keys[0], int):
        raise InvalidInput("this cursor was not made by this service", field="cursor")
    with stations.database.read() as session:
        row = mentoring.find(session, caller, draft_id)
        found = desk.revisions(session, row.id, limit, int(keys[0]) if keys else None)
        data = [
            {
                "id": r.row.id, "seq": r.row.seq, "at": rfc3339(r.row.at), "by": r.row.by, "text": r.text,
                "sentences": [edit.model_dump() for edit in r.edits], "measures": r.row.measures,
            }
            for r in found
        ]  # fmt: skip
    return page(data, limit, encode(found[-1].row.seq) if found else None)


@router.get("/drafts/{draft_id}/diff")
def diff_draft(
    draft_id: str, stations: StationsOf, caller: CallerOf,
    old: comparing.Which = "machine", new: comparing.Which = "current",
) -> dict[str, Any]:  # fmt: skip
    """What changed from one text to another: `machine`, `current`, or the number of a revision."""
    return asdict(comparing.compare(stations, caller, draft_id, old, new))


@router.get("/drafts/{draft_id}/markdown", response_class=Markdown)
def copy_draft(draft_id: str, stations: StationsOf, caller: CallerOf) -> PlainTextResponse:
    """The text with its provenance and sources as Markdown; 409 lists what has to be resolved first."""
    text = comparing.markdown(stations, caller, draft_id)
    return PlainTextResponse(text, media_type="text/markdown; charset=utf-8")


@router.post("/drafts/{draft_id}/regenerate", status_code=202)
def regenerate_draft(
    draft_id: str, sent: Anew, stations: StationsOf, caller: CallerOf, if_match: IfMatch = None
) -> dict[str, Any]:
    """Have the draft, or one sentence, written anew in a draft beside this one; the mentor's edits are not touched."""
    version = _version(caller, if_match)
    return editing.regenerate(stations, caller, draft_id, version, sent.instruction, sent.sentence_id, sent.form)


@router.post("/drafts/{draft_id}/continue")
def continue_with_draft(
    draft_id: str, response: Response, stations: StationsOf, caller: CallerOf, if_match: IfMatch = None
) -> dict[str, Any]:
    """Go on with this draft, which was written anew beside another; that one is put away, its revisions stay."""
    return _state(response, editing.continue_with(stations, caller, draft_id, _version(caller, if_match)))


@router.post("/drafts/{draft_id}/publish")
def publish_draft(
    draft_id: str, response: Response, stations: StationsOf, caller: CallerOf, sent: Sent | None = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:  # fmt: skip
    """Send the mentor's text to the site by webhook; 409 lists what has to be resolved first."""
    via = sent.via if sent is not None else "webhook"
    return _state(response, editing.publish(stations, caller, draft_id, _version(caller, if_match), via))


@router.post("/drafts/{draft_id}/discard")
def discard_draft(
    draft_id: str, sent: PutAway, response: Response, stations: StationsOf, caller: CallerOf, if_match: IfMatch = None
) -> dict[str, Any]:
    """Put the draft away with a reason."""
    return _state(
        response, editing.discard(stations, caller, draft_id, _version(caller, if_match), sent.reason, sent.note)
    )


def place_of(cursor: str | None) -> str | None:
    """The draft behind which a cursor continues. Raises InvalidInput."""
    keys = decode(cursor)
    return str(keys[0]) if keys else None


def _version(caller: Caller, if_match: str | None) -> int:
    require(caller, "drafts.edit")
    said = (if_match or "").removeprefix("W/").strip('" ')
    if not (said.isascii() and said.isdecimal() and len(said) <= 9):
        raise InvalidInput("send the draft's ETag as `If-Match`", field="If-Match")
    return int(said)


def _state(response: Response, changed: Changed) -> dict[str, Any]:
    response.headers["ETag"] = f'"{changed.version}"'
    return changed.shown | changed.more
