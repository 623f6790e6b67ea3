"""A backend that fails on purpose, in each of the ways that providers do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

from service.models.calls import BackendFailure, BackendRequest, FailureKind, Reply

_KINDS: dict[str, FailureKind] = {
    "rate_limited": "rate_limited", "server_error": "server_error", "connection_closed": "connection", "html_page": "bad_reply",
}  # fmt: skip
REPLIES: dict[str, Reply | None] = {
    **dict.fromkeys(_KINDS),
    "hangs": None,
    "empty": Reply(""),
    "refuses": Reply("I'm sorry, but I can't help with that."),
    "refuses_by_field": Reply("", refusal="I cannot."),
    "rubbish": Reply("lorem ipsum dolor"),
    "cut_off": Reply('{"flags": [{"category": "harassment", "clause": "3', finish="length"),
    "wrong_schema": Reply('{"answer": 42}'),
    "wrong_types": Reply('{"flags": "none", "sentences": "none", "form": 1, "abstain_reason": 2, "summary": 3}'),
    "endless": Reply('{"summary": "' + "a" * 20_000, finish="length"),
}


class Failing:
    """Fails in the way that was chosen last; one case at a time."""

    def __init__(self) -> None:
        self._name = "rubbish"
        self._turn = threading.Lock()

    @contextmanager
    def failing(self, name: str) -> Iterator[None]:
        """Fail so for a while."""
        with self._turn:
            self._name = name
            yield

    async def ask(self, request: BackendRequest) -> Reply:
        """The failure."""
        if self._name in _KINDS:
            raise BackendFailure(_KINDS[self._name], "on purpose")
        if self._name == "hangs":
            await asyncio.sleep(request.timeout_s + 30)
        reply = REPLIES[self._name]
        assert reply is not None
        return reply

    async def stream(self, request: BackendRequest) -> AsyncGenerator[str | Reply, None]:
        """The failure, streamed."""
        reply = await self.ask(request)
        yield reply.text
        yield reply

    async def close(self) -> None:
        """Nothing to free."""
