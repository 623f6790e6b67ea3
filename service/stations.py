"""Everything that is wired together, under one name: what the API, the pages, the CLI and the jobs call.

Effects that cross stations live here: erasing a post, deleting a thread (its drafts become stale), opting out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service import import_job, snapshots
from service.assess_post import Readers
from service.assessment import AssessmentRow, AssessmentTextRow
from service.clock import Clock, new_id, rfc3339
from service.corpus import repository as threads
from service.corpus.importing import FORMATS
from service.corpus.indexing import Index
from service.corpus.repository import StoredThread
from service.corpus.tables import ImportRow
from service.corpus.thread import Thread
from service.corpus.vectors import VectorStore
from service.database import Database
from service.deep_lane import DeepLane
from service.desk import waiting
from service.desk.repository import erase_for_post as erase_revisions
from service.desk.repository import withdraw as withdraw_words
from service.drafting import repository as drafts
from service.errors import InvalidInput, NotFound, TooLarge
from service.feedback import case_files
from service.feedback.cases import erase_for_post as erase_cases
from service.feedback.outcomes import erase_for_post as erase_outcomes
from service.intake import repository as posts
from service.integrations.limits import RateLimits
from service.integrations.webhooks import Webhooks
from service.jobs import IMPORTS, Jobs
from service.models.cache import forget
from service.models.embedder import Embedder
from service.models.gateway import Gateway
from service.people import identity
from service.promoting import Promotions
from service.prompting.labels import Labels
from service.review.erasure import erase_for_post as erase_reviews
from service.review.queue import Counts
from service.settings import Settings

UPLOAD_LIMIT = 2 << 30


@dataclass
class Upload:
    """A body being received into a file, never held in memory."""

    path: Path
    stream: IO[bytes]
    size: int = 0

    def write(self, chunk: bytes) -> None:
        """Append. Raises TooLarge."""
        self.size += len(chunk)
        if self.size > UPLOAD_LIMIT:
            raise TooLarge("an import is at most 2 GiB", field="body")
        self.stream.write(chunk)

    def close(self) -> Path:
        """The file, complete."""
        self.stream.close()
        return self.path

    def discard(self) -> None:
        """Throw away what came so far."""
        self.stream.close()
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Uploads:
    """Where uploads are kept until their import is done."""

    folder: Path

    def open(self) -> Upload:
        """Begin one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = tempfile.NamedTemporaryFile(dir=self.folder, suffix=".jsonl", delete=False)  # noqa: SIM115
        return Upload(Path(handle.name), handle)


@dataclass
class Stations:
    """The wired service."""

    settings: Settings
    database: Database
    clock: Clock
    embedder: Embedder
    vectors: VectorStore
    index: Index
    readers: Readers
    gateway: Gateway
    labels: Labels
    jobs: Jobs
    webhooks: Webhooks
    deep_lane: DeepLane
    limits: RateLimits
    uploads: Uploads
    promotions: Promotions
    on_erase: list[Callable[[Session, str], None]] = field(
        default_factory=lambda: [erase_reviews, erase_revisions, erase_outcomes, erase_cases]
    )
    before_stop: list[Callable[[], None]] = field(default_factory=list)
    """What works beside the requests and has to end before stores are closed."""

    def __post_init__(self) -> None:
        self.queue_counts = Counts(self.database)
        self.desk_counts = waiting.Counts(self.database)

    @property
    def moderation_model(self) -> str:
        """What `/v1/moderations` calls itself."""
        return f"answerloop-policy-{self.readers.policy.version}"

    def put_thread(self, site: str, external_id: str, thread: Thread) -> StoredThread:
        """Keep a thread and make it findable; drafts on a changed thread become stale, and those of a post answered in it."""
        now = self.clock()
        with self.database.write() as session:
            identity.ensure_site(session, site, now)
            stored = threads.put_thread(session, site, external_id, thread, now)
            if stored.changed:
                self.after_sources(site, session, [stored.thread_id], [])
        self.index.sync(site, only=[stored.thread_id])
        return stored

    def delete_thread(self, site: str, external_id: str) -> None:
        """Delete a thread from SQL, vectors, lexical index and every draft that rests on it. Raises NotFound."""
        now = self.clock()
        with self.database.write() as session:
            thread_id = threads.delete_thread(session, site, external_id, now)
            self.after_sources(site, session, [], [thread_id])
        self.index.sync(site, only=[thread_id])

    def set_reuse(self, site: str, author_id: str, reuse: str) -> None:
        """An author's wish; what an opted-out author wrote leaves the index, and drafts on it become stale."""
        now = self.clock()
        with self.database.write() as session:
            identity.check_site(session, site)
            affected = threads.set_reuse(session, site, author_id, reuse, now)
            if reuse == "opted_out":
                self._withdraw(session, site, affected, "an author ended the reuse of what they wrote")
        self.index.sync(site, only=affected)

    def after_sources(self, site: str, session: Session, changed: list[str], gone: list[str]) -> None:
        """What follows from threads that came, changed or were deleted, however that was, in the caller's transaction."""
        shown = threads.visible(session, changed)
        taken = drafts.make_stale(session, [id_ for id_ in changed if id_ in shown], "a source changed", self.clock())
        withdraw_words(session, taken)
        drafts.make_stale_for_answers(session, changed, "the question was answered", self.clock())
        self._withdraw(
            session, site, [id_ for id_ in changed if id_ not in shown], "a source may not be shown any more"
        )
        self._withdraw(session, site, gone, "a source was deleted")

    def _withdraw(self, session: Session, site: str, thread_ids: list[str], because: str) -> None:
        """Drafts on these threads become stale, and what drafts, models' replies and assessments keep of them goes."""
        if thread_ids:
            withdraw_words(session, drafts.make_stale(session, thread_ids, because, self.clock()))
            forget(session, thread_ids)
            snapshots.withdraw(session, site, thread_ids)

    def erase_post(self, post_id: str) -> None:
        """Take a post's text away everywhere; ids, times, verdicts and digests stay. Raises NotFound."""
        now = self.clock()
        with self.database.write() as session:
            site = posts.get(session, post_id).site
            posts.erase(session, post_id, now)
            made = sa.select(AssessmentRow.id).where(AssessmentRow.post_id == post_id)
            session.execute(sa.delete(AssessmentTextRow).where(AssessmentTextRow.assessment_id.in_(made)))
            drafts.erase_for_post(session, post_id, now)
            forget(session, [post_id])
            for effect in self.on_erase:
                effect(session, post_id)
        case_files.refresh(self.database, self.settings.data_dir / "cases")
        self.index.remove_post(site, post_id)

    def vocabulary(self, site: str) -> list[dict[str, Any]]:
        """The site's tags with definitions and near misses."""
        return self.readers.tagger.vocabulary(site)

    def check_tags(self, site: str, tags: list[str]) -> None:
        """Raise InvalidInput for a tag outside the site's vocabulary."""
        known = {entry["tag"] for entry in self.vocabulary(site)}
        for tag in tags:
            if tag not in known:
                raise InvalidInput(f"{tag[:60]!r} is not in the vocabulary", field="tags")

    def start_import(
        self, site: str, path: Path, format: str = "jsonl", mapping: Path | None = None, *, keep: bool = False
    ) -> dict[str, Any]:
        """Begin a bulk import as a durable job; `keep` leaves the file where it is afterwards. Raises InvalidInput."""
        if format not in FORMATS:
            raise InvalidInput(f"unknown format {format!r}; there are {', '.join(FORMATS)}", field="format")
        if not path.exists():
            raise InvalidInput("there is no such file", field="path")
        now = self.clock()
        row = ImportRow(
            id=new_id(), site=site, format=format, source=str(path), source_digest="", state="waiting", position=0,
            report={"mapping": str(mapping) if mapping else None, "keep": keep}, created_at=now, updated_at=now,
        )  # fmt: skip
        with self.database.write() as session:
            identity.ensure_site(session, site, now)
            session.add(row)
            session.flush()
            self.jobs.enqueue(session, IMPORTS, "run_import", f"import-{row.id}", row.id)
        return self.import_state(row.id)

    def run_import(self, import_id: str, attempt: int = 0) -> str:
        """The job behind `POST /v1/imports`; see `import_job.py`."""
        import_job.run(self, import_id, attempt)
        return import_id

    def import_state(self, import_id: str) -> dict[str, Any]:
        """How far an import came. Raises NotFound."""
        with self.database.read() as session:
            row = session.get(ImportRow, import_id)
        if row is None:
            raise NotFound("there is no such import", field="import_id")
        return {
            "id": row.id, "site": row.site, "format": row.format, "state": row.state, "position": row.position,
            "report": row.report, "created_at": rfc3339(row.created_at), "updated_at": rfc3339(row.updated_at),
        }  # fmt: skip
