"""`make soak`: mixed load for minutes; memory, open files and threads stay flat, and no answer is a 500.

`python -m tests.endurance.soak --seconds 600`. The first third warms caches up; after it, the last sixth is held against
the sixth that follows the warm-up.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.endurance.served import SITE, Served, post, receiver, thread

MOST_MEMORY_MB = 40.0
MOST_FILES, MOST_THREADS = 8, 4


@dataclass
class Sample:
    """The process at one moment."""

    memory_mb: float
    files: int
    threads: int


@dataclass
class Outcome:
    """Growth from early to late, and the answers by status."""

    before: Sample
    after: Sample
    statuses: Counter[int]
    seconds: float

    @property
    def problems(self) -> list[str]:
        """What is not flat, and answers that should not be."""
        found = []
        for name, most in (("memory_mb", MOST_MEMORY_MB), ("files", MOST_FILES), ("threads", MOST_THREADS)):
            grown = getattr(self.after, name) - getattr(self.before, name)
            if grown > most:
                found.append(f"{name} grew by {grown:g} (at most {most:g})")
        broken = sum(n for status, n in self.statuses.items() if status >= 500 or status == 0)
        return found + [f"{broken} answers were 5xx or missing"] * bool(broken)

    def line(self) -> str:
        """The closing summary."""
        b, a = self.before, self.after
        return (
            f"soak: {sum(self.statuses.values())} requests in {self.seconds:.0f} s; memory {b.memory_mb:.0f} to "
            f"{a.memory_mb:.0f} MB, files {b.files} to {a.files}, threads {b.threads} to {a.threads}: "
            + ("flat" if not self.problems else "; ".join(self.problems))
        )


def run(seconds: float, folder: Path) -> Outcome:
    """Three clients at once for `seconds`."""
    statuses: Counter[int] = Counter()
    with receiver() as (url, _got):
        served = Served(folder, WEBHOOK_URL=url)
        served.start()
        try:
            assert served.process is not None
            process, over, began = psutil.Process(served.process.pid), threading.Event(), time.monotonic()
            workers = [threading.Thread(target=_ask, args=(served, over, statuses, n)) for n in range(3)]
            for worker in workers:
                worker.start()
            samples: list[tuple[float, Sample]] = []
            while (at := time.monotonic() - began) < seconds:
                samples.append((at / seconds, _sample(process)))
                time.sleep(min(1.0, seconds / 60))
            over.set()
            for worker in workers:
                worker.join()
        finally:
            served.stop()
    return Outcome(_middle(samples, 1 / 3, 1 / 2), _middle(samples, 5 / 6, 1), statuses, time.monotonic() - began)


def _ask(served: Served, over: threading.Event, statuses: Counter[int], seed: int) -> None:
    rng = random.Random(seed)
    with served.client() as client:
        while not over.is_set():
            number, dice = rng.randrange(10**6), rng.random()
            title, body = post(number)["title"], post(number)["body"]
            if dice < 0.30:
                answer = client.post("/v1/posts", json=post(number, "async" if dice < 0.1 else "none"))
            elif dice < 0.50:
                answer = client.post("/v1/related", json={"site": SITE, "title": title})
            elif dice < 0.65:
                answer = client.post("/v1/tags/suggest", json={"site": SITE, "title": title, "body": body})
            elif dice < 0.80:
                answer = client.post("/v1/moderations", json={"input": body})
            elif dice < 0.90:
                answer = client.put(f"/v1/threads/{SITE}/t-{number % 300}", json=thread(number))
            elif dice < 0.95:
                answer = client.get("/v1/drafts", params={"limit": 20})
            else:
                answer = client.post("/v1/posts", content=rng.randbytes(200))
            statuses[answer.status_code] += 1


def _sample(process: psutil.Process) -> Sample:
    with process.oneshot():
        return Sample(process.memory_info().rss / 2**20, process.num_fds(), process.num_threads())


def _middle(samples: list[tuple[float, Sample]], start: float, end: float) -> Sample:
    chosen = [sample for share, sample in samples if start <= share <= end] or [samples[-1][1]]
    return Sample(
        statistics.median(s.memory_mb for s in chosen), round(statistics.median(s.files for s in chosen)),
        round(statistics.median(s.threads for s in chosen)),
    )  # fmt: skip


def main() -> int:
    """The command; exit code 1 where something grows."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="answerloop-soak-", ignore_cleanup_errors=True) as folder:
        outcome = run(given.seconds, Path(folder))
    print(f"  answers by status: {dict(sorted(outcome.statuses.items()))}")
    print(outcome.line(), flush=True)
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main())
