"""The kill switches: which features may ask models, and switching one off or on for every process."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service.api.calling import CallerOf, StationsOf
from service.clock import rfc3339
from service.intake.post import clean_text
from service.models.switches import Switch
from service.people.permissions import require
from service.switching import switch

router = APIRouter(prefix="/v1/switches", tags=["switches"])


class WantedSwitch(BaseModel):
    """Whether the feature may ask models from now on, and why."""

    model_config = ConfigDict(extra="forbid")

    on: bool
    reason: Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(clean_text)]


@router.get("")
def list_switches(stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Every feature that asks models: whether it may, and who switched it last at run time, when and why."""
    require(caller, "settings")
    return {"data": [shown(state) for state in stations.gateway.switches.states()]}


@router.put("/{feature}")
def move_switch(feature: str, wanted: WantedSwitch, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Switch a feature off or on in every process within a second; a change is a link of the audit log.

    What it asked already goes on. 409 for a feature that a setting has switched off for good.
    """
    require(caller, "settings")
    known, now = stations.gateway.switches, stations.clock()
    return shown(switch(stations.database, known, feature, on=wanted.on, reason=wanted.reason, by=caller.id, now=now))


def shown(state: Switch) -> dict[str, Any]:
    """A switch as the API shows it."""
    return asdict(state) | {"at": rfc3339(state.at) if state.at is not None else None}
