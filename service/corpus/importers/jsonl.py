"""The project's own format: one thread a line, and other people's lines through a mapping.

A mapping (TOML or JSON) says for each of our fields where it stands in theirs, and sets what theirs leave out:

    [thread]           # our field = "their.field"
    [thread_values]    # our field = a fixed value
    [answers]          # from = "their list"; then as above, for each answer
    [answer_values]
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from service.corpus.importers.entry import Entry
from service.corpus.thread import Thread
from service.errors import InvalidInput

LINE_LIMIT = 5 << 20


def read(path: Path, site: str, mapping: Path | None = None) -> Iterator[Entry]:
    """Every line as an entry; an empty line is no entry. Raises InvalidInput for a mapping that cannot be read."""
    fields = load_mapping(mapping) if mapping is not None else None
    with path.open("rb") as stream:
        for number, raw in _lines(stream):
            if raw is None:
                yield Entry(number, problem="the line is longer than 5 MiB")
            elif raw.strip():
                yield _entry(number, raw, fields)


def load_mapping(path: Path) -> dict[str, Any]:
    """A mapping file. Raises InvalidInput."""
    try:
        text = path.read_text("utf-8")
        loaded = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as failure:
        raise InvalidInput(f"the mapping cannot be read: {failure}", field="map") from None
    unknown = set(loaded) - {"thread", "thread_values", "answers", "answer_values"}
    if unknown or "thread" not in loaded:
        raise InvalidInput("a mapping has [thread], [thread_values], [answers] and [answer_values]", field="map")
    return dict(loaded)


def _entry(number: int, raw: bytes, mapping: dict[str, Any] | None) -> Entry:
    from service.corpus.importing import first_problem

    try:
        row = json.loads(raw)
    except ValueError:
        return Entry(number, problem="the line is no JSON in UTF-8")
    if not isinstance(row, dict):
        return Entry(number, problem="the line is no JSON object")
    if mapping is not None:
        row = mapped(row, mapping)
    external_id = row.pop("external_id", None)
    external_id = str(external_id) if isinstance(external_id, int) else external_id
    if not isinstance(external_id, str) or not 0 < len(external_id) <= 200 or "\x00" in external_id:
        return Entry(number, problem="external_id: missing or longer than 200 characters")
    try:
        return Entry(number, external_id, Thread.model_validate(row))
    except ValidationError as failure:
        return Entry(number, problem=first_problem(failure))


def mapped(row: dict[str, Any], mapping: dict[str, Any]) -> dict[str, Any]:
    """Their row as ours; fields that they leave empty are left out."""
    made = _fields(row, mapping["thread"], mapping.get("thread_values", {}))
    answers = dict(mapping.get("answers", {}))
    source = answers.pop("from", None)
    if source is not None:
        values = mapping.get("answer_values", {})
        listed = _at(row, source)
        made["answers"] = (
            [_fields(a, answers, values) for a in listed if isinstance(a, dict)] if isinstance(listed, list) else []
        )
    return made


def _fields(row: dict[str, Any], places: dict[str, str], values: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for ours, theirs in places.items():
        value = _at(row, theirs)
        if value is None or value == "":
            continue
        *outer, last = ours.split(".")
        target = made
        for part in outer:
            target = target.setdefault(part, {})
        target[last] = _shaped(last, value)
    return {**values, **made}


def _shaped(field: str, value: Any) -> Any:
    if field in ("external_id", "id") and isinstance(value, int):
        return str(value)
    if field == "created_at" and isinstance(value, str) and len(value) == 10:
        return f"{value}T00:00:00Z"
    if field == "created_at" and isinstance(value, str) and value[-1:].isdigit() and "T" in value and "+" not in value:
        return f"{value}Z"
    return value


def _at(row: dict[str, Any], place: str) -> Any:
    value: Any = row
    for part in place.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _lines(stream: Any) -> Iterator[tuple[int, bytes | None]]:
    number = 0
    while line := stream.readline(LINE_LIMIT + 1):
        number += 1
        if len(line) > LINE_LIMIT:
            while not line.endswith(b"\n") and (line := stream.readline(1 << 20)):
                pass
            yield number, None
        else:
            yield number, line
