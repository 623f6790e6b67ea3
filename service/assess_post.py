"""The pipeline on one page: normalise → embed → related → tags → flags → route → Assessment.

`read_post` is the single seam: the API, the jobs, the CLI and the eval suite all call it. `assess_post` keeps what it
found: Post, Assessment, review item, webhook and job in one short transaction, after everything is computed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from sqlalchemy.orm import Session

from service import assessment as assessments
from service.assessment import Assessment, DraftState, Provenance
from service.clock import Clock, new_id
from service.database import Database
from service.drafting import repository as drafts
from service.errors import AnswerloopError
from service.flagging.flag import Degradation, Flag, Route
from service.flagging.policy import Policy
from service.flagging.reader import FlagReader
from service.flagging.routing import route
from service.flagging.thresholds import Thresholds
from service.flagging.versions import LiveThresholds
from service.intake import repository as posts
from service.intake.normalise import ReadablePost, normalise
from service.intake.post import NewPost, Post
from service.intake.windows import EmbeddedPost, embed_post
from service.models.embedder import Embedder
from service.retrieval.evidence import Evidence
from service.retrieval.find_related import Finder
from service.review import intake as review
from service.settings import Settings
from service.tagging.suggestion import TagSuggestion
from service.tagging.tagger import Tagger

DraftWish = Literal["async", "wait", "none"]


class Announce(Protocol):
    """Tells a site's webhook endpoints of an event, in the caller's transaction."""

    def __call__(self, session: Session, site: str, event: str, data: dict[str, Any]) -> None: ...


@dataclass(frozen=True)
class Readers:
    """The stations that read a post, and what they share."""

    settings: Settings
    database: Database
    clock: Clock
    embedder: Embedder
    finder: Finder
    tagger: Tagger
    flag_reader: FlagReader
    policy: Policy
    thresholds: Thresholds
    live_thresholds: LiveThresholds | None = None

    def thresholds_of(self, site: str) -> Thresholds:
        """The cuts in production at a site."""
        return self.thresholds if self.live_thresholds is None else self.live_thresholds.of(site)


@dataclass
class ReadPost:
    """What the fast lane made of a post, before anything is stored."""

    readable: ReadablePost
    embedded: EmbeddedPost | None
    evidence: Evidence = field(default_factory=Evidence)
    tags: list[TagSuggestion] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    route: Route = field(default_factory=lambda: Route(to="publish"))
    limited: bool = False
    degraded: list[Degradation] = field(default_factory=list)
    ms: dict[str, float] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)

    def fails(self, part: Literal["related", "tags", "flags"], failure: Exception) -> None:
        """Note that a part failed; never a verdict."""
        reason = failure.code if isinstance(failure, AnswerloopError) else type(failure).__name__
        self.degraded.append(Degradation(part=part, reason=reason, reader="fast"))

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Note the milliseconds spent."""
        begin = time.perf_counter()
        yield
        self.ms[part] = round(1000 * (time.perf_counter() - begin), 2)


def read_post(readers: Readers, sent: NewPost) -> ReadPost:
    """The fast lane: local models alone, nothing stored. A part that fails is named in `degraded`; the others go on."""
    begin = time.perf_counter()
    found = ReadPost(normalise(sent), None)
    found.ms["normalise"] = round(1000 * (time.perf_counter() - begin), 2)
    try:
        with found.timed("embed"):
            found.embedded = embed_post(found.readable, readers.embedder)
    except Exception as failure:
        for part in ("related", "tags", "flags"):
            found.fails(part, failure)
    if found.embedded is not None:
        try:
            with found.timed("retrieve"):
                found.evidence = readers.finder.find_related(
                    found.readable, found.embedded, sent.site, exclude_external_id=sent.external_id
                )
        except Exception as failure:
            found.fails("related", failure)
        try:
            with found.timed("tag"):
                found.tags = readers.tagger.suggest(
                    found.readable, found.embedded, found.evidence, sent.site, present=sent.tags
                )
        except Exception as failure:
            found.fails("tags", failure)
    with found.timed("flag"):
        _flag(readers, sent, found)
    return found


def _flag(readers: Readers, sent: NewPost, found: ReadPost) -> None:
    thresholds = readers.thresholds
    try:
        thresholds = readers.thresholds_of(sent.site)
        read = readers.flag_reader.read(sent, found.readable, found.embedded, found.evidence, thresholds)
        found.flags, found.limited, found.scores = read.flags, read.limited, read.scores
        found.degraded += read.degraded
    except Exception as failure:
        found.fails("flags", failure)
    failed = any(d.part == "flags" and d.reader == "fast" for d in found.degraded)
    found.route = route(
        found.flags,
        readers.policy,
        thresholds,
        degraded=failed,
        limited=found.limited,
        unread_language=readers.settings.unread_language,
    )


def as_assessment(
    read: ReadPost, sent: NewPost, post_id: str, now: datetime, lane: Literal["fast", "deep"] = "fast"
) -> Assessment:
    """The record of what was read."""
    return Assessment(
        id=new_id(),
        post_id=post_id,
        lane=lane,
        created_at=now,
        related=read.evidence.related,
        tags=read.tags,
        flags=read.flags,
        route=read.route,
        reader="limited" if read.limited else "full",
        degraded=bool(read.degraded),
        degraded_because=read.degraded,
        decision_digest=assessments.decision_digest(sent.content_digest, read.flags, read.route),
        provenance=Provenance(models=[], ms=read.ms, index_version=read.evidence.index_version, scores=read.scores),
    )


@dataclass(frozen=True)
class Assessed:
    """An assessed post; `created` where it was unknown before, `unchanged` where nothing had to be read again."""

    post: Post
    assessment: Assessment
    created: bool
    unchanged: bool


EnqueueDeep = Callable[[Session, str, str], None]
"""(session, assessment id, draft id or ''): enqueues the deep lane in the caller's transaction."""


def assess_post(
    readers: Readers, sent: NewPost, wish: DraftWish, enqueue_deep: EnqueueDeep, announce: Announce
) -> Assessed:
    """Read a post, keep it with its Assessment, and start the deep lane.

    The same content again returns what is known. Raises StoreUnavailable where SQL cannot be written.
    """
    with readers.database.read() as session:
        row = posts.find_row(session, sent.site, sent.external_id)
        if row is not None and row.content_digest == sent.content_digest and row.erased_at is None:
            known = assessments.newest(session, row.id)
            if known is not None:
                return Assessed(posts.get(session, row.id), with_draft(session, known), created=False, unchanged=True)
    read = read_post(readers, sent)
    now = readers.clock()
    with readers.database.write() as session:
        kept = posts.keep(session, sent, read.readable.lang, now)
        if not kept.changed and (known := assessments.newest(session, kept.post.id)) is not None:
            return Assessed(kept.post, with_draft(session, known), created=False, unchanged=True)
        made = as_assessment(read, sent, kept.post.id, now)
        keep_assessment(readers, session, kept.post, made, read.evidence, announce)
        if not kept.new:
            drafts.make_stale_for_post(session, kept.post.id, "the post was edited", now)
        draft_id = ""
        if wish != "none" and readers.settings.drafts_enabled:
            draft_id = drafts.open_draft(session, kept.post.id, sent.site, made.id, now)
        if draft_id or readers.settings.flag_model or readers.settings.tag_model:
            enqueue_deep(session, made.id, draft_id)
        made = with_draft(session, made)
    return Assessed(kept.post, made, created=kept.new, unchanged=False)


def keep_assessment(
    readers: Readers, session: Session, post: Post, made: Assessment, evidence: Evidence, announce: Announce
) -> None:
    """Append an assessment with its evidence, put the post in the review queue where it belongs, tell the site."""
    assessments.store(session, made, post.site, post.revision, evidence.model_dump(mode="json"))
    review.note_assessment(
        session,
        post=post,
        assessment_id=made.id,
        route=made.route,
        flags=made.flags,
        decision_digest=made.decision_digest,
        settings=readers.settings,
        now=made.created_at,
        tags=[t.tag for t in made.tags],
    )
    summary: dict[str, Any] = {
        "post_id": post.id,
        "external_id": post.external_id,
        "assessment_id": made.id,
        "lane": made.lane,
    }
    summary |= {"route": made.route.to, "because": made.route.because, "tags": [t.tag for t in made.tags]}
    announce(session, post.site, "assessment.completed", summary)
    if made.route.to == "urgent_review":
        announce(session, post.site, "review.urgent", summary)


def with_draft(session: Session, made: Assessment) -> Assessment:
    """The assessment with the present state of its post's draft."""
    state = drafts.state_for_post(session, made.post_id)
    if state is None:
        return made
    draft = DraftState(id=state.id, status=state.status, kind=state.kind, waiting=state.waiting)
    return made.model_copy(update={"draft": draft})
