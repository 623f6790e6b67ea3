"""A community's topic listing, copied from the browser as text.

What marks an entry is the line that names its author's picture: the line before it is the title, the line after it
repeats the author. Counts of views and comments end an entry. All else is the page's furniture or a text about the topic.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from service.corpus.importers.entry import Entry
from service.corpus.thread import Thread
from service.errors import InvalidInput

SIZE_LIMIT = 32 << 20
_PICTURE = re.compile(r"^(?P<author>.+?) profile pic(?:ture)?$", re.I)
_COUNT = re.compile(r"^(?P<number>\d[\d,.]*)(?P<unit>[kKmM]?) (?P<what>Views?|Comments?)$")
_FURNITURE = re.compile(r"^(?:Show (?:more|less)|Profile picture|.{1,40} Logo)$")
_LOGO = re.compile(r"^(?P<brand>.{1,40}) Logo$")
_TOPIC = re.compile(r"^(?P<topic>.{1,150}?) Q&A(?: and Videos)?$")
_ABOUT = re.compile(r"^(?:Learn )?About (?P<topic>.{1,150})$")
_NAMED = re.compile(r"^(?P<name>[^()]+?) \((?P<role>[^()]+)\)$")
_ROLE = re.compile(r"^(?P<role>.+?)(?: \[(?P<level>[^\]]+)\])?(?: at (?P<company>.+))?$")
_AMA = re.compile(r"\bAMA\b|\bask me anything\b", re.I)
_UNITS = {"": 1, "k": 1_000, "m": 1_000_000}


@dataclass(frozen=True)
class PageAuthor:
    """Who an author line says wrote an entry."""

    name: str | None
    role: str | None
    level: str | None
    company: str | None


def read(path: Path, site: str, mapping: Path | None = None) -> Iterator[Entry]:
    """Every entry of the page and, last, the topic's description. Raises InvalidInput where no entry is recognised."""
    if path.stat().st_size > SIZE_LIMIT:
        raise InvalidInput("a listing page is at most 32 MiB", field="file")
    lines = path.read_bytes().decode("utf-8", "replace").replace("\x00", "").splitlines()
    starts = [
        at for at, line in enumerate(lines) if _PICTURE.match(line.strip()) and _title_before(lines, at) is not None
    ]
    if not starts:
        raise InvalidInput("no entry is recognised: the text has no line that names an author's picture", field="file")
    brand = next((m["brand"] for line in lines[: starts[0]] if (m := _LOGO.match(line.strip()))), None)
    topic = next((m["topic"] for line in lines[: starts[0]] if (m := _TOPIC.match(line.strip()))), None)
    seen = datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(microsecond=0)
    rest = _about(lines[: _title_before(lines, starts[0])], topic)
    for number, start in enumerate(starts):
        title_at = _title_before(lines, start) or 0
        following = _title_before(lines, starts[number + 1]) if number + 1 < len(starts) else len(lines)
        end, found = _entry(lines, title_at, start, following or len(lines), site, brand, topic, seen)
        rest += _about(lines[end:following], topic)
        yield found
    if topic and rest:
        yield Entry(starts[0] + 1, topic=(topic, "\n\n".join(rest)))


def author_of(line: str, brand: str | None) -> PageAuthor:
    """An author line taken apart; a community that stands in for the employer is no employer."""
    named = _NAMED.match(line)
    rest = named["role"] if named else line
    parts = _ROLE.match(rest)
    company = parts["company"] if parts else None
    if company and brand and company.strip().lower() == f"{brand} community".lower():
        company = None
    return PageAuthor(
        named["name"] if named else None, parts["role"] if parts else rest, parts["level"] if parts else None, company
    )


def external_id(site: str, title: str, author_line: str) -> str:
    """The same for the same entry, whenever it is imported."""
    return "page-" + hashlib.sha256(f"{site}\n{title}\n{author_line}".encode()).hexdigest()[:20]


def _entry(
    lines: list[str],
    title_at: int,
    start: int,
    following: int,
    site: str,
    brand: str | None,
    topic: str | None,
    seen: datetime,
) -> tuple[int, Entry]:
    """One entry, and the line after its end."""
    title = lines[title_at].strip()
    picture = _PICTURE.match(lines[start].strip())
    author_line = picture["author"].strip() if picture else ""
    at = start + 1
    while at < following and lines[at].strip() in ("", author_line):
        at += 1
    body: list[str] = []
    counts: dict[str, int] = {}
    while at < following:
        line = lines[at].strip()
        if count := _COUNT.match(line):
            counts[count["what"].rstrip("s").lower()] = _number(count["number"], count["unit"])
        elif counts:
            break
        else:
            body.append(lines[at].rstrip())
        at += 1
        if len(counts) == 2:
            break
    if not counts:
        at = following
    author = author_of(author_line, brand)
    identity = external_id(site, title, author_line)
    row = {
        "title": title, "body": _body(body), "format": "text", "created_at": seen, "topic": topic,
        "author": {"id": author.name or f"{identity}-author", "role": author.role, "level": author.level, "company": author.company},
        "kind": "announcement" if _AMA.search(title) else "question",
        "views": counts.get("view"), "comments": counts.get("comment"),
    }  # fmt: skip
    try:
        return at, Entry(title_at + 1, identity, Thread.model_validate(row))
    except ValidationError as failure:
        from service.corpus.importing import first_problem

        return at, Entry(title_at + 1, problem=first_problem(failure))


def _title_before(lines: list[str], start: int) -> int | None:
    at = start - 1
    while at >= 0 and not lines[at].strip():
        at -= 1
    if at < 0 or _FURNITURE.match(lines[at].strip()) or _COUNT.match(lines[at].strip()):
        return None
    return at


def _body(lines: list[str]) -> str:
    while lines and (not lines[-1].strip() or lines[-1].strip() in ("Show more", "Show less")):
        lines.pop()
    return "\n".join(lines).strip()


def _about(lines: list[str], topic: str | None) -> list[str]:
    """The explaining text among lines that belong to no entry."""
    kept = []
    for line in (raw.strip() for raw in lines):
        heading = _ABOUT.match(line)
        if line and not _FURNITURE.match(line) and not _TOPIC.match(line) and not _COUNT.match(line):
            if heading and (topic is None or heading["topic"] == topic):
                continue
            kept.append(line)
    return kept


def _number(digits: str, unit: str) -> int:
    if unit:
        return int(float(digits.replace(",", "")) * _UNITS[unit.lower()])
    return int(re.sub(r"[,.]", "", digits))
