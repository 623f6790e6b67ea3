"""An OpenAI-compatible server on loopback whose models misbehave, each in its own way.

The model's name says how: `openai/good`, `openai/hang`, … `Server.asked` counts requests by model, `Server.bodies`
keeps what was sent.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

GOOD = {"verdict": "fine", "score": 0.5}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["verdict", "score"],
    "properties": {"verdict": {"type": "string"}, "score": {"type": "number", "minimum": 0, "maximum": 1}},
}


class Server:
    """Listens on a free port of 127.0.0.1 from `start` to `stop`."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.bodies: list[bytes] = []
        self.open_connections = 0
        self.address = ""
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> Server:
        """Begin to listen."""
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def stop(self) -> None:
        """Drop every connection."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open_connections -= 1
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-length")
        )
        body = await reader.readexactly(length)
        self.bodies.append(body)
        request = json.loads(body)
        model = request["model"]
        self.asked[model] += 1
        return bool(await getattr(self, f"_{model}")(writer, request, self.asked[model]))

    # one method for each way to behave; True keeps the connection

    async def _good(self, writer: asyncio.StreamWriter, request: dict[str, Any], _count: int) -> bool:
        return await _answer(writer, request, json.dumps(GOOD))

    async def _echo(self, writer: asyncio.StreamWriter, request: dict[str, Any], _count: int) -> bool:
        return await _answer(writer, request, request["messages"][-1]["content"])

    async def _slow(self, writer: asyncio.StreamWriter, request: dict[str, Any], _count: int) -> bool:
        await asyncio.sleep(0.4)
        return await _answer(writer, request, json.dumps(GOOD))

    async def _limited(self, writer: asyncio.StreamWriter, request: dict[str, Any], count: int) -> bool:
        if count == 1:
            return await _send(writer, b'{"error": {"message": "slow down"}}', status=429, more="retry-after: 1\r\n")
        return await _answer(writer, request, json.dumps(GOOD))

    async def _limited_long(self, writer: asyncio.StreamWriter, _request: dict[str, Any], _count: int) -> bool:
        return await _send(writer, b'{"error": {"message": "slow down"}}', status=429, more="retry-after: 3600\r\n")

    async def _flaky(self, writer: asyncio.StreamWriter, request: dict[str, Any], count: int) -> bool:
        if count == 1:
            return await _send(writer, b'{"error": {"message": "oops"}}', status=500)
        return await _answer(writer, request, json.dumps(GOOD))

    async def _broken(self, writer: asyncio.StreamWriter, _request: dict[str, Any], _count: int) -> bool:
        return await _send(writer, b'{"error": {"message": "oops"}}', status=500)

    async def _silent(self, _writer: asyncio.StreamWriter, _request: dict[str, Any], _count: int) -> bool:
        return True  # and waits for a next request that never comes

    async def _hang(self, writer: asyncio.StreamWriter, request: dict[str, Any], _count: int) -> bool:
        if request.get("stream"):
            await _stream(writer, ['{"verdict": ', '"fi'], end=False)
        else:
            writer.write(
                b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{"id": "1", '
            )
            await writer.drain()
        return True

    async def _truncated(self, writer: asyncio.StreamWriter, request: dict[str, Any], _count: int) -> bool:
        return await _answer(writer, request, json.dumps(GOOD)[:-9], finish="length")

    async def _truncated_silently(self, writer: asyncio.StreamWriter, request: dict[str, Any], _count: int) -> bool:
        return await _answer(writer, request, json.dumps(GOOD)[:-1])

    async def _sloppy(self, writer: asyncio.StreamWriter, request: dict[str, Any], _count: int) -> bool:
        return await _answer(writer, request, "Here you are:\n```json\n{'verdict': 'fine', 'score': 0.5,}\n```")

    async def _wrong(self, writer: asyncio.StreamWriter, request: dict[str, Any], _count: int) -> bool:
        return await _answer(writer, request, '{"verdict": "fine", "score": 7}')

    async def _learns(self, writer: asyncio.StreamWriter, request: dict[str, Any], count: int) -> bool:
        text = '{"verdict": "fine"}' if count == 1 else json.dumps(GOOD)
        return await _answer(writer, request, text)

    async def _schemaless(self, writer: asyncio.StreamWriter, request: dict[str, Any], _count: int) -> bool:
        if "response_format" in request:
            return await _send(writer, b'{"error": {"message": "response_format is not supported"}}', status=400)
        return await _answer(writer, request, json.dumps(GOOD))

    async def _refuses(self, writer: asyncio.StreamWriter, request: dict[str, Any], _count: int) -> bool:
        return await _answer(writer, request, "I'm sorry, but I can't help with that.")

    async def _filtered(self, writer: asyncio.StreamWriter, request: dict[str, Any], _count: int) -> bool:
        return await _answer(writer, request, "", finish="content_filter")

    async def _empty(self, writer: asyncio.StreamWriter, request: dict[str, Any], _count: int) -> bool:
        return await _answer(writer, request, "")

    async def _html(self, writer: asyncio.StreamWriter, _request: dict[str, Any], _count: int) -> bool:
        return await _send(writer, b"<html><body><h1>Welcome to nginx</h1></body></html>", kind="text/html")

    async def _html_error(self, writer: asyncio.StreamWriter, _request: dict[str, Any], _count: int) -> bool:
        return await _send(writer, b"<html><h1>502 Bad Gateway</h1></html>", status=502, kind="text/html")

    async def _wrong_type(self, writer: asyncio.StreamWriter, request: dict[str, Any], _count: int) -> bool:
        return await _send(writer, json.dumps(_completion(json.dumps(GOOD), "stop")).encode(), kind="text/plain")

    async def _not_a_completion(self, writer: asyncio.StreamWriter, _request: dict[str, Any], _count: int) -> bool:
        return await _send(writer, b'{"hello": [1, 2, 3]}')

    async def _endless(self, writer: asyncio.StreamWriter, request: dict[str, Any], _count: int) -> bool:
        if request.get("stream"):
            await _stream(writer, _forever(), end=False)
            return False
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
        async for _piece in _forever():
            writer.write(b"4000\r\n" + b" " * 0x4000 + b"\r\n")
            await writer.drain()
        return False

    async def _closes(self, writer: asyncio.StreamWriter, request: dict[str, Any], _count: int) -> bool:
        if request.get("stream"):
            await _stream(writer, ['{"verdict": "fi'], end=False)
        return False

    async def _unauthorised(self, writer: asyncio.StreamWriter, _request: dict[str, Any], _count: int) -> bool:
        return await _send(writer, b'{"error": {"message": "bad key"}}', status=401)


def _completion(text: str, finish: str) -> dict[str, Any]:
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }


async def _answer(writer: asyncio.StreamWriter, request: dict[str, Any], text: str, finish: str = "stop") -> bool:
    if request.get("stream"):
        return await _stream(writer, [text[start : start + 5] for start in range(0, len(text), 5)], finish=finish)
    return await _send(writer, json.dumps(_completion(text, finish)).encode())


async def _send(
    writer: asyncio.StreamWriter, body: bytes, status: int = 200, kind: str = "application/json", more: str = ""
) -> bool:
    head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n{more}\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    return True


async def _stream(
    writer: asyncio.StreamWriter, pieces: list[str] | AsyncIterator[str], finish: str = "stop", end: bool = True
) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
    if isinstance(pieces, list):
        for piece in pieces:
            await _event(writer, {"content": piece}, None)
    else:
        async for piece in pieces:
            await _event(writer, {"content": piece}, None)
    if end:
        await _event(writer, {}, finish)
        writer.write(b"data: [DONE]\n\n")
        await writer.drain()
    return False


async def _event(writer: asyncio.StreamWriter, delta: dict[str, str], finish: str | None) -> None:
    chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    line = {**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    writer.write(f"data: {json.dumps(line)}\n\n".encode())
    await writer.drain()


async def _forever() -> AsyncIterator[str]:
    while True:
        await asyncio.sleep(0.002)
        yield '{"verdict": "la la la la la la la la la la '
