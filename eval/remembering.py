"""An embedder that keeps what it computed, in memory and, where a folder is named, in a file.

Half of a replay is embedding texts that the run before embedded too: a run therefore keeps its vectors for the next one, for as
long as the model's file, the code that runs it and its libraries are the same.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np

from service.models import adapted, embedder, files, onnx_graph
from service.models.embedder import BundledEmbedder, Part, Vectors, WithParts

KEPT = Path(__file__).parent.parent / "data" / "eval-embeddings"
LIBRARIES = ("onnxruntime", "tokenizers", "numpy")


def kept_between_runs(top: Path = KEPT) -> Path:
    """The folder of vectors as they are made now; those that were made otherwise are deleted."""
    sources = [Path(str(module.__file__)) for module in (embedder, onnx_graph, adapted)]
    made_by = [
        *(path.read_bytes() for path in (*sources, files.MANIFEST, adapted.FILE)),
        *(version(n).encode() for n in LIBRARIES),
    ]
    now = top / sha256(b"\0".join(made_by)).hexdigest()[:16]
    for other in top.glob("*"):
        if other != now:
            shutil.rmtree(other, ignore_errors=True)
    return now


class RememberingEmbedder:
    """Keeps vectors by model and text. A text with parts is kept as one block: its own vector, then those of its parts, then
    the same by the adapted layers where they were asked for."""

    def __init__(self, inner: BundledEmbedder, folder: Path | None) -> None:
        self._inner = inner
        self._kept: dict[bytes, Vectors] = {}
        self._lock = threading.Lock()
        self._file = folder / "embeddings.sqlite3" if folder is not None else None
        self.name, self.dimension, self.window = inner.name, inner.dimension, inner.window
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with closing(_opened(self._file)) as store, store:
                store.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")

    def count_tokens(self, text: str) -> int:
        """As the model counts."""
        return self._inner.count_tokens(text)

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """As the model cuts."""
        return self._inner.token_offsets(text)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of `texts`; only those not yet known are computed."""
        keys = [_key(self.name, text) for text in texts]
        found = self._blocks(keys, lambda rows: list(self._inner.embed([texts[i] for i in rows])[:, None, :]))
        return np.concatenate(found) if found else np.zeros((0, self.dimension), np.float32)

    def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[Part]], *, adapted: bool = False) -> WithParts:
        """Vectors of `texts` and of their parts; only those not yet known are computed."""

        def compute(rows: list[int]) -> list[Vectors]:
            made = self._inner.embed_parts([texts[i] for i in rows], [parts[i] for i in rows], adapted=adapted)
            blocks = [_block(made, row) for row in range(len(rows))]
            if made.adapted is not None:
                blocks = [np.concatenate([block, _block(made.adapted, row)]) for row, block in enumerate(blocks)]
            return blocks

        told = [(text, repr([tuple(p) for p in spans])) for text, spans in zip(texts, parts, strict=True)]
        keys = [_key(self.name, *one, *(["adapted"] if adapted else [])) for one in told]
        found = self._blocks(keys, compute)
        if not adapted:
            return _parted(found, self.dimension)
        halves = [np.split(block, 2) for block in found]
        upper = _parted([half[1] for half in halves], self.dimension)
        return replace(_parted([half[0] for half in halves], self.dimension), adapted=upper)

    def close(self) -> None:
        """Free the model."""
        self._inner.close()

    def _blocks(self, keys: list[bytes], compute: Callable[[list[int]], list[Vectors]]) -> list[Vectors]:
        missing = {key: row for row, key in enumerate(keys) if key not in self._kept}
        if missing and self._file is not None:
            self._fetch(missing)
        if missing:
            fresh = dict(zip(missing, compute(list(missing.values())), strict=True))
            self._kept.update(fresh)
            if self._file is not None:
                rows = [(key, block.astype(np.float32).tobytes()) for key, block in fresh.items()]
                with self._lock, closing(_opened(self._file)) as store, store:
                    store.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)
        return [self._kept[key] for key in keys]

    def _fetch(self, missing: dict[bytes, int]) -> None:
        assert self._file is not None
        with self._lock, closing(_opened(self._file)) as store:
            for key in list(missing):
                found = store.execute("SELECT vector FROM vectors WHERE key = ?", (key,)).fetchone()
                if found is not None:
                    self._kept[key] = np.frombuffer(found[0], np.float32).reshape(-1, self.dimension)
                    del missing[key]


def _block(made: WithParts, row: int) -> Vectors:
    return np.concatenate([made.vectors[row][None, :], made.parts[row]])


def _parted(blocks: list[Vectors], dimension: int) -> WithParts:
    if not blocks:
        return WithParts(np.zeros((0, dimension), np.float32), [])
    return WithParts(np.stack([block[0] for block in blocks]), [block[1:] for block in blocks])


def _opened(file: Path) -> sqlite3.Connection:
    """What is lost with the machine is computed again, so that nothing waits for the disk; several processes may write."""
    store = sqlite3.connect(file, timeout=30)
    store.execute("PRAGMA synchronous=OFF")
    return store


def _key(*said: str) -> bytes:
    return sha256("\0".join(said).encode("utf-8", "replace")).digest()
