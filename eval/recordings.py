"""Completions on disk: replayed, recorded, or exchanged as a batch; a Backend for the model gateway.

A recording is found by the digest of model, messages, schema, parameters and repeat (`BackendRequest.sha256`). It
carries the tokens, cost and latency of the call that made it, so that replay reports them. One JSON object a line; a
last line that was cut off while it was written counts for nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from eval import results
from service.models.calls import Backend, BackendFailure, BackendRequest, Reply
from service.models.prices import Prices

Mode = Literal["replay", "record", "live"]
COMMITTED = Path(__file__).parent / "recordings"
PIECE = 24


class InvalidRecordings(Exception):
    """A file of recordings that cannot be read; names file and line. Exit code 2."""


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

    @property
    def digest(self) -> str:
        """Of what was answered."""
        return hashlib.sha256(json.dumps([self.text, self.finish, self.refusal]).encode()).hexdigest()[:16]


@dataclass
class CaseCalls:
    """The model calls of one case. `rests_on`: digest of each request → digest of its completion."""

    case: str
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    ms: float = 0.0
    missed: int = 0
    failed: int = 0
    rests_on: dict[str, str] = field(default_factory=dict)


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
                self._known |= {recording.sha256: recording for recording in _read(path)}

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
            path = self._writable / f"{slug(recording.model)}.jsonl"
            end_last_line(path)
            with path.open("a", encoding="utf-8") as out:
                row = {key: value for key, value in asdict(recording).items() if value is not None}
                out.write(json.dumps(row, ensure_ascii=False) + "\n")


def slug(model: str) -> str:
    """A model id as a file name."""
    return "".join(c if c.isalnum() or c in "-._" else "_" for c in model)


def _read(path: Path) -> Iterator[Recording]:
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield Recording(**json.loads(line))
        except (ValueError, TypeError):
            if number < len(lines):
                raise InvalidRecordings(f"{path}:{number}: not a recording; take the line out") from None


def end_last_line(path: Path) -> None:
    """Take away what was cut off at the end of a file, or end a whole line, so that the next one stands by itself."""
    if not path.is_file() or path.stat().st_size == 0:
        return
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) == b"\n":
            return
        file.seek(0)
        whole, _, last = file.read().rpartition(b"\n")
        try:
            json.loads(last)
        except ValueError:
            file.truncate(len(whole) + 1 if whole else 0)
        else:
            file.write(b"\n")


def folders() -> list[Path]:
    """Where recordings are read from; of two for one request the later counts.

    What was recorded on this machine (`reports/recordings`), the committed ones, then EVAL_RECORDINGS.
    """
    other = os.environ.get("EVAL_RECORDINGS", "")
    return [own_folder(), COMMITTED, *([Path(other)] if other else [])]


def own_folder() -> Path:
    """Where recordings are written unless a folder is named."""
    return results.REPORTS / "recordings"


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

    def holds(self, rests_on: Mapping[str, str]) -> bool:
        """Whether requests still have the recordings they were answered from; in mode live nothing is answered from one."""
        if self._mode == "live":
            return True
        found = {sha256: self._recordings.find(sha256) for sha256 in rests_on}
        return all(known is not None and known.digest == rests_on[sha256] for sha256, known in found.items())

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
            if case is not None:
                case.missed += 1
            self.misses.setdefault(request.sha256, Miss(name, request))
        raise BackendFailure("bad_request", f"no recording of {request.model} for case {name}")

    async def _record(self, request: BackendRequest) -> Recording:
        assert self._real is not None
        began = time.monotonic()
        try:
            reply = await self._real.ask(request)
        except BackendFailure:
            if (case := _case.get()) is not None:
                case.failed += 1
            raise
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
            calls.rests_on[recording.sha256] = recording.digest
