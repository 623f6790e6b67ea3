"""The deep lane: what happens to a post after the request was answered. Handlers of durable jobs.

A job runs at least once, so each handler first looks whether its work is already done. None holds a transaction
while a model answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy.orm import Session

from service import assessment as assessments
from service.assess_post import Announce, Readers, keep_assessment
from service.assessment import Assessment, PromptUsed, Provenance, Usage
from service.clock import new_id
from service.desk import repository as desk
from service.desk.tables import RegenerationRow
from service.drafting import repository as drafts
from service.drafting.ask_model import Listener
from service.drafting.draft import DraftKind, Sentence, WrittenDraft
from service.drafting.sources import still_shown
from service.drafting.tables import DraftRow
from service.drafting.write import Drafter
from service.errors import AnswerloopError, NotFound
from service.flagging.deep import DeepReader
from service.flagging.flag import Degradation, Flag, Route
from service.flagging.routing import route, stronger
from service.intake import repository as posts
from service.intake.normalise import normalise
from service.intake.post import Post
from service.jobs import DEEP, DRAFTS, Jobs
from service.retrieval.evidence import Evidence
from service.review import intake as review
from service.tagging.check import TagChecker

RETRY_AFTER_S = (60.0, 600.0, 3600.0)
"""Waits before a reading that failed is tried again."""
DEEP_PROMPTS = {"flag_post", "check_tags"}
DEEP_PARTS = ("flags", "tags")


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
            deep = self._deep_version(found.post, newest, reading.update, degraded + reading.failed, reading.used)
            keep_assessment(self.readers, session, found.post, deep, found.evidence, self.announce)
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
                reading.failed.append(Degradation(part="flags", reason=failure.code, reader="deep"))
        if self.tag_checker is not None and "tags" in unread.parts:
            try:
                checked = self.tag_checker.check(post, readable, fast.tags)
                reading.update["tags"] = checked.tags
                reading.used.append(checked.provenance)
            except AnswerloopError as failure:
                reading.failed.append(Degradation(part="tags", reason=failure.code, reader="deep"))
        return reading

    def write_draft(self, draft_id: str) -> str:
        """Write the draft that is most wanted now (not always the one named) and hand its place on. Returns its id."""
        with self.readers.database.read() as session:
            row = drafts.next_pending(session)
            if row is None:
                return ""
            chosen, assessment_id, instruction = row.id, row.assessment_id, row.instruction or ""
            anew = _anew(session, row.id)
        found = self._fast(assessment_id) if assessment_id else None
        if found is None:
            written = WrittenDraft(status="failed", abstained_because="the post is gone")
        else:
            written = self._write(found, chosen, instruction, anew)
        now = self.readers.clock()
        with self.readers.database.write() as session:
            row = drafts.save(session, chosen, written, now)
            if found is not None:
                self._after_draft(session, found.post, found.made, found.evidence, written, chosen, now)
            waiting = drafts.next_pending(session)
            if waiting is not None:
                self.jobs.enqueue(session, DRAFTS, "write_draft", f"draft-{waiting.id}-after-{chosen}", waiting.id)
        return chosen

    def _write(self, found: _Found, draft_id: str, instruction: str, anew: _Anew) -> WrittenDraft:
        """The draft, or the one sentence of an earlier draft, from what may still be shown now."""
        post, readable, today = found.post, normalise(found.post), self.readers.clock().date()
        with self.readers.database.read() as session:
            evidence = still_shown(session, post.site, found.evidence)
        lang = readable.lang
        try:
            if anew.sentence_id is not None and any(s.id == anew.sentence_id for s in anew.before):
                return self.drafter.rewrite(
                    post, readable, evidence, anew.before, anew.kind, anew.sentence_id,
                    instruction=instruction, lang=lang, today=today, attempt=anew.attempt,
                )  # fmt: skip
            return self.drafter.write(
                post, readable, evidence, found.made.route, instruction=instruction, lang=lang, today=today,
                listener=Listener(self._send(draft_id, "sentence"), lambda: self._send(draft_id, "withdrawn")(None)),
                attempt=anew.attempt, form=anew.form,
            )  # fmt: skip
        except AnswerloopError as failure:
            return WrittenDraft(status="failed", abstained_because=failure.code)

    def _send(self, draft_id: str, event: str) -> Callable[[Sentence | None], None]:
        def send(sentence: Sentence | None) -> None:
            data = sentence.model_dump(mode="json") if sentence is not None else {}
            with self.readers.database.write() as session:
                drafts.add_event(session, draft_id, event, data)

        return send

    def _after_draft(
        self, session: Session, post: Post, made: Assessment, evidence: Evidence, written: WrittenDraft, draft_id: str,
        now: datetime,
    ) -> None:  # fmt: skip
        newest = self._newest(session, _Found(post, made, evidence))
        if newest is not None:
            degraded = [d for d in newest.degraded_because if d.part != "draft"]
            if written.status == "failed" or written.failed_because is not None:
                reason = written.failed_because or written.abstained_because or "model_failed"
                degraded.append(Degradation(part="draft", reason=reason, reader="deep"))
            deep = self._deep_version(post, newest, {}, degraded, [written.provenance])
            keep_assessment(self.readers, session, post, deep, evidence, self.announce)
        if written.provenance.get("prompt"):
            self.shadow(session, made.id, written.provenance["prompt"]["name"])
        if written.status in ("ready", "abstained"):
            event: dict[str, Any] = {"post_id": post.id, "external_id": post.external_id, "draft_id": draft_id}
            event |= {"status": written.status, "kind": written.kind}
            self.announce(session, post.site, "draft.ready", event)

    def _deep_version(
        self,
        post: Post,
        made: Assessment,
        update: dict[str, Any],
        degraded: list[Degradation],
        used: list[dict[str, Any]],
    ) -> Assessment:
        changed = made.model_copy(update=update)
        provenance = _joined(made.provenance, used)
        digest = assessments.decision_digest(post.content_digest, changed.flags, changed.route)
        return changed.model_copy(
            update={
                "id": new_id(),
                "lane": "deep",
                "created_at": self.readers.clock(),
                "provenance": provenance,
                "degraded": bool(degraded),
                "degraded_because": degraded,
                "decision_digest": digest,
                "draft": None,
            }
        )

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
    """What models found: fields to change, where each came from, and the parts that failed. `seen`: a person had the
    post before them when the models were asked."""

    seen: bool = False
    update: dict[str, Any] = field(default_factory=dict)
    used: list[dict[str, Any]] = field(default_factory=list)
    failed: list[Degradation] = field(default_factory=list)


@dataclass(frozen=True)
class _Anew:
    """For a draft that is written anew beside another: the other's sentences, the one to replace, how often so far."""

    before: list[Sentence]
    kind: str = "answer"
    sentence_id: str | None = None
    attempt: int = 0
    form: DraftKind | None = None


def _anew(session: Session, draft_id: str) -> _Anew:
    row = session.get(RegenerationRow, draft_id)
    if row is None:
        return _Anew([])
    earlier = [r.draft_id for r in desk.regenerations(session, row.of_draft_id) if r.draft_id <= draft_id]
    text, of_draft = drafts.text(session, row.of_draft_id), session.get(DraftRow, row.of_draft_id)
    before = [Sentence.model_validate(s) for s in text.sentences] if text else []
    return _Anew(
        before,
        (of_draft.kind if of_draft else None) or "answer",
        row.sentence_id,
        len(earlier),
        cast("DraftKind | None", row.form),
    )


def _with_seen(fast: list[Flag], read: list[Flag]) -> list[Flag]:
    """The flags of both lanes, those of the fast one as they were unless the model raised them too."""
    before = {flag.id: flag for flag in fast}
    raised = [flag for flag in read if flag.id not in before or flag.found_by != before[flag.id].found_by]
    told = {flag.id for flag in raised}
    return sorted([*raised, *(f for f in fast if f.id not in told)], key=lambda flag: -flag.probability)


def _joined(before: Provenance, used: list[dict[str, Any]]) -> Provenance:
    prompts, models, usage, ms = list(before.prompts), list(before.models), before.usage.model_copy(), dict(before.ms)
    for entry in used:
        if entry.get("prompt"):
            prompts.append(PromptUsed(**entry["prompt"], rendered_sha256=entry.get("rendered_sha256", "")))
        if entry.get("model") and entry["model"] not in models:
            models.append(entry["model"])
        usage = Usage(
            input_tokens=usage.input_tokens + entry.get("input_tokens", 0),
            output_tokens=usage.output_tokens + entry.get("output_tokens", 0),
            cost_usd=usage.cost_usd + entry.get("cost_usd", 0.0),
        )
        ms |= entry.get("ms", {})
    unfounded = before.unfounded + sum(entry.get("unfounded", 0) for entry in used)
    update = {"prompts": prompts, "models": models, "usage": usage, "ms": ms, "unfounded": unfounded}
    return before.model_copy(update=update)
