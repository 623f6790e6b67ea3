"""Vectors in Chroma: embedded in `DATA_DIR` by default, a Chroma server by `CHROMA_URL`. The only file that imports chromadb.

Chroma is derived from SQL and can be rebuilt at any time. It stores ids and vectors, nothing else: text, authors and
visibility stay in SQL, so that nothing hidden can leak out of the index. Writes are serialised per collection.

Embedded, Chroma writes a graph to several files, one after the other. Killed in between, it cannot read them again
(StoreDamaged), or reads a graph in which no way leads to some vectors (its issues 1623, 4218, 6949): after an end out of order
(`VectorStore.ended_badly`) the index has to be looked through (`index_jobs.Mending`).
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import re
import threading
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from service.errors import AlreadyOpen, InvalidInput, StoreUnavailable
from service.settings import Settings

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

Vectors = NDArray[np.float32]

ROWS_A_CALL = 512
"""Rows of one write: a deletion waits behind at most one such call, about 0.2 s (Chroma itself takes at most 5,461)."""
COMPACT_AFTER = 256
"""Writes that Chroma logs before it puts them into its graph: a long log makes its first deletion take seconds."""
NEIGHBOURS = 32
"""Links of a vector in Chroma's graph; it has 16 of itself, with which small collections of near-identical texts lose some."""
APART = 0.005
"""How far a stored vector is moved, in a direction drawn from its id: the cosine to another changes by 0.0002 in the mean.
More identical vectors than a node has links fill one another's lists, and no link leads to the others any more: behind 400
copies of one text 30 of 60 other vectors were never found (HNSW), none of them with the copies this far apart."""
PAGE = 5_000
_DAMAGE = re.compile(r"hnsw|Error finding id|Error getting embedding", re.I)
"""What Chroma says of a graph that it cannot read."""


@dataclass(frozen=True)
class VectorHit:
    """One vector that was found: its id and the cosine of the angle to the query, −1 to 1."""

    id: str
    score: float


class VectorStore:
    """Collections of unit vectors under ids. Safe to call from many threads.

    Embedded, a second process on the same folder is refused with AlreadyOpen: two of them lose vectors silently.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.chroma_url
        self._folder = settings.data_dir / "chroma"
        self._lock = None if self._url else FolderLock(self._folder, settings.address)
        self._client: Any = None
        self._opening = threading.Lock()
        self._collections: dict[str, Collection] = {}
        self._writing: dict[str, threading.Lock] = defaultdict(threading.Lock)

    @property
    def ended_badly(self) -> bool:
        """Whether the last process that held the folder did not let go of it in order, and nobody looked through it since."""
        return self._lock is not None and self._lock.ended_badly

    def looked_through(self) -> None:
        """Say that what a process left behind that did not end in order is whole again."""
        if self._lock is not None:
            self._lock.looked_through()

    def upsert(self, collection: str, ids: Sequence[str], vectors: Vectors) -> None:
        """Write vectors (shape (len(ids), dimension)) under their ids; ids that exist get the new vector.

        Those are removed first: written over, other vectors can be lost from Chroma's graph (its issue 7758). Each is
        stored a little beside where it lies (`APART`).
        """
        opened = self._collection(collection, create=True)
        for start in range(0, len(ids), ROWS_A_CALL):
            part = list(ids[start : start + ROWS_A_CALL])
            rows = _set_apart(part, vectors[start : start + ROWS_A_CALL])
            with self._writing[collection], _as_unavailable():
                there: list[str] = opened.get(ids=part, include=[])["ids"]
                if there:
                    opened.delete(ids=there)
                opened.upsert(ids=part, embeddings=rows)

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Remove vectors; ids that are not there are passed over."""
        opened = self._collection(collection)
        for start in range(0, len(ids), ROWS_A_CALL) if opened else ():
            with self._writing[collection], _as_unavailable():
                opened.delete(ids=list(ids[start : start + ROWS_A_CALL]))

    def query(self, collection: str, vectors: Vectors, k: int) -> list[list[VectorHit]]:
        """The k nearest of each row of `vectors`, nearest first; empty lists where the collection does not exist."""
        opened = self._collection(collection)
        if opened is None or not len(vectors):
            return [[] for _ in vectors]
        try:
            with _as_unavailable():
                found = opened.query(query_embeddings=vectors, n_results=k, include=["distances"])
        except CollectionGone:
            self._collections.pop(collection, None)
            return [[] for _ in vectors]
        distances = found["distances"] or []
        return [
            [VectorHit(id_, 1.0 - float(distance)) for id_, distance in zip(ids, row, strict=True)]
            for ids, row in zip(found["ids"], distances, strict=True)
        ]

    def fetch(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of those ids that are there."""
        opened = self._collection(collection)
        found: dict[str, Vectors] = {}
        for start in range(0, len(ids), PAGE) if opened else ():
            with _as_unavailable():
                got = opened.get(ids=list(ids[start : start + PAGE]), include=["embeddings"])
            rows = got["embeddings"] if got["embeddings"] is not None else []
            found.update(zip(got["ids"], (np.asarray(row, np.float32) for row in rows), strict=True))
        return found

    def present(self, collection: str, ids: Sequence[str]) -> set[str]:
        """Which of these ids are there."""
        opened = self._collection(collection)
        found: set[str] = set()
        for start in range(0, len(ids), PAGE) if opened else ():
            with _as_unavailable():
                found.update(opened.get(ids=list(ids[start : start + PAGE]), include=[])["ids"])
        return found

    def ids(self, collection: str) -> Iterator[list[str]]:
        """Every id of a collection, in pages. Do not write while iterating."""
        yield from self._pages(collection)

    def _pages(self, collection: str) -> Iterator[list[str]]:
        opened = self._collection(collection)
        start = 0
        while opened is not None:
            with _as_unavailable():
                page: list[str] = opened.get(limit=PAGE, offset=start, include=[])["ids"]
            if not page:
                return
            yield page
            start += len(page)

    def count(self, collection: str) -> int:
        """How many vectors a collection holds; 0 where it does not exist."""
        opened = self._collection(collection)
        with _as_unavailable():
            return opened.count() if opened else 0

    def readable(self, collection: str) -> bool:
        """Whether every vector of a collection can be read; so it is where there is none."""
        try:
            for ids in self._pages(collection):
                for start in range(0, len(ids), ROWS_A_CALL):
                    for vector in [*self.fetch(collection, ids[start : start + ROWS_A_CALL]).values()][:1]:
                        self.query(collection, vector.reshape(1, -1), 1)
        except StoreDamaged:
            return False
        return True

    def drop(self, collection: str) -> None:
        """Remove a whole collection, a damaged one too; nothing happens where there is none."""
        if self._collection(collection) is not None:
            with self._writing[collection], _as_unavailable():
                self._connected().delete_collection(collection)
        self._collections.pop(collection, None)

    def check(self) -> None:
        """Raise StoreUnavailable where the store does not answer."""
        with _as_unavailable():
            self._connected().heartbeat()

    def close(self) -> None:
        """Let go of the folder."""
        with self._opening:
            self._collections.clear()
            if self._client is not None:
                _close(self._client)
                self._client = None
            if self._lock is not None:
                self._lock.release()

    def _collection(self, name: str, create: bool = False) -> Any:
        known = self._collections.get(name)
        if known is not None:
            return known
        client = self._connected()
        try:
            with _as_unavailable():
                opened = client.get_collection(name, embedding_function=None)
        except CollectionGone:
            if not create:
                return None
            graph: Any = {
                "space": "cosine", "max_neighbors": NEIGHBOURS, "sync_threshold": COMPACT_AFTER, "batch_size": 100
            }  # fmt: skip
            with _as_unavailable():
                opened = client.get_or_create_collection(name, embedding_function=None, configuration={"hnsw": graph})
        self._collections[name] = opened
        return opened

    def _connected(self) -> ClientAPI:
        with self._opening:
            if self._client is None:
                self._client = self._connect()
            opened: ClientAPI = self._client
            return opened

    def _connect(self) -> ClientAPI:
        import chromadb
        from chromadb.config import Settings as ChromaSettings

        quiet = ChromaSettings(anonymized_telemetry=False)
        if not self._url:
            with _as_unavailable():
                return chromadb.PersistentClient(path=str(self._folder), settings=quiet)
        address = urlsplit(self._url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise InvalidInput(f"{self._url!r} is not the address of a Chroma server", field="CHROMA_URL")
        secure = address.scheme == "https"
        with _as_unavailable():
            return chromadb.HttpClient(
                host=address.hostname, port=address.port or (443 if secure else 8000), ssl=secure, settings=quiet
            )


def _set_apart(ids: Sequence[str], vectors: Vectors) -> Vectors:
    """Unit vectors, each moved by `APART` in a direction of its id's own: the same id and vector give the same."""
    directions = [np.random.default_rng(zlib.crc32(id_.encode())).normal(size=vectors.shape[1]) for id_ in ids]
    moved = vectors + APART / math.sqrt(vectors.shape[1]) * np.array(directions, np.float32)
    unit: Vectors = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return unit.astype(np.float32, copy=False)


def _close(client: Any) -> None:
    """Close a client and, with the last one for its server, the connections, which Chroma leaves open."""
    from chromadb.api.shared_system_client import SharedSystemClient as Shared

    name = client._identifier
    servers = [getattr(one, "_server", None) for one in (client, getattr(client, "_admin_client", None))]
    client.close()
    if Shared._identifier_to_refcount.get(name, 0) <= 0:
        Shared._identifier_to_system.pop(name, None)
        for connections in (getattr(server, "_session", None) for server in servers):
            if connections is not None:
                connections.close()


class StoreDamaged(StoreUnavailable):
    """A collection cannot be read any more; it has to be dropped and built again from SQL."""


class CollectionGone(StoreUnavailable):
    """The collection does not exist, or no longer: another process dropped it after a reindex."""


class FolderLock:
    """Holds a folder for this process; the lock file names the holder's pid and URL. Freed when the process ends.

    A holder that lets go empties the file, so that one which did not end in order is known; `chroma.unclean` remembers it
    until `looked_through`.
    """

    def __init__(self, folder: Path, url: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder.parent / "chroma.lock"
        self._file = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(path)
            self._file.close()
            raise AlreadyOpen(
                f"process {holder.get('pid', '?')} at {holder.get('url', '?')} holds the vector store in {folder}; "
                "stop it, or work through its API",
                **holder,
            ) from None
        self._unclean = folder.parent / "chroma.unclean"
        if _holder(path):
            self._unclean.touch()
        self._file.truncate(0)
        self._file.write(json.dumps({"pid": os.getpid(), "url": url}))
        self._file.flush()

    @property
    def ended_badly(self) -> bool:
        """Whether a holder before this one did not let go, and nobody said `looked_through` since."""
        return self._unclean.exists()

    def looked_through(self) -> None:
        """Forget that a holder did not let go."""
        self._unclean.unlink(missing_ok=True)

    def release(self) -> None:
        """Let go. May be called twice."""
        if not self._file.closed:
            self._file.truncate(0)
            self._file.close()


def _holder(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


class _as_unavailable:  # noqa: N801 - reads as a clause
    """Whatever Chroma or its connection raises becomes StoreUnavailable."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, raised: BaseException | None, _trace: object) -> None:
        from chromadb.errors import ChromaError, NotFoundError
        from httpx import HTTPError

        if isinstance(raised, NotFoundError):
            raise CollectionGone("the collection does not exist") from raised
        if isinstance(raised, ChromaError) and _DAMAGE.search(str(raised)):
            raise StoreDamaged(
                "a collection of the vector store cannot be read: answerloop check-index --repair"
            ) from raised
        if isinstance(raised, ChromaError | HTTPError | OSError) or (
            kind is ValueError and "connect" in str(raised).lower()
        ):
            raise StoreUnavailable(f"the vector store does not answer: {type(raised).__name__}") from raised
