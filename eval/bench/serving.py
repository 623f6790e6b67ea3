"""`answerloop serve` on a loaded store: how long until it is ready, and how much memory it holds, before and after drafts."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eval.runner import console
from service.clock import system_clock
from service.database import Database
from service.intake.post import NewPost
from service.people import identity
from service.settings import Settings
from service.stations import Stations

POSTS = 24
TARGET_S, TARGET_MB, TARGET_MB_WRITING = 4, 500, 950
PATIENCE_S = 240
HEAVY = ("litellm", "sklearn")
"""What a server must not import before somebody asks for what needs it."""


def serving(stations: Stations, _seconds: float, posts_of: Callable[[int], list[NewPost]]) -> None:
    """From the start of the process to `/readyz` 200, twice; resident memory then, after posts, and after a draft by the
    bundled model. The stations are stopped before: one process holds the stores."""
    settings = stations.settings
    console.print(f"heavy modules that the server's own import: {heavy_imports() or 'none'} (of {', '.join(HEAVY)})")
    for attempt in ("first", "warm"):
        begin = time.perf_counter()
        server = _serve(settings)
        try:
            took = _until_ready(settings.port, begin)
            console.print(
                f"start to /readyz ({attempt}): {took:.2f} s (target ≤ {TARGET_S}), {_resident(server):.0f} MB then"
            )
            if attempt == "warm":
                _fill_with_posts(settings, server, posts_of(POSTS))
        finally:
            server.terminate()
            server.wait(20)


def _fill_with_posts(settings: Settings, server: subprocess.Popen[bytes], posts: list[NewPost]) -> None:
    key = _key(settings)
    for post in posts:
        sent = {
            "site": post.site,
            "external_id": post.external_id,
            "title": post.title,
            "body": post.body,
            "draft": "none",
        }
        _call(settings, key, "/v1/posts", sent)
    console.print(f"resident memory after {POSTS} posts: {_resident(server):.0f} MB (target ≤ {TARGET_MB})")
    sent = {
        "site": posts[0].site,
        "external_id": "drafted",
        "title": "Only remote developer, and passed over for lead",
        "body": "For two years I have been the one person of my team who works from home. Now a colleague in the office became "
        "lead developer, although I carry the releases: decisions are made at the coffee machine. How do I become visible "
        "without moving back?",
    }
    draft = _call(settings, key, "/v1/posts", sent)["draft"]
    begin = time.perf_counter()
    while draft["status"] == "pending" and time.perf_counter() - begin < PATIENCE_S:
        time.sleep(1)
        draft = _call(settings, key, f"/v1/drafts/{draft['id']}")
    console.print(
        f"resident memory after a draft ({draft['status']}): {_resident(server):.0f} MB (target ≤ {TARGET_MB_WRITING})"
    )


def _serve(settings: Settings) -> subprocess.Popen[bytes]:
    environment = {"DATA_DIR": str(settings.data_dir), "PORT": str(settings.port), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "service.cli", "serve"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def heavy_imports(modules: str = "service.app, service.serving") -> str:
    """Those of `HEAVY` that come with `modules`, parted by commas; seen in a process of its own."""
    program = f"import sys, {modules}; print(*(name for name in {HEAVY} if name in sys.modules), sep=', ')"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def _key(settings: Settings) -> str:
    database = Database(settings.database)
    try:
        with database.write() as session:
            return identity.create_key(session, "admin", "*", system_clock())
    finally:
        database.close()


def _call(settings: Settings, key: str, path: str, body: dict[str, Any] | None = None) -> Any:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"http://127.0.0.1:{settings.port}{path}", data)
    request.add_header("Authorization", f"Bearer {key}")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def _resident(server: subprocess.Popen[bytes]) -> float:
    """Megabytes."""
    return int(Path(f"/proc/{server.pid}/statm").read_text().split()[1]) * 4096 / 1e6


def _until_ready(port: int, begin: float) -> float:
    while time.perf_counter() - begin < 60:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return time.perf_counter() - begin
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    return float("inf")
