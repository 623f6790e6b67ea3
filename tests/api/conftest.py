"""A whole service on both databases with real stores and models, and callers for each role."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from fastapi.testclient import TestClient

from service.app import Adapters, create_app
from service.people import identity
from service.settings import Settings
from service.stations import Stations
from tests.furnished import Shared, copy_database


@dataclass
class Service:
    """A running service in this process, and the keys to it."""

    client: TestClient
    stations: Stations
    keys: dict[str, str]

    def call(self, method: str, path: str, role: str | None = "site", **arguments: Any) -> Any:
        """One request as a role; None: without a key."""
        headers = dict(arguments.pop("headers", {}))
        if role is not None:
            headers["Authorization"] = f"Bearer {self.keys[role]}"
        return self.client.request(method, path, headers=headers, **arguments)

    def call_raw(self, method: str, path: str, role: str, headers: dict[str, bytes]) -> httpx.Response:
        """One request whose header bytes arrive as they are: the test client would make UTF-8 of them."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.client.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                key = f"Bearer {self.keys[role]}".encode()
                sent = {b"Authorization": key} | {name.encode(): value for name, value in headers.items()}
                return await client.request(method, path, headers=sent)

        with ThreadPoolExecutor(1) as apart:  # browser tests leave a loop running in this thread
            return apart.submit(anyio.run, ask).result()

    def post(self, external_id: str, title: str, body: str, **more: Any) -> Any:
        """Send a post as the site."""
        sent = {"site": "acme", "external_id": external_id, "title": title, "body": body, "draft": "none"} | more
        return self.call("POST", "/v1/posts", content=json.dumps(sent), headers={"Content-Type": "application/json"})


@pytest.fixture
def start(
    make_settings: Callable[..., Settings], database_url: str, embedder: Any,
    acme_template: Callable[[str], tuple[str, Path]],
) -> Iterator[Callable[..., Service]]:  # fmt: skip
    """Starts a service with a small corpus on the site `acme`; settings and adapters may be changed."""
    opened: list[TestClient] = []

    def run(adapters: Adapters | None = None, *, jobs: bool = False, **changes: Any) -> Service:
        settings = make_settings(database_url=database_url, requests_per_minute=0, **changes)
        adapters = adapters or Adapters()
        if adapters.embedder is None:
            adapters = replace(adapters, embedder=Shared(embedder))
        if not opened:
            url, folder = acme_template(database_url)
            copy_database(url, database_url)
            shutil.copytree(folder / "chroma", settings.data_dir / "chroma", dirs_exist_ok=True)
        app = create_app(settings, adapters, run_jobs=jobs)
        client = TestClient(app, raise_server_exceptions=False)
        client.__enter__()
        opened.append(client)
        stations: Stations = app.state.stations
        keys = {}
        with stations.database.write() as session:
            for role in ("site", "mentor", "moderator", "admin"):
                keys[role] = identity.create_key(session, role, "acme", stations.clock())
            keys["stranger"] = identity.create_key(session, "site", "elsewhere", stations.clock())
        return Service(client, stations, keys)

    yield run
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def service(start: Callable[..., Service]) -> Service:
    """A service without running jobs."""
    return start()
