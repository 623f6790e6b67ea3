"""Replay: what a model was asked for an assessment, made anew from what was stored, and held against its digest.

The stations themselves render it: their gateway is replaced by one that writes the call down. With `ask` the call then
goes to the models once more, and the new reply stands beside the old record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service import assessment as assessments
from service.assessment import Assessment, AssessmentRow, PromptUsed
from service.desk.anew import Anew, anew_of
from service.drafting.second_reader import PROMPT as SECOND_READER
from service.drafting.tables import DraftRow
from service.drafting.write import Drafter
from service.errors import AnswerloopError, ModelFailed, NotFound
from service.flagging.flag import Route
from service.intake import repository as posts
from service.intake.normalise import normalise
from service.intake.post import Post
from service.models.calls import ModelCall
from service.prompting import library
from service.prompting.labels import PinnedLabels
from service.prompting.render import digest_of
from service.retrieval.evidence import Evidence
from service.shadowing import with_labels

if TYPE_CHECKING:
    from service.stations import Stations


@dataclass(frozen=True)
class Replayed:
    """One model call of an assessment. `same` says that the very same words would be sent; None: it cannot be known."""

    prompt: str
    version: str
    recorded_sha256: str
    rendered_sha256: str
    same: bool | None
    because: str
    messages: list[dict[str, str]]
    reply: str | None = None


class _WritesDown:
    """Stands in for the gateway: keeps the call and fails it."""

    def __init__(self) -> None:
        self.calls: list[ModelCall] = []

    def complete(self, call: ModelCall) -> Any:
        """Keep the call. Raises ModelFailed, as a model that is away."""
        self.calls.append(call)
        raise ModelFailed("replay")

    def stream(self, call: ModelCall) -> Any:
        """As `complete`."""
        return self.complete(call)


@dataclass(frozen=True)
class _Drafted:
    """What a draft was written from; `rendered_sha256` tells which one it is."""

    evidence: Evidence
    route: Route
    today: str
    rendered_sha256: str = ""
    instruction: str = ""
    anew: Anew = field(default_factory=lambda: Anew([]))


@dataclass(frozen=True)
class _Made:
    """What the model calls of an assessment were made from. The last draft is for one that left no row behind."""

    fast: Assessment
    post: Post
    drafts: list[_Drafted]


def replay(stations: Stations, assessment_id: str, *, ask: bool = False) -> list[Replayed]:
    """Every model call behind an assessment. Raises NotFound for one that is unknown or erased."""
    with stations.database.read() as session:
        made = assessments.get(session, assessment_id)
        revision = session.scalar(sa.select(AssessmentRow.revision).where(AssessmentRow.id == assessment_id))
        post = posts.get(session, made.post_id, revision)
        fast = next((a for a in assessments.history(session, post.id, before=assessment_id) if a.lane == "fast"), made)
        rows = session.scalars(sa.select(DraftRow).where(DraftRow.post_id == post.id))
        drafts = [_drafted(session, row, made) for row in rows]
        evidence = Evidence.model_validate(assessments.evidence_snapshot(session, assessment_id))
    any_other = _Drafted(evidence, fast.route, made.created_at.date().isoformat())
    found = _Made(fast, post, [*drafts, any_other])
    return [_replay_one(stations, used, found, ask) for used in made.provenance.prompts]


def _drafted(session: Session, row: DraftRow, made: Assessment) -> _Drafted:
    rests_on, told = row.assessment_id or made.id, row.provenance
    evidence = Evidence.model_validate(assessments.evidence_snapshot(session, rests_on))
    return _Drafted(
        evidence, assessments.get(session, rests_on).route, told.get("today") or made.created_at.date().isoformat(),
        told.get("rendered_sha256", ""), row.instruction or "", anew_of(session, row.id),
    )  # fmt: skip


def _replay_one(stations: Stations, used: PromptUsed, found: _Made, ask: bool) -> Replayed:
    def result(because: str, call: ModelCall | None = None, reply: str | None = None) -> Replayed:
        digest = digest_of(call.messages) if call is not None else ""
        same = digest == used.rendered_sha256 if call is not None and used.rendered_sha256 else None
        said = because or ("the same words would be sent" if same else "other words would be sent")
        messages = [{"role": m.role, "content": m.content} for m in call.messages] if call is not None else []
        return Replayed(used.name, used.version, used.rendered_sha256, digest, same, said, messages, reply)

    if used.version not in library.versions(stations.settings.prompts_dir, used.name):
        return result(f"the file of {used.name} {used.version} is gone")
    if used.name == SECOND_READER:
        return result("it read the claims of another model's reply, which is not kept")
    call = _call(stations, used, found)
    if call is None:
        return result("no model is configured that would be asked this prompt")
    if not ask:
        return result("", call)
    try:
        return result("", call, stations.gateway.complete(call).text)
    except AnswerloopError as failure:
        return result("", call, f"({failure.code})")


def _call(stations: Stations, used: PromptUsed, found: _Made) -> ModelCall | None:
    lane, post, readable, notes = stations.deep_lane, found.post, normalise(found.post), _WritesDown()
    labels = PinnedLabels(stations.labels, {used.name: used.version})
    try:
        if used.name == "flag_post" and lane.deep_reader is not None:
            reader = with_labels(lane.deep_reader, labels, notes)
            reader.read(post, readable, found.fast.flags, found.fast.route, person_has_seen=False)
        elif used.name == "check_tags" and lane.tag_checker is not None:
            with_labels(lane.tag_checker, labels, notes).check(post, readable, found.fast.tags)
        elif used.name.startswith("draft_"):
            own = [d for d in found.drafts if d.rendered_sha256 == used.rendered_sha256]
            _write(with_labels(lane.drafter, labels, notes), post, (own or found.drafts[-1:])[0])
    except ModelFailed:
        pass
    wanted = [call for call in notes.calls if digest_of(call.messages) == used.rendered_sha256]
    return next(iter(wanted or notes.calls), None)


def _write(drafter: Drafter, post: Post, draft: _Drafted) -> None:
    """Have the draft written as it was: the whole of it, or the one sentence of another draft."""
    readable, anew, instruction, today = normalise(post), draft.anew, draft.instruction, date.fromisoformat(draft.today)
    if anew.replaces is not None:
        drafter.rewrite(
            post, readable, draft.evidence, anew.before, anew.kind, anew.replaces, instruction=instruction,
            lang=readable.lang, today=today, attempt=anew.attempt,
        )  # fmt: skip
        return
    drafter.write(
        post, readable, draft.evidence, draft.route, instruction=instruction, lang=readable.lang, today=today,
        attempt=anew.attempt, form=anew.form,
    )  # fmt: skip


def find_assessment(stations: Stations, given: str) -> str:
    """The id of an assessment, or of the newest one of a post whose id is given. Raises NotFound."""
    with stations.database.read() as session:
        if session.get(AssessmentRow, given) is not None:
            return given
        newest = assessments.newest(session, given)
    if newest is None:
        raise NotFound("there is no such assessment or post", field="assessment")
    return newest.id
