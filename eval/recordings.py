"""Completions on disk: replayed, recorded, or exchanged as a batch; a Backend for the model gateway.

A recording is found by the digest of model, messages, schema, parameters and repeat (`BackendRequest.sha256`). It
carries the tokens, cost and latency of the call that made it, so that replay reports them. One JSON object a line.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from service.models.calls import Backend, BackendFailure, BackendRequest, Reply
from service.models.prices import Prices

Mode = Literal["replay", "record", "live"]
COMMITTED = Path(__file__).parent / "recordings"
PIECE = 24


@dataclass(frozen=True)
class Recording:
    """One kept completion, and what it took."""

    sha256: str
    model: str
    text: str
    finish: str = "stop"
    refusal: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float = 0.0
    ms: float = 0.0


@dataclass
class CaseCalls:
    """The model calls of one case."""

    case: str
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    ms: float = 0.0


_case: ContextVar[CaseCalls | None] = ContextVar("case", default=None)


@contextmanager
def calls_of(case: str) -> Iterator[CaseCalls]:
    """Model calls made inside belong to `case`."""
    calls = CaseCalls(case)
    token = _case.set(calls)
    try:
        yield calls
    finally:
        _case.reset(token)


class Recordings:
    """Every recording of some folders; new ones are appended to `writable`, one file for each model."""

    def __init__(self, folders: list[Path], writable: Path | None = None) -> None:
        self._known: dict[str, Recording] = {}
        self._writable = writable
        self._lock = threading.Lock()
        for folder in folders:
            for path in sorted(folder.rglob("*.jsonl")) if folder.is_dir() else []:
                with path.open(encoding="utf-8") as lines:
                    for line in lines:
                        if line.strip():
                            recording = Recording(**json.loads(line))
                            self._known[recording.sha256] = recording

    def __len__(self) -> int:
        return len(self._known)

    def find(self, sha256: str) -> Recording | None:
        """The recording of a request."""
        return self._known.get(sha256)

    def keep(self, recording: Recording) -> None:
        """Remember, and append to the writable folder."""
        with self._lock:
            self._known[recording.sha256] = recording
            if self._writable is None:
                return
            self._writable.mkdir(parents=True, exist_ok=True)
            with (self._writable / f"{slug(recording.model)}.jsonl").open("a", encoding="utf-8") as out:
                row = {key: value for key, value in asdict(recording).items() if value is not None}
                out.write(json.dumps(row, ensure_ascii=False) + "\n")


def slug(model: str) -> str:
    """A model id as a file name."""
    return "".join(c if c.isalnum() or c in "-._" else "_" for c in model)


def folders() -> list[Path]:
    """Where recordings are read from: the committed ones, then EVAL_RECORDINGS."""
    other = os.environ.get("EVAL_RECORDINGS", "")
    return [COMMITTED, *([Path(other)] if other else [])]


@dataclass(frozen=True)
class Miss:
    """A completion that was needed and is not recorded."""

    case: str
    request: BackendRequest


class RecordingBackend:
    """Answers from recordings. In `record` and `live` what is missing (live: everything) is asked of `real`.

    In `replay` a miss is noted under the case that needed it and fails the call; nothing goes to the network.
    """

    def __init__(self, recordings: Recordings, mode: Mode = "replay", real: Backend | None = None) -> None:
        self._recordings = recordings
        self._mode = mode
        self._real = real
        self._prices = Prices("")
        self._lock = threading.Lock()
        self.misses: dict[str, Miss] = {}

    async def ask(self, request: BackendRequest) -> Reply:
        """The recorded or real reply. Raises BackendFailure on a miss."""
        recording = None if self._mode == "live" else self._recordings.find(request.sha256)
        if recording is None:
            if self._real is None:
                self._miss(request)
            recording = await self._record(request)
        self._count(recording)
        return Reply(
            recording.text, recording.finish, recording.refusal, recording.input_tokens, recording.output_tokens
        )

    async def stream(self, request: BackendRequest) -> AsyncGenerator[str | Reply, None]:
        """The reply in pieces, then whole."""
        reply = await self.ask(request)
        for start in range(0, len(reply.text), PIECE):
            yield reply.text[start : start + PIECE]
        yield reply

    async def close(self) -> None:
        """Close the real backend."""
        if self._real is not None:
            await self._real.close()

    def _miss(self, request: BackendRequest) -> None:
        case = _case.get()
        name = case.case if case is not None else "?"
        with self._lock:
            self.misses.setdefault(request.sha256, Miss(name, request))
        raise BackendFailure("bad_request", f"no recording of {request.model} for case {name}")

    async def _record(self, request: BackendRequest) -> Recording:
        assert self._real is not None
        began = time.monotonic()
        reply = await self._real.ask(request)
        recording = Recording(
            request.sha256, request.model, reply.text, reply.finish, reply.refusal, reply.input_tokens,
            reply.output_tokens, self.cost(request.model, reply), round(1000 * (time.monotonic() - began), 1),
        )  # fmt: skip
        if self._mode == "record":
            self._recordings.keep(recording)
        return recording

    def cost(self, model: str, reply: Reply) -> float:
        """What a reply cost in USD by the service's price table; 0 where no price is known."""
        price = self._prices.of(model)
        return price.micro_usd(reply.input_tokens or 0, reply.output_tokens or 0) / 1e6 if price is not None else 0.0

    def _count(self, recording: Recording) -> None:
        calls = _case.get()
        if calls is None:
            return
        with self._lock:
            calls.calls += 1
            calls.input_tokens += recording.input_tokens or 0
            calls.output_tokens += recording.output_tokens or 0
            calls.cost_usd += recording.cost_usd
            calls.ms += recording.ms
