"""Texts in, unit vectors out: the bundled MiniLM on ONNX, one thread that owns the session and batches across requests.

Pooling is the mean over the attention mask followed by L2 normalisation (Reimers and Gurevych 2019, Sentence-BERT).
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput, ModelFailed
from service.models.files import checked_path

Vectors = NDArray[np.float32]

WINDOW = 256
"""Tokens the model reads at once, its two special tokens included."""
BATCH_TOKENS = 768
"""Padded tokens in one forward pass: about 50 ms on two cores, the longest that a short text waits behind a long one."""
AGE_PER_TOKEN_S = 0.002
"""A text waits at most this much longer for each of its tokens before it goes ahead of newer, shorter ones."""


class Embedder(Protocol):
    """Anything that turns texts into unit vectors."""

    @property
    def name(self) -> str:
        """The model's id as in `EMBED_MODEL`."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    @property
    def window(self) -> int:
        """Most tokens of a text that are read; callers split longer texts first."""

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` takes, special tokens included."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32, shape (len(texts), dimension), rows of length 1. Raises ModelFailed."""

    def close(self) -> None:
        """Stop the thread and free the model."""


@dataclass(order=True)
class _Waiting:
    due: float
    order: int
    ids: list[int] = field(compare=False)
    row: int = field(compare=False)
    request: _Request = field(compare=False)


@dataclass
class _Request:
    out: Vectors
    missing: int
    done: Future[Vectors]


class BundledEmbedder:
    """all-MiniLM-L6-v2 (int8) in process. Loads at the first use; safe to call from many threads."""

    name = "local/all-MiniLM-L6-v2-int8"
    dimension = 384
    window = WINDOW

    def __init__(self, folder: Path, threads: int = 2) -> None:
        self._folder = folder
        self._threads = threads
        self._heap: list[_Waiting] = []
        self._order = itertools.count()
        self._ready = threading.Condition()
        self._closed = False
        self._worker: threading.Thread | None = None
        self._tokenizer: Any = None
        self._session: Any = None

    def load(self) -> None:
        """Verify and load the model's files now. Raises ModelFilesUnusable."""
        with self._ready:
            self._ensure_loaded()

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, special tokens included, without truncation."""
        self.load()
        return len(self._tokenizer.encode(text).ids)

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """Where each token of `text` stands, in code points, special tokens left out."""
        self.load()
        return list(self._tokenizer.encode(text, add_special_tokens=False).offsets)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed `texts` in few forward passes, shared with whatever other threads ask for at the same time.

        Raises InvalidInput when a text is longer than the window (split it first) and ModelFailed when the
        model cannot run.
        """
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        self.load()
        encoded = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        for ids in encoded:
            if len(ids) > WINDOW:
                raise InvalidInput(f"a text of {len(ids)} tokens does not fit the window of {WINDOW}; split it first")
        request = _Request(np.zeros((len(texts), self.dimension), np.float32), len(texts), Future())
        now = time.monotonic()
        with self._ready:
            if self._closed:
                raise ModelFailed("the embedder is closed")
            for row, ids in enumerate(encoded):
                due = now + AGE_PER_TOKEN_S * len(ids)
                heapq.heappush(self._heap, _Waiting(due, next(self._order), ids, row, request))
            self._ready.notify()
        return request.done.result()

    def close(self) -> None:
        """Stop the worker; requests still waiting fail with ModelFailed."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()
            worker = self._worker
        if worker is not None:
            worker.join()

    def _ensure_loaded(self) -> None:
        if self._session is not None:
            return
        import onnxruntime
        from tokenizers import Tokenizer

        model = checked_path(self._folder, "all-MiniLM-L6-v2-int8.onnx")
        tokenizer = Tokenizer.from_file(str(checked_path(self._folder, "all-MiniLM-L6-v2.tokenizer.json")))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._tokenizer = tokenizer
        self._worker = threading.Thread(target=self._work, name="embedder", daemon=True)
        self._worker.start()

    def _work(self) -> None:
        while True:
            with self._ready:
                while not self._heap and not self._closed:
                    self._ready.wait()
                if self._closed:
                    for waiting in self._heap:
                        if not waiting.request.done.done():
                            waiting.request.done.set_exception(ModelFailed("the embedder is closed"))
                    return
                batch = self._next_batch()
            self._run(batch)

    def _next_batch(self) -> list[_Waiting]:
        batch = [heapq.heappop(self._heap)]
        longest = len(batch[0].ids)
        while self._heap:
            candidate = max(longest, len(self._heap[0].ids))
            if candidate * (len(batch) + 1) > BATCH_TOKENS or candidate > 2 * min(len(w.ids) for w in batch) + 16:
                break
            batch.append(heapq.heappop(self._heap))
            longest = candidate
        return batch

    def _run(self, batch: list[_Waiting]) -> None:
        try:
            vectors = self._forward([waiting.ids for waiting in batch])
        except Exception as failure:
            for waiting in batch:
                if not waiting.request.done.done():
                    waiting.request.done.set_exception(ModelFailed(f"the embedding model failed: {type(failure).__name__}"))
            return
        for waiting, vector in zip(batch, vectors, strict=True):
            request = waiting.request
            request.out[waiting.row] = vector
            request.missing -= 1
            if request.missing == 0 and not request.done.done():
                request.done.set_result(request.out)

    def _forward(self, rows: list[list[int]]) -> Vectors:
        longest = max(len(ids) for ids in rows)
        ids = np.zeros((len(rows), longest), np.int64)
        mask = np.zeros((len(rows), longest), np.int64)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
            mask[index, : len(row)] = 1
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(None, feeds)[0]
        weights = mask[..., None].astype(np.float32)
        pooled = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
        unit: Vectors = (pooled / np.linalg.norm(pooled, axis=1, keepdims=True)).astype(np.float32)
        return unit
