"""What the bundled model writes, in the shapes LiteLLM asks of a custom provider."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from service.models.bundled import BundledWriter, Writing
from service.models.calls import BackendRequest, Reply


async def write(
    writer: BundledWriter, request: BackendRequest, pieces: asyncio.Queue[str | Reply | Exception] | None = None
) -> Reply:
    """The bundled model's reply; its words go to `pieces` as they are written, then the whole or what failed."""
    loop, left = asyncio.get_running_loop(), threading.Event()

    def on_text(piece: str) -> None:
        if pieces is not None:
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

    writing = Writing(
        request.messages,
        request.schema,
        request.temperature,
        request.max_output_tokens,
        seed=request.repeat,
        on_text=on_text,
        stop=left.is_set,
    )
    try:
        reply = await asyncio.wrap_future(writer.submit(writing))
    except asyncio.CancelledError:
        left.set()
        raise
    except Exception as failure:
        if pieces is None:
            raise
        pieces.put_nowait(failure)
        return Reply("")
    if pieces is not None:
        pieces.put_nowait(reply)
    return reply


def chunk(text: str, end: Reply | None) -> dict[str, Any]:
    """A streamed piece in the shape LiteLLM wants of a custom provider; `end` closes the stream."""
    usage = None
    if end is not None:
        prompt, written = end.input_tokens or 0, end.output_tokens or 0
        usage = {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}
    finish = "" if end is None else end.finish
    ended = {"is_finished": end is not None, "finish_reason": finish, "usage": usage}
    return {"text": text, "tool_use": None, "index": 0, **ended}
