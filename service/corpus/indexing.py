"""Keeps the vectors as SQL says. What changed waits in `pending_vectors`; syncing works it off, in any process, as
often as it takes: a step that is done twice gives the same ids and vectors, one that is cut short is done again.

While one batch is embedded, the next is read and cut and the one before is written.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.clock import Clock, new_id
from service.corpus import passage_rows, repository, sketches
from service.corpus.generations import Generation, Kind, generations, new_version
from service.corpus.passages import Piece, ThreadText, chunker_of, cut_thread
from service.corpus.tables import IndexRow, PendingVectorRow
from service.corpus.vectors import VectorStore
from service.database import Database
from service.errors import Unavailable
from service.models.embedder import Embedder

log = logging.getLogger(__name__)
BATCH_THREADS = 128
"""Threads whose passages are embedded in one call: enough texts of each length to fill the embedder's batches."""


@dataclass(frozen=True)
class Synced:
    """What a sync brought up to date."""

    threads: int = 0
    passages: int = 0

    def __add__(self, other: Synced) -> Synced:
        return Synced(self.threads + other.threads, self.passages + other.passages)


@dataclass(frozen=True)
class Waiting:
    """One entry of the outbox."""

    thread_id: str
    passage_ids: tuple[str, ...]
    change: str


@dataclass(frozen=True)
class Build:
    """What one generation needs of a batch: the pieces of each thread, and those whose vectors are to be made."""

    generation: Generation
    pieces: dict[str, list[Piece]]
    missing: dict[str, str]


@dataclass(frozen=True)
class Batch:
    """Threads that are synced together. `old` are ids of each thread that may lie in an index already."""

    waiting: list[Waiting]
    changes: dict[str, str]
    texts: dict[str, ThreadText]
    old: dict[str, set[str]]
    builds: list[Build]


class Index:
    """The two collections of each site, kept in step with SQL.

    `embedder` is the configured one. `embedder_for(name)` loads the one that made an older generation, so that it
    serves on until a reindex has switched; without it such a generation raises Unavailable.
    """

    def __init__(
        self,
        database: Database,
        vectors: VectorStore,
        embedder: Embedder,
        clock: Clock,
        embedder_for: Callable[[str], Embedder] | None = None,
    ) -> None:
        self.database = database
        self.vectors = vectors
        self.clock = clock
        self.configured = embedder
        self._embedder_for = embedder_for
        self._embedders = {embedder.name: embedder}
        self._draining = threading.Lock()

    def sync(
        self,
        site: str,
        *,
        limit: int | None = None,
        only: Sequence[str] | None = None,
        before: datetime | None = None,
        done: Callable[[Synced], None] = lambda _step: None,
    ) -> Synced:
        """Work off what waits for a site, at most `limit` threads, or only the threads named; what was done.

        With `before` only what waits since before that moment. Threads that may not be shown leave the index, the others
        are cut, embedded and written. `done` is called after each batch. Raises ModelFailed and StoreUnavailable; what
        was not done waits on.
        """
        total = Synced()
        while limit is None or total.threads < limit:
            with self.database.read() as session:
                waiting = _waiting(session, site, only, before)[: None if limit is None else limit - total.threads]
            if not waiting:
                break
            batches = [waiting[start : start + BATCH_THREADS] for start in range(0, len(waiting), BATCH_THREADS)]
            total += self._work(site, batches, done)
        return total

    def waiting(self, site: str | None = None) -> int:
        """How many threads wait to be synced."""
        count = sa.select(sa.func.count()).select_from(PendingVectorRow)
        with self.database.read() as session:
            return session.scalar(count if site is None else count.where(PendingVectorRow.site == site)) or 0

    def sites_waiting(self, before: datetime | None = None) -> list[str]:
        """Sites with threads that wait (since before a moment): what a start after a kill has to sync."""
        select = sa.select(PendingVectorRow.site).distinct()
        with self.database.read() as session:
            return list(session.scalars(select if before is None else select.where(PendingVectorRow.since < before)))

    def drain(self, before: datetime) -> int:
        """Sync every site where something waits since before a moment; how many sites were done.

        A site that fails is left to the next call. While one call is under way another does nothing.
        """
        if not self._draining.acquire(blocking=False):
            return 0
        try:
            return sum(self._drained(site, before) for site in self.sites_waiting(before))
        finally:
            self._draining.release()

    def _drained(self, site: str, before: datetime) -> bool:
        try:
            self.sync(site, before=before)
        except Exception as failure:
            log.warning("what waits for the index of %s waits on: %s", site, type(failure).__name__)
            return False
        return True

    def live(self, site: str) -> Generation | None:
        """The generation that answers queries; None before the first thread."""
        with self.database.read() as session:
            return next(iter(generations(session, site, ["live"])), None)

    def collection(self, site: str, kind: Kind) -> str:
        """The collection that answers queries now; made at its first write."""
        return self.ensure_live(site).collection(kind)

    def version(self, site: str) -> str:
        """Changes whenever a search of this site may give something else: a cache key."""
        live = self.live(site)
        return live.change if live else ""

    def embedder(self, site: str) -> Embedder:
        """What queries to this site are embedded with: the model of its live generation."""
        live = self.live(site)
        return self.embedder_of(live) if live else self.configured

    def embedder_of(self, generation: Generation) -> Embedder:
        """The model that made a generation. Raises Unavailable where it cannot be loaded."""
        found = self._embedders.get(generation.model)
        if found is None:
            if self._embedder_for is None:
                raise Unavailable(f"the index of {generation.site!r} was made by {generation.model}; reindex it")
            found = self._embedders[generation.model] = self._embedder_for(generation.model)
        return found

    def add_post(self, site: str, post_id: str, vector: NDArray[np.float32]) -> None:
        """Keep a post's vector (by the configured model), for cross-posts and precedents.

        While an older model's generation is still live the vector does not fit it: the reindex will add the post.
        """
        live = self.ensure_live(site)
        if live.model == self.configured.name:
            self.vectors.upsert(live.collection("posts"), [post_id], vector.reshape(1, -1))

    def remove_post(self, site: str, post_id: str) -> None:
        """Remove a post's vector from every generation."""
        with self.database.read() as session:
            every = generations(session, site)
        for generation in every:
            self.vectors.delete(generation.collection("posts"), [post_id])

    def close(self) -> None:
        """Close every embedder that was loaded. May be called twice."""
        for embedder in self._embedders.values():
            embedder.close()

    def ensure_live(self, site: str) -> Generation:
        """The live generation, made by the configured model where the site has none yet."""
        live = self.live(site)
        if live is not None:
            return live
        row = IndexRow(
            id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"answerloop:{site}")), site=site, model=self.configured.name,
            dimension=self.configured.dimension, chunker=chunker_of(self.configured), state="live", version=0,
            cursor=None, created_at=self.clock(),
        )  # fmt: skip
        try:
            with self.database.write() as session:
                session.add(row)
        except IntegrityError:  # another thread made the same row first
            pass
        made = self.live(site)
        if made is None:
            raise Unavailable(f"the index of {site!r} is being switched; try again")
        return made

    def build(self, generation: Generation, thread_ids: Sequence[str]) -> int:
        """Write these threads into one generation, whether they wait or not; how many passages it got."""
        waiting = [Waiting(id_, (), "") for id_ in thread_ids]
        batch = self._prepare(waiting, [generation])
        self._write(batch, self._embed(batch))
        return sum(map(len, batch.builds[0].pieces.values()))

    def _work(self, site: str, batches: list[list[Waiting]], done: Callable[[Synced], None]) -> Synced:
        self.ensure_live(site)
        with self.database.read() as session:
            following = generations(session, site, ["live", "building"])
        total, writing = Synced(), None
        with ThreadPoolExecutor(2, thread_name_prefix="sync") as pool:
            ahead = pool.submit(self._prepare, batches[0], following)
            for number in range(len(batches)):
                batch = ahead.result()
                if number + 1 < len(batches):
                    ahead = pool.submit(self._prepare, batches[number + 1], following)
                vectors = self._embed(batch)
                total += _finish(writing, done)
                writing = pool.submit(self._write_and_settle, site, batch, vectors)
            return total + _finish(writing, done)

    def _prepare(self, waiting: list[Waiting], following: list[Generation]) -> Batch:
        """Read and cut a batch, and find out whose vectors are there already, be it from a process that was killed."""
        ids = [one.thread_id for one in waiting]
        with self.database.read() as session:
            changes = passage_rows.changes(session, ids)
            texts = repository.texts(session, ids)
        old = {one.thread_id: set(one.passage_ids) for one in waiting}
        builds = []
        for generation in following:
            embedder = self.embedder_of(generation)
            pieces = {id_: cut_thread(text, embedder) for id_, text in texts.items()}
            wanted = {piece.id: piece.text for thread in pieces.values() for piece in thread}
            there = self.vectors.present(generation.collection("passages"), list(wanted))
            builds.append(Build(generation, pieces, {id_: text for id_, text in wanted.items() if id_ not in there}))
        return Batch(waiting, changes, texts, old, builds)

    def _embed(self, batch: Batch) -> list[NDArray[np.float32]]:
        return [self.embedder_of(build.generation).embed(list(build.missing.values())) for build in batch.builds]

    def _write(self, batch: Batch, vectors: list[NDArray[np.float32]]) -> set[str]:
        """Rows first, then vectors: a vector without a row is never shown. The threads that were still as read."""
        current = {one.thread_id for one in batch.waiting}
        stale: set[str] = set()
        for build, made in zip(batch.builds, vectors, strict=True):
            generation, known = build.generation, self._known(build, made)
            with self.database.write() as session:
                current &= passage_rows.unchanged(session, batch.changes) | (current - set(build.pieces))
                stale |= passage_rows.write(session, generation.site, generation.chunker, build.pieces, current)
                texts = {id_: text for id_, text in batch.texts.items() if id_ in current}
                sketches.write(session, generation.id, texts, build.pieces, known, generation.dimension)
        wanted = {piece.id for build in batch.builds for thread in build.pieces.values() for piece in thread}
        gone = sorted(({id_ for ids in batch.old.values() for id_ in ids} | stale) - wanted)
        for build, made in zip(batch.builds, vectors, strict=True):
            collection = build.generation.collection("passages")
            if len(made):
                self.vectors.upsert(collection, list(build.missing), made)
            self.vectors.delete(collection, gone)
        return current

    def _known(self, build: Build, made: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """The vectors of all passages of a batch: those just made, and those that were there."""
        known = dict(zip(build.missing, made, strict=True))
        rest = [piece.id for thread in build.pieces.values() for piece in thread if piece.id not in known]
        return known | self.vectors.fetch(build.generation.collection("passages"), rest)

    def _write_and_settle(self, site: str, batch: Batch, vectors: list[NDArray[np.float32]]) -> Synced:
        """Write a batch and strike it off the outbox. What changed meanwhile stays, with the ids just written for it."""
        current = self._write(batch, vectors)
        ids = [one.thread_id for one in batch.waiting]
        with self.database.write() as session:
            now = {one.thread_id: one for one in _waiting(session, site, ids)}
            done = {w.thread_id for w in batch.waiting if w.thread_id in current and now.get(w.thread_id) == w}
            session.execute(sa.delete(PendingVectorRow).where(PendingVectorRow.thread_id.in_(done)))
            for id_ in [id_ for id_ in ids if id_ not in done]:
                written = {piece.id for build in batch.builds for piece in build.pieces.get(id_, ())}
                later = now[id_].passage_ids if id_ in now else ()
                passage_ids = sorted({*written, *batch.old[id_], *later})
                change = now[id_].change if id_ in now else new_id()
                session.merge(
                    PendingVectorRow(
                        thread_id=id_, site=site, passage_ids=passage_ids, change=change, since=self.clock()
                    )
                )
            new_version(session, site)
        return Synced(len(ids), len(batch.builds[0].missing))


def _finish(writing: Future[Synced] | None, done: Callable[[Synced], None]) -> Synced:
    if writing is None:
        return Synced()
    step = writing.result()
    done(step)
    return step


def _waiting(session: Session, site: str, only: Sequence[str] | None, before: datetime | None = None) -> list[Waiting]:
    """What waits, oldest first, at most some thousands at a time."""
    columns = (PendingVectorRow.thread_id, PendingVectorRow.passage_ids, PendingVectorRow.change)
    select = sa.select(*columns).where(PendingVectorRow.site == site)
    if before is not None:
        select = select.where(PendingVectorRow.since < before)
    if only is None:
        select = select.order_by(PendingVectorRow.since, PendingVectorRow.thread_id).limit(40 * BATCH_THREADS)
        return [Waiting(row.thread_id, tuple(row.passage_ids), row.change) for row in session.execute(select)]
    found = []
    for start in range(0, len(only), repository.BOUND):
        part = list(only[start : start + repository.BOUND])
        rows = session.execute(select.where(PendingVectorRow.thread_id.in_(part)))
        found += [Waiting(row.thread_id, tuple(row.passage_ids), row.change) for row in rows]
    return found
