"""Where the cut of drafts lies: `python -m eval.cut_of_drafts` reads the questions to fit and prints what each cut does."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from eval.intervals import wilson
from eval.loading import shipped
from eval.runner import console
from eval.subjects import SITE, World
from service.drafting.abstain import CUT_OFF
from service.drafting.focus import bearing
from service.intake.post import NewPost

ABSTAIN = 0.9
"""Share of unanswerable questions that are to get no draft."""
STEPS = tuple(round(0.5 + 0.005 * step, 3) for step in range(31))


def lowest_cut(unanswerable: Sequence[float], abstain: float = ABSTAIN, steps: Sequence[float] = STEPS) -> float:
    """The lowest step below which at least the share `abstain` of the unanswerable questions' bearings lies.

    The highest step where there is none.
    """
    for cut in steps:
        if sum(value < cut for value in unanswerable) >= abstain * len(unanswerable):
            return cut
    return steps[-1]


def main() -> None:
    """Print the table and the cut."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, help="folder that keeps embeddings between runs")
    given = parser.parse_args()
    answered: list[float] = []
    unanswerable: list[float] = []
    first = third = 0
    with World(cache=given.cache) as world:
        for row in shipped("questions_to_fit").rows:
            post = NewPost(site=SITE, external_id=row.id, title=row.title, body=row.body)
            evidence = world.read(post).evidence
            (answered if row.answerable else unanswerable).append(bearing(evidence))
            found = [thread.external_id for thread in evidence.related]
            first += bool(set(found[:1]) & set(row.best_threads))
            third += bool(set(found[:3]) & set(row.best_threads))
    table = Table("cut", f"drafted, of {len(answered)} answerable", f"no draft, of {len(unanswerable)} others")
    for cut in STEPS[::2]:
        drafted = sum(value >= cut for value in answered)
        silent = sum(value < cut for value in unanswerable)
        table.add_row(f"{cut:.2f}", _rate(drafted, len(answered)), _rate(silent, len(unanswerable)))
    console.print(table)
    console.print(f"a best thread first: {first / len(answered):.2f}, among three: {third / len(answered):.2f}")
    console.print(f"cut: {lowest_cut(unanswerable):.3f} (in use: {CUT_OFF})")


def _rate(hits: int, n: int) -> str:
    found = wilson(hits, n)
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


if __name__ == "__main__":
    main()
