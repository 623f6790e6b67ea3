"""A suite small enough to know by heart: ten cases, a subject that asks a model, three metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from eval.calibration import brier
from eval.metric import Case, Marks, Metric, Output, once
from eval.recordings import RecordingBackend
from eval.results import SuiteResult
from eval.runner import Choice, Run, run_suite
from eval.subjects import World
from eval.suite import Loaded, Section, Suite
from service.models.calls import BackendRequest, Message

CASES = [
    Case(f"case-{i}", {"text": f"question {i}"}, f"voice-{i // 2}", {"half": "first" if i < 5 else "second"}, i == 0)
    for i in range(10)
]


def request_of(case: Case, repeat: int = 0) -> BackendRequest:
    """What the subject asks a model about a case."""
    messages = (Message("system", "Say yes or no."), Message("user", case.row["text"]))
    return BackendRequest("openai/tiny", messages, None, 0.0, 5, 30.0, repeat)


def _right(_case: Case, output: Output) -> Marks:
    return once(output["text"] == "yes")


def _length(_case: Case, output: Output) -> Marks:
    return [[float(len(output["text"])), 1.0]]


def _sure(_case: Case, output: Output) -> Marks:
    return [[float(output["text"] == "yes"), 0.9]]


METRICS = (
    Metric("right", "a wrong word is said", _right, margin=0.02, target=0.9),
    Metric("letters", "too long", _length, better="neither", unit="number"),
    Metric("Brier", "too sure", _sure, None, brier, "lower", margin=0.01, plot="reliability"),
)


def suite(
    answer: Callable[[Case], str], version: int = 1, cases: Sequence[Case] = CASES, data: str = "d1", **more: bool
) -> Suite:
    """The suite with a subject that gives `answer(case)`."""

    def subject(_world: World, _cases: Sequence[Case]) -> Callable[[Case], Output]:
        return lambda case: {"text": answer(case)}

    section = Section("words", "yes or no", lambda: Loaded(list(cases), data), subject, METRICS, **more)
    return Suite("tiny", version, "says yes or no", (section,))


def asking(backend: RecordingBackend) -> Callable[[Case], str]:
    """An answer that comes from a model."""
    return lambda case: asyncio.run(backend.ask(request_of(case, case.repeat))).text


def run(folder: Path, answer: Callable[[Case], str], *, choice: Choice | None = None, **more: Any) -> SuiteResult:
    """One run of it."""
    options = {key: more.pop(key) for key in ("jobs", "scores", "mode") if key in more}
    with World(completions=more.pop("completions", None)) as world:
        world.repeats = more.pop("repeats", 1)
        more = {"asks_model": world.repeats > 1, **more}
        return run_suite(
            suite(answer, **more), world, Run(folder, choice=choice or Choice(), progress=False, **options)
        )
