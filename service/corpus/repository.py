"""Threads in SQL. Functions take the caller's session; the caller's transaction commits.

Every change leaves a row in `pending_vectors`, written in the same transaction: the index follows from there. What
may not be shown any more loses its passages and its words in that same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import new_id
from service.corpus import lexical, sketches
from service.corpus.generations import new_version
from service.corpus.passages import AnswerText, ThreadText, readable
from service.corpus.ready import ReadyThread, make_ready
from service.corpus.tables import AnswerRow, AuthorRow, PassageRow, PendingVectorRow, ThreadRow
from service.corpus.thread import AnswerView, Passage, Thread, ThreadView
from service.errors import NotFound
from service.intake.post import Format

BOUND = 500
"""Ids in one statement."""


@dataclass(frozen=True)
class StoredThread:
    """A thread after keeping it: `created` where it was unknown, `changed` where its title, text or reach differs."""

    thread_id: str
    created: bool
    changed: bool
    removed_passage_ids: tuple[str, ...] = ()


def put_thread(session: Session, site: str, external_id: str, thread: Thread, now: datetime) -> StoredThread:
    """Keep one thread by site and external id; the same content again changes nothing. Raises InvalidInput."""
    return put_threads(session, site, [make_ready(external_id, thread)], now)[0]


def put_threads(session: Session, site: str, ready: Sequence[ReadyThread], now: datetime) -> list[StoredThread]:
    """Keep many threads with few statements; their external ids differ from one another."""
    known = _known(session, site, [one.external_id for one in ready])
    stored: list[StoredThread] = []
    new: list[tuple[str, ReadyThread]] = []
    changed: list[tuple[str, ReadyThread]] = []
    for one in ready:
        row = known.get(one.external_id)
        if row is None:
            new.append((new_id(), one))
            stored.append(StoredThread(new[-1][0], created=True, changed=True))
            continue
        is_changed = row.content_digest != one.content_digest
        stored.append(StoredThread(row.id, created=False, changed=is_changed))
        if is_changed:
            changed.append((row.id, one))
        elif row.record_digest != one.record_digest:
            _update_record(session, row.id, one, now)
    if new:
        rows = [{"id": id_, "site": site, "change": "", **one.columns(now)} for id_, one in new]
        session.execute(sa.insert(ThreadRow), rows)
        _insert_answers(session, new, {})
    touched = new + changed
    changes = _mark_changed(session, [id_ for id_, _one in touched])
    removed = _drop_passages(session, [id_ for id_, _one in changed])
    if changed:
        _replace(session, changed, now)
    _write_words(session, site, touched)
    _announce(session, site, changes, removed, now)
    if touched or any(not one.created for one in stored):
        new_version(session, site)
    return [_with_removed(one, removed) for one in stored]


def delete_thread(session: Session, site: str, external_id: str, now: datetime) -> str:
    """Delete a thread with all that was made of it; the id it had. Raises NotFound."""
    where = (ThreadRow.site == site, ThreadRow.external_id == external_id)
    thread_id = session.scalar(sa.select(ThreadRow.id).where(*where))
    if thread_id is None:
        raise NotFound("there is no such thread", field="external_id")
    changes = _mark_changed(session, [thread_id])
    removed = _drop_passages(session, [thread_id])
    lexical.remove(session, [thread_id])
    session.execute(sa.delete(AnswerRow).where(AnswerRow.thread_id == thread_id))
    session.execute(sa.delete(ThreadRow).where(ThreadRow.id == thread_id))
    _announce(session, site, changes, removed, now)
    new_version(session, site)
    return thread_id


def set_reuse(session: Session, site: str, author_id: str, reuse: str, now: datetime) -> list[str]:
    """Store an author's wish (`allowed` or `opted_out`); the ids of the threads it changes.

    A thread whose author opted out is hidden whole; in others' threads only that author's answers are.
    """
    row = session.get(AuthorRow, (site, author_id))
    if row is not None and row.reuse == reuse:
        return []
    if row is None:
        session.add(AuthorRow(site=site, id=author_id, reuse=reuse, updated_at=now))
    else:
        row.reuse, row.updated_at = reuse, now
    session.flush()
    own = sa.select(ThreadRow.id).where(ThreadRow.site == site, ThreadRow.author_id == author_id)
    answered = (
        sa.select(AnswerRow.thread_id)
        .join(ThreadRow, ThreadRow.id == AnswerRow.thread_id)
        .where(ThreadRow.site == site, AnswerRow.author_id == author_id)
    )
    affected = sorted(set(session.scalars(own)) | set(session.scalars(answered)))
    for part in _parts(affected):
        changes = _mark_changed(session, part)
        removed = _drop_passages(session, part, of_author=author_id)
        lexical.remove(session, part)
        lexical.index_threads(session, texts(session, part).values())
        _announce(session, site, changes, removed, now)
    new_version(session, site)
    return affected


def announce(session: Session, site: str, thread_ids: Sequence[str], now: datetime) -> None:
    """Have the vectors of threads made anew although nothing of them changed."""
    _announce(session, site, _mark_changed(session, thread_ids), {}, now)


def visible(session: Session, thread_ids: Iterable[str]) -> set[str]:
    """Those of the threads that may be shown: they exist, are public, and their author did not opt out."""
    found: set[str] = set()
    for part in _parts(thread_ids):
        found.update(session.scalars(sa.select(ThreadRow.id).where(ThreadRow.id.in_(part), *_SHOWN)))
    return found


def passages(session: Session, passage_ids: Iterable[str]) -> list[Passage]:
    """The passages that may be shown, in the order of their ids; ids of others are passed over."""
    wanted = list(dict.fromkeys(passage_ids))
    found: dict[str, Passage] = {}
    columns = (PassageRow, ThreadRow.author, ThreadRow.created_at, AnswerRow.author, AnswerRow.created_at)
    for part in _parts(wanted):
        select = (
            sa.select(*columns)
            .join(ThreadRow, ThreadRow.id == PassageRow.thread_id)
            .outerjoin(AnswerRow, AnswerRow.id == PassageRow.answer_id)
            .where(PassageRow.id.in_(part), *_SHOWN)
        )
        for row, asker, asked_at, answerer, answered_at in session.execute(select):
            author: dict[str, Any] = (answerer if row.answer_id else asker) or {}
            found[row.id] = Passage(
                id=row.id, thread_id=row.thread_id, answer_id=row.answer_id, ordinal=row.ordinal, text=row.text,
                field=row.field, author_id=author.get("id"), author_role=author.get("role"),
                author_level=author.get("level"), written_at=answered_at if row.answer_id else asked_at,
            )  # fmt: skip
    return [found[id_] for id_ in wanted if id_ in found]


def threads(session: Session, thread_ids: Iterable[str]) -> dict[str, ThreadView]:
    """What a list shows of the threads that may be shown: everything but the texts."""
    found: dict[str, ThreadView] = {}
    for part in _parts(thread_ids):
        answers: dict[str, list[AnswerView]] = {}
        own = (AnswerRow.thread_id, *(getattr(AnswerRow, name) for name in AnswerView.__dataclass_fields__))
        for thread_id, *values in session.execute(
            sa.select(*own).where(AnswerRow.thread_id.in_(part)).order_by(AnswerRow.created_at, AnswerRow.id)
        ):
            answers.setdefault(thread_id, []).append(AnswerView(*values))
        names = [name for name in ThreadView.__dataclass_fields__ if name != "answers"]
        select = sa.select(*(getattr(ThreadRow, name) for name in names))
        for row in session.execute(select.where(ThreadRow.id.in_(part), *_SHOWN)):
            found[row.id] = ThreadView(**dict(zip(names, row, strict=True)), answers=tuple(answers.get(row.id, ())))
    return found


def texts(session: Session, thread_ids: Iterable[str]) -> dict[str, ThreadText]:
    """What of these threads may be indexed, readable; threads that may not be shown are not in it."""
    found: dict[str, ThreadText] = {}
    for part in _parts(thread_ids):
        answers: dict[str, list[AnswerText]] = {}
        columns = (AnswerRow.thread_id, AnswerRow.id, AnswerRow.body, ThreadRow.format)
        out = sa.exists().where(AuthorRow.site == ThreadRow.site, AuthorRow.id == AnswerRow.author_id, _OPTED_OUT)
        select = sa.select(*columns).join(ThreadRow, ThreadRow.id == AnswerRow.thread_id)
        for thread_id, id_, body, format_ in session.execute(
            select.where(AnswerRow.thread_id.in_(part), ~out).order_by(AnswerRow.id)
        ):
            answers.setdefault(thread_id, []).append(AnswerText(id_, readable(body, cast(Format, format_))))
        asked = sa.select(ThreadRow.id, ThreadRow.site, ThreadRow.title, ThreadRow.body, ThreadRow.format)
        for id_, site, title, body, format_ in session.execute(asked.where(ThreadRow.id.in_(part), *_SHOWN)):
            question = readable(body, cast(Format, format_))
            found[id_] = ThreadText(id_, site, readable(title, "text"), question, tuple(answers.get(id_, ())))
    return found


_OPTED_OUT = AuthorRow.reuse == "opted_out"
_SHOWN = (
    ThreadRow.visibility == "public",
    ~sa.exists().where(AuthorRow.site == ThreadRow.site, AuthorRow.id == ThreadRow.author_id, _OPTED_OUT),
)


@dataclass(frozen=True)
class _Known:
    id: str
    content_digest: str
    record_digest: str


def _known(session: Session, site: str, external_ids: Sequence[str]) -> dict[str, _Known]:
    columns = (ThreadRow.external_id, ThreadRow.id, ThreadRow.content_digest, ThreadRow.record_digest)
    found: dict[str, _Known] = {}
    for part in _parts(external_ids):
        select = sa.select(*columns).where(ThreadRow.site == site, ThreadRow.external_id.in_(part))
        found.update((row[0], _Known(*row[1:])) for row in session.execute(select))
    return found


def _update_record(session: Session, thread_id: str, one: ReadyThread, now: datetime) -> None:
    session.execute(sa.update(ThreadRow).where(ThreadRow.id == thread_id).values(**one.columns(now)))
    for answer in one.answer_columns():
        where = (AnswerRow.thread_id == thread_id, AnswerRow.external_id == answer["external_id"])
        session.execute(sa.update(AnswerRow).where(*where).values(**answer))


def _replace(session: Session, changed: list[tuple[str, ReadyThread]], now: datetime) -> None:
    ids = [id_ for id_, _one in changed]
    kept: dict[tuple[str, str], str] = {}
    for part in _parts(ids):
        rows = session.execute(
            sa.select(AnswerRow.thread_id, AnswerRow.external_id, AnswerRow.id).where(AnswerRow.thread_id.in_(part))
        )
        kept.update(((row[0], row[1]), row[2]) for row in rows)
        session.execute(sa.delete(AnswerRow).where(AnswerRow.thread_id.in_(part)))
    for id_, one in changed:
        session.execute(sa.update(ThreadRow).where(ThreadRow.id == id_).values(**one.columns(now)))
    _insert_answers(session, changed, kept)


def _insert_answers(session: Session, threads: list[tuple[str, ReadyThread]], kept: dict[tuple[str, str], str]) -> None:
    rows = [
        {"id": kept.get((thread_id, answer["external_id"])) or new_id(), "thread_id": thread_id, **answer}
        for thread_id, one in threads
        for answer in one.answer_columns()
    ]
    if rows:
        session.execute(sa.insert(AnswerRow), rows)


def _drop_passages(session: Session, thread_ids: Sequence[str], of_author: str | None = None) -> dict[str, list[str]]:
    """Remove the passages of threads, or only what one author wrote in them, and their sketches; what went, by thread."""
    removed: dict[str, list[str]] = {}
    for part in _parts(thread_ids):
        where: list[sa.ColumnElement[bool]] = [PassageRow.thread_id.in_(part)]
        if of_author is not None:
            own = sa.select(ThreadRow.id).where(ThreadRow.id.in_(part), ThreadRow.author_id == of_author)
            theirs = sa.select(AnswerRow.id).where(AnswerRow.thread_id.in_(part), AnswerRow.author_id == of_author)
            where.append(sa.or_(PassageRow.thread_id.in_(own), PassageRow.answer_id.in_(theirs)))
        for thread_id, id_ in session.execute(sa.select(PassageRow.thread_id, PassageRow.id).where(*where)):
            removed.setdefault(thread_id, []).append(id_)
        session.execute(sa.delete(PassageRow).where(*where).execution_options(synchronize_session=False))
        sketches.remove(session, part)
    return removed


def _write_words(session: Session, site: str, touched: list[tuple[str, ReadyThread]]) -> None:
    """The word index of new and changed threads, from the texts at hand unless an author among them opted out."""
    names = {name for _id, one in touched for name in one.authors}
    out: set[str] = set()
    for part in _parts(names):
        out.update(
            session.scalars(sa.select(AuthorRow.id).where(AuthorRow.site == site, AuthorRow.id.in_(part), _OPTED_OUT))
        )
    lexical.remove(session, [id_ for id_, one in touched if not one.is_shown(out)])
    lexical.index_threads(session, [one.text(id_, site, out) for id_, one in touched if one.is_shown(out)])


def _mark_changed(session: Session, thread_ids: Sequence[str]) -> dict[str, str]:
    """A new name for the change of each thread. Comes first: it holds the rows against whoever writes their passages."""
    changes = {id_: new_id() for id_ in thread_ids}
    if changes:
        mark = sa.update(ThreadRow).where(ThreadRow.id == sa.bindparam("of")).values(change=sa.bindparam("name"))
        session.connection().execute(mark, [{"of": id_, "name": name} for id_, name in sorted(changes.items())])
    return changes


def _announce(
    session: Session, site: str, changes: dict[str, str], removed: dict[str, list[str]], now: datetime
) -> None:
    """Say that the vectors of threads are to be made anew; ids that may still lie in the index are carried along."""
    waiting: dict[str, list[str]] = {}
    for part in _parts(changes):
        select = sa.select(PendingVectorRow.thread_id, PendingVectorRow.passage_ids)
        rows = session.execute(select.where(PendingVectorRow.thread_id.in_(part)))
        waiting.update((id_, ids) for id_, ids in rows)
        session.execute(sa.delete(PendingVectorRow).where(PendingVectorRow.thread_id.in_(part)))
    announced = [
        {
            "thread_id": id_, "site": site, "since": now, "change": change,
            "passage_ids": sorted({*removed.get(id_, ()), *waiting.get(id_, ())}),
        }
        for id_, change in changes.items()
    ]  # fmt: skip
    if announced:
        session.execute(sa.insert(PendingVectorRow), announced)


def _with_removed(stored: StoredThread, removed: dict[str, list[str]]) -> StoredThread:
    ids = tuple(removed.get(stored.thread_id, ()))
    return StoredThread(stored.thread_id, stored.created, stored.changed, ids) if ids else stored


def _parts(ids: Iterable[str]) -> Iterable[list[str]]:
    every = list(ids)
    return (every[start : start + BOUND] for start in range(0, len(every), BOUND))
