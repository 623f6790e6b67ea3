"""The generations of a site's index: one is live, another may be built beside it, a third waits to be dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.corpus.tables import IndexRow

Kind = Literal["passages", "posts"]
State = Literal["live", "building", "retired"]


@dataclass(frozen=True)
class Generation:
    """One build of a site's index: by which model, cut how, and the number of its last change.

    `cursor` is the last thread that a building generation has passed.
    """

    id: str
    site: str
    model: str
    dimension: int
    chunker: str
    state: State
    version: int
    cursor: str | None

    @property
    def change(self) -> str:
        """Another one whenever a search of this generation may give something else."""
        return f"{self.id}:{self.version}"

    def collection(self, kind: Kind) -> str:
        """The name of its collection in Chroma."""
        return f"{self.site}.{kind}.{self.id.replace('-', '')[-12:]}"


_OF_SITE = sa.text(
    f"SELECT {', '.join(Generation.__dataclass_fields__)} FROM indexes WHERE site = :site"  # every lookup asks this
)


def generations(
    session: Session, site: str, states: Sequence[State] = ("live", "building", "retired")
) -> list[Generation]:
    """The generations of a site's index in these states, the live one first."""
    rows = session.connection().execute(_OF_SITE, {"site": site})
    found = [Generation(*cast(tuple[Any, ...], row)) for row in rows if row.state in states]
    return sorted(found, key=lambda generation: ("live", "building", "retired").index(generation.state))


def new_version(session: Session, site: str) -> None:
    """Say that a search of this site may now give something else."""
    session.execute(sa.update(IndexRow).where(IndexRow.site == site).values(version=IndexRow.version + 1))
