"""An index with vectors by a quick stand-in for the embedder: hashed words, so that texts with the same words are near."""

from __future__ import annotations

import hashlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from service.clock import system_clock
from service.corpus.indexing import Index
from service.corpus.thread import Thread
from service.corpus.vectors import VectorStore
from service.database import Database
from service.settings import Settings


class WordEmbedder:
    """Counts hashed words. Deterministic, needs no model, and tells texts without shared words apart."""

    def __init__(self, name: str = "test/words", dimension: int = 64, window: int = 40) -> None:
        self.name, self.dimension, self.window = name, dimension, window
        self.embedded: list[str] = []
        self.before: Callable[[], None] = lambda: None

    def count_tokens(self, text: str) -> int:
        return len(re.findall(r"\w+|[^\w\s]", text)) + 2

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.before()
        self.embedded += texts
        vectors = np.full((len(texts), self.dimension), 1e-3, np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[int(hashlib.sha256(word.encode()).hexdigest(), 16) % self.dimension] += 1
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def close(self) -> None:
        return None


@pytest.fixture
def words() -> WordEmbedder:
    return WordEmbedder()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The Rust server that `chroma run` starts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    chroma = Path(sys.executable).with_name("chroma")
    folder = tmp_path_factory.mktemp("chroma-server")
    command = [str(chroma), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _try in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


@pytest.fixture(params=["embedded", "server"])
def vectors(request: pytest.FixtureRequest, make_settings: Callable[..., Settings]) -> Iterator[VectorStore]:
    """An empty store of each kind: in a folder, and on a Chroma server."""
    url = request.getfixturevalue("server") if request.param == "server" else ""
    store = VectorStore(make_settings(chroma_url=url))
    yield store
    for collection in store._connected().list_collections() if url else ():
        store.drop(collection.name)
    store.close()


@pytest.fixture
def index(database: Database, vectors: VectorStore, words: WordEmbedder) -> Index:
    return Index(database, vectors, words, system_clock)


def a_thread(title: str = "How do I ask for a raise?", **changes: Any) -> Thread:
    """A small thread with one answer; keyword arguments override its fields."""
    values: dict[str, Any] = {
        "title": title,
        "body": "My salary has not moved in two years.",
        "author": {"id": "asker"},
        "created_at": datetime(2024, 3, 1, tzinfo=UTC),
        "answers": [{"external_id": "a1", "body": "Collect numbers before the meeting.", "author": {"id": "mentor"}}],
    }
    return Thread.model_validate({**values, **changes})
