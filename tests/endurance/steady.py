"""Part of `make soak`: the same suite replayed many times, each time in a fresh world; all must be green.

`python -m tests.endurance.steady --times 50`. The suite `support` is taken because it runs the embedding model, fits
nothing and takes seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from eval import baselines
from eval.gate import PASS, check, exit_code
from eval.recordings import RecordingBackend, Recordings, folders
from eval.runner import Run, run_suite
from eval.subjects import World
from eval.suites import SUITES

SUITE = "support"


@dataclass
class Outcome:
    """How often the gate was green, and how many different verdicts there were (one is right)."""

    green: int
    times: int
    different: int
    seconds: float

    def line(self) -> str:
        """The closing summary."""
        return f"steady: {SUITE} green {self.green} times of {self.times}, {self.different} different verdicts, {self.seconds:.0f} s"


def run(times: int, seconds: float, scratch: Path) -> Outcome:
    """Replay until `times` or `seconds` are reached."""
    began, green, verdicts = time.monotonic(), 0, Counter[str]()
    for number in range(times):
        if number and time.monotonic() - began > seconds:
            break
        backend = RecordingBackend(Recordings(folders()))
        with World(completions=backend) as world:
            result = run_suite(SUITES[SUITE], world, Run(scratch / str(number), jobs=2, progress=False))
        checks = check(SUITES[SUITE], result, baselines.load(SUITE))
        green += exit_code(checks) == PASS and not backend.misses
        verdicts[str([(c.section, c.name, c.verdict, c.message) for c in checks])] += 1
    return Outcome(green, sum(verdicts.values()), len(verdicts), time.monotonic() - began)


def main() -> int:
    """The command; exit code 1 where one replay was not green or not the same."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance.steady", description=__doc__)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=900)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="answerloop-steady-") as folder:
        outcome = run(given.times, given.seconds, Path(folder))
    print(outcome.line(), flush=True)
    return 0 if outcome.green == outcome.times and outcome.different == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
