"""A service whose language models are a misbehaving server on loopback or a script."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service.jobs import Queue
from tests.api.conftest import *
from tests.furnished import sqlite_copy
from tests.models.conftest import litellm as litellm
from tests.models.misbehaving import Server, _answer

PROMOTION = (
    "Passed over for promotion a second time",
    "My manager says people outside the team must know what I changed for the people who use my work. How do I write that down?",
)

PASSAGE = re.compile(
    r"Passage (?P<id>\S+) \(answer, [^)]*\)\n<<<passage \w+\nThread:.*?\n\n(?P<text>.*?)\npassage \w+>>>", re.S
)


class NoJobs:
    """Keeps what is enqueued instead of running it, so that a test runs each job when it wants to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[str, str, tuple[Any, ...], float | None]] = []

    def enqueue(
        self, _session: Any, _queue: Queue, job: str, key: str, *arguments: Any, delay_s: float | None = None
    ) -> None:
        """Keep it, once for each key."""
        if key not in {entry[1] for entry in self.waiting}:
            self.waiting.append((job, key, arguments, delay_s))


@pytest.fixture
def by_hand(start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Starts a service whose jobs run by `run_jobs()`, in order, in the test's thread; the waits of jobs are skipped."""

    def run(*arguments: Any, **settings: Any) -> Any:
        service = start(*arguments, **settings)
        stations, kept = service.stations, NoJobs()
        monkeypatch.setattr(stations.jobs, "enqueue", kept.enqueue)

        def run_jobs(most: int = 50) -> list[str]:
            done: list[str] = []
            while kept.waiting and len(done) < most:
                job, _key, arguments, _delay = kept.waiting.pop(0)
                if job in stations.deep_lane.handlers():
                    stations.deep_lane.handlers()[job](*arguments)
                    done.append(job)
            return done

        service.run_jobs, service.jobs = run_jobs, kept
        return service

    yield run


class WritingServer(Server):
    """The misbehaving server with one more model, `writes`: the first sentence of each passage it is shown, cited."""

    async def _writes(self, writer: Any, request: dict[str, Any], _count: int) -> bool:
        shown = request["messages"][-1]["content"]
        sentences = []
        for found in PASSAGE.finditer(shown):
            quote = found["text"].split(". ")[0].rstrip(".") + "."
            source = {"passage_id": found["id"], "quote": quote}
            sentences.append({"section": "answer", "kind": "claim", "sources": [source], "text": quote})
        reply = {"form": "answer", "abstain_reason": "", "sentences": sentences[:5]}
        return await _answer(writer, request, json.dumps(reply))


@pytest.fixture
def server(litellm: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[WritingServer]:
    """A server that `openai/…` models lead to."""
    running = WritingServer()
    running.start()
    monkeypatch.setenv("OPENAI_API_BASE", running.address)
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    yield running
    running.stop()


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """SQLite alone: these tests are about what is around the database."""
    return sqlite_copy(sqlite_template, tmp_path)
