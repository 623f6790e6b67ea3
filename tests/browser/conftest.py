"""A served community and the system's Chromium. Skipped, loudly, where there is no Chromium."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from service.app import Adapters, create_app
from service.people import identity
from service.settings import Settings
from service.stations import Stations
from tests.conftest import MODELS, ROOT
from tests.prompting.conftest import second

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
HOSTILE = "<script>window.hacked=1</script><svg onload='window.hacked=2'><img src=x onerror='window.hacked=3'>"
SPAM = (
    "I made $5000 a week with this crypto course. Click https://bit.ly/x and use my referral code RICH to join now!!!"
)
PERSON = (
    "He is Gerald Fitzwilliam, call him on +44 7700 900123 or write to gerald.fitzwilliam@example.com and tell him "
    "what you think of how he treats people."
)
POSTS = [
    ("spam-1", "Earn money from home", SPAM),
    ("person-1", "My manager's number", PERSON),
    (
        "crisis-1",
        "I cannot go on",
        "I do not want to live any more. I have decided to kill myself tonight after the review.",
    ),
    ("hostile-1", HOSTILE, f"{SPAM} {HOSTILE} [x](javascript:window.hacked=4) \u202egnp.exe"),
    ("long-1", "A very long story", f"{SPAM} {'wordwithoutanend' * 6000}"),
    ("spam-2", "Earn money from home, part two", SPAM.replace("5000", "7000")),
    ("spam-3", "Earn money from home, part three", SPAM.replace("5000", "9000")),
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs Chromium."""
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@dataclass
class Site:
    """A service that listens, its keys, and how posts get into it."""

    address: str
    keys: dict[str, str]
    stations: Stations

    def api(self, method: str, path: str, role: str, body: Any = None) -> Any:
        """One API call."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.address}{path}", data, method=method)
        request.add_header("Authorization", f"Bearer {self.keys[role]}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request) as answer:
            raw = answer.read()
        return json.loads(raw) if raw else None

    def send(self, external_id: str, title: str, body: str) -> str:
        """Send a post; returns its id."""
        sent = {"site": "acme", "external_id": external_id, "title": title, "body": body, "draft": "none"}
        return str(self.api("POST", "/v1/posts", "site", sent)["post_id"])


def serve(folder: Path, *, two_versions: bool = False, adapters: Adapters = Adapters()) -> Iterator[Site]:
    """A service on a free port with every post of `POSTS`; on request `flag_post` has a second version to compare."""
    (folder / "models").symlink_to(MODELS)
    prompts = ROOT / "prompts"
    if two_versions:
        prompts = folder / "prompts"
        shutil.copytree(ROOT / "prompts", prompts)
        second(prompts, "flag_post")
    settings = Settings(
        _env_file=None, data_dir=folder, prompts_dir=prompts, requests_per_minute=0, audit_share=0.0,  # type: ignore[call-arg]
        second_review_share=0.0, draft_model="",
    )  # fmt: skip
    app = create_app(settings, adapters, run_jobs=False)
    stations = app.state.stations
    keys = {}
    with stations.database.write() as session:
        for role in ("site", "mentor", "moderator", "admin"):
            keys[role] = identity.create_key(session, role, "acme", stations.clock())
        keys["elsewhere"] = identity.create_key(session, "site", "other", stations.clock())
        keys["second"] = identity.create_key(session, "moderator", "acme", stations.clock())
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    site = Site(f"http://127.0.0.1:{port}", keys, stations)
    for post in POSTS:
        site.send(*post)
    yield site
    server.should_exit = True
    server.force_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A service on a free port with every post of `POSTS`."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield from serve(Path(folder), two_versions=True)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The system's Chromium."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("NO CHROMIUM: the pages were not tested in a browser. Install it: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def sign_in(chromium: Any, site: Site, role: str = "moderator", **options: Any) -> Any:
    """A page of a browser of its own, signed in; errors in the page and on the console fail the test."""
    context = chromium.new_context(**({"viewport": {"width": 1440, "height": 900}} | options))
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto(site.address)
    page.get_by_label("API key").fill(site.keys[role])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/*")
    return page


def problems(page: Any) -> list[str]:
    """What axe finds that is serious or critical, as `rule: element`."""
    found = page.evaluate(AXE.read_text("utf-8") + "; axe.run(document, {resultTypes: ['violations']})")
    grave = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
    return [f"{v['id']}: {node['html'][:120]}" for v in grave for node in v["nodes"]]


def overflow(page: Any) -> int:
    """How many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def wider(page: Any) -> list[str]:
    """The elements that make the page wider than its window, if it is."""
    if overflow(page) <= 0:
        return []
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
        ".map(e => e.outerHTML.slice(0, 90))"
    )
    return [f"{overflow(page)} px too wide: {part}" for part in found[:3]] or [f"{overflow(page)} px too wide"]
