"""Threads and the links people made between them, as development data: what ranking is fitted on and measured with.

Reads `se_threads.jsonl` and `se_related_pairs.jsonl` (CC BY-SA 3.0). Addresses are taken out of every text: many of them
are the links themselves. Votes, views and answer scores are left out: a popular thread is not a related one.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from service.corpus.thread import Answer, Thread
from service.errors import InvalidInput
from service.intake.normalise import read_field
from service.intake.post import Author, Format

THREADS, PAIRS = "se_threads.jsonl", "se_related_pairs.jsonl"
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
_REFERENCE = re.compile(r"^\s*\[\d+\]:\s*\S*.*$", re.M)
_HTML = re.compile(r"<(?:p|a|br|ul|ol|strong|em|blockquote)\b")


@dataclass(frozen=True)
class Links:
    """Threads by external id; for each thread that links to others, which (external id to kind of link)."""

    threads: dict[str, Thread]
    related: dict[str, dict[str, str]]

    def components(self) -> dict[str, int]:
        """A number for each thread that links or is linked; threads joined by any chain of links share one."""
        parent: dict[str, str] = {}

        def root(name: str) -> str:
            while parent.setdefault(name, name) != name:
                parent[name] = parent[parent[name]]
                name = parent[name]
            return name

        for query, targets in self.related.items():
            for target in targets:
                parent[root(query)] = root(target)
        numbers: dict[str, int] = {}
        return {name: numbers.setdefault(root(name), len(numbers)) for name in list(parent)}


def load_links(folder: Path) -> Links:
    """Read both files. Raises InvalidInput where one is missing."""
    for name in (THREADS, PAIRS):
        if not (folder / name).is_file():
            raise InvalidInput(f"{folder} has no {name}", field="data")
    threads = {str(row["id"]): _thread(row) for row in _rows(folder / THREADS)}
    related: dict[str, dict[str, str]] = {}
    for row in _rows(folder / PAIRS):
        related.setdefault(str(row["query_id"]), {})[str(row["related_id"])] = row["kind"]
    return Links(threads, related)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]


def _thread(row: dict[str, Any]) -> Thread:
    asked = datetime.fromisoformat(row["date"]).replace(tzinfo=UTC)
    answers = [
        Answer(
            external_id=str(answer["id"]), body=_plain(answer["body"]),
            author=Author(id=str(answer.get("author") or "unknown")[:100]),
            created_at=datetime.fromisoformat(answer["date"]).replace(tzinfo=UTC) if answer.get("date") else None,
        )
        for answer in row["answers"]
    ]  # fmt: skip
    return Thread(
        title=_ADDRESS.sub(" ", row["title"]).strip(), body=_plain(row["body"]), format="text", tags=row["tags"],
        created_at=asked, answers=answers,
    )  # fmt: skip


def _plain(source: str) -> str:
    form: Format = "html" if _HTML.search(source) else "markdown"
    text = read_field("body", _REFERENCE.sub(" ", source), form).text
    return re.sub(r"[ \t]+", " ", _ADDRESS.sub(" ", text)).strip()
