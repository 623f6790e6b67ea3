"""Keeps the vectors as SQL says. What changed waits in `pending_vectors`; syncing works it off, in any process, as
often as it takes: a step that is done twice gives the same ids and vectors, one that is cut short is done again.

A site's index has generations. One is live; during a reindex another is built beside it, and both follow changes.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.clock import Clock, new_id
from service.corpus import repository
from service.corpus.passages import Piece, ThreadText, chunker_of, cut_thread
from service.corpus.tables import IndexRow, PassageRow, PendingVectorRow, ThreadRow
from service.corpus.vectors import VectorStore
from service.database import Database
from service.errors import Unavailable
from service.models.embedder import Embedder

BATCH_THREADS = 128
"""Threads whose passages are embedded in one call: enough texts of each length to fill the embedder's batches."""
Kind = Literal["passages", "posts"]


@dataclass(frozen=True)
class Generation:
    """One build of a site's index: by which model, cut how, and the number of its last change."""

    id: str
    site: str
    model: str
    chunker: str
    state: Literal["live", "building", "retired"]
    version: int

    def collection(self, kind: Kind) -> str:
        """The name of its collection in Chroma."""
        return f"{self.site}.{kind}.{self.id.replace('-', '')[-12:]}"


@dataclass(frozen=True)
class Synced:
    """What one sync brought up to date."""

    threads: int = 0
    passages: int = 0


@dataclass(frozen=True)
class Waiting:
    """One entry of the outbox."""

    thread_id: str
    passage_ids: tuple[str, ...]
    change: str


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
        self._embedder_for = embedder_for
        self._embedders = {embedder.name: embedder}
        self.configured = embedder

    def sync(
        self,
        site: str,
        *,
        limit: int | None = None,
        only: Sequence[str] | None = None,
        done: Callable[[Synced], None] | None = None,
    ) -> Synced:
        """Work off what waits for a site, at most `limit` threads, or only the threads named; what was done.

        Threads that may not be shown leave the index, the others are cut, embedded and written. `done` is called
        after each batch. Raises ModelFailed and StoreUnavailable; what was not done waits on.
        """
        total = Synced()
        while limit is None or total.threads < limit:
            size = BATCH_THREADS if limit is None else min(BATCH_THREADS, limit - total.threads)
            with self.database.read() as session:
                waiting = _waiting(session, site, size, only)
            if not waiting:
                break
            step = Synced(len(waiting), self._bring(site, waiting))
            total = Synced(total.threads + step.threads, total.passages + step.passages)
            if done is not None:
                done(step)
        return total

    def waiting(self, site: str | None = None) -> int:
        """How many threads wait to be synced."""
        count = sa.select(sa.func.count()).select_from(PendingVectorRow)
        with self.database.read() as session:
            return session.scalar(count if site is None else count.where(PendingVectorRow.site == site)) or 0

    def sites_waiting(self) -> list[str]:
        """Sites with threads that wait: what a start after a kill has to sync."""
        with self.database.read() as session:
            return list(session.scalars(sa.select(PendingVectorRow.site).distinct()))

    def live(self, site: str) -> Generation | None:
        """The generation that answers queries; None before the first thread."""
        with self.database.read() as session:
            return next((g for g in generations(session, site) if g.state == "live"), None)

    def collection(self, site: str, kind: Kind) -> str:
        """The collection that answers queries now; made at its first write."""
        return self.ensure_live(site).collection(kind)

    def version(self, site: str) -> str:
        """Changes whenever a search of this site may give something else: a cache key."""
        live = self.live(site)
        return f"{live.id}:{live.version}" if live else ""

    def embedder(self, site: str) -> Embedder:
        """What queries to this site are embedded with: the model of its live generation."""
        live = self.live(site)
        return self.embedder_of(live) if live else self.configured

    def embedder_of(self, generation: Generation) -> Embedder:
        """The model that made a generation. Raises Unavailable where it cannot be loaded."""
        found = self._embedders.get(generation.model)
        if found is None:
            if self._embedder_for is None:
                raise Unavailable(
                    f"the index of {generation.site!r} was made by {generation.model}; run `answerloop reindex`"
                )
            found = self._embedders[generation.model] = self._embedder_for(generation.model)
        return found

    def add_post(self, site: str, post_id: str, vector: NDArray[np.float32]) -> None:
        """Keep a post's vector, for cross-posts and precedents."""
        self.vectors.upsert(self.collection(site, "posts"), [post_id], vector.reshape(1, -1))

    def remove_post(self, site: str, post_id: str) -> None:
        """Remove a post's vector from every generation."""
        with self.database.read() as session:
            every = generations(session, site)
        for generation in every:
            self.vectors.delete(generation.collection("posts"), [post_id])

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
        """Write the passages of these threads into one generation, whatever waits for them; how many passages."""
        with self.database.read() as session:
            changes = _changes(session, thread_ids)
            texts = repository.texts(session, thread_ids)
        pieces, made = self._make(generation, texts, {id_: set() for id_ in texts})
        with self.database.write() as session:
            current = _unchanged(session, changes)
            _write_passages(session, generation, texts, pieces, current)
        self._upload(generation, made)
        return sum(map(len, pieces.values()))

    def _bring(self, site: str, waiting: list[Waiting]) -> int:
        """One batch from SQL into every generation that is not retired; how many passages the live one got."""
        self.ensure_live(site)
        ids = [one.thread_id for one in waiting]
        with self.database.read() as session:
            following = [g for g in generations(session, site) if g.state != "retired"]
            changes = _changes(session, ids)
            texts = repository.texts(session, ids)
        count = 0
        current = set(ids)
        old = {one.thread_id: set(one.passage_ids) for one in waiting}
        for generation in following:
            pieces, made = self._make(generation, texts, old)
            with self.database.write() as session:
                current &= _unchanged(session, changes) | (set(ids) - set(texts))
                stale = _write_passages(session, generation, texts, pieces, current)
            self._upload(generation, made)
            wanted = {piece.id for thread in pieces.values() for piece in thread}
            gone = sorted(({id_ for part in old.values() for id_ in part} | stale) - wanted)
            self.vectors.delete(generation.collection("passages"), gone)
            count += sum(map(len, pieces.values())) if generation.state == "live" else 0
            old = {id_: old[id_] | {piece.id for piece in pieces.get(id_, ())} for id_ in old}
        self._settle(site, waiting, current, old)
        return count

    def _make(
        self, generation: Generation, texts: dict[str, ThreadText], old: dict[str, set[str]]
    ) -> tuple[dict[str, list[Piece]], tuple[list[str], NDArray[np.float32]]]:
        """The pieces of each thread, and the vectors of those that are not in the collection yet."""
        embedder = self.embedder_of(generation)
        pieces = {id_: cut_thread(text, embedder) for id_, text in texts.items()}
        perhaps = [piece.id for id_, thread in pieces.items() for piece in thread if piece.id in old[id_]]
        there = self.vectors.present(generation.collection("passages"), perhaps) if perhaps else set()
        missing = {piece.id: piece.text for thread in pieces.values() for piece in thread if piece.id not in there}
        return pieces, (list(missing), embedder.embed(list(missing.values())))

    def _upload(self, generation: Generation, made: tuple[list[str], NDArray[np.float32]]) -> None:
        ids, vectors = made
        if ids:
            self.vectors.upsert(generation.collection("passages"), ids, vectors)

    def _settle(self, site: str, waiting: list[Waiting], current: set[str], written: dict[str, set[str]]) -> None:
        """Strike what is done off the outbox. What changed meanwhile stays, with the ids that were written for it."""
        with self.database.write() as session:
            now = {one.thread_id: one for one in _waiting(session, site, len(waiting), [w.thread_id for w in waiting])}
            done = [w.thread_id for w in waiting if w.thread_id in current and _same(now.get(w.thread_id), w)]
            if done:
                session.execute(sa.delete(PendingVectorRow).where(PendingVectorRow.thread_id.in_(done)))
            for one in waiting:
                if one.thread_id in done:
                    continue
                ids = sorted(
                    written[one.thread_id] | set(now[one.thread_id].passage_ids if one.thread_id in now else ())
                )
                row = PendingVectorRow(
                    thread_id=one.thread_id, site=site, passage_ids=ids, change=new_id(), since=self.clock()
                )
                session.merge(row)
            session.execute(sa.update(IndexRow).where(IndexRow.site == site).values(version=IndexRow.version + 1))


def generations(session: Session, site: str) -> list[Generation]:
    """Every generation of a site's index, the live one first."""
    columns = (IndexRow.id, IndexRow.site, IndexRow.model, IndexRow.chunker, IndexRow.state, IndexRow.version)
    rows = session.execute(sa.select(*columns).where(IndexRow.site == site))
    found = [Generation(*cast(tuple[Any, ...], row)) for row in rows]
    return sorted(found, key=lambda generation: ("live", "building", "retired").index(generation.state))


def _waiting(session: Session, site: str, size: int, only: Sequence[str] | None) -> list[Waiting]:
    columns = (PendingVectorRow.thread_id, PendingVectorRow.passage_ids, PendingVectorRow.change)
    select = sa.select(*columns).where(PendingVectorRow.site == site)
    if only is not None:
        select = select.where(PendingVectorRow.thread_id.in_(list(only)))
    rows = session.execute(select.order_by(PendingVectorRow.since, PendingVectorRow.thread_id).limit(size))
    return [Waiting(id_, tuple(ids), change) for id_, ids, change in rows]


def _same(now: Waiting | None, before: Waiting) -> bool:
    return now is not None and now.change == before.change


def _changes(session: Session, thread_ids: Sequence[str]) -> dict[str, str]:
    rows = session.execute(sa.select(ThreadRow.id, ThreadRow.change).where(ThreadRow.id.in_(list(thread_ids))))
    return {row.id: row.change for row in rows}


def _unchanged(session: Session, changes: dict[str, str]) -> set[str]:
    """Threads of which nothing changed since they were read; their rows are held until the transaction ends."""
    select = sa.select(ThreadRow.id, ThreadRow.change).where(ThreadRow.id.in_(list(changes))).order_by(ThreadRow.id)
    return {id_ for id_, change in session.execute(select.with_for_update()) if changes[id_] == change}


def _write_passages(
    session: Session,
    generation: Generation,
    texts: dict[str, ThreadText],
    pieces: dict[str, list[Piece]],
    current: set[str],
) -> set[str]:
    """Make the passage rows of unchanged threads what was cut; the ids of rows that were there and are not wanted."""
    ids = [id_ for id_ in pieces if id_ in current]
    where = (PassageRow.thread_id.in_(ids), PassageRow.chunker == generation.chunker)
    have = set(session.scalars(sa.select(PassageRow.id).where(*where)))
    wanted = {piece.id for id_ in ids for piece in pieces[id_]}
    stale = have - wanted
    for start in range(0, len(stale), repository.BOUND):
        part = sorted(stale)[start : start + repository.BOUND]
        session.execute(sa.delete(PassageRow).where(PassageRow.id.in_(part)))
    rows = [
        {
            "id": piece.id, "thread_id": id_, "answer_id": piece.answer_id, "site": texts[id_].site,
            "chunker": generation.chunker, "ordinal": piece.ordinal, "field": piece.field, "text": piece.text,
        }
        for id_ in ids
        for piece in pieces[id_]
        if piece.id not in have
    ]  # fmt: skip
    if rows:
        session.execute(sa.insert(PassageRow), rows)
    return stale
