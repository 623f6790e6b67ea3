"""Outcomes in SQL: written in the transaction of the judgement they record, withdrawn with it, erased with the post."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import new_id, system_clock
from service.desk.tables import DraftEndRow
from service.feedback.tables import OutcomeRow
from service.review.tables import AppealRow, DecisionRow, GoldenRow, ReviewItemRow

OutcomeKind = Literal["decision", "audit", "golden", "second", "appeal", "revision", "tags"]
VERDICT_KINDS = ("decision", "audit", "appeal")
"""Kinds whose verdict is about the post as it came; second reviews and golden items measure people."""
_KIND_OF: dict[str, OutcomeKind] = {"audit": "audit", "golden": "golden", "second": "second", "appeal": "appeal"}
_FINAL = ("agree", "change", "dismiss", "misplaced")


@dataclass(frozen=True)
class Assessed:
    """What the machine had said, as far as an outcome keeps it: no text of a member.

    `flags`: `[{id, category, probability, band, found_by}]`; `tags`: `[{tag, probability}]`; `prompts`: `name version`.
    """

    assessment_id: str | None = None
    route: str = ""
    flags: Sequence[dict[str, Any]] = ()
    tags: Sequence[dict[str, Any]] = ()
    prompts: Sequence[str] = ()
    slices: dict[str, str] = field(default_factory=dict)
    cost_usd: float = 0.0


def note_decision(
    session: Session, made: DecisionRow, item: ReviewItemRow, appeal: AppealRow | None, seen: Assessed
) -> OutcomeRow | None:
    """Keep what a final decision says; None for one that leaves the item open."""
    if made.act not in _FINAL:
        return None
    known = {str(flag["id"]): flag for flag in seen.flags}
    flags = []
    for said in made.flags:
        machine = known.get(str(said["flag_id"]), {})
        entry = {name: said[name] for name in ("category", "seen_as", "agree")}
        flags.append(entry | {name: machine.get(name) for name in ("probability", "band", "found_by")})
    golden = session.get(GoldenRow, made.post_id) if made.origin == "golden" else None
    against = appeal.against if appeal is not None else item.second_of and _first_decision(session, item.second_of)
    kind: OutcomeKind = "appeal" if appeal is not None else _KIND_OF.get(made.origin, "decision")
    return _add(
        session, kind, made.id, made.post_id, made.site, made.by, made.at, made.act, seen, flags=flags, kept=made.tags,
        measures={"bulk": made.bulk, "origin": made.origin}, expected=golden.categories if golden else None,
        against=against or None, sampled_with=made.sampled_with, seconds=(made.at - item.opened_at).total_seconds(),
    )  # fmt: skip


def note_end(session: Session, end: DraftEndRow, seen: Assessed) -> OutcomeRow:
    """Keep how a draft ended: the mentor's last revision beside what the machine wrote, in figures."""
    named = ("kept", "changed", "cut", "added", "edit_distance", "words_machine", "words_final")
    measures = {name: end.measures[name] for name in named if name in end.measures}
    measures |= {"draft_kind": end.kind, "reason": end.reason, "revision_id": end.revision_id}
    written = (end.provenance.get("written_by") or {}).get("prompt") or {}
    return _add(
        session, "revision", end.draft_id, end.post_id, end.site, end.by, end.at, end.act, seen, measures=measures,
        prompts=[f"{written['name']} {written['version']}"] if written.get("name") else [], seconds=end.seconds,
    )  # fmt: skip


def note_tags(
    session: Session, kept_id: str, post_id: str, site: str, tags: list[str], by: str, now: datetime, seen: Assessed
) -> OutcomeRow:
    """Keep which tags a post has in the end; what was said before about its tags alone no longer counts."""
    before = sa.update(OutcomeRow).where(OutcomeRow.post_id == post_id, OutcomeRow.kind == "tags")
    session.execute(before.where(OutcomeRow.withdrawn_at.is_(None)).values(withdrawn_at=now))
    return _add(session, "tags", kept_id, post_id, site, by, now, "kept", seen, kept=tags)


def withdraw(session: Session, cause_id: str, now: datetime) -> None:
    """What was taken back teaches nothing."""
    session.execute(sa.update(OutcomeRow).where(OutcomeRow.cause_id == cause_id).values(withdrawn_at=now))


def erase_for_post(session: Session, post_id: str) -> None:
    """Take the tags of an erased post away; categories and verdicts stay, or deleted spam would spoil the precision."""
    session.execute(
        sa.update(OutcomeRow)
        .where(OutcomeRow.post_id == post_id)
        .values(suggested_tags=[], kept_tags=None, erased_at=system_clock())
    )


@dataclass(frozen=True)
class Wanted:
    """Which outcomes; None leaves open. Withdrawn ones only where asked for."""

    site: str | None = None
    kind: str | None = None
    category: str | None = None
    verdict: str | None = None
    post_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    withdrawn: bool = False


def chosen(wanted: Wanted) -> sa.Select[OutcomeRow]:
    """The query of these outcomes, newest first."""
    query = sa.select(OutcomeRow)
    for column, value in (
        (OutcomeRow.site, wanted.site), (OutcomeRow.kind, wanted.kind), (OutcomeRow.verdict, wanted.verdict),
        (OutcomeRow.post_id, wanted.post_id),
    ):  # fmt: skip
        if value is not None:
            query = query.where(column == value)
    if wanted.category is not None:
        query = query.where(OutcomeRow.categories.contains(f",{wanted.category},", autoescape=True))
    if wanted.since is not None:
        query = query.where(OutcomeRow.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(OutcomeRow.at < wanted.until)
    if not wanted.withdrawn:
        query = query.where(OutcomeRow.withdrawn_at.is_(None))
    return query.order_by(OutcomeRow.id.desc())


def listed(session: Session, wanted: Wanted, limit: int, before: str | None = None) -> list[OutcomeRow]:
    """A page of outcomes, newest first; `before` is the id to continue after."""
    query = chosen(wanted).limit(limit)
    return list(session.scalars(query if before is None else query.where(OutcomeRow.id < before)))


def _first_decision(session: Session, item_id: str) -> str | None:
    query = sa.select(OutcomeRow.cause_id).join(DecisionRow, DecisionRow.id == OutcomeRow.cause_id)
    query = query.where(DecisionRow.item_id == item_id, OutcomeRow.withdrawn_at.is_(None))
    return session.scalar(query.order_by(OutcomeRow.id.desc()).limit(1))


def _add(
    session: Session, kind: OutcomeKind, cause_id: str, post_id: str, site: str, by: str, at: datetime, verdict: str,
    seen: Assessed, *, flags: Sequence[dict[str, Any]] = (), kept: list[str] | None = None,
    measures: dict[str, Any] | None = None, prompts: Sequence[str] | None = None, expected: list[str] | None = None,
    against: str | None = None, sampled_with: float | None = None, seconds: float | None = None,
) -> OutcomeRow:  # fmt: skip
    words = {str(word) for flag in flags for word in (flag["category"], flag["seen_as"]) if word}
    row = OutcomeRow(
        id=new_id(), kind=kind, cause_id=cause_id, post_id=post_id, site=site, at=at, by=by,
        assessment_id=seen.assessment_id, verdict=verdict, route=seen.route, flags=list(flags),
        categories=f",{','.join(sorted(words))}," if words else "", suggested_tags=list(seen.tags), kept_tags=kept,
        measures=measures or {}, prompts=list(seen.prompts if prompts is None else prompts), slices=dict(seen.slices),
        expected=expected, against=against, sampled_with=sampled_with, seconds=seconds, cost_usd=seen.cost_usd,
        withdrawn_at=None, erased_at=None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row
