"""From outcomes to cases of the eval suite: proposed here, accepted by a person, written as JSONL with their lineage."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.assessment import AssessmentTextRow
from service.clock import new_id
from service.errors import NotFound
from service.feedback import candidates, case_files, cases
from service.feedback.judged import Judged, last_words
from service.feedback.outcomes import Wanted, chosen
from service.feedback.tables import CaseRow
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


def propose(
    stations: Stations, site: str | None, by: str, *, limit: int = 50, days: int = 90, category: str | None = None
) -> Proposed:
    """Turn outcomes into candidate cases, the dangerous errors first; each outcome becomes a case once."""
    now = stations.clock()
    wanted = Wanted(site=site, since=now - timedelta(days=days), category=category)
    found = Proposed()
    with stations.database.write() as session:
        fresh, known, said = [], set(), []
        for row in cases.standing(session):
            known.add(row.post_id)
            said.append(set(row.shingles))
        for post in last_words(session.scalars(chosen(wanted).limit(MOST_OUTCOMES))):
            if post.outcome.erased_at is not None:
                found.erased += 1
            elif post.outcome.post_id in known:
                found.known += 1
            else:
                fresh.append(post)
        for post in candidates.in_turn(fresh, len(fresh)):
            if len(found.cases) == limit:
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
        f"loop-{case_id}", name, lang, sent, post, quotes, stations.readers.policy
    )  # fmt: skip
    return CaseRow(
        id=case_id, outcome_id=outcome.id, decision_id=outcome.cause_id, assessment_id=outcome.assessment_id,
        post_id=outcome.post_id, site=outcome.site, state="proposed", stratum=candidates.stratum_of(post),
        content=made.content, look_at=made.look_at, shingles=candidates.shingles(f"{sent.title}\n{sent.body}"),
        author_digest=author, proposed_by=by, proposed_at=now, decided_by=None, decided_at=None, reason=None,
    )  # fmt: skip
