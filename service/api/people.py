"""People who sign in, and API keys: list, add, end. For admins."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service.api.calling import CallerOf, StationsOf
from service.clock import rfc3339
from service.errors import Conflict, NotFound
from service.intake.post import SiteName, Tag, clean_text
from service.people import identity
from service.people.permissions import Role, require
from service.people.tables import ApiKeyRow, PersonRow

router = APIRouter(prefix="/v1", tags=["people"])
MOST = 500


class NewPerson(BaseModel):
    """A person to add, or whose role, site and topics to change."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(min_length=3, max_length=320), AfterValidator(clean_text)]
    role: Literal["mentor", "moderator", "admin"]
    site: SiteName | Literal["*"]
    name: Annotated[str, Field(max_length=200), AfterValidator(clean_text)] = ""
    topics: Annotated[list[Tag], Field(max_length=41)] | None = None


class NewKey(BaseModel):
    """A key to make."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    site: SiteName | Literal["*"]


@router.get("/people")
def list_people(stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Everybody who may sign in."""
    require(caller, "people")
    with stations.database.read() as session:
        rows = list(session.scalars(sa.select(PersonRow).order_by(PersonRow.email).limit(MOST)))
    return {"data": [person(row) for row in rows if not row.email.endswith("@keys.invalid")]}


@router.post("/people", status_code=201)
def add_person(sent: NewPerson, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Add a person; answers with a one-time sign-in link, shown this once."""
    require(caller, "people")
    now = stations.clock()
    with stations.database.write() as session:
        row = identity.add_person(session, sent.email, sent.role, sent.site, now, sent.name, sent.topics)
        secret = identity.create_link(session, row.id, now)
    return person(row) | {"sign_in_link": f"{stations.settings.address}/sign-in/{secret}"}


@router.delete("/people/{person_id}", status_code=204)
def disable_person(person_id: str, stations: StationsOf, caller: CallerOf) -> None:
    """Let somebody in no longer; what they decided stays. Nobody disables themselves."""
    require(caller, "people")
    if person_id == caller.id:
        raise Conflict("another admin has to do that")
    with stations.database.write() as session:
        _person(session.get(PersonRow, person_id)).disabled_at = stations.clock()
        identity.sign_out_everywhere(session, person_id)


@router.post("/people/{person_id}/sign-out", status_code=204)
def sign_out_everywhere(person_id: str, stations: StationsOf, caller: CallerOf) -> None:
    """End every browser session of a person."""
    require(caller, "people")
    with stations.database.write() as session:
        _person(session.get(PersonRow, person_id))
        identity.sign_out_everywhere(session, person_id)


@router.get("/keys")
def list_keys(stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """API keys by their beginnings; the keys themselves are stored nowhere."""
    require(caller, "people")
    with stations.database.read() as session:
        rows = list(session.scalars(sa.select(ApiKeyRow).order_by(ApiKeyRow.id.desc()).limit(MOST)))
    return {"data": [key(row) for row in rows]}


@router.post("/keys", status_code=201)
def add_key(sent: NewKey, stations: StationsOf, caller: CallerOf) -> dict[str, str]:
    """Make a key, shown this once."""
    require(caller, "people")
    with stations.database.write() as session:
        secret = identity.create_key(session, sent.role, sent.site, stations.clock())
    return {"key": secret, "role": sent.role, "site": sent.site}


@router.delete("/keys/{key_id}", status_code=204)
def revoke_key(key_id: str, stations: StationsOf, caller: CallerOf) -> None:
    """End a key, and the browser sessions opened with it."""
    require(caller, "people")
    now = stations.clock()
    with stations.database.write() as session:
        if session.get(ApiKeyRow, key_id) is None:
            raise NotFound("there is no such key", field="key_id")
        identity.revoke_key(session, key_id, now)


def person(row: PersonRow) -> dict[str, Any]:
    """A person as the API shows them."""
    return {
        "id": row.id, "email": row.email, "name": row.name, "role": row.role, "site": row.site, "topics": row.topics,
        "disabled": row.disabled_at is not None, "created_at": rfc3339(row.created_at),
    }  # fmt: skip


def key(row: ApiKeyRow) -> dict[str, Any]:
    """A key as the API shows it."""
    return {
        "id": row.id, "prefix": row.prefix, "role": row.role, "site": row.site, "revoked": row.revoked_at is not None,
        "created_at": rfc3339(row.created_at),
    }  # fmt: skip


def _person(row: PersonRow | None) -> PersonRow:
    if row is None:
        raise NotFound("there is no such person", field="person_id")
    return row
