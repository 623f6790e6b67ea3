"""A backend that says what a test wrote down for it, and fails when it is asked for more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from typing import Any

from service.models.calls import BackendFailure, BackendRequest, Reply

Line = Reply | BackendFailure | str | Mapping[str, Any] | float | Callable[[BackendRequest], Any]
"""A reply, a failure, the text or the JSON of a reply, seconds to be silent before the next line, or a function of the
request that returns one of these."""


class ScriptExhausted(AssertionError):
    """The code under test asked a model more often than the script foresaw."""


class ScriptedBackend:
    """Answers from a script, in order; `requests` keeps what was asked, as it would have left the machine."""

    def __init__(self, lines: Iterable[Line] = (), *, piece: int = 12) -> None:
        self._lines = iter(lines)
        self._piece = piece
        self.requests: list[BackendRequest] = []
        self.closed = False

    async def ask(self, request: BackendRequest) -> Reply:
        """The next line of the script. Raises ScriptExhausted after the last."""
        self.requests.append(request)
        while True:
            try:
                line = next(self._lines)
            except StopIteration:
                raise ScriptExhausted(f"no line left for request {len(self.requests)} to {request.model}") from None
            if callable(line):
                line = line(request)
            if not isinstance(line, float):
                return _reply(line)
            await asyncio.sleep(line)

    async def stream(self, request: BackendRequest) -> AsyncGenerator[str | Reply, None]:
        """The next line in pieces, then as a whole."""
        reply = await self.ask(request)
        for start in range(0, len(reply.text), self._piece):
            yield reply.text[start : start + self._piece]
        yield reply

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


def _reply(line: Any) -> Reply:
    if isinstance(line, BackendFailure):
        raise line
    if isinstance(line, Mapping):
        line = json.dumps(line, ensure_ascii=False)
    if isinstance(line, str):
        return Reply(line, input_tokens=10, output_tokens=max(1, len(line) // 4))
    if isinstance(line, Reply):
        return line
    raise TypeError(f"a script has no lines of type {type(line).__name__}")
