"""Two processes answer the sections of one run: what one of them has taken the other leaves alone.

Outputs lie in the run's folder as those of a run that was cut short would, and whoever scores the run finds them there; what a
process could not answer is asked again then. Sections that read the same posts stay in one process, which reads each once.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eval.runner import Run, answer_section, takes
from eval.subjects import World
from eval.suite import Section, Suite

LEAST = 4
"""Fewer sections are not worth a second process, which loads the models again."""


@dataclass(frozen=True)
class Claims:
    """Which sections are taken, as empty files in a folder of one run; a finished one holds the seconds that it took."""

    folder: Path

    def take(self, name: str) -> bool:
        """Whether the section was nobody's until now."""
        try:
            (self.folder / name).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def finish(self, name: str, seconds: float) -> None:
        """Note that it is done."""
        (self.folder / name).write_text(f"{seconds:.2f}", "utf-8")

    def seconds(self) -> dict[str, float]:
        """How long each section took."""
        told = {path.name: path.read_text("utf-8") for path in self.folder.iterdir()}
        return {name: float(text) for name, text in told.items() if text}


def name_of(suite: Suite, section: Section) -> str:
    """As its outputs are called."""
    return f"{suite.name}.{section.name}"


def pays(suites: Sequence[Suite], run: Run) -> bool:
    """Whether there is enough for two."""
    apart = [s for suite in suites for s in suite.sections if not s.shares_reading and takes(run, s)]
    return run.mode == "replay" and not run.choice.limits_sections and len(apart) >= LEAST


def answer(suites: Sequence[Suite], world: World, run: Run, claims: Claims, *, first: bool) -> None:
    """Answer what nobody has taken: the first process what shares its reading and then the last sections, the second the rest
    from the beginning."""
    every = [(suite, section) for suite in suites for section in suite.sections if takes(run, section)]
    apart = [pair for pair in every if not pair[1].shares_reading]
    shared = [pair for pair in every if pair[1].shares_reading]
    for suite, section in [*shared, *reversed(apart)] if first else apart:
        if claims.take(name_of(suite, section)):
            began = time.monotonic()
            answer_section(suite, section, world, run)
            claims.finish(name_of(suite, section), time.monotonic() - began)


@contextmanager
def second_process(given: argparse.Namespace, run: Run, folder: Path, cache: Path) -> Iterator[None]:
    """A process that answers beside this one, with the same command line; waited for at the end."""
    process = multiprocessing.get_context("spawn").Process(
        target=_second, args=(given, run, folder, cache), daemon=True, name="eval beside"
    )
    process.start()
    try:
        yield
        process.join()
    finally:
        process.kill()


def _second(given: argparse.Namespace, run: Run, folder: Path, cache: Path) -> None:
    from eval.commands import opened

    with opened(given, cache, threads=1) as (suites, world, _backend):
        answer(suites, world, run, Claims(folder), first=False)
