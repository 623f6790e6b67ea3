"""A suite: sections of a dataset, a subject and metrics. Each suite fits on one page of `eval/suites/`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from eval.cases import Row
from eval.metric import Case, Metric, Output
from eval.subjects import World

Subject = Callable[[Case], Output]


@dataclass(frozen=True)
class Loaded:
    """The cases of a section and the version of the data they come from."""

    cases: list[Case]
    version: str


@dataclass(frozen=True)
class Section:
    """One dataset with one subject.

    `load` raises NotThere where the data is not on this machine. `subject` prepares production code for these cases and
    returns the function that runs one of them; its output is JSON. An `external` section may be skipped: its data or its
    model is not on every machine. A section that `asks_model` runs each case as often as `--repeats` says. Those whose
    reading is shared read the same posts as others, each of which is read once.
    """

    name: str
    what: str
    load: Callable[[], Loaded]
    subject: Callable[[World, Sequence[Case]], Subject]
    metrics: tuple[Metric, ...]
    external: bool = False
    asks_model: bool = False
    shares_reading: bool = False


@dataclass(frozen=True)
class Suite:
    """Sections that belong together. A change to what is measured is a new version."""

    name: str
    version: int
    what: str
    sections: tuple[Section, ...]


def cases_of(rows: Iterable[Row], must_pass: bool = False) -> list[Case]:
    """Cases from dataset rows."""
    return [Case(row.id, row, row.cluster, row.slices, must_pass) for row in rows]
