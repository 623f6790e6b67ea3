"""Word search over threads in the SQL database itself: SQLite FTS5 or PostgreSQL full text, written with the thread.

Ranking is BM25 (Robertson and Zaragoza 2009) on SQLite; on PostgreSQL each term's `ts_rank`, which saturates like
BM25's term frequency, times the same idf. Only the rarest known words of a long text are asked for: a common word
adds little to the ranking, and what it costs grows with the corpus.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.corpus.passages import ThreadText

POSTINGS = 6_000
"""Threads that the chosen words may stand in together: what bounds the cost of a search at any size of the corpus."""
WORDS = 16
"""Most words of a text that are asked for."""
READ_WORDS = 400
"""Most different words of a text that are looked up."""
COUNTED = 60_000
"""Threads counted for one word; a word in more of them is as common as it gets."""
WEIGHTS = (2.0, 1.0, 1.0)
"""Weight of title, question and answers."""
INDEXED_CHARACTERS = 300_000
"""Of each field; a tsvector holds no more than 1 MB."""
_COMMON, _KEPT_S, _RARE_KEPT_S, KEPT_COUNTS = 200, 600.0, 60.0, 50_000
"""The count of a word that stands in so many threads is kept for ten minutes, another one's for one; so many are kept."""
_WORD = re.compile(r"\w+")
STOP_WORDS = frozenset(Path(__file__).with_name("stop_words.txt").read_text("utf-8").split())


@dataclass(frozen=True)
class LexicalHit:
    """A thread that shares words with a text; a higher score is better, comparable only within one search."""

    thread_id: str
    score: float


def create(connection: sa.Connection) -> None:
    """Create the word index where it does not exist. It lies outside SQLAlchemy's metadata: migrations call this."""
    for statement in _SQLITE if connection.dialect.name == "sqlite" else _POSTGRES:
        connection.exec_driver_sql(statement)


def index_threads(session: Session, threads: Iterable[ThreadText]) -> None:
    """Put threads in, in place of what stood there for them."""
    rows = [
        {
            "thread_id": thread.id, "site": thread.site, "title": thread.title,
            "question": thread.question[:INDEXED_CHARACTERS],
            "answers": "\n\n".join(answer.text for answer in thread.answers)[:INDEXED_CHARACTERS],
        }
        for thread in threads
    ]  # fmt: skip
    if not rows:
        return
    remove(session, [row["thread_id"] for row in rows])
    if _is_sqlite(session):
        session.execute(sa.text("INSERT INTO lexical_threads (thread_id, site) VALUES (:thread_id, :site)"), rows)
        session.execute(
            sa.text(
                "INSERT OR REPLACE INTO lexical_words (rowid, title, question, answers) "
                "SELECT id, :title, :question, :answers FROM lexical_threads WHERE thread_id = :thread_id"
            ),
            rows,
        )
    else:
        session.execute(
            sa.text(
                "INSERT INTO lexical_threads (thread_id, site, words) VALUES (:thread_id, :site, "
                "setweight(to_tsvector('english', :title), 'A') || setweight(to_tsvector('english', :question), 'B') "
                "|| setweight(to_tsvector('english', :answers), 'C'))"
            ),
            rows,
        )


def index_thread(session: Session, thread: ThreadText) -> None:
    """Put one thread in, in place of what stood there for it."""
    index_threads(session, [thread])


def remove(session: Session, thread_ids: Sequence[str]) -> None:
    """Take threads out; those that are not in are passed over."""
    if not thread_ids:
        return
    chosen = {"ids": list(thread_ids)}
    if _is_sqlite(session):
        gone = "DELETE FROM lexical_words WHERE rowid IN (SELECT id FROM lexical_threads WHERE thread_id IN :ids)"
        session.execute(sa.text(gone).bindparams(sa.bindparam("ids", expanding=True)), chosen)
    gone = "DELETE FROM lexical_threads WHERE thread_id IN :ids"
    session.execute(sa.text(gone).bindparams(sa.bindparam("ids", expanding=True)), chosen)


def indexed(session: Session, site: str) -> set[str]:
    """The threads of a site that are in."""
    return set(session.scalars(sa.text("SELECT thread_id FROM lexical_threads WHERE site = :site"), {"site": site}))


def search(session: Session, site: str, text: str, k: int) -> list[LexicalHit]:
    """The k threads of a site that share the most telling words with `text`, best first; any text is safe."""
    telling = (w for w in _WORD.findall(text.lower()) if w not in STOP_WORDS and len(w) < 60)
    words = list(dict.fromkeys(telling))[:READ_WORDS]
    found = sorted((count, word) for word, count in _counts(session, site, words).items() if count)
    if not found:
        return []
    chosen, postings = [], 0
    for count, word in found[:WORDS]:
        if postings + count > POSTINGS:
            break
        chosen.append((word, count))
        postings += count
    every = not chosen
    if every:  # all words are common: threads that hold the rarest of them together
        chosen = [(word, count) for count, word in found[:3]]
    find = _search_sqlite if _is_sqlite(session) else _search_postgres
    return find(session, site, chosen, k, every)


def _search_sqlite(session: Session, site: str, chosen: list[tuple[str, int]], k: int, every: bool) -> list[LexicalHit]:
    match = (" AND " if every else " OR ").join(f'"{word}"' for word, _count in chosen)
    rows = session.connection().execute(_FIND_SQLITE, {"match": match, "site": site, "k": k}).fetchall()
    return [LexicalHit(row[0], float(row[1])) for row in rows]


def _search_postgres(
    session: Session, site: str, chosen: list[tuple[str, int]], k: int, every: bool
) -> list[LexicalHit]:
    total = (
        session.scalar(sa.text("SELECT greatest(reltuples, 1) FROM pg_class WHERE relname = 'lexical_threads'")) or 1
    )
    values: dict[str, Any] = {"site": site, "k": k}
    scores, queries = [], []
    for number, (word, count) in enumerate(chosen):
        values[f"w{number}"] = word
        values[f"i{number}"] = math.log(1 + max(total - count, 0) / (count + 0.5)) + 0.01
        queries.append(f"plainto_tsquery('english', :w{number})")
        scores.append(f":i{number} * ts_rank('{{0.5,0.5,0.5,1.0}}', words, {queries[-1]}, 1)")
    statement = (
        f"SELECT thread_id, {' + '.join(scores)} AS score FROM lexical_threads "
        f"WHERE words @@ ({(' && ' if every else ' || ').join(queries)}) AND site = :site "
        "ORDER BY score DESC, thread_id LIMIT :k"
    )
    return [LexicalHit(row[0], float(row[1])) for row in session.execute(sa.text(statement), values)]


class _Counts:
    """How many threads each word stands in, kept for a while; a word that stands nowhere is looked up each time."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, int]] = {}

    def get(self, word: str) -> int | None:
        found = self._known.get(word)
        return found[1] if found and found[0] > time.monotonic() else None

    def keep(self, word: str, count: int) -> None:
        if count:
            if len(self._known) > KEPT_COUNTS:
                self._known.clear()
            self._known[word] = (time.monotonic() + (_KEPT_S if count >= _COMMON else _RARE_KEPT_S), count)


_KNOWN: WeakKeyDictionary[sa.Engine, _Counts] = WeakKeyDictionary()


def _counts(session: Session, site: str, words: list[str]) -> dict[str, int]:
    """In how many threads each word stands: of the site where that is few, of all sites where it is many.

    A word that only other sites have says nothing here; counting a common one site by site would cost too much.
    """
    everywhere = _kept_counts(session, "", words, _COUNT_SQLITE, _COUNT_POSTGRES)
    rare = [word for word, count in everywhere.items() if 0 < count < _COMMON]
    return everywhere | _kept_counts(session, site, rare, _COUNT_SITE_SQLITE, _COUNT_SITE_POSTGRES)


def _kept_counts(
    session: Session, site: str, words: list[str], on_sqlite: sa.TextClause, on_postgres: sa.TextClause
) -> dict[str, int]:
    known = _KNOWN.setdefault(session.get_bind().engine, _Counts())
    counts = {word: known.get(f"{site}\n{word}") for word in words}
    asked = [word for word, count in counts.items() if count is None]
    if asked:
        statement, values = on_sqlite if _is_sqlite(session) else on_postgres, {"words": json.dumps(asked)}
        if site:
            values["site"] = site
        for word, count in session.connection().execute(statement, values).fetchall():
            counts[word] = count
            known.keep(f"{site}\n{word}", count)
    return {word: count for word, count in counts.items() if count is not None}


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


_FIND_SQLITE = sa.text(
    f"SELECT t.thread_id, -bm25(lexical_words, {', '.join(map(str, WEIGHTS))}) AS score FROM lexical_words "
    "JOIN lexical_threads t ON t.id = lexical_words.rowid "
    "WHERE lexical_words MATCH :match AND t.site = :site ORDER BY score DESC, t.thread_id LIMIT :k"
)
_COUNT_SQLITE = sa.text(
    "SELECT w.value, (SELECT count(*) FROM (SELECT 1 FROM lexical_words WHERE lexical_words MATCH '\"' || w.value || '\"' "
    f"LIMIT {COUNTED})) FROM json_each(:words) AS w"
)
_COUNT_SITE_SQLITE = sa.text(
    "SELECT w.value, (SELECT count(*) FROM lexical_words JOIN lexical_threads t ON t.id = lexical_words.rowid "
    "WHERE lexical_words MATCH '\"' || w.value || '\"' AND t.site = :site) FROM json_each(:words) AS w"
)
_COUNT_SITE_POSTGRES = sa.text(
    "SELECT w.value, (SELECT count(*) FROM lexical_threads WHERE words @@ plainto_tsquery('english', w.value) "
    "AND site = :site) FROM json_array_elements_text(CAST(:words AS json)) AS w(value)"
)
_COUNT_POSTGRES = sa.text(
    "SELECT w.value, (SELECT count(*) FROM (SELECT 1 FROM lexical_threads WHERE words @@ plainto_tsquery('english', w.value) "
    f"LIMIT {COUNTED}) AS found) FROM json_array_elements_text(CAST(:words AS json)) AS w(value)"
)
_SQLITE = (
    "CREATE TABLE IF NOT EXISTS lexical_threads "
    "(id INTEGER PRIMARY KEY, thread_id VARCHAR(36) NOT NULL UNIQUE, site VARCHAR(63) NOT NULL)",
    "CREATE VIRTUAL TABLE IF NOT EXISTS lexical_words USING fts5"
    "(title, question, answers, tokenize = 'porter unicode61 remove_diacritics 2')",
)
_POSTGRES = (
    "CREATE TABLE IF NOT EXISTS lexical_threads "
    "(thread_id VARCHAR(36) PRIMARY KEY, site VARCHAR(63) NOT NULL, words TSVECTOR NOT NULL)",
    "CREATE INDEX IF NOT EXISTS ix_lexical_words ON lexical_threads USING GIN (words)",
)
