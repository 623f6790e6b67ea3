"""Prompts, policies and taxonomies: versions, labels with their history, gate runs, shadow figures; moving a label."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service.api.calling import CallerOf, StationsOf
from service.clock import rfc3339
from service.errors import NotFound
from service.intake.post import clean_text
from service.people.permissions import Caller, require
from service.prompting import library, lock, release
from service.prompting.files import load_prompt
from service.prompting.labels import CANDIDATE, PRODUCTION, Move
from service.replaying import find_assessment, replay
from service.shadowing import compared
from service.stations import Stations

router = APIRouter(prefix="/v1/prompts", tags=["prompts"])

Version = Annotated[str, Field(min_length=5, max_length=24)]


class WantedMove(BaseModel):
    """Where a label should point. `override` moves `production` although nothing could be measured, with a reason."""

    model_config = ConfigDict(extra="forbid")

    version: Version
    reason: Annotated[str, Field(max_length=1000), AfterValidator(clean_text)] = ""
    override: bool = False
    model: Annotated[str, Field(max_length=400)] = ""


class WantedReplay(BaseModel):
    """Which assessment (or the newest of which post) to replay, and whether to ask the models again."""

    model_config = ConfigDict(extra="forbid")

    assessment: Annotated[str, Field(min_length=1, max_length=36)]
    ask: bool = False


@router.get("")
def list_prompts(stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Every name with its versions and labels, and how its candidate does."""
    require(caller, "prompts.read")
    return {"data": [_shown(stations, name) for name in library.names(stations.settings.prompts_dir)]}


@router.post("/replay")
def replay_assessment(wanted: WantedReplay, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Render every model call behind an assessment anew from what was stored, and say whether the words are the same."""
    require(caller, "prompts.move")
    assessment_id = find_assessment(stations, wanted.assessment)
    return {
        "assessment_id": assessment_id,
        "calls": [asdict(c) for c in replay(stations, assessment_id, ask=wanted.ask)],
    }


@router.get("/gates/{gate_id}")
def read_gate(gate_id: str, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """A gate run: waiting, running or done, and its verdict."""
    require(caller, "prompts.read")
    return stations.promotions.gate(gate_id)


@router.get("/{name:path}/labels")
def read_prompt(name: str, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """One name: versions, labels, its newest gate runs, and how its candidate does. 404 for an unknown name."""
    require(caller, "prompts.read")
    if name not in library.names(stations.settings.prompts_dir):
        raise NotFound("there is no prompt, policy or taxonomy of that name", field="name")
    return _shown(stations, name)


@router.get("/{name:path}/diff")
def diff_versions(
    name: str, stations: StationsOf, caller: CallerOf, old: Annotated[str, Query(max_length=24)],
    new: Annotated[str, Query(max_length=24)],
) -> dict[str, str]:  # fmt: skip
    """What changed between two versions, as a unified diff."""
    require(caller, "prompts.read")
    return {"name": name, "old": old, "new": new, "diff": release.diff(stations.settings.prompts_dir, name, old, new)}


@router.get("/{name:path}/history")
def label_history(name: str, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Moves of a name's labels and its gate runs, newest first."""
    require(caller, "prompts.read")
    moves = [_as_dict(move) for move in stations.labels.history(name)]
    return {"name": name, "moves": moves, "gates": stations.promotions.gates(name)}


@router.get("/{name:path}/versions/{version}")
def read_version(name: str, version: str, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """One version: its file, its hash, whether it is released."""
    require(caller, "prompts.read")
    folder = stations.settings.prompts_dir
    text = library.path_of(folder, name, version).read_text("utf-8")
    return _version(folder, name, version, lock.released(folder)) | {"name": name, "text": text}


@router.get("/{name:path}/shadow")
def read_shadow(name: str, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """How the candidate compares with production on the posts that both read."""
    require(caller, "prompts.read")
    candidate = stations.labels.find(name, CANDIDATE)
    if candidate is None:
        raise NotFound(f"{name} has no candidate", field="name")
    with stations.database.read() as session:
        return compared(session, name, stations.labels.live(name), candidate, stations.settings.shadow_margin)


@router.post("/{name:path}/labels/{label}", responses={202: {"description": "A gate run was started"}})
def move_label(
    name: str, label: str, wanted: WantedMove, response: Response, stations: StationsOf, caller: CallerOf
) -> dict[str, Any]:
    """Move a label. 200 and the move; 202 and the gate run where `production` would go to a version it never had.

    `restart_needed`: a policy or taxonomy is read when a process starts, and this one goes by another version still.
    """
    require(caller, "prompts.move")
    asked = stations.promotions.move(
        name, label, wanted.version, by=who(caller), reason=wanted.reason, override=wanted.override, model=wanted.model
    )
    if asked.gate is not None:
        response.status_code = 202
        response.headers["Location"] = f"/v1/prompts/gates/{asked.gate['id']}"
        return {"state": "gate", "gate": asked.gate}
    assert asked.move is not None
    return {"state": "moved", "move": _as_dict(asked.move), "restart_needed": restart_needed(stations, name)}


def who(caller: Caller) -> str:
    """The caller as the audit names them."""
    return f"{caller.kind}:{caller.id}"


def restart_needed(stations: Stations, name: str) -> bool:
    """Whether `production` names another version than this process goes by: policy and taxonomy are read at its start."""
    policy, taxonomy = stations.readers.policy, stations.readers.tagger.taxonomy
    read = {f"policy/{policy.name}": policy.version, f"taxonomy/{taxonomy.name}": taxonomy.version}
    return name in read and stations.labels.live(name) != read[name]


def _shown(stations: Stations, name: str) -> dict[str, Any]:
    folder = stations.settings.prompts_dir
    known = lock.released(folder)
    labels = stations.labels.all().get(name, {})
    shown: dict[str, Any] = {
        "name": name,
        "versions": [_version(folder, name, version, known) for version in library.versions(folder, name)],
        "labels": labels,
        "restart_needed": restart_needed(stations, name),
        "models": list(stations.promotions.models_for(name)),
        "gates": stations.promotions.gates(name, limit=3),
        "shadow": None,
    }
    if CANDIDATE in labels and PRODUCTION in labels and labels[CANDIDATE] != labels[PRODUCTION]:
        with stations.database.read() as session:
            margin = stations.settings.shadow_margin
            shown["shadow"] = compared(session, name, labels[PRODUCTION], labels[CANDIDATE], margin)
    return shown


def _version(folder: Any, name: str, version: str, known: dict[tuple[str, str], str]) -> dict[str, Any]:
    shown: dict[str, Any] = {"version": version, "released": (name, version) in known}
    shown["sha256"] = known.get((name, version), "")
    if library.suffix_of(name) == ".md":
        prompt = load_prompt(folder, name, version)
        shown |= {"description": prompt.description, "changelog": prompt.changelog, "sha256": prompt.sha256}
    return shown


def _as_dict(move: Move) -> dict[str, Any]:
    return asdict(move) | {"at": rfc3339(move.at)}
