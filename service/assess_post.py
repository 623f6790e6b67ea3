"""The pipeline on one page: normalise → embed → related → tags → flags → route → Assessment.

`read_post` is the single seam: the API, the jobs, the CLI and the eval suite all call it. `assess_post` keeps what it
found: Post, Assessment, review item, webhook and job in one short transaction, after everything is computed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from sqlalchemy.orm import Session

from service import assessment as assessments
from service.assessment import Assessment, DraftState, Provenance
from service.clock import Clock, new_id
from service.corpus.lexical import LexicalHit
from service.database import Database
from service.desk import waiting
from service.drafting import repository as drafts
from service.errors import AnswerloopError, TooManyRequests
from service.flagging.flag import Degradation, Flag, Route
from service.flagging.policy import Policy
from service.flagging.reader import Detected, FlagReader
from service.flagging.routing import STRENGTH, route
from service.flagging.thresholds import Thresholds
from service.flagging.versions import LiveThresholds
from service.intake import repository as posts
from service.intake.edits import significant
from service.intake.normalise import ReadablePost, normalise
from service.intake.post import NewPost, Post
from service.intake.windows import EmbeddedPost, embed_post, embed_with_english
from service.models.embedder import Embedder
from service.retrieval.earlier_posts import EarlierPosts
from service.retrieval.evidence import Evidence, sharing
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
    earlier_posts: EarlierPosts | None = None

    def thresholds_of(self, site: str) -> Thresholds:
        """The cuts in production at a site."""
        return self.thresholds if self.live_thresholds is None else self.live_thresholds.of(site)


Words = Future[list[LexicalHit]]
"""What the words of a post find, under way."""


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
    words: Words | None = None
    detected: Future[Detected] | None = None

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
    found = _embedded(readers, sent, ("related", "tags", "flags"))
    if found.embedded is not None:
        try:
            with found.timed("retrieve"):
                found.evidence = _evidence(readers, sent, found.readable, found.embedded, found.words)
        except Exception as failure:
            found.fails("related", failure)
        try:
            with found.timed("tag"):
                found.tags = readers.tagger.suggest(
                    found.readable, found.embedded, found.evidence, sent.site, present=sent.tags
                )
        except Exception as failure:
            found.fails("tags", failure)
        tags = {*sent.tags, *(t.tag for t in found.tags)}
        found.evidence = found.evidence.model_copy(update={"related": sharing(found.evidence.related, tags)})
    with found.timed("flag"):
        _flag(readers, sent, found)
    return found


def read_evidence(readers: Readers, sent: NewPost) -> Evidence:
    """What is found for a post now, as `read_post` finds it. Raises AnswerloopError."""
    readable = normalise(sent)
    words = readers.finder.words_beside(readable, sent.site)
    return _evidence(readers, sent, readable, embed_post(readable, readers.embedder), words)


def read_flags(readers: Readers, sent: NewPost) -> ReadPost:
    """Flags and route of a text alone, as `read_post` finds them, but for the one that other posts show (a cross-post)."""
    found = _embedded(readers, sent, ("flags",))
    with found.timed("flag"):
        _flag(readers, sent, found)
    return found


def _evidence(
    readers: Readers, sent: NewPost, readable: ReadablePost, embedded: EmbeddedPost, words: Words | None
) -> Evidence:
    found = readers.finder.find_related(
        readable, embedded, sent.site, exclude_external_id=sent.external_id, words=words.result() if words else None
    )
    if readers.earlier_posts is None:
        return found
    return found.model_copy(update={"earlier": readers.earlier_posts.find(sent, readable, embedded)})


def _embedded(readers: Readers, sent: NewPost, parts: Sequence[Literal["related", "tags", "flags"]]) -> ReadPost:
    """The post normalised and embedded; where that fails, so do `parts`. What needs no vectors begins beside it."""
    begin = time.perf_counter()
    found = ReadPost(normalise(sent), None)
    found.ms["normalise"] = round(1000 * (time.perf_counter() - begin), 2)
    found.detected = readers.flag_reader.detect_beside(sent, found.readable)
    if "related" in parts:
        found.words = readers.finder.words_beside(found.readable, sent.site)
    try:
        with found.timed("embed"):
            found.embedded = embed_with_english(found.readable, readers.embedder, adapted=True)
    except Exception as failure:
        for part in parts:
            found.fails(part, failure)
    return found


def _flag(readers: Readers, sent: NewPost, found: ReadPost) -> None:
    thresholds = readers.thresholds
    try:
        thresholds = readers.thresholds_of(sent.site)
        detected = found.detected.result() if found.detected else None
        read = readers.flag_reader.read(sent, found.readable, found.embedded, found.evidence, thresholds, detected)
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
    readers: Readers, sent: NewPost, wish: DraftWish, enqueue_deep: EnqueueDeep, announce: Announce,
    key_id: str | None = None,
) -> Assessed:  # fmt: skip
    """Read a post, keep it with its Assessment, and start the deep lane.

    `key_id` is the API key it came with. The same content again returns what is known, and so does an edit that says
    nothing else. Raises StoreUnavailable where SQL cannot be written, TooManyRequests for more edits a day than
    `REASSESS_LIMIT`, unless one shows more danger than was known.
    """
    now = readers.clock()
    known: Assessment | None = None
    wait, same, lang = 0.0, False, ""
    with readers.database.read() as session:
        row = posts.find_row(session, sent.site, sent.external_id)
        if row is not None and row.erased_at is None and (known := assessments.newest(session, row.id)) is not None:
            stored = posts.get(session, row.id)
            if row.content_digest == sent.content_digest:
                return Assessed(stored, with_draft(session, known), created=False, unchanged=True)
            if same := _says_the_same(stored, sent, known):
                lang = row.lang
            wait = assessments.seconds_until_next(session, row.id, readers.settings.reassess_limit, now)
    if known is not None and same:
        return _kept_as_known(readers, sent, known, lang, now)
    read = read_post(readers, sent)
    if known is not None and wait and STRENGTH[read.route.to] <= STRENGTH[known.route.to]:
        raise TooManyRequests("this post was edited too often today", field="external_id", retry_after=math.ceil(wait))
    with readers.database.write() as session:
        kept = posts.keep(session, sent, read.readable.lang, now, key_id)
        if not kept.changed and (known := assessments.newest(session, kept.post.id)) is not None:
            return Assessed(kept.post, with_draft(session, known), created=False, unchanged=True)
        made = as_assessment(read, sent, kept.post.id, now)
        keep_assessment(readers, session, kept.post, made, read.evidence, announce)
        if not kept.new:
            drafts.make_stale_for_post(session, kept.post.id, "the post was edited", now)
        draft_id = ""
        if wish != "none" and readers.settings.drafts_enabled:
            draft_id = drafts.open_draft(session, kept.post.id, sent.site, made.id, now)
            waiting.put_topics(session, draft_id, kept.post.id, [tag.tag for tag in made.tags])
        if draft_id or readers.settings.flag_model or readers.settings.tag_model:
            enqueue_deep(session, made.id, draft_id)
        made = with_draft(session, made)
    if readers.earlier_posts is not None:
        readers.earlier_posts.remember(kept.post, read.embedded)
    return Assessed(kept.post, made, created=kept.new, unchanged=False)


def _says_the_same(stored: Post, sent: NewPost, known: Assessment) -> bool:
    """Whether an edit changes no word and moves none of the words that the known flags quote."""
    fields = {"title": sent.title, "body": sent.body}
    quotes = [quote for flag in known.flags for quote in flag.quotes]
    return not significant(stored, sent) and all(fields[q.field][q.start : q.end] == q.text for q in quotes)


def _kept_as_known(readers: Readers, sent: NewPost, known: Assessment, lang: str, now: datetime) -> Assessed:
    """The text as it reads now, under the Assessment that holds for it."""
    with readers.database.write() as session:
        kept = posts.keep(session, sent, lang, now)
        return Assessed(kept.post, with_draft(session, known), created=False, unchanged=True)


def keep_assessment(
    readers: Readers, session: Session, post: Post, made: Assessment, evidence: Evidence, announce: Announce
) -> None:
    """Append an assessment with its evidence, put the post in the review queue where it belongs, tell the site."""
    tags = {*post.tags, *(t.tag for t in made.tags)}
    made = made.model_copy(update={"related": sharing(made.related, tags)})
    assessments.store(session, made, post.site, post.revision, evidence.model_dump(mode="json"))
    urgent_item = review.note_assessment(
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
    if urgent_item is not None:
        announce(session, post.site, "review.urgent", summary | {"item_id": urgent_item})


def with_draft(session: Session, made: Assessment) -> Assessment:
    """The assessment with the present state of its post's draft."""
    state = drafts.state_for_post(session, made.post_id)
    if state is None:
        return made
    draft = DraftState(id=state.id, status=state.status, kind=state.kind, waiting=state.waiting)
    return made.model_copy(update={"draft": draft})
