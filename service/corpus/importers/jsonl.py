"""The project's own format: one JSON object a line, a thread as `PUT /v1/threads` takes it with its `external_id`.

Other JSONL is read through a mapping file, see `mapping.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from service.corpus.importers.mapping import Mapping, load_mapping
from service.corpus.importers.record import PlainSource, Record, Refused, read_thread
from service.errors import InvalidInput

LINE_LIMIT = 5 << 20
"""Bytes of one line."""
_NOT_TEXT = (b"\x1f\x8b", b"PK\x03\x04", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ", b"<?xml", b"%PDF", b"SQLite")


class JsonlSource(PlainSource):
    """An opened JSONL file. Raises InvalidInput for what is not JSON lines at all."""

    def __init__(self, path: Path, mapping: Path | None = None) -> None:
        if not path.is_file():
            raise InvalidInput(f"{path} is not a file", field="file")
        self._path = path
        self._mapping: Mapping | None = load_mapping(mapping) if mapping else None
        super().__init__(total=_count_lines(path))

    def records(self, after: int) -> Iterator[Record]:
        """One record a line; empty lines are passed over."""
        for number, line in enumerate(_lines(self._path), 1):
            if number > after and (line is None or line.strip()):
                yield self._record(number, line)

    def _record(self, number: int, line: bytes | None) -> Record:
        if line is None:
            return Refused(number, f"the line is longer than {LINE_LIMIT >> 20} MiB")
        try:
            value = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"), parse_constant=_refuse_constant)
        except UnicodeDecodeError:
            return Refused(number, "not valid UTF-8")
        except (ValueError, RecursionError) as refused:
            return Refused(number, f"not valid JSON: {getattr(refused, 'msg', type(refused).__name__)}")
        if not isinstance(value, dict):
            return Refused(number, "not a JSON object")
        if self._mapping is not None:
            value = self._mapping.apply(value)
        return read_thread(number, value.pop("external_id", None), value)


def open_jsonl(path: Path, mapping: Path | None = None) -> JsonlSource:
    """Open a JSONL file, with a mapping file where its fields are not ours."""
    return JsonlSource(path, mapping)


def _lines(path: Path) -> Iterator[bytes | None]:
    """Every line; None for one beyond the limit, which is never held in memory."""
    with path.open("rb") as stream:
        while line := stream.readline(LINE_LIMIT + 1):
            if len(line) <= LINE_LIMIT:
                yield line
                continue
            while line and not line.endswith(b"\n"):
                line = stream.readline(1 << 20)
            yield None


def _count_lines(path: Path) -> int:
    with path.open("rb") as stream:
        head = stream.read(16)
        if head.startswith(_NOT_TEXT):
            raise InvalidInput(f"{path.name} is not JSON lines; unpack it, or name its --format", field="file")
        count, last = head.count(b"\n"), head
        while block := stream.read(1 << 20):
            count, last = count + block.count(b"\n"), block
    return count + (not last.endswith(b"\n") and bool(last))


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
