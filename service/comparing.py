"""The texts of a draft beside each other, and the text as it is copied elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import StringConstraints
from sqlalchemy.orm import Session

from service import mentoring
from service.desk import blocking, measures, publishing
from service.desk import repository as desk
from service.desk.measures import Part
from service.desk.revision import as_text
from service.drafting.tables import DraftRow
from service.people.permissions import Caller
from service.stations import Stations

Which = Annotated[str, StringConstraints(pattern=r"^(machine|current|\d{1,9})$")]


@dataclass(frozen=True)
class Compared:
    """What changed from one text to another, in runs of words, and how far apart they are (0: the same, 1: nothing shared)."""

    old: str
    new: str
    parts: list[Part]
    edit_distance: float


def compare(stations: Stations, caller: Caller, draft_id: str, old: str, new: str) -> Compared:
    """Two of: `machine`, `current`, a revision by its number. Raises NotFound."""
    with stations.database.read() as session:
        row = mentoring.find(session, caller, draft_id)
        before, after = (_text(session, row, which) for which in (old, new))
    one, other = measures.words(before), measures.words(after)
    distance = measures.edit_distance(one, other) / max(len(one), len(other), 1)
    return Compared(old, new, measures.diff(before, after), round(distance, 4))


def markdown(stations: Stations, caller: Caller, draft_id: str) -> str:
    """The text with a line that says how it came about and its sources. Raises Conflict where something blocks it."""
    with stations.database.read() as session:
        row = mentoring.find(session, caller, draft_id)
        wanted = publishing.ready(session, row)
        if row.status != "published":
            blocking.check(wanted.blockers)
        provenance = publishing.provenance(session, row, wanted, {}, caller.name, stations.clock())
        titles = _titles(session, row)
    lines = [wanted.text.strip(), "", "---", ""]
    if provenance["ai_assisted"]:
        lines += ["*Drafted with the help of a machine from earlier answers, edited and sent by a mentor.*", ""]
    for source in provenance["sources"]:
        said = ", ".join(part for part in (source["author"] or "a member", source["date"]) if part)
        title, url = titles.get(str(source["thread_id"]), ("", None))
        named = f"[{_plain(title)}]({url})" if title and url else _plain(title)
        lines.append(f"- {_plain(said)}{': ' + named if named else ''}")
    return "\n".join(lines).strip() + "\n"


def _text(session: Session, row: DraftRow, which: str) -> str:
    if which == "machine":
        return as_text(desk.machine_sentences(session, row.id))
    if which == "current":
        return publishing.ready(session, row).text
    return desk.revision(session, row.id, int(which)).text or ""


def _titles(session: Session, row: DraftRow) -> dict[str, tuple[str, str | None]]:
    related = mentoring.evidence_of(session, row).related
    return {
        t.thread_id: (t.title, t.url if (t.url or "").startswith(("http://", "https://")) else None) for t in related
    }


def _plain(text: str) -> str:
    """Text inside a Markdown line: what would be markup there is escaped."""
    return "".join("\\" + c if c in "\\[]()*_`<>#!|" else " " if c in "\r\n" else c for c in text)
