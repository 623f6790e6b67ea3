"""The deep lane: what happens to a post after the request was answered. Handlers of durable jobs.

A job runs at least once, so each handler first looks whether its work is already done. None holds a transaction
while a model answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service import assessment as assessments
from service.assess_post import Announce, Readers, keep_assessment
from service.assessment import Assessment, PromptUsed, Provenance, Usage
from service.clock import new_id
from service.drafting import repository as drafts
from service.drafting.draft import Sentence, WrittenDraft
from service.drafting.write import Drafter
from service.errors import AnswerloopError, NotFound
from service.flagging.deep import DeepReader
from service.flagging.flag import Degradation
from service.intake import repository as posts
from service.intake.normalise import ReadablePost, normalise
from service.intake.post import Post
from service.jobs import DEEP, DRAFTS, Jobs
from service.retrieval.evidence import Evidence
from service.review import intake as review
from service.tagging.check import TagChecker


@dataclass(frozen=True)
class DeepLane:
    """What the deep lane works with. `deep_reader` and `tag_checker` are None where no such model is configured."""

    readers: Readers
    drafter: Drafter
    jobs: Jobs
    announce: Announce
    deep_reader: DeepReader | None
    tag_checker: TagChecker | None

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

    def read_deep(self, assessment_id: str) -> str:
        """Read flags and tags with the configured models; append the result. Returns the new assessment's id."""
        found = self._fast(assessment_id)
        if found is None or self._has_deep(found.post.id, found.made):
            return ""
        post, made, evidence = found.post, found.made, found.evidence
        readable = normalise(post)
        update: dict[str, Any] = {}
        degraded = [d for d in made.degraded_because if d.reader == "fast"]
        used: list[dict[str, Any]] = []
        if self.deep_reader is not None:
            try:
                seen = self._seen(post.id)
                read = self.deep_reader.read(post, readable, made.flags, made.route, person_has_seen=seen)
                update |= {"flags": read.flags, "route": read.route}
                used.append(read.provenance)
            except AnswerloopError as failure:
                update["route"] = self.deep_reader.route_after_failure(made.flags, made.route)
                degraded.append(Degradation(part="flags", reason=failure.code, reader="deep"))
        if self.tag_checker is not None:
            try:
                checked = self.tag_checker.check(post, readable, made.tags)
                update["tags"] = checked.tags
                used.append(checked.provenance)
            except AnswerloopError as failure:
                degraded.append(Degradation(part="tags", reason=failure.code, reader="deep"))
        deep = self._deep_version(post, made, update, degraded, used)
        with self.readers.database.write() as session:
            keep_assessment(self.readers, session, post, deep, evidence, self.announce)
        return deep.id

    def write_draft(self, draft_id: str) -> str:
        """Write the draft that is most wanted now (not always the one named) and hand its place on. Returns its id."""
        with self.readers.database.read() as session:
            row = drafts.next_pending(session)
            if row is None:
                return ""
            chosen, assessment_id, instruction = row.id, row.assessment_id, row.instruction or ""
        found = self._fast(assessment_id) if assessment_id else None
        if found is None:
            written = WrittenDraft(status="failed", abstained_because="the post is gone")
        else:
            written = self._write(found.post, found.made, found.evidence, chosen, instruction)
        now = self.readers.clock()
        with self.readers.database.write() as session:
            row = drafts.save(session, chosen, written, now)
            if found is not None:
                self._after_draft(session, found.post, found.made, found.evidence, written, chosen, now)
            waiting = drafts.next_pending(session)
            if waiting is not None:
                self.jobs.enqueue(session, DRAFTS, "write_draft", f"draft-{waiting.id}-after-{chosen}", waiting.id)
        return chosen

    def _write(self, post: Post, made: Assessment, evidence: Evidence, draft_id: str, instruction: str) -> WrittenDraft:
        def on_sentence(sentence: Sentence) -> None:
            with self.readers.database.write() as session:
                drafts.add_event(session, draft_id, "sentence", sentence.model_dump(mode="json"))

        try:
            return self.drafter.write(
                post, normalise(post), evidence, made.route,
                instruction=instruction, lang=self._lang(post), today=self.readers.clock().date(), on_sentence=on_sentence,
            )  # fmt: skip
        except AnswerloopError as failure:
            return WrittenDraft(status="failed", abstained_because=failure.code)

    def _after_draft(
        self, session: Session, post: Post, made: Assessment, evidence: Evidence, written: WrittenDraft, draft_id: str,
        now: datetime,
    ) -> None:  # fmt: skip
        newest = assessments.newest(session, post.id)
        if newest is not None and newest.lane == "fast" and newest.decision_digest == made.decision_digest:
            degraded = list(newest.degraded_because)
            if written.status == "failed":
                reason = written.abstained_because or "model_failed"
                degraded.append(Degradation(part="draft", reason=reason, reader="deep"))
            deep = self._deep_version(post, newest, {}, degraded, [written.provenance])
            keep_assessment(self.readers, session, post, deep, evidence, self.announce)
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

    def _has_deep(self, post_id: str, made: Assessment) -> bool:
        with self.readers.database.read() as session:
            newest = assessments.newest(session, post_id)
        return newest is not None and newest.lane == "deep" and newest.id > made.id

    def _seen(self, post_id: str) -> bool:
        with self.readers.database.read() as session:
            return review.was_seen(session, post_id)

    def _lang(self, post: Post) -> str:
        readable: ReadablePost = normalise(post)
        return readable.lang


@dataclass(frozen=True)
class _Found:
    post: Post
    made: Assessment
    evidence: Evidence


def _joined(before: Provenance, used: list[dict[str, Any]]) -> Provenance:
    prompts, models, usage, ms = list(before.prompts), list(before.models), before.usage.model_copy(), dict(before.ms)
    for entry in used:
        if entry.get("prompt"):
            prompts.append(PromptUsed(**entry["prompt"]))
        if entry.get("model") and entry["model"] not in models:
            models.append(entry["model"])
        usage = Usage(
            input_tokens=usage.input_tokens + entry.get("input_tokens", 0),
            output_tokens=usage.output_tokens + entry.get("output_tokens", 0),
            cost_usd=usage.cost_usd + entry.get("cost_usd", 0.0),
        )
        ms |= entry.get("ms", {})
    return Provenance(prompts=prompts, models=models, usage=usage, ms=ms, index_version=before.index_version)
