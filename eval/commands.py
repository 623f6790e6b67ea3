"""What the commands of `python -m eval` do."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eval import baselines, batch, beside, results
from eval.exported import SECTION as ON_FILE
from eval.gate import BROKEN, PASS, check, exit_code
from eval.loading import NotThere, write_schemas
from eval.printing import print_checks, print_comparison, print_suite
from eval.recordings import Mode, RecordingBackend, Recordings, folders, own_folder
from eval.remembering import kept_between_runs
from eval.runner import Choice, Run, console, run_suite
from eval.subjects import REPOSITORY, World
from eval.suite import Suite
from eval.suites import SUITES
from service.models.calls import model_list
from service.settings import LOCAL_WRITER


class Misused(Exception):
    """A command line that cannot be meant. Exit code 2."""


def run(given: argparse.Namespace) -> int:
    """Run suites, write the report, judge."""
    for file in (given.data, given.batch_in):
        if file and not Path(file).is_file():
            raise Misused(f"there is no file {file}")
    models = _models(given)
    subjects = [models.get("draft_model", LOCAL_WRITER), *models.values()]
    if given.judge_model and given.judge_model in model_list(",".join(subjects)):
        raise Misused(f"{given.judge_model} would judge itself: take another model as the judge")
    given.run = given.run or _fresh_name()
    run_folder = results.REPORTS / given.run
    plan = Run(run_folder, given.mode, given.jobs, _choice(given), _said(given, models), not given.quiet)
    found: list[results.SuiteResult] = []
    two = given.processes > 1 and not (given.batch_out or given.data) and beside.pays(chosen(given.suites), plan)
    with tempfile.TemporaryDirectory(prefix="answerloop-run-") as scratch:
        cache = _cache(given, Path(scratch))
        with opened(given, cache, threads=1 if two else 2) as (suites, world, backend):
            if two:
                plan.seconds |= _answered_by_two(given, suites, world, plan, Path(scratch) / "claims", cache)
            for suite in suites:
                (run_folder / f"{suite.name}.json").unlink(missing_ok=True)
                found.append(run_suite(suite, world, plan))
                if not backend.misses:
                    results.save(found[-1], run_folder)
                    print_suite(found[-1])
    if given.batch_out:
        count = batch.write_requests(Path(given.batch_out), backend.misses.values())
        console.print(f"{count} requests written to {given.batch_out}")
        return PASS
    if backend.misses:
        first = next(iter(backend.misses.values()))
        console.print(
            f"[red]{len(backend.misses)} completions are not recorded[/], the first for case {first.case} "
            f"({first.request.model}). Record them with --mode record, or exchange them with --batch-out and --batch-in."
        )
        for miss in list(backend.misses.values())[:20]:
            console.print(f"  {miss.case}")
        return BROKEN
    return _finish(suites, found, run_folder, judge=not given.no_gate and not given.data)


@contextmanager
def opened(
    given: argparse.Namespace, cache: Path, threads: int
) -> Iterator[tuple[list[Suite], World, RecordingBackend]]:
    """What a command line asks for: the suites, the subjects that they ask, and the completions that those get."""
    suites = _on_data(chosen(given.suites), given.data)
    recordings = Recordings(
        [*folders(), *([Path(given.recordings)] if given.recordings else [])], writable=_writable(given)
    )
    if given.batch_in:
        _take(Path(given.batch_in), recordings)
    backend = RecordingBackend(recordings, given.mode, _real(given.mode))
    with _prompts(given.prompt) as prompts:
        settings = {**_models(given), **prompts}
        with World(completions=backend, settings=settings, cache=cache, threads=threads) as world:
            world.judge_model, world.repeats = given.judge_model or "", given.repeats
            yield suites, world, backend


def _answered_by_two(
    given: argparse.Namespace, suites: Sequence[Suite], world: World, plan: Run, claims: Path, cache: Path
) -> dict[str, float]:
    """Answer every section with a process beside this one; how long each took."""
    claims.mkdir()
    assert world.stations  # the sample community is embedded once, for both
    with beside.second_process(given, plan, claims, cache):
        beside.answer(suites, world, plan, beside.Claims(claims), first=True)
    return beside.Claims(claims).seconds()


def _cache(given: argparse.Namespace, scratch: Path) -> Path:
    """Where vectors are kept: for later runs too, but for those of exported cases, which are what members wrote."""
    if given.cache:
        return Path(given.cache)
    if given.fresh or given.data:
        return scratch / "cache"
    with suppress(OSError):
        kept = kept_between_runs()
        kept.mkdir(parents=True, exist_ok=True)
        if os.access(kept, os.W_OK):
            return kept
    return scratch / "cache"


def score(given: argparse.Namespace) -> int:
    """Score the outputs of a run again."""
    folder = _run_folder(given.run)
    previous = {result.suite: result for result in results.load_run(folder)}
    names = given.suites or sorted(previous)
    suites, found = chosen(names), []
    for suite in suites:
        if suite.name not in previous:
            raise Misused(f"the run {folder.name} holds no suite {suite.name}")
        if previous[suite.name].section(ON_FILE):
            raise Misused(f"the run {folder.name} was made with --data: run it again")
    with World() as world:
        for suite in suites:
            before = previous[suite.name]
            plan = Run(folder, before.mode, 1, _choice(given), before.models, progress=False, scores=before)
            world.repeats = int(before.models.get("repeats", 1))
            found.append(run_suite(suite, world, plan))
            results.save(found[-1], folder)
            print_suite(found[-1])
    return _finish(suites, found, folder, judge=not given.no_gate)


def compare(given: argparse.Namespace) -> int:
    """Two runs, paired."""
    from eval.compare import compare as pair

    first, second = (results.load_run(_run_folder(name)) for name in (given.first, given.second))
    print_comparison(pair(SUITES.values(), first, second), given.flips)
    return PASS


def baseline(given: argparse.Namespace) -> int:
    """Accept a run as the baseline, or show what is accepted."""
    if given.action == "show":
        for suite in chosen(given.suites):
            known = baselines.load(suite.name)
            said = f"{known.accepted} at {known.commit}" if known else "none"
            console.print(f"{suite.name}: {said}")
        return PASS
    folder = _run_folder(given.run)
    for result in results.load_run(folder):
        if not given.suites or result.suite in given.suites:
            console.print(f"accepted {baselines.accept(result, suite=SUITES.get(result.suite))}")
    return PASS


def report(given: argparse.Namespace) -> int:
    """Write a run's report again."""
    folder = _run_folder(given.run)
    found = results.load_run(folder)
    checks = [c for r in found if r.suite in SUITES for c in check(SUITES[r.suite], r, baselines.load(r.suite))]
    against = results.load_run(_run_folder(given.against)) if given.against else []
    console.print(str(_write_reports(folder, found, checks, against)))
    return PASS


def bench(given: argparse.Namespace) -> int:
    """Speed and memory."""
    from eval.bench import run_bench

    return run_bench(given.sections, threads=given.threads, seconds=given.seconds)


def freeze(given: argparse.Namespace) -> int:
    """Freeze the evidence of drafting questions."""
    from eval.freezing import freeze_questions

    with World() as world:
        changed = freeze_questions(world, write=not given.check)
    console.print(f"{changed} rows {'would change' if given.check else 'written'}")
    return PASS


def simulate(given: argparse.Namespace) -> int:
    """A synthetic month."""
    from eval.simulation import showing
    from eval.simulation.running import Plan
    from eval.simulation.running import simulate as run_month

    plan = Plan(posts=given.posts, days=given.days, seed=given.seed, audit_share=given.audit_share,
                clean_flagged=given.clean_flagged)  # fmt: skip
    with World() as world:
        found = run_month(world, plan, console.print)
    for line in showing.lines(found):
        console.print(line)
    console.print(str(showing.write(found, Path(given.to))))
    return PASS


def schemas(_given: argparse.Namespace) -> int:
    """Write the JSON Schemas."""
    for path in write_schemas():
        console.print(str(path))
    return PASS


def list_suites(_given: argparse.Namespace) -> int:
    """Suites and sections."""
    for suite in SUITES.values():
        console.print(f"[bold]{suite.name}[/] v{suite.version}: {suite.what}")
        for section in suite.sections:
            try:
                said = f"{len(section.load().cases)} cases"
            except NotThere as reason:
                said = f"skipped: {reason}"
            console.print(f"  {section.name}: {section.what} ({said})")
    return PASS


def chosen(names: Any) -> Any:
    """Suites by name; all of them without any. Raises Misused for an unknown one."""
    for name in names:
        if name not in SUITES:
            raise Misused(f"there is no suite {name!r}; there are {', '.join(SUITES)}")
    return [SUITES[name] for name in (names or SUITES)]


def _on_data(suites: Any, file: str | None) -> Any:
    if not file:
        return suites
    from eval.exported import on_file

    found = [suite for suite in (on_file(suite, Path(file)) for suite in suites) if suite is not None]
    if not found:
        raise Misused("none of these suites reads labelled posts; try flags, tags or routing")
    return found


def _finish(suites: Any, found: Any, folder: Path, *, judge: bool) -> int:
    checks: Any = [c for s, r in zip(suites, found, strict=True) for c in check(s, r, baselines.load(s.name))]
    path = _write_reports(folder, found, checks, [])
    print_checks(checks, judge)
    console.print(f"report: {path}")
    return exit_code(checks) if judge else PASS


def _write_reports(folder: Path, found: Any, checks: Any, against: Any) -> Path:
    from eval.reporting import html, junit, markdown, trend

    for result in found:
        trend.note(result, folder.name)
    junit.write(folder / "junit.xml", found, checks)
    markdown.write(folder / "report.md", found, checks)
    return html.write(folder / "report.html", found, checks, against)


def _choice(given: argparse.Namespace) -> Choice:
    slices = []
    for wish in given.slice:
        name, separator, group = wish.partition("=")
        if not separator:
            raise Misused(f"--slice takes NAME=GROUP, not {wish!r}")
        slices.append((name, group))
    other_data = bool(getattr(given, "data", None))
    return Choice(tuple(given.only), tuple(slices), given.limit, tuple(given.section), other_data)


def _take(file: Path, recordings: Recordings) -> None:
    from service.models.prices import Prices

    taken = batch.read_results(file, recordings, Prices(""))
    console.print(f"{taken.kept} completions taken from {file}, {len(taken.failed)} failed there")
    if taken.unknown:
        console.print(
            f"[yellow]{len(taken.unknown)} were not asked from here[/], the first is {taken.unknown[0]}; "
            "they are kept under the model that their reply names"
        )


@contextmanager
def _prompts(pinned: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Settings under which these versions (`name@version`) are in production."""
    if not pinned:
        yield {}
        return
    from eval.promotion import with_live

    versions = dict(_name_and_version(wish) for wish in pinned)
    with tempfile.TemporaryDirectory(prefix="answerloop-prompts-") as scratch:
        yield {"prompts_dir": with_live(REPOSITORY / "prompts", versions, Path(scratch) / "prompts")}


def _name_and_version(wish: str) -> tuple[str, str]:
    name, separator, version = wish.partition("@")
    if not separator:
        raise Misused(f"--prompt takes NAME@VERSION, not {wish!r}")
    return name, version


def _models(given: argparse.Namespace) -> dict[str, str]:
    wishes = {"draft_model": given.draft_model, "flag_model": given.flag_model, "tag_model": given.tag_model}
    return {name: model for name, model in wishes.items() if model}


def _said(given: argparse.Namespace, models: dict[str, str]) -> dict[str, str]:
    said = dict(models)
    if given.judge_model:
        said["judge_model"] = given.judge_model
    if given.repeats > 1:
        said["repeats"] = str(given.repeats)
    if given.prompt:
        said["prompts"] = ", ".join(sorted(given.prompt))
    return said


def _writable(given: argparse.Namespace) -> Path | None:
    if given.recordings:
        return Path(given.recordings)
    if given.mode == "record" or given.batch_in:
        return Path(os.environ.get("EVAL_RECORDINGS") or own_folder())
    return None


def _real(mode: Mode) -> Any:
    if mode == "replay":
        return None
    from eval.subjects import models_dir
    from service.models.gateway import LiteLLMBackend
    from service.settings import Settings

    return LiteLLMBackend(Settings(data_dir=models_dir().parent))


def _fresh_name() -> str:
    return datetime.now(UTC).strftime("%Y%m%d-%H%M%S")


def _run_folder(name: str | None) -> Path:
    folder = Path(name) if name and Path(name).is_dir() else results.REPORTS / name if name else results.newest_run()
    if folder is None or not results.started(folder):
        raise Misused(f"there is no run {name!r} below {results.REPORTS}" if name else "nothing was run yet")
    return folder
