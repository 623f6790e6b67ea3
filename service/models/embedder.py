"""Texts in, unit vectors out: the bundled MiniLM on ONNX, one thread that owns the session and batches across requests.

Pooling is the mean over the attention mask followed by L2 normalisation (Reimers and Gurevych 2019, Sentence-BERT).
"""

from __future__ import annotations

import heapq
import itertools
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput, ModelFailed
from service.models.adapted import STATES, AdaptedLayers
from service.models.files import checked_path
from service.models.onnx_graph import rows_before_floats, with_output, without_nan_guards

Vectors = NDArray[np.float32]
Part = tuple[int, int]
"""A stretch [start, end) of a text, in code points."""

WINDOW = 256
"""Tokens the model reads at once, its two special tokens included."""
LAST = "last_hidden_state"
WORD_TABLE = "inner.embeddings.word_embeddings.weight_q"
BATCH_TOKENS = 320
"""Padded tokens in one forward pass: 20 to 40 ms on two cores, the longest that a short text waits behind a long one. 512 are
5 % quicker for many texts together and hold 25 MB more."""
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


@runtime_checkable
class PartsEmbedder(Embedder, Protocol):
    """An embedder that also tells the vectors of parts of a text, from the same forward pass."""

    def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[Part]], *, adapted: bool = False) -> WithParts:
        """See BundledEmbedder."""


@dataclass(frozen=True)
class WithParts:
    """Vectors of texts, shape (texts, dimension), and for each text those of its parts, shape (parts, dimension).

    `adapted` is the same by the adapted layers, where they were asked for: vectors and parts, not of length 1.
    """

    vectors: Vectors
    parts: list[Vectors]
    adapted: WithParts | None = None


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
    parts: list[list[tuple[int, int]]] = field(default_factory=list)
    part_vectors: list[Vectors] = field(default_factory=list)
    adapted: WithParts | None = None


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
        self._adapted: AdaptedLayers | None = None

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

    def tokens(self, texts: Sequence[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """Of each text the ids of its tokens, special ones included, and where they stand, in code points."""
        self.load()
        return [(encoding.ids, encoding.offsets) for encoding in self._tokenizer.encode_batch(list(texts))]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed `texts` in few forward passes, shared with whatever other threads ask for at the same time.

        Raises InvalidInput when a text is longer than the window (split it first) and ModelFailed when the
        model cannot run.
        """
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        self.load()
        encoded = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        return self._wait(encoded, _Request(np.zeros((len(texts), self.dimension), np.float32), len(texts), Future()))

    def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[Part]], *, adapted: bool = False) -> WithParts:
        """Embed `texts`, and for each of them the `parts` named, out of the same forward pass.

        The vector of a part is the mean of its tokens' states in the context of the whole text (late chunking, Günther
        et al. 2024), of length 1; zero where a part holds no token. With `adapted` also by the layers that were fitted for
        flags (`adapted.py`), for a fifth of the time more. Raises as `embed`.
        """
        if not texts:
            nothing = WithParts(np.zeros((0, self.dimension), np.float32), [])
            return replace(nothing, adapted=nothing) if adapted else nothing
        self.load()
        encoded = self._tokenizer.encode_batch(list(texts))
        request = _Request(np.zeros((len(texts), self.dimension), np.float32), len(texts), Future())
        request.parts = [token_ranges(e.offsets, wanted) for e, wanted in zip(encoded, parts, strict=True)]
        request.part_vectors = [np.zeros((len(wanted), self.dimension), np.float32) for wanted in parts]
        if adapted:
            request.adapted = WithParts(np.zeros_like(request.out), [np.zeros_like(v) for v in request.part_vectors])
        vectors = self._wait([encoding.ids for encoding in encoded], request)
        return WithParts(vectors, request.part_vectors, request.adapted)

    def _wait(self, encoded: list[list[int]], request: _Request) -> Vectors:
        for ids in encoded:
            if len(ids) > WINDOW:
                raise InvalidInput(f"a text of {len(ids)} tokens does not fit the window of {WINDOW}; split it first")
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
        options.enable_mem_pattern = False  # a plan for each shape ever seen: 45 MB more, no faster
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        with tempfile.NamedTemporaryFile(suffix=".onnx") as lean:  # a session made from bytes keeps them
            smaller = without_nan_guards(rows_before_floats(model.read_bytes(), WORD_TABLE))
            lean.write(with_output(smaller, STATES))
            lean.flush()
            self._session = onnxruntime.InferenceSession(lean.name, options, providers=["CPUExecutionProvider"])
        options.add_session_config_entry("session.disable_prepacking", "1")  # 6 MB less, no slower
        self._adapted = AdaptedLayers(options)
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
            asked = [row for row, waiting in enumerate(batch) if waiting.request.adapted is not None]
            vectors, states, adapted = self._forward([waiting.ids for waiting in batch], asked)
        except Exception as failure:
            for waiting in batch:
                if not waiting.request.done.done():
                    waiting.request.done.set_exception(
                        ModelFailed(f"the embedding model failed: {type(failure).__name__}")
                    )
            return
        for waiting, vector, tokens in zip(batch, vectors, states, strict=True):
            request = waiting.request
            request.out[waiting.row] = vector
            ranges = request.parts[waiting.row] if request.parts else []
            for part, (start, end) in enumerate(ranges):
                if start < end:
                    request.part_vectors[waiting.row][part] = _unit(tokens[start:end].mean(axis=0))
            if request.adapted is not None:
                closer = next(adapted)
                request.adapted.vectors[waiting.row] = closer[: len(waiting.ids)].mean(axis=0)
                for part, (start, end) in enumerate(ranges):
                    if start < end:
                        request.adapted.parts[waiting.row][part] = closer[start:end].mean(axis=0)
            request.missing -= 1
            if request.missing == 0 and not request.done.done():
                request.done.set_result(request.out)

    def _forward(self, rows: list[list[int]], adapted: list[int]) -> tuple[Vectors, Vectors, Iterator[Vectors]]:
        """Unit vectors of rows of token ids, shape (rows, dimension), the states of their tokens, and those of the rows
        `adapted` by the adapted layers."""
        longest = max(len(ids) for ids in rows)
        ids = np.zeros((len(rows), longest), np.int64)
        mask = np.zeros((len(rows), longest), np.int64)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
            mask[index, : len(row)] = 1
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden, *below = self._session.run([LAST, STATES] if adapted else [LAST], feeds)
        weights = mask[..., None].astype(np.float32)
        pooled = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
        closer: Iterator[Vectors] = iter(())
        if adapted and self._adapted is not None:
            closer = iter(self._adapted.states(below[0][adapted], mask[adapted]))
        return _unit(pooled), hidden, closer


def _unit(rows: Vectors) -> Vectors:
    unit: Vectors = (rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)).astype(np.float32)
    return unit


def token_ranges(offsets: Sequence[tuple[int, int]], parts: Sequence[Part]) -> list[tuple[int, int]]:
    """For parts in rising order, the range of tokens that overlap each; special tokens (empty offsets) are left out."""
    ranges, first, count = [], 0, len(offsets)
    for start, end in parts:
        while first < count and (offsets[first][1] <= start or offsets[first][0] == offsets[first][1]):
            first += 1
        last = first
        while last < count and offsets[last][0] < end and offsets[last][0] != offsets[last][1]:
            last += 1
        ranges.append((first, last))
    return ranges
