"""The deep lane: what happens to a post after the request was answered. Handlers of durable jobs.

A job runs at least once, so each handler first looks whether its work is already done. None holds a transaction
while a model answers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from service import assessment as assessments
from service.assess_post import Announce, Readers, keep_assessment, read_evidence
from service.assessment import Assessment
from service.deep_version import deep_version
from service.desk.anew import Anew, anew_of
from service.drafting import repository as drafts
from service.drafting.abstain import Reason
from service.drafting.ask_model import Listener
from service.drafting.draft import Sentence, WrittenDraft
from service.drafting.sources import still_shown
from service.drafting.tables import DraftRow
from service.drafting.write import Drafter
from service.errors import AnswerloopError, NotFound
from service.flagging.deep import DeepReader
from service.flagging.flag import Degradation, Flag, Route
from service.flagging.routing import STRENGTH, route, stronger
from service.intake import repository as posts
from service.intake.normalise import normalise
from service.intake.post import Post
from service.jobs import DEEP, DRAFTS, Jobs
from service.models.calls import used_by
from service.retrieval.evidence import Evidence
from service.review import intake as review
from service.tagging.check import TagChecker

RETRY_AFTER_S = (60.0, 600.0, 3600.0)
"""Waits before a reading that failed is tried again."""
DEEP_PROMPTS = {"flag_post", "check_tags"}
DEEP_PARTS = ("flags", "tags")
MUST_BE_SEEN: Reason = "somebody must look at this post first"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeepLane:
    """What the deep lane works with. `deep_reader` and `tag_checker` are None where no such model is configured."""

    readers: Readers
    drafter: Drafter
    jobs: Jobs
    announce: Announce
    deep_reader: DeepReader | None
    tag_checker: TagChecker | None
    shadow: Callable[[Session, str, str], None] = lambda _session, _assessment_id, _prompt: None
    """Told of every reading: (session, assessment id, prompt name); a candidate may repeat it unseen."""

    def enqueue(self, session: Session, assessment_id: str, draft_id: str) -> None:
        """Start the deep lane for an assessment, in the caller's transaction."""
        if self.deep_reader is not None or self.tag_checker is not None:
            self.jobs.enqueue(session, DEEP, "read_deep", f"deep-{assessment_id}", assessment_id)
        if draft_id:
            self.enqueue_draft(session, draft_id)

    def enqueue_draft(self, session: Session, draft_id: str) -> None:
        """Have a pending draft written; beyond `DRAFT_QUEUE` waiting ones it is taken up when others are done."""
        if drafts.pending(session) <= self.readers.settings.draft_queue:
            self.jobs.enqueue(session, DRAFTS, "write_draft", f"draft-{draft_id}", draft_id)

    def handlers(self) -> dict[str, Callable[..., Any]]:
        """The jobs of the deep lane by name."""
        return {"read_deep": self.read_deep, "write_draft": self.write_draft}

    def read_deep(self, assessment_id: str, attempt: int = 0) -> str:
        """Read flags and tags with the configured models; append the result. Returns the new assessment's id.

        Where a model failed the result says so, and what it should have read is tried again later, a few times; what the
        other read stays. Nothing is stored of a post that was edited or erased meanwhile;
        where its Assessment still holds, the new text is read.
        """
        found = self._fast(assessment_id)
        unread = self._unread(found, attempt) if found is not None else None
        if found is None or unread is None:
            return ""
        reading = self._reading(found, unread)
        with self.readers.database.write() as session:
            newest = self._newest(session, found)
            if newest is None:
                return ""
            if (revision := posts.get(session, found.post.id).revision) != found.post.revision:
                key = f"deep-{assessment_id}-revision-{revision}"
                self.jobs.enqueue(session, DEEP, "read_deep", key, assessment_id, attempt)
                return ""
            if reading.failed and attempt < len(RETRY_AFTER_S):
                key, wait = f"deep-{assessment_id}-again-{attempt + 1}", RETRY_AFTER_S[attempt]
                self.jobs.enqueue(session, DEEP, "read_deep", key, assessment_id, attempt + 1, delay_s=wait)
            if attempt and not reading.used:
                return ""
            if not reading.seen and "flags" in reading.update and review.seen_by_now(session, found.post.id):
                reading.update |= self._as_seen(found, newest.route, reading.update)
            degraded = [d for d in newest.degraded_because if d.reader == "fast" or d.part not in unread.parts]
            deep = deep_version(
                found.post, newest, reading.update, degraded + reading.failed, reading.used + reading.in_vain,
                self.readers.clock(),
            )  # fmt: skip
            self._keep(session, found.post, deep, newest)
            if _must_be_seen(deep.route) and not _must_be_seen(newest.route):
                self._stop_drafts(session, found.post)
            for provenance in reading.used:
                self.shadow(session, found.made.id, provenance["prompt"]["name"])
        return deep.id

    def _reading(self, found: _Found, unread: _Unread) -> _Reading:
        """Ask the configured models for the parts that are not read yet; a part that fails does not stop the other."""
        post, fast, readable = found.post, found.made, normalise(found.post)
        reading = _Reading(seen=self._was_seen(post.id))
        if self.deep_reader is not None and "flags" in unread.parts:
            try:
                read = self.deep_reader.read(post, readable, fast.flags, unread.route, person_has_seen=reading.seen)
                reading.update |= {"flags": read.flags, "route": read.route}
                reading.used.append(read.provenance)
            except AnswerloopError as failure:
                reading.update["route"] = self.deep_reader.route_after_failure(fast.flags, unread.route)
                reading.in_vain.append(used_by(failure))
                reading.failed.append(Degradation(part="flags", reason=failure.code, reader="deep"))
        if self.tag_checker is not None and "tags" in unread.parts:
            try:
                checked = self.tag_checker.check(post, readable, fast.tags)
                reading.update["tags"] = checked.tags
                reading.used.append(checked.provenance)
            except AnswerloopError as failure:
                reading.in_vain.append(used_by(failure))
                reading.failed.append(Degradation(part="tags", reason=failure.code, reader="deep"))
        return reading

    def write_draft(self, draft_id: str) -> str:
        """Write the draft that is most wanted now (not always the one named) and hand its place on. Returns its id."""
        with self.readers.database.read() as session:
            row = drafts.next_pending(session)
            if row is None:
                return ""
            chosen, assessment_id, instruction, stale = row.id, row.assessment_id, row.instruction or "", row.stale
            anew = anew_of(session, row.id)
        found = self._fast(assessment_id) if assessment_id else None
        if found is not None and stale:
            found = self._found_anew(found, chosen, anew)
        if found is None:
            written = WrittenDraft(status="failed", abstained_because="the post is gone")
        else:
            written = self._write(found, chosen, instruction, anew)
        now = self.readers.clock()
        with self.readers.database.write() as session:
            row = drafts.save(session, chosen, written, now)
            if found is not None:
                self._after_draft(session, found, written, row)
            waiting = drafts.next_pending(session)
            if waiting is not None:
                self.jobs.enqueue(session, DRAFTS, "write_draft", f"draft-{waiting.id}-after-{chosen}", waiting.id)
        return chosen

    def _found_anew(self, found: _Found, draft_id: str, anew: Anew) -> _Found:
        """What is found for the post as it reads now, kept as an Assessment that the draft rests on from now on.

        What was known, and the draft stays stale, where nothing can be looked up or the post changes meanwhile.
        """
        readers, post = self.readers, found.post
        try:
            evidence = read_evidence(readers, post)
        except Exception as failure:
            log.warning("the evidence of a draft could not be looked up anew: %s", type(failure).__name__)
            return found
        with readers.database.write() as session:
            newest = assessments.newest(session, post.id)
            if newest is None or posts.get(session, post.id).revision != post.revision:
                return found
            degraded = [d for d in newest.degraded_because if d.part != "related"]
            provenance = newest.provenance.model_copy(update={"index_version": evidence.index_version})
            update = {"related": evidence.related, "provenance": provenance}
            made = deep_version(post, newest, update, degraded, [], readers.clock())
            keep_assessment(readers, session, post, made, evidence, self.announce)
            drafts.rest_anew(session, draft_id, made.id, readers.clock(), whole=anew.replaces is None)
        return _Found(post, made, evidence)

    def _write(self, found: _Found, draft_id: str, instruction: str, anew: Anew) -> WrittenDraft:
        """The draft, or the one sentence of an earlier draft, from what may still be shown now.

        The strongest route that is known counts: no draft is written of a post that somebody must look at first.
        """
        post, readable, today = found.post, normalise(found.post), self.readers.clock().date()
        with self.readers.database.read() as session:
            evidence = still_shown(session, post.site, found.evidence)
            newest = assessments.newest(session, post.id) or found.made
            begun = bool(drafts.events_after(session, draft_id, 0))
        lang, to = readable.lang, stronger(found.made.route, newest.route)
        if begun:  # a process that wrote it before did not get to its end: what it sent does not count
            self._send(draft_id, "withdrawn")(None)
        try:
            if anew.replaces is not None and not _must_be_seen(to):
                return self.drafter.rewrite(
                    post, readable, evidence, anew.before, anew.kind, anew.replaces,
                    instruction=instruction, lang=lang, today=today, attempt=anew.attempt,
                )  # fmt: skip
            return self.drafter.write(
                post, readable, evidence, to, instruction=instruction, lang=lang, today=today,
                listener=Listener(self._send(draft_id, "sentence"), lambda: self._send(draft_id, "withdrawn")(None)),
                attempt=anew.attempt, form=anew.form,
            )  # fmt: skip
        except AnswerloopError as failure:
            return WrittenDraft(status="failed", abstained_because=failure.code)

    def _send(self, draft_id: str, event: str) -> Callable[[Sentence | None], None]:
        def send(sentence: Sentence | None) -> None:
            data = sentence.model_dump(mode="json") if sentence is not None else {}
            with self.readers.database.write() as session:
                if drafts.find(session, draft_id).status == "pending":
                    drafts.add_event(session, draft_id, event, data)

        return send

    def _after_draft(self, session: Session, found: _Found, written: WrittenDraft, row: DraftRow) -> None:
        newest = self._newest(session, found)
        if newest is not None:
            degraded = [d for d in newest.degraded_because if d.part != "draft"]
            if written.status == "failed" or written.failed_because is not None:
                reason = written.failed_because or written.abstained_because or "model_failed"
                degraded.append(Degradation(part="draft", reason=reason, reader="deep"))
            deep = deep_version(found.post, newest, {}, degraded, [written.provenance], self.readers.clock())
            self._keep(session, found.post, deep, newest)
        if written.provenance.get("prompt"):
            self.shadow(session, found.made.id, written.provenance["prompt"]["name"])
        if written.status in ("ready", "abstained") and row.status == written.status:
            self._tell(session, found.post, row)

    def _stop_drafts(self, session: Session, post: Post) -> None:
        """Somebody must look at the post first: what was written of it is stale, what is still to be written is not."""
        for draft_id in drafts.stop_for_post(session, post.id, MUST_BE_SEEN, self.readers.clock()):
            self._tell(session, post, drafts.find(session, draft_id))

    def _tell(self, session: Session, post: Post, row: DraftRow) -> None:
        event: dict[str, Any] = {"post_id": post.id, "external_id": post.external_id, "draft_id": row.id}
        self.announce(session, post.site, "draft.ready", event | {"status": row.status, "kind": row.kind})

    def _keep(self, session: Session, post: Post, deep: Assessment, before: Assessment) -> None:
        """Keep a deep version of the assessment `before`, which rests on the same evidence."""
        evidence = Evidence.model_validate(assessments.evidence_snapshot(session, before.id))
        keep_assessment(self.readers, session, post, deep, evidence, self.announce)

    def _fast(self, assessment_id: str) -> _Found | None:
        with self.readers.database.read() as session:
            try:
                made = assessments.get(session, assessment_id)
                post = posts.get(session, made.post_id)
                evidence = Evidence.model_validate(assessments.evidence_snapshot(session, assessment_id))
            except NotFound:
                return None
        return _Found(post, made, evidence)

    def _newest(self, session: Session, found: _Found) -> Assessment | None:
        """The newest assessment of the content that `found` is about; None where the post has changed since."""
        later = assessments.history(session, found.post.id)
        for made in later:
            if made.id == found.made.id:
                return later[0]
            if made.lane == "fast":
                return None
        return None

    def _unread(self, found: _Found, attempt: int) -> _Unread | None:
        """What is left to read; None where the post has changed or this reading was done: a job may run twice."""
        with self.readers.database.read() as session:
            newest = self._newest(session, found)
            if newest is None:
                return None
            later = [made for made in assessments.history(session, found.post.id) if made.id > found.made.id]
        if attempt:
            parts: set[str] = {d.part for d in newest.degraded_because if d.reader == "deep" and d.part in DEEP_PARTS}
            return _Unread(newest.route, parts) if parts else None
        tried = {p.name for made in later for p in made.provenance.prompts} & DEEP_PROMPTS
        failed = any(d.reader == "deep" and d.part in DEEP_PARTS for made in later for d in made.degraded_because)
        return None if tried or failed else _Unread(newest.route, set(DEEP_PARTS))

    def _was_seen(self, post_id: str) -> bool:
        with self.readers.database.read() as session:
            return review.was_seen(session, post_id)

    def _as_seen(self, found: _Found, before: Route, update: dict[str, Any]) -> dict[str, Any]:
        """What a model read, where a person opened the post while it was reading: nothing is taken away from them."""
        flags = _with_seen(found.made.flags, update["flags"])
        cuts = self.readers.thresholds_of(found.post.site)
        proposed = route(flags, self.readers.policy, cuts, degraded=False, limited=False, unread_language="publish")
        return {"flags": flags, "route": stronger(before, stronger(update["route"], proposed))}


@dataclass(frozen=True)
class _Found:
    post: Post
    made: Assessment
    evidence: Evidence


@dataclass(frozen=True)
class _Unread:
    """The parts that the deep lane has still to read, and the route that holds until then."""

    route: Route
    parts: set[str]


@dataclass
class _Reading:
    """What models found: fields to change, where each came from, and the parts that failed with what they used.
    `seen`: a person had the post before them when the models were asked."""

    seen: bool = False
    update: dict[str, Any] = field(default_factory=dict)
    used: list[dict[str, Any]] = field(default_factory=list)
    in_vain: list[dict[str, Any]] = field(default_factory=list)
    failed: list[Degradation] = field(default_factory=list)


def _must_be_seen(to: Route) -> bool:
    return STRENGTH[to.to] >= STRENGTH["urgent_review"]


def _with_seen(fast: list[Flag], read: list[Flag]) -> list[Flag]:
    """The flags of both lanes, those of the fast one as they were unless the model raised them too."""
    before = {flag.id: flag for flag in fast}
    raised = [flag for flag in read if flag.id not in before or flag.found_by != before[flag.id].found_by]
    told = {flag.id for flag in raised}
    return sorted([*raised, *(f for f in fast if f.id not in told)], key=lambda flag: -flag.probability)
