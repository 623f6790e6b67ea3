"""Labels point at versions. They live in SQL, every move is kept, and every process knows of a move within a second."""

from __future__ import annotations

import threading
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.clock import Clock, new_id, system_clock
from service.database import Database
from service.errors import Conflict, InvalidInput, NotFound
from service.prompting import library, lock
from service.prompting.tables import PromptLabelMoveRow, PromptLabelRow

PRODUCTION = "production"
CANDIDATE = "candidate"
READ_EVERY_S = 1.0
SEED = "live.toml"


@dataclass(frozen=True)
class Move:
    """One move of a label."""

    name: str
    label: str
    from_version: str | None
    to_version: str
    by: str
    reason: str
    at: datetime


class Labels:
    """Which version of each name is live. Safe to call from many threads."""

    def __init__(self, database: Database, prompts_dir: Path, clock: Clock = system_clock) -> None:
        self._database = database
        self._folder = prompts_dir
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._live: dict[tuple[str, str], str] = {}

    def live(self, name: str, label: str = PRODUCTION) -> str:
        """The version that `label` of `name` points to, at most a second old. Raises NotFound."""
        version = self.find(name, label)
        if version is None:
            raise NotFound(f"{name} has no label {label}", field="name")
        return version

    def find(self, name: str, label: str) -> str | None:
        """As `live`, or None where the label is not set."""
        return self._current().get((name, label))

    def all(self) -> dict[str, dict[str, str]]:
        """name → label → version."""
        table: dict[str, dict[str, str]] = {}
        for (name, label), version in sorted(self._current().items()):
            table.setdefault(name, {})[label] = version
        return table

    def move(self, name: str, label: str, version: str, *, by: str, reason: str) -> Move:
        """Point `label` of `name` at `version`. Whether that needs a gate is for the caller to know.

        Raises NotFound for a version that has no file, Conflict for `production` on a version that is not released
        (it could still change), InvalidInput for a label that is no short lower-case word.
        """
        if not label.replace("-", "_").isidentifier() or not label.islower() or len(label) > 40:
            raise InvalidInput("a label is a short lower-case word", field="label")
        library.path_of(self._folder, name, version)
        if label == PRODUCTION and not lock.is_released(self._folder, name, version):
            raise Conflict(f"{name} {version} is not released; run `answerloop prompts release {name}` first")
        self._current()
        with self._database.write() as session:
            move = _move(session, name, label, version, by, reason, self._clock())
        with self._lock:
            self._read_at = float("-inf")
        return move

    def history(self, name: str, label: str | None = None) -> list[Move]:
        """Moves of a name's labels, newest first."""
        query = sa.select(PromptLabelMoveRow).where(PromptLabelMoveRow.name == name)
        if label is not None:
            query = query.where(PromptLabelMoveRow.label == label)
        query = query.order_by(PromptLabelMoveRow.at.desc(), PromptLabelMoveRow.id.desc())
        with self._database.read() as session:
            return [_as_move(row) for row in session.scalars(query)]

    def was_live(self, name: str, version: str, label: str = PRODUCTION) -> bool:
        """Whether the label has ever pointed at this version: going back to it needs no gate."""
        return any(move.to_version == version for move in self.history(name, label))

    def _current(self) -> dict[tuple[str, str], str]:
        with self._lock:
            if time.monotonic() - self._read_at >= READ_EVERY_S:
                self._live = self._read() or self._seed()
                self._read_at = time.monotonic()
            return self._live

    def _read(self) -> dict[tuple[str, str], str]:
        with self._database.read() as session:
            rows = session.execute(sa.select(PromptLabelRow.name, PromptLabelRow.label, PromptLabelRow.version))
            return {(name, label): version for name, label, version in rows}

    def _seed(self) -> dict[tuple[str, str], str]:
        """Write what `live.toml` says into an empty table; processes that start together write it once."""
        table = tomllib.loads((self._folder / SEED).read_text("utf-8"))
        now = self._clock()
        with self._database.write() as session:
            for label, pointers in table.items():
                for name, version in pointers.items():
                    _seed_one(session, name, label, version, now)
        return self._read()


class PinnedLabels(Labels):
    """The labels of a service, except that some names are held at a version: a candidate's, or that of a past run."""

    def __init__(self, labels: Labels, versions: Mapping[str, str]) -> None:
        self._behind = labels
        self._versions = dict(versions)

    def find(self, name: str, label: str) -> str | None:
        """The pinned version, or what the service's labels say."""
        return self._versions.get(name) or self._behind.find(name, label)


def _seed_one(session: Session, name: str, label: str, version: str, now: datetime) -> None:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = insert(PromptLabelRow).values(name=name, label=label, version=version)
    written = session.scalar(row.on_conflict_do_nothing().returning(PromptLabelRow.name))
    if written is not None:
        session.add(_move_row(name, label, None, version, "install", f"as in {SEED}", now))


def _move(session: Session, name: str, label: str, version: str, by: str, reason: str, now: datetime) -> Move:
    query = sa.select(PromptLabelRow).where(PromptLabelRow.name == name, PromptLabelRow.label == label)
    row = session.scalar(query.with_for_update())
    before = None if row is None else row.version
    if row is None:
        session.add(PromptLabelRow(name=name, label=label, version=version))
    else:
        row.version = version
    moved = _move_row(name, label, before, version, by, reason, now)
    session.add(moved)
    return _as_move(moved)


def _move_row(
    name: str, label: str, before: str | None, version: str, by: str, reason: str, now: datetime
) -> PromptLabelMoveRow:
    return PromptLabelMoveRow(
        id=new_id(), name=name, label=label, from_version=before, to_version=version, by=by, reason=reason, at=now
    )


def _as_move(row: PromptLabelMoveRow) -> Move:
    return Move(row.name, row.label, row.from_version, row.to_version, row.by, row.reason, row.at)
