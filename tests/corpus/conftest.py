"""An index with vectors by a quick stand-in for the embedder: hashed words, so that texts with the same words are near."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
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


@pytest.fixture
def vectors(make_settings: Callable[..., Settings]) -> Iterator[VectorStore]:
    store = VectorStore(make_settings())
    yield store
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
