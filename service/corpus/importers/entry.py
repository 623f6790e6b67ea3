"""What an importer yields."""

from __future__ import annotations

from dataclasses import dataclass

from service.corpus.thread import Thread


@dataclass(frozen=True)
class Entry:
    """One entry of a file: a thread, a topic's description, or what is wrong with it; `line` is where it begins."""

    line: int
    external_id: str = ""
    thread: Thread | None = None
    topic: tuple[str, str] | None = None
    problem: str | None = None
