"""`answerloop serve` as a process of its own in a folder of its own, on loopback, to be killed and started again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from service.clock import system_clock
from service.database import Database, sqlite_url
from service.people import identity

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from service.cli import main; main()"]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SITE = "acme"
ROLES = ("site", "mentor", "moderator", "admin")


class Served:
    """One service and the key of its site. Everything it keeps lies in `folder`."""

    def __init__(self, folder: Path, **settings: str) -> None:
        (folder / "models").parent.mkdir(parents=True, exist_ok=True)
        if not (folder / "models").exists():
            (folder / "models").symlink_to(ROOT / "data" / "models")
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        names = ("_MODEL", "_API_KEY", "DATABASE_URL", "CHROMA_URL", "DATA_DIR", "EVAL_DATA")
        kept = {name: value for name, value in os.environ.items() if not name.endswith(names)}
        given = {
            "DATA_DIR": str(folder), "PORT": str(self.port), "REQUESTS_PER_MINUTE": "0", "DRAFT_MODEL": "",
            "PROMPTS_DIR": str(ROOT / "prompts"), "WEBHOOK_SECRET": SECRET, "WEBHOOK_ALLOW_PRIVATE": "true",
        }  # fmt: skip
        self.environment = kept | given | settings
        self.process: subprocess.Popen[bytes] | None = None
        self.keys = self._make_keys()
        self.starts = 0

    def command(self, *arguments: str) -> subprocess.Popen[bytes]:
        """One `answerloop` command, started."""
        where = (self.folder / "commands.log").open("ab")
        with where:
            return subprocess.Popen(
                [*COMMAND, *arguments], cwd=self.folder, env=self.environment, stdout=where, stderr=where
            )

    def start(self, seconds: float = 600.0) -> None:
        """Start it and wait until it is ready. Raises AssertionError with its last words where it is not."""
        self.starts += 1
        self.process = self.command("serve")
        ends = time.monotonic() + seconds
        while True:
            with contextlib.suppress(httpx.TransportError):
                if self.client().get("/readyz").status_code == 200:
                    return
            assert self.process.poll() is None and time.monotonic() < ends, self.log()
            time.sleep(0.05)

    def kill(self) -> None:
        """`kill -9`."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Stop it as a service manager would."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def client(self, role: str = "site", seconds: float = 60.0) -> httpx.Client:
        """A client with the key of a role."""
        headers = {"Authorization": f"Bearer {self.keys[role]}"}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=seconds, trust_env=False)

    def log(self) -> str:
        """The last words of its commands."""
        return (self.folder / "commands.log").read_text("utf-8", "replace")[-3000:]

    def _make_keys(self) -> dict[str, str]:
        database = Database(sqlite_url(self.folder / "answerloop.sqlite3"))
        try:
            database.create_schema()
            with database.write() as session:
                return {r: identity.create_key(session, r, SITE, system_clock()) for r in ROLES}
        finally:
            database.close()


@contextlib.contextmanager
def receiver() -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """A webhook receiver: its URL, and (webhook-id, event) of all that arrived."""
    got: list[tuple[str, dict[str, Any]]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((self.headers["webhook-id"], json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hooks", got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def thread(number: int) -> dict[str, Any]:
    """A past thread, told apart by its number."""
    author = {"id": f"mentor-{number % 7}", "level": "staff"}
    advice = f"Ask for the written plan number {number}. Tell your manager which two people must know what you changed."
    answers = [{"external_id": f"a{number}", "body": advice, "author": author, "created_at": "2026-01-02T00:00:00Z"}]
    title = f"Promotion number {number} declined for lack of visibility"
    body = f"My manager declined it again, case {number}. How do I become visible?"
    return {
        "title": title,
        "body": body,
        "created_at": "2026-01-01T00:00:00Z",
        "answers": answers,
        "tags": ["promotion"],
    }


def post(number: int, draft: str = "async") -> dict[str, Any]:
    """A post, told apart by its number."""
    body = f"This is time {number}: my manager says that I lack visibility. Which two people must know what I changed?"
    return {
        "site": SITE,
        "external_id": f"p-{number}",
        "title": f"Promotion declined, {number}",
        "body": body,
        "draft": draft,
    }
