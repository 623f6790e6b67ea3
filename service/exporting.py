"""From outcomes to cases of the eval suite: proposed here, accepted by a person, written as JSONL with their lineage."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.assessment import AssessmentTextRow
from service.clock import new_id
from service.errors import InvalidInput, NotFound
from service.feedback import candidates, case_files, cases
from service.feedback.judged import Judged
from service.feedback.outcomes import Wanted, chosen
from service.feedback.tables import CaseRow, OutcomeRow
from service.flagging.policy import CATEGORIES
from service.intake import repository as posts
from service.intake.tables import PostRow
from service.stations import Stations

MOST_OUTCOMES = 20_000


@dataclass
class Proposed:
    """What an export came to: the cases it proposed, and why other outcomes became none."""

    cases: list[CaseRow] = field(default_factory=list)
    near_duplicates: int = 0
    erased: int = 0
    known: int = 0
    overruled: int = 0


def propose(
    stations: Stations, site: str | None, by: str, *, limit: int = 50, days: int = 90, category: str | None = None,
    kind: str | None = None, outcomes: Sequence[str] = (),
) -> Proposed:  # fmt: skip
    """Turn outcomes into candidate cases, the dangerous errors first; each post becomes a case once.

    `category` and `kind` leave the others out. `outcomes` names them one by one, whatever their age and number. What a
    later word on the same post overruled becomes no case. Raises InvalidInput for a kind or category that is none, and
    NotFound for a named outcome that is not there.
    """
    if kind is not None and kind not in candidates.KINDS:
        raise InvalidInput(f"kind is one of {', '.join(candidates.KINDS)}", field="kind")
    if category is not None and category not in CATEGORIES:
        raise InvalidInput(f"there is no category {category}", field="category")
    now = stations.clock()
    found = Proposed()
    with stations.database.write() as session:
        fresh, known, said = [], set(), []
        for row in cases.standing(session):
            known.add(row.post_id)
            said.append(set(row.shingles))
        words = _final_words(session, site, now - timedelta(days=days), outcomes)
        found.overruled = len(set(outcomes) - {post.outcome.id for post in words})
        for post in words:
            if not _is_wanted(post, kind, category, outcomes):
                continue
            if post.outcome.erased_at is not None:
                found.erased += 1
            elif post.outcome.post_id in known:
                found.known += 1
            else:
                fresh.append(post)
        for post in candidates.in_turn(fresh, len(fresh)):
            if len(found.cases) == (len(outcomes) or limit):
                break
            made = _case(stations, session, post, by, now)
            if made is None:
                found.erased += 1
            elif any(candidates.near(made.shingles, list(other)) for other in said):
                found.near_duplicates += 1
            else:
                said.append(set(made.shingles))
                session.add(made)
                session.flush()
                found.cases.append(made)
    return found


def write(stations: Stations, site: str | None, folder: Path | None = None) -> Path:
    """Write the accepted cases and, beside them, their lineage. Returns the file; an empty one where there are none."""
    with stations.database.read() as session:
        return case_files.write(session, site, folder or folder_of(stations, site))


def folder_of(stations: Stations, site: str | None) -> Path:
    """Where the accepted cases of a site lie by default."""
    return stations.settings.data_dir / "cases" / (site or case_files.EVERY)


def _final_words(session: Session, site: str | None, since: datetime, named: Sequence[str]) -> list[Judged]:
    """The final words on posts since a moment; with `named`, on the posts of these outcomes. Raises NotFound."""
    if not named:
        return candidates.final_words(session.scalars(chosen(Wanted(site=site, since=since)).limit(MOST_OUTCOMES)))
    ours = chosen(Wanted(site=site))
    there = {row.id: row.post_id for row in session.scalars(ours.where(OutcomeRow.id.in_(named)))}
    missing = [one for one in named if one not in there]
    if missing:
        raise NotFound(f"there is no outcome {missing[0]}, or it was taken back", field="outcomes")
    return candidates.final_words(session.scalars(ours.where(OutcomeRow.post_id.in_(set(there.values())))))


def _is_wanted(post: Judged, kind: str | None, category: str | None, named: Sequence[str]) -> bool:
    outcome = post.outcome
    mentions = category is None or f",{category}," in outcome.categories
    return mentions and kind in (None, outcome.kind) and (not named or outcome.id in named)


def _case(stations: Stations, session: Session, post: Judged, by: str, now: datetime) -> CaseRow | None:
    outcome = post.outcome
    try:
        sent = posts.get(session, outcome.post_id)
    except NotFound:
        return None
    kept = session.get(PostRow, outcome.post_id)
    words = session.get(AssessmentTextRow, outcome.assessment_id) if outcome.assessment_id else None
    quotes = [
        {"category": str(flag["category"]), "field": str(quote["field"]), "text": str(quote["text"])}
        for flag in (words.record if words is not None else {}).get("flags", [])
        for quote in flag["quotes"]
    ]
    case_id = new_id()
    author = hashlib.sha256(f"{sent.site}\x00{sent.author.id}".encode()).hexdigest()
    voice = session.scalar(sa.select(CaseRow.content).where(CaseRow.author_digest == author).limit(1))
    name = str(voice["voice"]) if voice is not None else f"member-{case_id[-12:]}"
    lang = kept.lang if kept is not None else "en"
    made = candidates.candidate(
        f"loop-{case_id}", name, lang, sent, post, quotes, stations.readers.policy, posts.kept_tags(session, outcome.post_id)
    )  # fmt: skip
    return CaseRow(
        id=case_id, outcome_id=outcome.id, decision_id=outcome.cause_id, assessment_id=outcome.assessment_id,
        post_id=outcome.post_id, site=outcome.site, state="proposed", stratum=candidates.stratum_of(post),
        content=made.content, look_at=made.look_at, shingles=candidates.shingles(f"{sent.title}\n{sent.body}"),
        author_digest=author, proposed_by=by, proposed_at=now, decided_by=None, decided_at=None, reason=None,
    )  # fmt: skip
