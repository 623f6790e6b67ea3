"""A topic listing copied from the browser: every shape its page has, and what becomes of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from service.clock import system_clock
from service.corpus.importers.page import open_page
from service.corpus.importers.record import Found, Refused
from service.corpus.importing import import_file
from service.corpus.indexing import Index
from service.corpus.tables import ThreadRow, TopicRow
from service.corpus.vectors import VectorStore
from service.settings import Settings
from tests.furnished import sqlite_copy

SITE = "camp"
LISTING = """\
Taro Logo
Profile picture

Release Captain Q&A and Videos

About Release Captain

A release captain decides on the day what ships and what waits.

How do I say no on release day?

Senior Build Engineer [L5] at Northwind profile pic
Senior Build Engineer [L5] at Northwind

Every fortnight somebody brings a change at the last minute.

What I have tried:

  • a cut-off at noon
  • a form that nobody fills in

It has had 300 Views
of our wiki page, and it changed nothing.

Show more
1,204 Views
2 Comments

Is a rota better than one captain?

Data Engineer at Taro Community profile pic
Data Engineer at Taro Community

We are six people, and I have been captain since spring.

Show more
3.1K Views
1 Comments

I'm Noor, I ran releases for a bank for nine years. AMA!

Noor Beispiel (Director of Release Engineering at Fernbank) profile pic
Noor Beispiel (Director of Release Engineering at Fernbank)

Ask about rollbacks, about audits, about sleep.

Show more
455 Views
19 Comments

Learn About Release Captain

A release captain keeps the list of what goes out.
They answer for the rollback too.

Show more
"""
NO, ROTA, AMA = (
    "How do I say no on release day?",
    "Is a rota better than one captain?",
    "I'm Noor, I ran releases for a bank for nine years. AMA!",
)


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """SQLite alone: these tests are about what is read."""
    return sqlite_copy(sqlite_template, tmp_path)


@pytest.fixture
def vectors(make_settings: Callable[..., Settings]) -> Iterator[VectorStore]:
    """A store in a folder, for the same reason."""
    store = VectorStore(make_settings())
    yield store
    store.close()


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "listing.txt"
    path.write_text(LISTING, "utf-8")
    return path


def read(path: Path) -> dict[str, Found]:
    """The entries of a listing by title; none may be refused."""
    records = list(open_page(path, SITE).records(0))
    found = [record for record in records if isinstance(record, Found)]
    assert len(found) == len(records)
    return {record.thread.title: record for record in found}


def author(record: Found) -> dict[str, Any]:
    assert record.thread.author is not None
    return record.thread.author.model_dump(exclude_none=True)


def test_each_entry_is_its_title_body_and_counts_without_the_furniture(page: Path) -> None:
    entries = read(page)
    assert list(entries) == [NO, ROTA, AMA]
    assert entries[NO].thread.body == (
        "Every fortnight somebody brings a change at the last minute.\n\nWhat I have tried:\n\n"
        "  • a cut-off at noon\n  • a form that nobody fills in\n\n"
        "It has had 300 Views\nof our wiki page, and it changed nothing."
    )
    assert entries[ROTA].thread.body == "We are six people, and I have been captain since spring."
    counts = [(entry.thread.views, entry.thread.comments) for entry in entries.values()]
    assert counts == [(1204, 2), (3100, 1), (455, 19)]
    assert {entry.thread.topic for entry in entries.values()} == {"Release Captain"}


def test_an_author_line_gives_role_company_and_name_and_the_placeholder_is_no_employer(page: Path) -> None:
    entries = read(page)
    nobody = {title: f"author-of-{entry.external_id}" for title, entry in entries.items()}
    assert author(entries[NO]) == {"id": nobody[NO], "role": "Senior Build Engineer [L5]", "company": "Northwind"}
    assert author(entries[ROTA]) == {"id": nobody[ROTA], "role": "Data Engineer"}
    named = {"id": "Noor Beispiel", "role": "Director of Release Engineering", "company": "Fernbank"}
    assert author(entries[AMA]) == named


def test_an_entry_is_known_by_its_site_title_and_author_line(page: Path) -> None:
    place = "\x1f".join((SITE, ROTA, "Data Engineer at Taro Community"))
    assert read(page)[ROTA].external_id == "page-" + hashlib.sha256(place.encode()).hexdigest()[:24]
    [elsewhere] = [r for r in open_page(page, "other").records(0) if isinstance(r, Found) and r.thread.title == ROTA]
    assert elsewhere.external_id != read(page)[ROTA].external_id


@pytest.mark.parametrize("stray", ["Sort by newest", "12 Views"])
def test_a_line_that_belongs_nowhere_is_refused_by_its_number(page: Path, stray: str) -> None:
    page.write_text(LISTING.replace("Profile picture", f"Profile picture\n{stray}", 1), "utf-8")
    source = open_page(page, SITE)
    refused = [record for record in source.records(0) if isinstance(record, Refused)]
    assert refused == [Refused(3, "line 3 belongs to no entry")] and source.total == 4


def test_the_same_page_copied_later_changes_nothing_and_both_texts_describe_the_topic(index: Index, page: Path) -> None:
    first = bring(index, page)
    assert (first["imported"], first["refused"]) == (3, 0)
    with index.database.read() as session:
        kinds = {row.title: row.kind for row in session.scalars(sa.select(ThreadRow))}
        topic = session.scalars(sa.select(TopicRow)).one()
        before = {row.external_id: row.created_at for row in session.scalars(sa.select(ThreadRow))}
    assert kinds == {NO: "question", ROTA: "question", AMA: "announcement"}
    assert (topic.site, topic.name) == (SITE, "Release Captain")
    assert topic.description == (
        "A release captain decides on the day what ships and what waits.\n\n"
        "A release captain keeps the list of what goes out.\nThey answer for the rollback too."
    )
    os.utime(page, (1_900_000_000, 1_900_000_000))
    again = bring(index, page)
    assert (again["imported"], again["changed"], again["unchanged"]) == (0, 0, 3)
    with index.database.read() as session:
        assert {row.external_id: row.created_at for row in session.scalars(sa.select(ThreadRow))} == before


def test_a_changed_text_is_the_same_entry(index: Index, page: Path) -> None:
    bring(index, page)
    page.write_text(LISTING.replace("six people", "seven people").replace("3.1K Views", "3.2K Views"), "utf-8")
    again = bring(index, page)
    assert (again["imported"], again["changed"], again["unchanged"]) == (0, 1, 2)


def bring(index: Index, path: Path) -> dict[str, Any]:
    return import_file(index.database, index, system_clock, path, site=SITE, format="page")
