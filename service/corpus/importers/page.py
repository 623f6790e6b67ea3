"""A community's topic listing, copied from the browser as text: posts without answers, and what the topic is about.

Each entry begins with its title, then an author line that stands there twice (once as the alternative text of the
picture, ending in "profile pic"), and ends with "Show more", views and comments. Everything else on the page is
furniture, or text under "About …" and "Learn About …", which describes the topic. Every line is one of these or is refused by number.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from service.corpus.importers.record import PlainSource, Record, Refused, read_thread
from service.errors import InvalidInput
from service.intake.kind import announces

PAGE_LIMIT = 20 << 20
PLACEHOLDER = re.compile(r"\bcommunity\b", re.I)
"""An "employer" of this kind is what the page puts where a member named none."""
_PICTURE = " profile pic"
_MORE = re.compile(r"Show (?:more|less)\s*\d*")
_VIEWS = re.compile(r"([\d.,]+\s*[KkMm]?) Views?")
_COMMENTS = re.compile(r"([\d.,]+\s*[KkMm]?) Comments?")
_ABOUT = re.compile(r"(?:Learn )?About (.+)")
_HEADING = re.compile(r"(.+?) Q&A(?: and Videos)?")
_FURNITURE = re.compile(r".{1,40} Logo|Profile picture|" + _MORE.pattern)
_NAMED = re.compile(r"(?P<name>[^()]{1,80}) \((?P<role>.+)\)")


@dataclass(frozen=True)
class _Head:
    """Where an entry begins: the lines of its title and of its author (the second one)."""

    title: int
    author: int


class PageSource(PlainSource):
    """An opened listing. Raises InvalidInput for text that is none."""

    def __init__(self, path: Path, site: str) -> None:
        super().__init__()
        if not path.is_file() or path.stat().st_size > PAGE_LIMIT:
            raise InvalidInput(f"{path} is not a file of at most {PAGE_LIMIT >> 20} MiB", field="file")
        try:
            text = path.read_text("utf-8-sig")
        except UnicodeDecodeError:
            raise InvalidInput(f"{path.name} is not UTF-8 text", field="file") from None
        self._site = site
        self._seen = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        self._lines = [line.rstrip() for line in text.splitlines()]
        heads = _heads(self._lines)
        if not heads:
            raise InvalidInput(f"{path.name} holds no entry of a topic listing: no author line is on it", field="file")
        self._topic = _topic(self._lines)
        starts = [head.title for head in heads]
        learn = _description_start(self._lines, heads[-1].author)
        self._blocks = list(zip(heads, [*starts[1:], learn], strict=True))
        self._outside = [*range(heads[0].title), *range(learn, len(self._lines))]
        self._not_understood: list[Refused] = []
        if self._topic:
            self.topics = {self._topic: self._describe()}
        self.total = len(self._blocks) + len(self._not_understood)

    def records(self, after: int) -> Iterator[Record]:
        """Every entry, then the lines that are neither an entry, nor furniture, nor the topic's description."""
        every: list[Record] = []
        for head, end in self._blocks:
            every.append(self._entry(len(every) + 1, head, end))
        every += self._not_understood
        yield from every[after:]

    def _entry(self, number: int, head: _Head, end: int) -> Record:
        title, author_line = self._lines[head.title], self._lines[head.author]
        body_end, counts = _ending(self._lines, head.author + 1, end)
        body = "\n".join(self._lines[head.author + 1 : body_end]).strip("\n")
        place = "\x1f".join((self._site, title, author_line))
        external_id = "page-" + hashlib.sha256(place.encode()).hexdigest()[:24]
        values: dict[str, Any] = {
            "title": title, "body": body, "format": "text", "author": _author(author_line, external_id),
            "created_at": self._seen, "kind": "announcement" if announces(title) else "question",
            "topic": self._topic, **counts,
        }  # fmt: skip
        return read_thread(number, external_id, values, dated=False)

    def _describe(self) -> str:
        """The lines under the topic's headings; what is outside them and no furniture is refused by its number."""
        parts: list[str] = []
        inside = False
        for index in self._outside:
            line = self._lines[index]
            heading = _ABOUT.fullmatch(line)
            if heading and heading[1].strip() == self._topic:
                inside = True
            elif not line.strip() or _FURNITURE.fullmatch(line) or _HEADING.fullmatch(line):
                if inside and not line.strip():
                    parts.append("")
            elif inside:
                parts.append(line)
            else:
                self._not_understood.append(Refused(index + 1, f"line {index + 1} belongs to no entry"))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).strip()


def open_page(path: Path, site: str) -> PageSource:
    """Open a listing page that was copied as text."""
    return PageSource(path, site)


def _heads(lines: list[str]) -> list[_Head]:
    filled = [index for index, line in enumerate(lines) if line.strip()]
    found = []
    for before, picture, author in zip(filled, filled[1:], filled[2:], strict=False):
        if lines[picture].endswith(_PICTURE) and lines[picture].removesuffix(_PICTURE) == lines[author]:
            found.append(_Head(before, author))
    return found


def _topic(lines: list[str]) -> str | None:
    for line in lines:
        found = _HEADING.fullmatch(line) or _ABOUT.fullmatch(line)
        if found:
            return found[1].strip()
    return None


def _description_start(lines: list[str], after: int) -> int:
    """Where the text about the topic begins behind the last entry: after that entry's counts."""
    counted = False
    for index in range(after, len(lines)):
        if counted and _ABOUT.fullmatch(lines[index]):
            return index
        counted = counted or bool(_COMMENTS.fullmatch(lines[index].strip()) or _VIEWS.fullmatch(lines[index].strip()))
    return len(lines)


def _ending(lines: list[str], start: int, end: int) -> tuple[int, dict[str, int]]:
    """Where a body ends, and the counts that follow it; read from the end, so that a body may speak of views."""
    counts: dict[str, int] = {}
    at = end
    for name, pattern in (("comments", _COMMENTS), ("views", _VIEWS), ("", _MORE)):
        above = at - 1
        while above >= start and not lines[above].strip():
            above -= 1
        found = pattern.fullmatch(lines[above].strip()) if above >= start else None
        if found:
            at = above
            if name:
                counts[name] = _number(found[1])
    return at, counts


def _number(text: str) -> int:
    """`1,204`, `3.1K`."""
    factor = {"k": 1_000, "m": 1_000_000}.get(text[-1].lower(), 1)
    digits = text.rstrip("KkMm ").strip()
    try:
        return round(float(digits.replace(",", "")) * factor)
    except ValueError:
        return 0


def _author(line: str, external_id: str) -> dict[str, str]:
    """What an author line says: `Role at Company`, or `Name (Role at Company)`. Nobody is named where no name stands."""
    named = _NAMED.fullmatch(line)
    role, _, company = (named["role"] if named else line).rpartition(" at ")
    found = {"id": named["name"] if named else f"author-of-{external_id}", "role": (role or company).strip()}
    if role and not PLACEHOLDER.search(company):
        found["company"] = company.strip()
    return found
