"""What became of drafts: kept, changed and cut sentences, edit distance, time; own figures and the aggregate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.desk.tables import DraftEndRow


@dataclass(frozen=True)
class EditFigures:
    """Figures over `published` drafts. Shares come with a 95 % Wilson interval over sentences; None where nothing counts."""

    group: str
    published: int
    discarded: int
    sentences: int
    kept: float | None
    kept_interval: tuple[float, float] | None
    changed: float | None
    cut: float | None
    added: int
    median_edit_distance: float | None
    median_minutes: float | None


def of_mentor(session: Session, person_id: str) -> EditFigures:
    """A mentor's own figures."""
    return _figures("you", _ends(session, DraftEndRow.by == person_id))


def by_writer(session: Session, site: str | None) -> list[EditFigures]:
    """Figures per prompt version and model, then over all."""
    ends = _ends(session, sa.true() if site is None else DraftEndRow.site == site)
    groups: dict[str, list[DraftEndRow]] = {}
    for end in ends:
        groups.setdefault(_writer(end), []).append(end)
    found = [_figures(name, rows) for name, rows in sorted(groups.items())]
    return [*found, _figures("all", ends)] if len(found) != 1 else found


def wilson(hits: int, n: int) -> tuple[float, float] | None:
    """The 95 % interval of a share (Wilson 1927)."""
    if n == 0:
        return None
    z, share = 1.959964, hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def _ends(session: Session, where: sa.ColumnElement[bool]) -> list[DraftEndRow]:
    return list(session.scalars(sa.select(DraftEndRow).where(where).order_by(DraftEndRow.at.desc()).limit(5_000)))


def _writer(end: DraftEndRow) -> str:
    written = end.provenance.get("written_by") or {}
    prompt = written.get("prompt") or {}
    model = written.get("model") or end.kind or "unknown"
    return f"{prompt['name']} {prompt['version']}, {model}" if prompt.get("name") else str(model)


def _figures(group: str, ends: Sequence[DraftEndRow]) -> EditFigures:
    done = [end for end in ends if end.act == "published"]
    kept, changed, cut, added = (
        sum(int(e.measures.get(k, 0)) for e in done) for k in ("kept", "changed", "cut", "added")
    )
    total = kept + changed + cut
    distances = [float(e.measures["edit_distance"]) for e in done if "edit_distance" in e.measures]
    minutes = [e.seconds / 60 for e in done if e.seconds is not None]
    return EditFigures(
        group, len(done), len(ends) - len(done), total, kept / total if total else None, wilson(kept, total),
        changed / total if total else None, cut / total if total else None, added,
        median(distances) if distances else None, median(minutes) if minutes else None,
    )  # fmt: skip
