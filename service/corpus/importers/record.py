"""What every importer yields: threads, threads that are gone, and what it had to refuse and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import ValidationError

from service.corpus.thread import Thread
from service.intake.post import TITLE_LIMIT


@dataclass(frozen=True)
class Found:
    """One thread. `number` counts the source's records from 1: a line, a question, an entry.

    `dated` is false where the source gives no date: a thread that is known keeps the one it has.
    """

    number: int
    external_id: str
    thread: Thread
    dated: bool = True


@dataclass(frozen=True)
class Gone:
    """The source says that this thread is deleted or hidden: it is not imported, and removed where it is known."""

    number: int
    external_id: str
    reason: str


@dataclass(frozen=True)
class Refused:
    """A record that cannot be read. `reason` names the field and never quotes what a member wrote."""

    number: int
    reason: str


Record = Found | Gone | Refused


class Source(Protocol):
    """One opened file, folder or archive."""

    @property
    def total(self) -> int | None:
        """How many records there are, where that is known."""

    @property
    def topics(self) -> Mapping[str, str]:
        """Topics that the source explains, by name."""

    @property
    def notes(self) -> list[str]:
        """What the reader of the totals should know about the source."""

    def records(self, after: int) -> Iterator[Record]:
        """Every record from number `after + 1` on, in the same order each time."""

    def close(self) -> None:
        """Let go of it. What was staged for resuming is removed where `finished` was called."""

    def finished(self) -> None:
        """Everything has been imported."""


@dataclass
class PlainSource:
    """The parts of a source that most importers share."""

    total: int | None = None
    topics: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def close(self) -> None:
        """Nothing is held open."""

    def finished(self) -> None:
        """Nothing was staged."""


def read_thread(number: int, external_id: Any, values: dict[str, Any], *, dated: bool = True) -> Found | Refused:
    """A record from the values of a thread; what does not fit is refused, naming the field."""
    from service.corpus.ready import make_ready
    from service.errors import InvalidInput

    if not isinstance(external_id, str) or not 1 <= len(external_id) <= 200 or "\x00" in external_id:
        return Refused(number, "external_id: must be text of 1 to 200 characters")
    try:
        external_id.encode("utf-8")
        thread = Thread.model_validate(values)
        make_ready(external_id, thread)
    except ValidationError as refused:
        return Refused(number, _first_problem(refused))
    except InvalidInput as refused:
        return Refused(number, f"{refused.field}: {refused.detail}")
    except UnicodeEncodeError:
        return Refused(number, "external_id: holds a lone surrogate")
    return Found(number, external_id, thread, dated)


def short_title(text: str) -> str:
    """A first line that stands in for a title which the source does not have."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= TITLE_LIMIT else line[: TITLE_LIMIT - 1].rsplit(" ", 1)[0] + "…"


def _first_problem(refused: ValidationError) -> str:
    problem = refused.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(map(str, problem["loc"]))
    more = f" (and {refused.error_count() - 1} more)" if refused.error_count() > 1 else ""
    return f"{place or 'record'}: {problem['msg']}{more}"
