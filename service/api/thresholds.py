"""Thresholds of a site: versions, a fit from outcomes, the shadow, the gate, and the move into production."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service import tuning
from service.api.calling import CallerOf, StationsOf, allowed
from service.clock import new_id, rfc3339
from service.errors import InvalidInput
from service.feedback.bounds import LEAST_PERCENT, MOST_PERCENT, Bounds
from service.flagging import versions
from service.flagging.flag import Category
from service.flagging.policy import CATEGORIES
from service.flagging.tables import ThresholdsRow
from service.flagging.thresholds import Probability, Thresholds
from service.intake.post import clean_text
from service.jobs import GATES

router = APIRouter(prefix="/v1/thresholds", tags=["thresholds"])
Line = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(clean_text)]
Percent = Annotated[float, Field(ge=LEAST_PERCENT, le=MOST_PERCENT)]
Wishes = Annotated[dict[Category, Percent], Field(max_length=len(CATEGORIES))]
Number = Annotated[int, Field(ge=1, le=1_000_000)]


class Fit(BaseModel):
    """The bounds, in percent, and how far back to look.

    `missed` holds where a person is at risk, `clean_flagged` for all other categories together. `miss` and `flag` name
    categories with a bound of their own instead: true posts missed, or clean posts flagged for it.
    """

    model_config = ConfigDict(extra="forbid")

    missed: Percent = Bounds.missed
    clean_flagged: Percent = Bounds.clean_flagged
    miss: Wishes = {}
    flag: Wishes = {}
    days: Annotated[int, Field(ge=1, le=730)] = 180

    def bounds(self) -> Bounds:
        """What the fit is to keep. Raises InvalidInput for a category with two bounds."""
        return Bounds(self.missed, self.clean_flagged, self.miss, self.flag)


class MovedCuts(BaseModel):
    """The cuts of one category that move; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    low: Probability | None = None
    middle: Probability | None = None
    high: Probability | None = None


class Changed(BaseModel):
    """Cuts that move, by category; at least one."""

    model_config = ConfigDict(extra="forbid")

    changes: Annotated[dict[Category, MovedCuts], Field(min_length=1, max_length=len(CATEGORIES))]

    def cuts(self) -> dict[Category, dict[str, float]]:
        """category → the cuts that move. Raises InvalidInput where none does."""
        moved = {category: cuts.model_dump(exclude_none=True) for category, cuts in self.changes.items()}
        moved = {category: cuts for category, cuts in moved.items() if cuts}
        if not moved:
            raise InvalidInput("no cut moves", field="changes")
        return moved


class Kept(Changed):
    """Cuts to keep as a version, and why."""

    reason: Line


class Promote(BaseModel):
    """Which version goes into production; null: back to the shipped thresholds."""

    model_config = ConfigDict(extra="forbid")

    number: Number | None
    reason: Line


@router.get("/{site}")
def list_versions(site: str, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """The versions of a site's thresholds, newest first, with what shadow and gate said."""
    allowed(stations, caller, "settings", site)
    with stations.database.read() as session:
        live = versions.live(session, site)
        found = [shown(row) for row in versions.listed(session, site)]
        in_force = stations.readers.thresholds.categories if live is None else live.thresholds["categories"]
        moves = [
            {"number": move.number, "by": move.by, "reason": move.reason, "at": rfc3339(move.at)}
            for move in versions.moves(session, site)
        ]
    cuts = Thresholds.model_validate({"categories": in_force}).categories
    return {
        "data": found, "next_cursor": None, "production": live.number if live is not None else None, "moves": moves,
        "in_force": {name: {"low": c.low, "middle": c.middle, "high": c.high} for name, c in cuts.items()},
    }  # fmt: skip


@router.post("/{site}/fit", status_code=201)
def fit_version(site: str, sent: Fit, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Fit a candidate from outcomes; 422 with too few labels, and for a bound of one category that no cut keeps.

    It changes nothing until it is moved.
    """
    allowed(stations, caller, "settings", site)
    return shown(tuning.fit(stations, site, caller.id, days=sent.days, bounds=sent.bounds()))


@router.post("/{site}/preview")
def preview_changes(site: str, sent: Changed, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """What moved cuts would have done to past posts; nothing is kept."""
    allowed(stations, caller, "settings", site)
    return tuning.preview(stations, site, sent.cuts())


@router.post("/{site}", status_code=201)
def keep_version(site: str, sent: Kept, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Keep moved cuts as a candidate. It changes nothing until it is moved."""
    allowed(stations, caller, "settings", site)
    return shown(tuning.keep(stations, site, sent.cuts(), caller.id, sent.reason))


@router.post("/{site}/promote")
def promote_version(site: str, sent: Promote, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Move production; 409 before the shadow was run and the gate passed. Back is immediate."""
    allowed(stations, caller, "settings", site)
    made = tuning.promote(stations, site, sent.number, caller.id, sent.reason)
    return {"site": site, "production": made.number, "at": rfc3339(made.at)}


@router.post("/{site}/{number}/shadow")
def shadow_version(site: str, number: Number, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Route what was assessed before with a version beside production."""
    allowed(stations, caller, "settings", site)
    return tuning.shadow(stations, site, number)


@router.post("/{site}/{number}/gate", status_code=202)
def gate_version(site: str, number: Number, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Hold a version against production on the shipped and the accepted cases, as a job; the list shows the verdict."""
    allowed(stations, caller, "settings", site)
    with stations.database.write() as session:
        row = versions.find(session, site, number)
        row.gate = {"verdict": "running"}
        stations.jobs.enqueue(session, GATES, tuning.GATE_JOB, f"thresholds-{row.id}-{new_id()}", site, number)
        return shown(row)


def shown(row: ThresholdsRow) -> dict[str, Any]:
    """A version as the API shows it."""
    names = ("site", "number", "thresholds", "made_from", "made_by", "report", "shadow", "gate")
    return {name: getattr(row, name) for name in names} | {"at": rfc3339(row.at)}
