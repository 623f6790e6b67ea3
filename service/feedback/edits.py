"""The edit is the metric: what mentors kept, changed and cut, how far they went, how long it took; by who wrote the draft
and by the threads it rests on. Every figure has its interval and n.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.corpus.tables import ThreadRow
from service.desk.tables import DraftEndRow
from service.feedback.estimates import Figure, median, share

NEWEST = 5_000
"""Ends of drafts that are looked at, newest first."""
MOST_THREADS = 20
REPLACED = "written_anew"


@dataclass(frozen=True)
class EditFigures:
    """What became of a group of drafts. Shares are over the machine's sentences of published drafts, the medians over those
    drafts; `discarded` leaves out drafts that another one took the place of."""

    group: str
    published: int
    discarded: int
    used: Figure
    kept: Figure
    changed: Figure
    cut: Figure
    added: int
    edit_distance: Figure
    minutes: Figure


@dataclass(frozen=True)
class ThreadFigures:
    """What became of the sentences that rest on one thread."""

    thread_id: str
    title: str | None
    sentences: int
    kept: Figure
    changed: Figure
    cut: Figure


@dataclass(frozen=True)
class AllFigures:
    """Everybody's drafts: together, by prompt version, by model, by kind, and by source thread (most used first)."""

    every: EditFigures
    by_prompt: list[EditFigures]
    by_model: list[EditFigures]
    by_kind: list[EditFigures]
    by_thread: list[ThreadFigures]


def of_mentor(session: Session, person_id: str) -> EditFigures:
    """A mentor's own figures."""
    return _figures("you", _ends(session, DraftEndRow.by == person_id))


def of_all(session: Session, site: str | None) -> AllFigures:
    """Everybody's figures on a site (None: on every site)."""
    ends = _ends(session, sa.true() if site is None else DraftEndRow.site == site)
    return AllFigures(
        _figures("all", ends), _grouped(ends, _prompt), _grouped(ends, _model),
        _grouped(ends, lambda end: end.kind or "none"), _by_thread(session, ends),
    )  # fmt: skip


def _ends(session: Session, where: sa.ColumnElement[bool]) -> list[DraftEndRow]:
    query = sa.select(DraftEndRow).where(where).order_by(DraftEndRow.at.desc()).limit(NEWEST)
    return list(session.scalars(query))


def _grouped(ends: Iterable[DraftEndRow], name: Callable[[DraftEndRow], str]) -> list[EditFigures]:
    groups: dict[str, list[DraftEndRow]] = {}
    for end in ends:
        groups.setdefault(name(end), []).append(end)
    return [_figures(group, rows) for group, rows in sorted(groups.items())]


def _prompt(end: DraftEndRow) -> str:
    prompt = _written(end).get("prompt") or {}
    return f"{prompt['name']} {prompt['version']}" if isinstance(prompt, dict) and prompt.get("name") else "no prompt"


def _model(end: DraftEndRow) -> str:
    return str(_written(end).get("model") or "no model")


def _written(end: DraftEndRow) -> dict[str, object]:
    return dict(end.provenance.get("written_by") or {})


def _figures(group: str, ends: Sequence[DraftEndRow]) -> EditFigures:
    done = [end for end in ends if end.act == "published"]
    away = sum(end.act == "discarded" and end.reason != REPLACED for end in ends)
    kept, changed, cut, added = (
        sum(int(end.measures.get(name, 0)) for end in done) for name in ("kept", "changed", "cut", "added")
    )
    total = kept + changed + cut
    distances = [float(end.measures["edit_distance"]) for end in done if "edit_distance" in end.measures]
    minutes = [end.seconds / 60 for end in done if end.seconds is not None]
    nothing = "nothing was published"
    return EditFigures(
        group, len(done), away, share(len(done), len(done) + away, "no draft was ended"), share(kept, total, nothing),
        share(changed, total, nothing), share(cut, total, nothing), added, median(distances), median(minutes),
    )  # fmt: skip


def _by_thread(session: Session, ends: Iterable[DraftEndRow]) -> list[ThreadFigures]:
    acts: dict[str, list[str]] = {}
    for end in ends:
        if end.act == "published":
            for sentence in end.measures.get("sentences", []):
                for thread in sentence.get("threads", []):
                    acts.setdefault(thread, []).append(sentence["action"])
    most = sorted(acts, key=lambda thread: (-len(acts[thread]), thread))[:MOST_THREADS]
    known = sa.select(ThreadRow.id, ThreadRow.title).where(ThreadRow.id.in_(most))
    titles = {row.id: row.title for row in session.execute(known)}
    return [
        ThreadFigures(
            thread, titles.get(thread), len(acts[thread]),
            *(share(acts[thread].count(act), len(acts[thread])) for act in ("keep", "change", "cut")),
        )
        for thread in most
    ]  # fmt: skip
