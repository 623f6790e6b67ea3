"""A Stack Exchange data dump: Posts.xml with PostLinks.xml, Users.xml, Tags.xml and Comments.xml, a folder or an archive.

A dump lists answers far from their questions. The rows are first streamed into a scratch SQLite file, so that memory
stays flat at any size; threads are then read from it question by question. The file lies in `DATA_DIR`, where an
interrupted import finds it again. Rows without a usable id are refused behind the questions.
A tag's excerpt becomes the description of the topic of that name.
"""

from __future__ import annotations

import hashlib
import lzma
import re
import sqlite3
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from service.corpus.importers.record import Gone, PlainSource, Record, Refused, read_thread
from service.corpus.passages import readable
from service.errors import InvalidInput
from service.settings import Settings

NEEDED, OPTIONAL = "Posts.xml", ("PostLinks.xml", "Users.xml", "Tags.xml", "Comments.xml")
LINKS = {"1": "linked", "3": "duplicate"}
_TAG = re.compile(r"<([^<>]+)>|([^|<>]+)")
_COLUMNS = {
    "posts": (
        "Id INTEGER PRIMARY KEY", "PostTypeId", "ParentId INTEGER", "AcceptedAnswerId", "CreationDate", "Score", "ViewCount", "Body",
        "OwnerUserId", "OwnerDisplayName", "Title", "Tags", "CommentCount", "ClosedDate", "DeletionDate",
    ),
    "links": ("PostId INTEGER", "RelatedPostId", "LinkTypeId"),
    "users": ("Id INTEGER PRIMARY KEY", "DisplayName"),
    "tags": ("TagName", "ExcerptPostId INTEGER"),
    "comments": ("PostId INTEGER",),
}  # fmt: skip
_ID = re.compile(r"-?[0-9]{1,19}")
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError)
_FILES = {
    "posts": "Posts.xml",
    "links": "PostLinks.xml",
    "users": "Users.xml",
    "tags": "Tags.xml",
    "comments": "Comments.xml",
}


class StackExchangeSource(PlainSource):
    """An opened dump. Raises InvalidInput where there is no Posts.xml, it is no dump's, or nothing is in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._scratch = scratch_path(path)
        self._staged = _stage(path, self._scratch)
        self._staged.row_factory = sqlite3.Row
        self._questions = self._one("SELECT count(*) FROM posts WHERE PostTypeId = '1'")
        self.total = self._questions + self._one("SELECT count(*) FROM refused")
        orphans = self._one(
            "SELECT count(*) FROM posts a LEFT JOIN posts q ON q.Id = a.ParentId "
            "WHERE a.PostTypeId = '2' AND (q.Id IS NULL OR q.PostTypeId != '1')"
        )
        others = self._one("SELECT count(*) FROM posts WHERE PostTypeId NOT IN ('1', '2')")
        hidden = self._one("SELECT count(*) FROM posts WHERE PostTypeId = '2' AND DeletionDate IS NOT NULL")
        for count, what in (
            (orphans, "answers without their question"),
            (others, "wiki and other pages"),
            (hidden, "deleted answers"),
        ):
            if count:
                self.notes.append(f"{count} {what} left out")
        explained = "SELECT t.TagName, p.Body FROM tags t JOIN posts p ON p.Id = t.ExcerptPostId WHERE p.Body != ''"
        self.topics = {row[0]: readable(row[1], "html") for row in self._staged.execute(explained)}

    def records(self, after: int) -> Iterator[Record]:
        """Every question, in the order of their ids, then the rows that were refused."""
        select = "SELECT * FROM posts WHERE PostTypeId = '1' ORDER BY Id LIMIT -1 OFFSET ?"
        for number, row in enumerate(self._staged.cursor().execute(select, (after,)), after + 1):
            yield self._record(number, row)
        after = max(after, self._questions)
        select = "SELECT reason FROM refused ORDER BY rowid LIMIT -1 OFFSET ?"
        refused = self._staged.cursor().execute(select, (after - self._questions,))
        for number, row in enumerate(refused, after + 1):
            yield Refused(number, row["reason"])

    def close(self) -> None:
        """Close the scratch file; it stays for resuming."""
        self._staged.close()

    def finished(self) -> None:
        """Remove the scratch file."""
        self._staged.close()
        self._scratch.unlink(missing_ok=True)

    def _record(self, number: int, row: sqlite3.Row) -> Record:
        if row["DeletionDate"] is not None:
            return Gone(number, str(row["Id"]), "deleted")
        tags = [first or second for first, second in _TAG.findall(row["Tags"] or "")]
        answers = self._staged.execute(
            "SELECT * FROM posts WHERE ParentId = ? AND PostTypeId = '2' AND DeletionDate IS NULL ORDER BY Id",
            (row["Id"],),
        )
        comments = self._one("SELECT count(*) FROM comments WHERE PostId = ?", row["Id"])
        values = {
            "title": row["Title"] or "", "body": row["Body"] or "", "format": "html", "author": self._author(row), "tags": tags,
            "created_at": _utc(row["CreationDate"]), "closed": row["ClosedDate"] is not None, "score": row["Score"],
            "views": row["ViewCount"], "comments": comments or row["CommentCount"], "links": self._links(row["Id"]),
            "answers": [
                {
                    "external_id": str(answer["Id"]), "body": answer["Body"] or "", "author": self._author(answer),
                    "score": answer["Score"], "created_at": _utc(answer["CreationDate"]),
                    "accepted": str(answer["Id"]) == row["AcceptedAnswerId"],
                }
                for answer in answers
            ],
        }  # fmt: skip
        found = read_thread(number, str(row["Id"]), values)
        return Refused(number, f"question {row['Id']}: {found.reason}") if isinstance(found, Refused) else found

    def _author(self, row: sqlite3.Row) -> dict[str, str]:
        """The account's number as id, the name it goes by as role: a dump tells nothing else of people."""
        name = row["OwnerDisplayName"]
        if row["OwnerUserId"] is None:
            return {"id": name or "unknown"}
        known = self._staged.execute("SELECT DisplayName FROM users WHERE Id = ?", (row["OwnerUserId"],)).fetchone()
        shown = (known["DisplayName"] if known else None) or name
        return {"id": f"{shown} ({row['OwnerUserId']})"[:200] if shown else row["OwnerUserId"]}

    def _links(self, id_: int) -> list[dict[str, str]]:
        rows = self._staged.execute(
            "SELECT DISTINCT RelatedPostId, LinkTypeId FROM links WHERE PostId = ? LIMIT 500", (id_,)
        )
        return [{"external_id": row[0], "kind": LINKS.get(row[1], "other")} for row in rows]

    def _one(self, select: str, *values: Any) -> int:
        found: int = self._staged.execute(select, values).fetchone()[0]
        return found


def open_stackexchange(path: Path) -> StackExchangeSource:
    """Open a dump: a folder, a .zip or a .tar (also compressed)."""
    return StackExchangeSource(path)


def scratch_path(path: Path) -> Path:
    """Where the rows of this dump are staged: the same for the same files, so that an import resumes."""
    files = sorted(path.glob("*.xml")) if path.is_dir() else [path]
    seen = "\x1e".join(f"{f.resolve()}\x1f{f.stat().st_size}\x1f{f.stat().st_mtime_ns}" for f in files if f.is_file())
    return Settings().data_dir / "dumps" / f"{hashlib.sha256(seen.encode()).hexdigest()}.sqlite3"


def _stage(path: Path, scratch: Path) -> sqlite3.Connection:
    """The scratch file with all rows; read again unless it was complete."""
    if scratch.exists():
        staged = _complete(scratch)
        if staged is not None:
            return staged
        scratch.unlink()
    try:
        with _opened(path) as files:
            return _stage_anew(path, files, scratch)
    except _DAMAGED:
        raise InvalidInput(f"{path.name} is damaged: it cannot be unpacked", field="file") from None


def _stage_anew(path: Path, files: dict[str, IO[bytes]], scratch: Path) -> sqlite3.Connection:
    if NEEDED not in files:
        raise InvalidInput(f"{path.name} holds no {NEEDED}", field="file")
    scratch.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    staged = sqlite3.connect(scratch)
    try:
        _read_into(staged, files)
    except BaseException:
        staged.close()
        scratch.unlink(missing_ok=True)
        raise
    return staged


def _complete(scratch: Path) -> sqlite3.Connection | None:
    """What an earlier import staged, where it came to its end."""
    staged = sqlite3.connect(scratch)
    try:
        if staged.execute("PRAGMA user_version").fetchone()[0] == 1:
            return staged
    except sqlite3.DatabaseError:
        pass
    staged.close()
    return None


def _read_into(staged: sqlite3.Connection, files: dict[str, IO[bytes]]) -> None:
    staged.execute("PRAGMA journal_mode = OFF")
    staged.execute("PRAGMA synchronous = OFF")
    staged.execute("CREATE TABLE refused (reason)")
    for table, columns in _COLUMNS.items():
        staged.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
        if _FILES[table] in files:
            _fill(staged, table, [column.split()[0] for column in columns], files[_FILES[table]])
    some = "SELECT EXISTS (SELECT 1 FROM posts) OR EXISTS (SELECT 1 FROM refused)"
    if not staged.execute(some).fetchone()[0]:
        raise InvalidInput(f"{NEEDED} holds no <row>: it is not a dump's", field="file")
    for table, column in (("posts", "ParentId"), ("links", "PostId"), ("comments", "PostId")):
        staged.execute(f"CREATE INDEX ix_{table} ON {table} ({column})")
    staged.execute("PRAGMA user_version = 1")
    staged.commit()


def _fill(staged: sqlite3.Connection, table: str, columns: list[str], stream: IO[bytes]) -> None:
    insert = f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    staged.executemany(insert, _usable(staged, columns, _rows(stream, _FILES[table]), _FILES[table]))
    staged.commit()


def _usable(
    staged: sqlite3.Connection, columns: list[str], rows: Iterator[dict[str, str]], name: str
) -> Iterator[list[str | None]]:
    """The values of each row; one whose id no table can hold is kept as refused."""
    refusing = staged.cursor()
    for number, row in enumerate(rows, 1):
        if columns[0] == "Id" and not _is_id(row.get("Id", "")):
            reason = f"{name} row {number}: Id: must be a whole number of at most 64 bits"
            refusing.execute("INSERT INTO refused VALUES (?)", (reason,))
        else:
            yield [row.get(column) for column in columns]


def _is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None and -(1 << 63) <= int(text) < 1 << 63


def _rows(stream: IO[bytes], name: str) -> Iterator[dict[str, str]]:
    """The attributes of every <row>, one at a time; entities are not resolved and nothing is fetched."""
    from lxml import etree

    try:
        reading = etree.iterparse(
            stream, events=("end",), tag="row", resolve_entities=False, no_network=True, huge_tree=True
        )
        for _event, element in reading:
            yield {str(key): str(value) for key, value in element.attrib.items()}
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as refused:
        raise InvalidInput(f"{name} is not a dump's XML: {refused.msg}", field="file") from None


@contextmanager
def _opened(path: Path) -> Iterator[dict[str, IO[bytes]]]:
    """The dump's files as streams, by name."""
    names = {NEEDED, *OPTIONAL}
    if path.is_dir():
        streams = {file.name: file.open("rb") for file in path.iterdir() if file.name in names}
        try:
            yield dict(streams)
        finally:
            for stream in streams.values():
                stream.close()
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield {Path(n).name: archive.open(n) for n in archive.namelist() if Path(n).name in names}
    elif path.is_file() and tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            members = [m for m in archive.getmembers() if m.isfile() and Path(m.name).name in names]
            yield {Path(m.name).name: opened for m in members if (opened := archive.extractfile(m)) is not None}
    else:
        hint = "; unpack it first, for instance with `7z x`" if path.suffix == ".7z" else ""
        raise InvalidInput(f"{path.name} is neither a folder nor a .zip or .tar archive{hint}", field="file")


def _utc(moment: str | None) -> str | None:
    """A dump's times have no zone and mean UTC."""
    return None if moment is None else moment if moment.endswith("Z") or "+" in moment[10:] else f"{moment}Z"
