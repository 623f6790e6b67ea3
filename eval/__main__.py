"""`python -m eval`: run, score, compare, baseline accept, report, bench, freeze, schemas.

Exit codes: 0 passed, 1 the gate is red, 2 usage or infrastructure (a bad dataset, a missing recording, a broken run, a
file that cannot be read); what went wrong is said in one line, --traceback shows where.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence

from eval.gate import BROKEN


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="python -m eval", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = top.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run suites and hold them against their baselines")
    score = commands.add_parser("score", help="score the outputs of a run again, without asking anything")
    for command in (run, score):
        command.add_argument("suites", nargs="*", help="suites (default: all)")
        command.add_argument("--only", action="append", default=[], metavar="ID", help="cases by id; * and ? are wild")
        command.add_argument("--slice", action="append", default=[], metavar="NAME=GROUP", help="cases of a slice")
        command.add_argument("--section", action="append", default=[], help="sections by name; * and ? are wild")
        command.add_argument("--limit", type=at_least_one, help="at most this many cases of each section")
        command.add_argument("--run", metavar="NAME", help="name of the run below reports/; an unfinished one goes on")
        command.add_argument("--no-gate", action="store_true", help="report, but do not judge")
    run.add_argument(
        "--data", metavar="FILE", help="labelled posts of `answerloop cases export`, in place of the shipped"
    )
    run.add_argument("--mode", choices=("replay", "record", "live"), default="replay")
    run.add_argument("--draft-model", help="models that write drafts, as in DRAFT_MODEL")
    run.add_argument("--flag-model", help="models that read flags in the deep lane, as in FLAG_MODEL")
    run.add_argument("--tag-model", help="models that check tags, as in TAG_MODEL")
    run.add_argument("--judge-model", help="model that judges drafts; another than the subject's")
    run.add_argument(
        "--repeats",
        type=at_least_one,
        default=1,
        help="times a model is asked about each case of `drafting · questions` and `with_model`, for one that varies",
    )
    run.add_argument(
        "--prompt", action="append", default=[], metavar="NAME@VERSION", help="take this version, live or not"
    )
    run.add_argument("--recordings", help="folder of recordings to read and, in mode record, to write")
    run.add_argument("--batch-out", metavar="FILE", help="write the model calls that have no recording, then stop")
    run.add_argument("--batch-in", metavar="FILE", help="take the results of such a file first")
    run.add_argument("--jobs", type=at_least_one, default=min(4, 2 * (os.cpu_count() or 1)))
    run.add_argument(
        "--processes", type=at_least_one, default=min(2, os.cpu_count() or 1), help="1 or 2 that answer a whole replay"
    )
    run.add_argument(
        "--cache", metavar="DIR", help="keep embeddings for later runs in this folder (default: data/eval-embeddings)"
    )
    run.add_argument("--fresh", action="store_true", help="embed everything anew and keep nothing")
    run.add_argument("--quiet", action="store_true", help="no progress bar")
    compare = commands.add_parser("compare", help="two runs, paired: figures, slices, flips")
    compare.add_argument("first")
    compare.add_argument("second")
    compare.add_argument("--flips", type=int, default=10, help="flips shown for each metric")
    baseline = commands.add_parser("baseline", help="what later runs are held against")
    baseline.add_argument("action", choices=("accept", "show"))
    baseline.add_argument("suites", nargs="*")
    baseline.add_argument("--run", metavar="NAME", help="default: the newest run")
    report = commands.add_parser("report", help="write a run's report: HTML, Markdown, JSON, JUnit XML")
    report.add_argument("run", nargs="?", help="default: the newest run")
    report.add_argument("--against", metavar="RUN", help="another run to show side by side")
    bench = commands.add_parser("bench", help="speed and memory; ratios measured in one process")
    bench.add_argument("sections", nargs="*", help="sections (default: all)")
    bench.add_argument("--threads", type=int, default=8000, help="threads of the corpus")
    bench.add_argument("--seconds", type=float, default=10.0, help="how long each measurement takes")
    freeze = commands.add_parser("freeze", help="write the frozen evidence of drafting questions anew")
    freeze.add_argument("--check", action="store_true", help="only say what would change")
    simulate = commands.add_parser("simulate", help="a synthetic month of the loop through the real service")
    simulate.add_argument("--posts", type=int, default=3000)
    simulate.add_argument("--days", type=int, default=30)
    simulate.add_argument("--seed", type=int, default=1)
    simulate.add_argument(
        "--clean-flagged", type=float, default=10.0, help="bound of each refit: per cent of clean posts flagged"
    )
    simulate.add_argument("--audit-share", type=float, default=0.05, help="share of unflagged posts people look at")
    simulate.add_argument(
        "--to", metavar="DIR", default="reports/simulation", help="folder for the figures and the plots"
    )
    commands.add_parser("schemas", help="write the JSON Schemas beside the datasets")
    commands.add_parser("list", help="suites, sections and cases, and what is skipped here")
    for command in commands.choices.values():
        command.add_argument("--traceback", action="store_true", help="where an error came from")
    return top


def at_least_one(text: str) -> int:
    """A number of cases or times."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    given = parser().parse_args(arguments)
    try:
        from eval import commands

        return int(getattr(commands, "list_suites" if given.command == "list" else given.command)(given))
    except Exception as problem:
        if given.traceback:
            traceback.print_exception(problem)
        print(f"error: {_said(problem)}", file=sys.stderr)
        return BROKEN
    except KeyboardInterrupt:
        print("stopped; the same command with --run goes on where it was", file=sys.stderr)
        return BROKEN


def _said(problem: Exception) -> str:
    """One line. What this project raises says all by itself; of the rest the kind of error is told as well."""
    line = " ".join(str(problem).split()) or "no reason given"
    own = type(problem).__module__.partition(".")[0] in ("eval", "service")
    return line if own else f"{type(problem).__name__}: {line}"


if __name__ == "__main__":
    sys.exit(main())
