"""How long something takes, alone and with many clients at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Crowd:
    """What many clients at once got: answers a second, and the milliseconds of each."""

    rate: float
    times: list[float]


def milliseconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """How long one call takes; with `time.thread_time`, how much of a processor."""
    begin = clock()
    work()
    return 1000 * (clock() - begin)


def crowd(work: Callable[[T], Any], asked: Sequence[T], clients: int) -> Crowd:
    """Every one of `asked` once, by so many clients at a time."""
    begin = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        times = list(pool.map(lambda one: milliseconds(partial(work, one)), asked))
    return Crowd(len(asked) / (time.perf_counter() - begin), times)
