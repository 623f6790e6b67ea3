"""What a person may decide about a post, and the pure rules a decision has to keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service.errors import Conflict, InvalidInput
from service.flagging.flag import Category, Flag
from service.flagging.policy import Policy
from service.intake.post import Tag, clean_text

Verdict = Literal["agree", "change", "dismiss", "misplaced", "second_look"]
VERDICTS: tuple[str, ...] = get_args(Verdict)
FINAL = ("agree", "change", "dismiss", "misplaced")
Words = Annotated[str, Field(max_length=5_000), AfterValidator(clean_text)]
NOTE_LIMIT = 20_000
"""A note to the author may carry cards and a redacted post besides what was written."""
Note = Annotated[str, Field(max_length=NOTE_LIMIT), AfterValidator(clean_text)]


class FlagVerdict(BaseModel):
    """What a person says about one flag. `flag_id` null names a concern that the machine missed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    flag_id: Annotated[str, Field(max_length=36)] | None = None
    category: Category
    agree: bool = True


class Decide(BaseModel):
    """A decision, with the assessment the person looked at.

    Without `flags`, `agree` upholds and `dismiss` rejects every flag; `change` must say what differs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    assessment_id: Annotated[str, Field(min_length=1, max_length=36)]
    verdict: Verdict
    flags: Annotated[list[FlagVerdict], Field(max_length=60)] | None = None
    tags: Annotated[list[Tag], Field(max_length=20)] | None = None
    reason: Words | None = None
    note_to_author: Note | None = None


@dataclass(frozen=True)
class Judged:
    """An assessment as far as a decision rests on it."""

    assessment_id: str
    decision_digest: str
    route: str
    revision: int
    flags: list[dict[str, Any]]


def check_same(seen: Judged, newest: Judged) -> None:
    """Raise Conflict, naming what changed, where a newer assessment differs in flags, route or content."""
    if seen.decision_digest == newest.decision_digest:
        return
    changed: dict[str, Any] = {}
    if seen.revision != newest.revision:
        changed["content"] = {"seen_revision": seen.revision, "now_revision": newest.revision}
    if seen.route != newest.route:
        changed["route"] = {"seen": seen.route, "now": newest.route}
    before, after = {f["category"] for f in seen.flags}, {f["category"] for f in newest.flags}
    if before != after:
        changed["flags"] = {"added": sorted(after - before), "removed": sorted(before - after)}
    if not changed:
        changed["flags"] = {"quotes": "other words are quoted"}
    raise Conflict(
        "the post was assessed again, with another result; look at it once more",
        reason="newer_assessment", seen_assessment_id=seen.assessment_id, newest_assessment_id=newest.assessment_id,
        changed=changed,
    )  # fmt: skip


def judge_flags(wanted: Decide, flags: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each flag with what the person says about it: `{flag_id, category, seen_as, agree}`. Raises InvalidInput."""
    known = {str(flag["id"]): str(flag["category"]) for flag in flags}
    said: dict[str, FlagVerdict] = {}
    missed: list[FlagVerdict] = []
    for index, verdict in enumerate(wanted.flags or []):
        if verdict.flag_id is None:
            missed.append(verdict)
        elif verdict.flag_id not in known:
            raise InvalidInput("this flag is not in the assessment named", field=f"flags.{index}.flag_id")
        else:
            said[verdict.flag_id] = verdict
    default = wanted.verdict not in ("dismiss", "misplaced")
    judged = []
    for flag_id, category in known.items():
        verdict_on = said.get(flag_id)
        agree = default if verdict_on is None else verdict_on.agree
        shown_as = category if verdict_on is None else verdict_on.category
        judged.append({"flag_id": flag_id, "category": shown_as, "seen_as": category, "agree": agree})
    judged += [{"flag_id": None, "category": v.category, "seen_as": None, "agree": True} for v in missed]
    _check_fits(wanted.verdict, judged)
    return judged


def check_reason(wanted: Decide, judged: list[dict[str, Any]], policy: Policy) -> None:
    """Raise InvalidInput where the policy wants a reason for upholding a category and none is given."""
    if wanted.verdict not in ("agree", "change") or (wanted.reason or "").strip():
        return
    for flag in judged:
        if flag["agree"] and needs_reason(policy, flag["category"]):
            clause = policy.clause_of(flag["category"])
            raise InvalidInput(f"clause {clause.clause} ({clause.title}) wants a reason", field="reason")


def needs_reason(policy: Policy, category: str) -> bool:
    """Whether upholding this category wants a reason."""
    return policy.active(category) and policy.clause_of(category).reason_required


def distressing(policy: Policy, categories: list[str]) -> bool:
    """Whether a post with these flags may weigh on whoever reads it."""
    return any(policy.active(c) and policy.clause_of(c).distressing for c in categories)


def outline(flags: list[Flag]) -> list[dict[str, Any]]:
    """Flags as `Judged` takes them."""
    return [{"id": flag.id, "category": flag.category} for flag in flags]


def _check_fits(verdict: str, judged: list[dict[str, Any]]) -> None:
    if verdict == "agree" and any(not f["agree"] or f["category"] != f["seen_as"] for f in judged):
        raise InvalidInput("say `change` where you differ from a flag", field="verdict")
    if verdict == "change" and all(f["agree"] and f["category"] == f["seen_as"] for f in judged):
        raise InvalidInput(
            "say what is different: another category, a flag you reject, or one that is missing", field="flags"
        )
    if verdict in ("dismiss", "misplaced") and any(f["agree"] for f in judged):
        raise InvalidInput(f"`{verdict}` upholds no flag; say `change` to uphold some", field="flags")
