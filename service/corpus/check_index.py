"""Can the index be read, does it hold what SQL says, and does each vector find itself? What is wrong is mended from SQL."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa

from service.corpus import lexical, repository
from service.corpus.generations import Generation, Kind
from service.corpus.indexing import Index, Synced
from service.corpus.reindex import posts_into
from service.corpus.tables import AuthorRow, PassageRow, PendingVectorRow, SketchRow, ThreadRow

PAGE = 1_000
SAME = 0.999
"""Cosine from which two vectors of one text count as the same: int8 arithmetic differs a little from batch to batch."""
NEAREST = 10
SAMPLE = 200
"""Passages whose text is embedded anew, unless all are asked for."""

Progress = Callable[[int, int | None, str], None]


@dataclass
class IndexReport:
    """What was found. Lists hold passage ids, except `unindexed` and `words_missing`: thread ids, and `damaged`: collections."""

    threads: int = 0
    passages: int = 0
    vectors: int = 0
    waiting: int = 0
    embedded_anew: int = 0
    damaged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    unfound: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unindexed: list[str] = field(default_factory=list)
    words_missing: list[str] = field(default_factory=list)
    words_stale: list[str] = field(default_factory=list)
    repaired: bool = False

    @property
    def ok(self) -> bool:
        """Whether everything is as SQL says; what waits for the next sync is no fault."""
        faults = (
            self.damaged,
            self.missing,
            self.stale,
            self.unfound,
            self.wrong,
            self.unindexed,
            self.words_missing,
            self.words_stale,
        )
        return not any(faults)

    def as_dict(self) -> dict[str, Any]:
        """For the command line and the API."""
        return {**asdict(self), "ok": self.ok}


def check_index(
    index: Index,
    site: str,
    *,
    repair: bool = False,
    every_text: bool = False,
    texts: int = SAMPLE,
    progress: Progress = lambda _done, _total, _what: None,
) -> IndexReport:
    """Compare a site's live index with SQL.

    `damaged`: collections that the store cannot read; without `repair` nothing else is looked for then.
    `missing`: passages without a vector. `stale`: vectors without a passage. `unfound`: a query with the stored
    vector does not give it back. `wrong`: the text, embedded now, is not its vector (a sample of `texts` passages, or every
    one). `unindexed`: threads that may be shown, without passages or sketch, not waiting. `words_…`: the same for the word
    index. With `repair` each is mended and the site synced. Nobody should import meanwhile.
    """
    live = index.ensure_live(site)
    collection = live.collection("passages")
    kinds: tuple[Kind, ...] = ("passages", "posts")
    damaged = [kind for kind in kinds if not index.vectors.readable(live.collection(kind))]
    report = IndexReport(waiting=index.waiting(site), damaged=[live.collection(kind) for kind in damaged])
    if damaged and not repair:
        return report
    for kind in damaged:
        _build_again(index, live, kind, progress)
    report.repaired = bool(damaged)
    report.vectors = index.vectors.count(collection)
    known = _passages(index, live)
    held = {id_ for page in index.vectors.ids(collection) for id_ in page}
    report.passages = len(known)
    waiting = _waiting_threads(index, site)
    report.missing = sorted(id_ for id_ in known.keys() - held if known[id_] not in waiting)
    report.stale = sorted(held - known.keys() - _announced(index, site))
    present = sorted(known.keys() & held)
    for done, part in _parts(present):
        report.unfound += _unfound(index, collection, part)
        progress(done, len(present), "querying")
    sample = present if every_text else random.Random(live.version).sample(present, min(texts, len(present)))
    for done, part in _parts(sample, 200):
        report.wrong += _wrong(index, live, part)
        report.embedded_anew += len(part)
        progress(done, len(sample), "embedding")
    shown = _shown(index, site)
    report.threads = len(shown)
    report.unindexed = sorted(
        (shown - set(known.values()) - waiting) | (_without_sketch(index, live) & shown - waiting)
    )
    with index.database.read() as session:
        words = lexical.indexed(session, site)
    report.words_missing, report.words_stale = sorted(shown - words), sorted(words - shown)
    if repair and not report.ok:
        _repair(index, live, report, known)
        report.repaired = True
    return report


def _build_again(index: Index, live: Generation, kind: Kind, progress: Progress) -> None:
    """Drop a collection and fill it from SQL; passages wait in the outbox, so that one who is stopped goes on later."""
    index.vectors.drop(live.collection(kind))
    if kind == "posts":
        posts_into(index, live, None)
        return
    shown = sorted(_shown(index, live.site))
    for _done, part in _parts(shown):
        with index.database.write() as session:
            repository.announce(session, live.site, part, index.clock())
    done = 0

    def step(synced: Synced) -> None:
        nonlocal done
        done += synced.threads
        progress(done, len(shown), "building")

    index.sync(live.site, done=step)


def _unfound(index: Index, collection: str, ids: Sequence[str]) -> list[str]:
    """Vectors that a query with themselves does not give back; where many are the same, any of those will do."""
    stored = index.vectors.fetch(collection, ids)
    names = list(stored)
    hits = index.vectors.query(collection, np.stack([stored[id_] for id_ in names]), NEAREST) if names else []
    return [
        id_
        for id_, row in zip(names, hits, strict=True)
        if all(hit.id != id_ for hit in row) and (not row or row[-1].score < SAME)
    ]


def _wrong(index: Index, live: Generation, ids: Sequence[str]) -> list[str]:
    stored = index.vectors.fetch(live.collection("passages"), ids)
    with index.database.read() as session:
        rows = session.execute(sa.select(PassageRow.id, PassageRow.text).where(PassageRow.id.in_(list(stored))))
        texts = {row.id: row.text for row in rows}
    fresh = index.embedder_of(live).embed(list(texts.values()))
    return [id_ for id_, vector in zip(texts, fresh, strict=True) if float(vector @ stored[id_]) < SAME]


def _repair(index: Index, live: Generation, report: IndexReport, known: dict[str, str]) -> None:
    """Remove what is stale or damaged, then have the threads concerned made anew; their words as well."""
    collection = live.collection("passages")
    damaged = [*report.unfound, *report.wrong]
    index.vectors.delete(collection, [*report.stale, *damaged])
    threads = sorted({known[id_] for id_ in [*report.missing, *damaged]} | set(report.unindexed))
    for _done, part in _parts(threads):
        with index.database.write() as session:
            repository.announce(session, live.site, part, index.clock())
    for _done, part in _parts(report.words_missing):
        with index.database.write() as session:
            lexical.index_threads(session, repository.texts(session, part).values())
    for _done, part in _parts(report.words_stale):
        with index.database.write() as session:
            lexical.remove(session, part)
    index.sync(live.site)


def _passages(index: Index, live: Generation) -> dict[str, str]:
    where = (PassageRow.site == live.site, PassageRow.chunker == live.chunker)
    with index.database.read() as session:
        rows = session.execute(sa.select(PassageRow.id, PassageRow.thread_id).where(*where))
        return {row.id: row.thread_id for row in rows}


def _without_sketch(index: Index, live: Generation) -> set[str]:
    """Threads with passages and no sketch in the live generation."""
    have = sa.select(SketchRow.thread_id).where(SketchRow.index_id == live.id)
    where = (PassageRow.site == live.site, PassageRow.chunker == live.chunker, PassageRow.thread_id.not_in(have))
    with index.database.read() as session:
        return set(session.scalars(sa.select(PassageRow.thread_id).where(*where).distinct()))


def _shown(index: Index, site: str) -> set[str]:
    """Threads that may be shown and say something to index."""
    out = sa.exists().where(AuthorRow.site == site, AuthorRow.id == ThreadRow.author_id, AuthorRow.reuse == "opted_out")
    where = (ThreadRow.site == site, ThreadRow.visibility == "public", ~out)
    with index.database.read() as session:
        return set(session.scalars(sa.select(ThreadRow.id).where(*where)))


def _waiting_threads(index: Index, site: str) -> set[str]:
    with index.database.read() as session:
        return set(session.scalars(sa.select(PendingVectorRow.thread_id).where(PendingVectorRow.site == site)))


def _announced(index: Index, site: str) -> set[str]:
    """Ids that wait to be removed."""
    with index.database.read() as session:
        rows = session.scalars(sa.select(PendingVectorRow.passage_ids).where(PendingVectorRow.site == site))
        return {id_ for ids in rows for id_ in ids}


def _parts(ids: Sequence[str], size: int = PAGE) -> Iterator[tuple[int, list[str]]]:
    for start in range(0, len(ids), size):
        part = list(ids[start : start + size])
        yield start + len(part), part
