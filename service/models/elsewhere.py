"""An embedder elsewhere: any embedding model that LiteLLM knows, behind the Embedder protocol.

Texts leave masked, in batches, a few at a time, each within its deadline and paid from the budget like any other model
call. A text that the model finds too long is halved: its vector is the mean of the halves.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.clock import Clock
from service.database import Database
from service.errors import AnswerloopError, DeadlineExceeded, ModelFailed
from service.models.breaker import Breaker
from service.models.calls import BackendFailure, BackendRequest, Message, ModelCall, estimated_tokens
from service.models.embedder import Vectors
from service.models.failures import failure_of
from service.models.gateway import load_litellm
from service.models.ledger import Ledger, Usage
from service.models.masking import mask, unresolved_names
from service.models.prices import Prices
from service.settings import Settings

WINDOW = 256
"""Tokens of a text by `count_tokens`, which counts more than any tokenizer does: every embedding model reads so many."""
BATCH_TEXTS, BATCH_TOKENS = 64, 8_000
"""Most texts and estimated tokens of one request."""
RETRIES, FIRST_WAIT_S = 2, 0.3
HALVINGS = 4
_RETRIED = ("rate_limited", "server_error", "connection", "bad_reply")
_BREAKS = (*_RETRIED, "timeout")


@dataclass(frozen=True)
class Embedded:
    """What a model sent back for some texts, in their order; the tokens where it said how many."""

    vectors: list[list[float]]
    input_tokens: int | None = None


Ask = Callable[[str, Sequence[str], float], Embedded]
"""(model, texts, seconds) → vectors. Raises BackendFailure."""


def ask_litellm(model: str, texts: Sequence[str], timeout_s: float) -> Embedded:
    """Ask any provider that LiteLLM knows; keys and addresses are the environment's. Raises BackendFailure."""
    litellm: Any = load_litellm()
    try:
        reply = litellm.embedding(
            model=model, input=list(texts), timeout=timeout_s, num_retries=0, max_retries=0, encoding_format="float"
        )
        rows = sorted(reply.data, key=lambda row: int(row["index"]))
        used = getattr(reply, "usage", None)
        return Embedded([list(row["embedding"]) for row in rows], getattr(used, "prompt_tokens", None) or None)
    except Exception as failure:
        raise failure_of(failure) from None


class EmbedderElsewhere:
    """Asks one model. Safe to call from many threads."""

    window = WINDOW

    def __init__(
        self, model: str, settings: Settings, database: Database, clock: Clock, ask: Ask = ask_litellm
    ) -> None:
        self.name = model
        self._settings = settings
        self._ask = ask
        prices = Prices(settings.price_table)
        self._ledger = Ledger(database, clock, prices, settings.daily_budget_usd, settings.key_budget_usd)
        self._single = ThreadPoolExecutor(settings.model_concurrency, thread_name_prefix="embedding")
        self._bulk = ThreadPoolExecutor(max(1, settings.model_concurrency - 1), thread_name_prefix="embedding-bulk")
        self._breaker, self._lock = Breaker(), threading.Lock()
        self._dimension = 0

    @property
    def dimension(self) -> int:
        """Length of a vector: what the model's replies have. The first time it is asked for, the model is."""
        if not self._dimension:
            self.embed(["How long is a vector?"])
        return self._dimension

    def count_tokens(self, text: str) -> int:
        """An upper estimate for any tokenizer: a token for 3 bytes of UTF-8, and two special ones."""
        return len(text.encode("utf-8", "replace")) // 3 + 2

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32 (len(texts), dimension), rows of length 1. Raises ModelFailed or one of its kinds."""
        if self._ask is ask_litellm:
            load_litellm()  # two seconds the first time, which are no model's
        batches = list(_batches([self._leaving(text) for text in texts]))
        threads = self._single if len(batches) < 2 else self._bulk  # a query never waits behind an import
        try:
            asked = [threads.submit(self._batch, batch) for batch in batches]
        except RuntimeError:
            raise ModelFailed("the embedder is closed") from None
        longest = (self._settings.embed_deadline_s + 1) * len(batches)
        try:
            found = [self._result(one, longest) for one in asked]
        finally:
            for one in asked:
                one.cancel()
        return np.concatenate([np.zeros((0, self._dimension), np.float32), *found])

    def close(self) -> None:
        """Let what is under way end, start nothing more, and close the connections."""
        for threads in (self._single, self._bulk):
            threads.shutdown(wait=False, cancel_futures=True)
        if self._ask is ask_litellm:
            _close_clients(load_litellm())

    def _leaving(self, text: str) -> str:
        """The text as it may be seen elsewhere. What only looks like a name goes as well under PII_STRICT."""
        left = mask([text]).texts[0]
        for name in unresolved_names([left]) if self._settings.pii_strict else ():
            left = left.replace(name, "[NAME]")
        return left or " "

    def _result(self, asked: Future[Vectors], longest_s: float) -> Vectors:
        try:
            return asked.result(longest_s)
        except TimeoutError:
            raise DeadlineExceeded("the embedding model did not answer in time") from None
        except BackendFailure as failure:
            if failure.kind == "timeout":
                raise DeadlineExceeded("the embedding model did not answer in time") from None
            raise ModelFailed(f"the embedding model failed: {failure.kind}") from None

    def _batch(self, texts: list[str]) -> Vectors:
        ends = time.monotonic() + self._settings.embed_deadline_s
        return self._unit(self._vectors(texts, ends, HALVINGS))

    def _vectors(self, texts: list[str], ends: float, halvings: int) -> Vectors:
        try:
            return self._with_retries(texts, ends)
        except BackendFailure as failure:
            if not _too_long(failure) or not halvings:
                raise
        if len(texts) > 1:
            return np.concatenate([self._vectors([text], ends, halvings) for text in texts])
        middle = len(texts[0]) // 2
        if not middle:
            raise BackendFailure("bad_request", "refused")
        halves = self._vectors([texts[0][:middle], texts[0][middle:]], ends, halvings - 1)
        return np.asarray(self._unit(halves).mean(axis=0, keepdims=True), np.float32)

    def _with_retries(self, texts: list[str], ends: float) -> Vectors:
        for attempt in range(RETRIES + 1):
            try:
                return self._question(texts, ends)
            except BackendFailure as failure:
                wait = failure.retry_after_s if failure.retry_after_s is not None else FIRST_WAIT_S * 2**attempt
                if failure.kind not in _RETRIED or attempt == RETRIES or time.monotonic() + wait >= ends:
                    raise
                time.sleep(wait)
        raise AssertionError("unreachable")

    def _question(self, texts: list[str], ends: float) -> Vectors:
        left = ends - time.monotonic()
        if left <= 0:
            raise BackendFailure("timeout", "no time left")
        with self._lock:
            if not self._breaker.allows():
                raise BackendFailure("breaker_open", "left alone after repeated failures")
        messages = tuple(Message("user", text) for text in texts)
        request = BackendRequest(self.name, messages, None, 0.0, 0, left)
        call, estimate = ModelCall("embed", (self.name,), messages), estimated_tokens(texts)
        outcome, used, begun = "cancelled", None, time.monotonic()
        reservation = None
        try:
            reservation = self._ledger.reserve(call, request, estimate)
            reply = self._ask(self.name, texts, left)
            vectors = self._read(reply, len(texts))
            outcome, used = "ok", reply.input_tokens
            return vectors
        except BackendFailure as failure:
            outcome = failure.kind
            raise
        except AnswerloopError as failure:
            outcome = failure.code
            raise
        finally:
            with self._lock:
                self._breaker.failed() if outcome in _BREAKS else self._breaker.succeeded()
            if reservation is not None:
                free = outcome in ("rate_limited", "connection", "bad_request")
                tokens = 0 if free else used or estimate
                ms = 1000 * (time.monotonic() - begun)
                self._ledger.record(call, request, reservation, Usage(outcome, "", tokens, 0, bool(used) or free, ms))

    def _read(self, reply: Embedded, count: int) -> Vectors:
        lengths = {len(row) for row in reply.vectors}
        if len(reply.vectors) != count or len(lengths) != 1 or 0 in lengths:
            raise BackendFailure("bad_reply", "not one vector for each text")
        try:
            vectors = np.array(reply.vectors, np.float32)
        except (TypeError, ValueError):
            raise BackendFailure("bad_reply", "vectors that are no numbers") from None
        with self._lock:
            self._dimension = self._dimension or vectors.shape[1]
        if vectors.shape[1] != self._dimension or not np.isfinite(vectors).all() or not vectors.any(axis=1).all():
            raise BackendFailure("bad_reply", "vectors of another length, or of none")
        return vectors

    @staticmethod
    def _unit(rows: Vectors) -> Vectors:
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        tokens = estimated_tokens([text])
        if batch and (len(batch) == BATCH_TEXTS or size + tokens > BATCH_TOKENS):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += tokens
    if batch:
        yield batch


def _too_long(failure: BackendFailure) -> bool:
    """Whether a shorter text may be accepted; the kind says only that this one was not."""
    said = str(failure)
    return failure.kind == "bad_request" and ("ContextWindow" in said or said.endswith((" 400", " 413")))


def _close_clients(litellm: Any) -> None:
    """Close the blocking clients that LiteLLM keeps; those of event loops are the gateway's."""
    cache = litellm.in_memory_llm_clients_cache
    for key, client in list(cache.cache_dict.items()):
        if type(client).__name__ in ("OpenAI", "AzureOpenAI"):
            cache.cache_dict.pop(key, None)
            client.close()
