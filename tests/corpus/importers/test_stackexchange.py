"""What a dump must not be able to do: stop an import by one row, succeed without rows, or be staged where others write."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from service.corpus.importers.record import Found, Refused
from service.corpus.importers.stackexchange import open_stackexchange, scratch_path
from service.errors import InvalidInput
from tests.corpus.importers.sources import QUESTIONS, write_stackexchange

BAD_IDS = ("", "x", "1.5", str(1 << 63), "9" * 40)
RECORDS = QUESTIONS + len(BAD_IDS) + 1


def with_bad_ids(folder: Path) -> Path:
    """A dump with a question for each id that no table can hold, one more without any, and a user of that kind."""
    dump = write_stackexchange(folder)
    rows = [f'<row Id="{id_}" PostTypeId="1" Title="Secret words" Body="more" />' for id_ in BAD_IDS]
    posts, users = dump / "Posts.xml", dump / "Users.xml"
    text = posts.read_text("utf-8").replace("<posts>", "<posts>" + rows[0] + "".join(rows[2:]))
    posts.write_text(text.replace("</posts>", rows[1] + '<row PostTypeId="1" Title="None" /></posts>'), "utf-8")
    users.write_text(users.read_text("utf-8").replace("<users>", '<users><row Id="y" DisplayName="Z" />'), "utf-8")
    return dump


def test_rows_without_a_usable_id_are_refused_with_a_reason_and_the_rest_is_read(tmp_path: Path) -> None:
    source = open_stackexchange(with_bad_ids(tmp_path))
    records = list(source.records(0))
    refused = [record for record in records if isinstance(record, Refused)]
    assert sum(isinstance(record, Found) for record in records) == QUESTIONS - 1
    assert [record.number for record in records] == list(range(1, RECORDS + 2)) and source.total == RECORDS + 1
    assert len(refused) == len(BAD_IDS) + 2 and refused[0].reason.startswith("Posts.xml row 1: Id: must be")
    assert refused[-1].reason.startswith("Users.xml row 1: Id")
    assert not any("Secret" in record.reason for record in refused)
    for after in (3, QUESTIONS, QUESTIONS + 2):
        assert list(source.records(after)) == records[after:]
    source.finished()


def test_a_dump_without_rows_is_refused_and_leaves_nothing_staged(tmp_path: Path) -> None:
    dump = write_stackexchange(tmp_path)
    (dump / "Posts.xml").write_text('<?xml version="1.0"?><posts></posts>', "utf-8")
    with pytest.raises(InvalidInput, match="no <row>"):
        open_stackexchange(dump)
    assert not scratch_path(dump).exists()


def test_a_damaged_archive_is_refused_and_leaves_nothing_staged(tmp_path: Path) -> None:
    path = tmp_path / "dump.tar.gz"
    with tarfile.open(path, "w:gz") as packed:
        packed.add(write_stackexchange(tmp_path), "site")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InvalidInput):
        open_stackexchange(path)
    assert not scratch_path(path).exists()


def test_a_dump_is_staged_in_the_data_folder_and_found_again(tmp_path: Path, staging: Path) -> None:
    dump = write_stackexchange(tmp_path)
    source = open_stackexchange(dump)
    scratch = scratch_path(dump)
    assert scratch.is_relative_to(staging) and scratch.exists() and scratch.parent.stat().st_mode & 0o077 == 0
    source.close()
    before = scratch.stat().st_ino
    again = open_stackexchange(dump)
    assert scratch.stat().st_ino == before and len(list(again.records(0))) == QUESTIONS
    again.finished()
    assert not scratch.exists()


@pytest.mark.parametrize("left", [b"", b"not a database at all" * 50])
def test_what_a_killed_import_left_half_written_is_read_anew(tmp_path: Path, left: bytes) -> None:
    dump = write_stackexchange(tmp_path)
    scratch = scratch_path(dump)
    scratch.parent.mkdir(parents=True)
    scratch.write_bytes(left)
    source = open_stackexchange(dump)
    assert source.total == QUESTIONS
    source.finished()
