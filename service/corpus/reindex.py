"""A new generation of a site's index, built beside the live one, then switched to in one transaction.

Building follows the threads in the order of their ids; how far it came is kept, so that a kill loses one batch. What
changes meanwhile is synced into both generations.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import new_id
from service.corpus.generations import Generation, generations, new_version
from service.corpus.indexing import BATCH_THREADS, Index
from service.corpus.passages import chunker_of
from service.corpus.tables import IndexRow, PassageRow, SketchRow, ThreadRow
from service.intake import repository as posts
from service.intake.normalise import normalise
from service.intake.tables import PostRow
from service.intake.windows import embed_post

GRACE_S = 2.0
"""How long the old collections stay after the switch, for queries that are under way."""
BATCH_POSTS = 64

Progress = Callable[[int, int | None, str], None]


def reindex(
    index: Index,
    site: str,
    *,
    progress: Progress = lambda _done, _total, _what: None,
    grace_s: float = GRACE_S,
) -> Generation:
    """Build the index of a site anew with the configured model, and switch to it; the generation that is live then.

    An interrupted build of the same model goes on where it stopped. Queries are answered by the old generation until
    the switch. Raises ModelFailed and StoreUnavailable; the live generation is untouched by that.
    """
    index.ensure_live(site)
    drop_retired(index, site)
    building = _begin(index, site)
    with index.database.read() as session:
        total = session.scalar(sa.select(sa.func.count()).select_from(ThreadRow).where(ThreadRow.site == site)) or 0
    done = 0 if building.cursor is None else _passed(index, site, building.cursor)
    while ids := _following(index, site, building):
        index.build(building, ids)
        building = _advance(index, building, ids[-1])
        done += len(ids)
        progress(done, total, "building")
    since = posts_into(index, building, None)
    index.sync(site)
    _switch(index, site, building)
    index.sync(site)
    posts_into(index, building, since)
    progress(total, total, "live")
    time.sleep(grace_s)
    drop_retired(index, site)
    live = index.live(site)
    assert live is not None
    return live


def drop_retired(index: Index, site: str) -> None:
    """Remove the collections of generations that are no longer live, and passages that only they used."""
    with index.database.read() as session:
        retired = generations(session, site, ["retired"])
    for generation in retired:
        index.vectors.drop(generation.collection("passages"))
        index.vectors.drop(generation.collection("posts"))
        with index.database.write() as session:
            used = {g.chunker for g in generations(session, site, ["live", "building"])}
            if generation.chunker not in used:
                where = (PassageRow.site == site, PassageRow.chunker == generation.chunker)
                session.execute(sa.delete(PassageRow).where(*where))
            session.execute(sa.delete(SketchRow).where(SketchRow.index_id == generation.id))
            session.execute(sa.delete(IndexRow).where(IndexRow.id == generation.id))


def _begin(index: Index, site: str) -> Generation:
    """The generation to build: one of the same model and chunker that was begun, else a new one."""
    model, chunker = index.configured.name, chunker_of(index.configured)
    dimension = index.configured.dimension  # may ask the model: not inside the transaction
    with index.database.write() as session:
        for begun in generations(session, site, ["building"]):
            if (begun.model, begun.chunker) == (model, chunker):
                return begun
            _set_state(session, begun, "retired")
        session.add(
            IndexRow(
                id=new_id(), site=site, model=model, dimension=dimension, chunker=chunker,
                state="building", version=0, cursor=None, created_at=index.clock(),
            )
        )  # fmt: skip
        session.flush()
        return generations(session, site, ["building"])[0]


def _following(index: Index, site: str, building: Generation) -> list[str]:
    select = sa.select(ThreadRow.id).where(ThreadRow.site == site).order_by(ThreadRow.id).limit(BATCH_THREADS)
    with index.database.read() as session:
        return list(session.scalars(select.where(ThreadRow.id > building.cursor) if building.cursor else select))


def _passed(index: Index, site: str, cursor: str) -> int:
    where = (ThreadRow.site == site, ThreadRow.id <= cursor)
    with index.database.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(ThreadRow).where(*where)) or 0


def _advance(index: Index, building: Generation, cursor: str) -> Generation:
    with index.database.write() as session:
        session.execute(sa.update(IndexRow).where(IndexRow.id == building.id).values(cursor=cursor))
        return next(g for g in generations(session, building.site, ["building"]) if g.id == building.id)


def _switch(index: Index, site: str, building: Generation) -> None:
    with index.database.write() as session:
        for live in generations(session, site, ["live"]):
            _set_state(session, live, "retired")
        _set_state(session, building, "live")
        new_version(session, site)


def _set_state(session: Session, generation: Generation, state: str) -> None:
    session.execute(sa.update(IndexRow).where(IndexRow.id == generation.id).values(state=state))


def posts_into(index: Index, building: Generation, since: datetime | None) -> datetime:
    """Embed a site's posts (those kept since a moment) into a generation; the moment before the first was read."""
    begun, embedder, after = index.clock(), index.embedder_of(building), ""
    where = [PostRow.site == building.site, PostRow.erased_at.is_(None)]
    if since is not None:
        where.append(PostRow.updated_at >= since)
    while True:
        with index.database.read() as session:
            select = sa.select(PostRow.id).where(*where, PostRow.id > after).order_by(PostRow.id).limit(BATCH_POSTS)
            ids = list(session.scalars(select))
            read = [posts.get(session, id_) for id_ in ids]
        if not ids:
            return begun
        vectors = np.stack([embed_post(normalise(post), embedder).mean for post in read])
        index.vectors.upsert(building.collection("posts"), ids, vectors)
        after = ids[-1]
