"""What each importer makes of its format, what it refuses, and that doing it twice changes nothing."""

from __future__ import annotations

import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from service.clock import system_clock
from service.corpus import repository
from service.corpus.check_index import check_index
from service.corpus.importing import import_file
from service.corpus.indexing import Index
from service.corpus.passages import ThreadText
from service.corpus.tables import ThreadRow
from service.corpus.thread import ThreadView
from service.database import Database
from service.errors import InvalidInput
from tests.corpus.importers.sources import EXPECTED, WRITERS, discourse_topic, write_discourse, write_stackexchange

SITE = "camp"


def bring(index: Index, path: Path, format: str, **more: Any) -> dict[str, Any]:
    return import_file(index.database, index, system_clock, path, site=SITE, format=format, **more)


def known(database: Database, external_id: str) -> tuple[ThreadView, ThreadText]:
    """What is kept of a thread, and its readable text."""
    with database.read() as session:
        where = (ThreadRow.site == SITE, ThreadRow.external_id == external_id)
        id_ = session.scalars(sa.select(ThreadRow.id).where(*where)).one()
        return repository.threads(session, [id_])[id_], repository.texts(session, [id_])[id_]


@pytest.mark.parametrize("format", list(WRITERS))
def test_everything_is_imported_once_and_counted_and_the_same_again_changes_nothing(
    index: Index, tmp_path: Path, format: str
) -> None:
    path = WRITERS[format](tmp_path)
    steps: list[tuple[int, int | None, str]] = []
    report = bring(index, path, format, progress=lambda *step: steps.append(step))
    expected = EXPECTED[format]
    assert {name: report[name] for name in expected} == expected
    assert len(report["bad"]) == expected["refused"] and all(bad["reason"] for bad in report["bad"])
    assert steps[-1][2] == "done" and (steps[0][1] or expected["read"]) == expected["read"]
    check = check_index(index, SITE, every_text=True)
    assert check.ok and check.waiting == 0
    again = bring(index, path, format)
    assert (again["imported"], again["changed"], again["unchanged"]) == (0, 0, expected["imported"])
    after = check_index(index, SITE)
    assert after.ok and (after.threads, after.passages) == (check.threads, check.passages)


def test_a_dump_keeps_dates_links_accepted_answers_code_and_quotes(index: Index, tmp_path: Path) -> None:
    report = bring(index, write_stackexchange(tmp_path), "stackexchange")
    thread, text = known(index.database, "4")
    assert text.title == "Is offer 4 fair?" and "They offer 4 days." in text.question
    assert "as agreed" in text.question and "x = 4" in text.question and "<" not in text.question
    assert thread.closed and not thread.comments and known(index.database, "2")[0].comments == 2
    assert {answer.external_id: answer.accepted for answer in thread.answers} == {"1004": True, "2004": False}
    assert [answer.author.get("id") for answer in thread.answers] == ["Sam & Co (2)", "gone user"]
    assert thread.created_at.year == 2020 and set(thread.tags) == {"offers", "negotiation"}
    said = " ".join(report["notes"])
    assert "1 answers without their question" in said and "1 wiki" in said and "1 deleted answers" in said


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_dump_in_an_archive_is_read_as_the_folder_is(index: Index, tmp_path: Path, kind: str) -> None:
    dump = write_stackexchange(tmp_path)
    path = tmp_path / f"dump.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in dump.iterdir():
                archive.write(file, f"site/{file.name}")
    else:
        with tarfile.open(path, "w:gz") as packed:
            packed.add(dump, "site")
    report = bring(index, path, "stackexchange")
    assert {name: report[name] for name in EXPECTED["stackexchange"]} == EXPECTED["stackexchange"]


def test_discourse_leaves_out_what_is_hidden_deleted_or_a_note(index: Index, tmp_path: Path) -> None:
    bring(index, write_discourse(tmp_path), "discourse")
    thread, _text = known(index.database, "7")
    assert [answer.external_id for answer in thread.answers] == ["702", "706"]
    assert [answer.accepted for answer in thread.answers] == [True, False]
    assert thread.answers[1].author["role"] == "Staff"
    assert set(thread.tags) == {"teams", "leads"}


def test_a_topic_that_is_deleted_later_goes_and_one_that_is_unlisted_is_not_found(index: Index, tmp_path: Path) -> None:
    path = tmp_path / "topics.ndjson"
    path.write_text("\n".join(json.dumps(discourse_topic(n)) for n in (1, 2)), "utf-8")
    bring(index, path, "discourse")
    assert check_index(index, SITE).threads == 2
    gone = [discourse_topic(1) | {"deleted_at": "2024-01-01T00:00:00Z"}, discourse_topic(2) | {"visible": False}]
    path.write_text("\n".join(map(json.dumps, gone)), "utf-8")
    report = bring(index, path, "discourse")
    assert (report["gone"], report["changed"]) == (1, 1)
    after = check_index(index, SITE)
    assert (after.threads, after.passages, after.vectors) == (0, 0, 0) and after.ok


@pytest.mark.parametrize(
    ("format", "name", "content"),
    [
        ("jsonl", "a.jsonl", b"PK\x03\x04 packed"), ("stackexchange", "Posts.7z", b"7z\xbc\xaf packed"),
        ("stackexchange", "notes.txt", b"hello"), ("page", "page.txt", b"a page without any entry"),
        ("page", "page.txt", b"\xff\xfe\x00"), ("discourse", "missing", None), ("nonsense", "a.jsonl", b"{}"),
    ],
)  # fmt: skip
def test_what_is_not_of_the_format_is_refused_with_a_reason(
    index: Index, tmp_path: Path, format: str, name: str, content: bytes | None
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidInput):
        bring(index, path, format)


def test_a_dump_that_is_no_xml_is_refused_and_leaves_nothing_staged(index: Index, tmp_path: Path) -> None:
    from service.corpus.importers.stackexchange import scratch_path

    dump = write_stackexchange(tmp_path)
    (dump / "Posts.xml").write_text('<?xml version="1.0"?><posts><row Id="1" PostTypeId="1"', "utf-8")
    with pytest.raises(InvalidInput, match=r"Posts\.xml"):
        bring(index, dump, "stackexchange")
    assert not scratch_path(dump).exists()
