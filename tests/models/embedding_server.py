"""An OpenAI-compatible embedding server on loopback whose models behave each in its own way, as its name says.

A vector counts hashed words, so that texts with the same words are near one another.
"""

from __future__ import annotations

import json
import re
import threading
import time
import zlib
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DIMENSION = 48
LONGEST = 200
"""Characters that model `short` reads."""


def vector_of(text: str) -> list[float]:
    """Not of length 1: the caller has to see to that."""
    row = [0.01] * DIMENSION
    for word in re.findall(r"\w+", text.lower()):
        row[zlib.crc32(word.encode()) % DIMENSION] += 2.0
    return row


class EmbeddingServer:
    """Listens on a free port of 127.0.0.1. `texts` keeps what was sent by model, `asked` counts requests.

    `hold_after[model]` requests of a model are answered, the later ones wait until `release` is set, and fail.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.texts: dict[str, list[str]] = {}
        self.most: Counter[str] = Counter()
        self.hold_after: dict[str, int] = {}
        self.held, self.release = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status, body = outer.answer(asked["model"], asked["input"])
                sent = json.dumps(body).encode()
                try:
                    self.send_response(status)
                    self.send_header("content-type", "application/json")
                    self.send_header("content-length", str(len(sent)))
                    self.end_headers()
                    self.wfile.write(sent)
                except OSError:
                    self.close_connection = True  # the caller is gone

            def log_message(self, *_args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer nothing more."""
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def answer(self, model: str, texts: list[str]) -> tuple[int, dict[str, Any]]:
        """Status and body of one request."""
        with self._lock:
            self.asked[model] += 1
            count = self.asked[model]
            self.most[model] = max(self.most[model], len(texts))
        if count > self.hold_after.get(model, 1_000_000):
            self.held.set()
            self.release.wait(60)
            return 500, {"error": {"message": "held too long"}}
        if model == "broken" or (model == "flaky" and count == 1):
            return 500, {"error": {"message": "oops"}}
        if model == "keyless":
            return 401, {"error": {"message": "no such key"}}
        if model == "slow":
            time.sleep(3)
        if model == "short" and any(len(text) > LONGEST for text in texts):
            return 400, {"error": {"message": "this model's maximum context length is 40 tokens"}}
        with self._lock:
            self.texts.setdefault(model, []).extend(texts)
        vectors = [vector_of(text) for text in texts]
        if model == "fewer":
            vectors = vectors[1:]
        if model == "zeros":
            vectors = [[0.0] * DIMENSION for _ in texts]
        if model == "uneven":
            vectors[0] = vectors[0][1:]
        rows = [{"object": "embedding", "index": n, "embedding": vector} for n, vector in enumerate(vectors)]
        used = {"prompt_tokens": 5 * len(texts), "total_tokens": 5 * len(texts)}
        return 200, {"object": "list", "model": model, "data": list(reversed(rows)), "usage": used}
