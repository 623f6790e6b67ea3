"""`python -m eval.promotion NAME VERSION`: the gate on one prompt version, from recorded completions alone.

The suite that exercises the prompt runs in replay with that version in production, and is held against the same suite with the
version that is there now, asked of the same models; where that one is not recorded, against the accepted baseline if those models
made it. The last line of output is one JSON object: `{"verdict": "passed" | "failed" | "unmeasured", …}`. A completion that is
not recorded, or a suite that never asks this prompt, makes it `unmeasured`: nothing is known, hence nothing moves.

A version that passes so far also runs on the cases that people accepted (`--data FILE`), where the suite reads posts, and so does
the version that is there now: one case that only the new version gets wrong fails it.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eval.baselines import Baseline
    from eval.gate import Check
    from eval.recordings import Recordings
    from eval.results import CaseResult, SuiteResult
    from eval.suite import Suite

SUITE_OF = {
    "draft_answer": ("drafting", "draft_model"),
    "draft_small": ("drafting", "draft_model"),
    "flag_post": ("flags", "flag_model"),
    "check_tags": ("tags", "tag_model"),
}
"""Prompt → the suite that measures it and the setting that names its models."""
SUITE_OF_FILES = {"policy": "flags", "taxonomy": "tags"}
LEAST_CALLS = 20
"""Fewer recorded completions than this measure nothing."""
SHOWN = 100
"""Checks in a verdict at most."""
Runs = Callable[["Suite", Mapping[str, str]], "tuple[SuiteResult, int]"]
"""(suite, name → version in production) → the run and how many completions it missed."""


@dataclass
class Verdict:
    """What the gate says, and why. `cases` are the accepted ones among what it ran on."""

    verdict: str
    because: str
    suite: str = ""
    calls: int = 0
    missing: int = 0
    cases: int = 0
    checks: list[dict[str, str]] = field(default_factory=list)


def judge(
    name: str, version: str, models: Sequence[str], prompts: Path, recordings: Path | None = None, against: str = "",
    data: Path | None = None,
) -> Verdict:  # fmt: skip
    """Run the gate. `models` are those that would be asked in production, `against` is the version there now, `data` a file
    of accepted cases."""
    from eval.recordings import Recordings, folders
    from eval.suites import SUITES

    suite_name, setting = SUITE_OF.get(name, (SUITE_OF_FILES.get(name.partition("/")[0], ""), ""))
    if suite_name not in SUITES:
        return Verdict("unmeasured", f"no suite exercises {name}")
    if setting and not models:
        return Verdict("unmeasured", f"no model is configured that would be asked {name}", suite_name)
    known = Recordings([*folders(), *([recordings] if recordings else [])])
    with tempfile.TemporaryDirectory(prefix="answerloop-gate-") as vectors:

        def run(suite: Suite, live: Mapping[str, str]) -> tuple[SuiteResult, int]:
            return _run(suite, setting, models, prompts, known, Path(vectors), live)

        found = _on_shipped(SUITES[suite_name], setting, models, run, name, version, against)
        if found.verdict != "passed" or data is None or not data.is_file() or not data.stat().st_size:
            return found
        return _on_cases(found, SUITES[suite_name], data, run, name, version, against)


def _on_shipped(
    suite: Suite, setting: str, models: Sequence[str], run: Runs, name: str, version: str, against: str
) -> Verdict:
    """The verdict on the suite's own cases."""
    from eval import baselines
    from eval.gate import check
    from eval.loading import NotThere

    accepted = baselines.load(suite.name)
    if accepted is None:
        return Verdict("unmeasured", f"the suite {suite.name} has no accepted baseline", suite.name)
    try:
        result, misses = run(suite, {name: version})
    except NotThere as reason:
        return Verdict("unmeasured", str(reason), suite.name)
    calls = int(result.usage.get("calls", 0))
    if misses:
        because = f"{misses} completions are not recorded for {name} {version}"
        return Verdict("unmeasured", because, suite.name, calls, misses)
    if setting and calls < LEAST_CALLS:
        return Verdict("unmeasured", f"only {calls} recorded completions rest on {name}", suite.name, calls)
    reference = accepted
    if setting and against and against != version:
        before, unknown = run(suite, {name: against})
        if not unknown:
            reference = baselines.of_run(before)
    if setting and reference is accepted and not _made_by(accepted, setting, models):
        because = f"no completions of {name} {against} by {','.join(models)} are recorded to hold {version} against"
        return Verdict("unmeasured", because, suite.name, calls)
    checks = check(suite, result, reference)
    asking = {section.name for section in result.sections if any(asked_a_model(case) for case in section.cases)}
    if setting and not any(found.section in asking and found.change is not None for found in checks):
        return Verdict("unmeasured", f"no guarded figure that rests on {name} could be compared", suite.name, calls)
    return _said(Verdict("passed", f"{len(checks)} checks, none red", suite.name, calls), checks)


def _on_cases(found: Verdict, suite: Suite, data: Path, run: Runs, name: str, version: str, against: str) -> Verdict:
    """The verdict with what both versions make of accepted cases; as it is for a suite that reads no posts, and where no
    version is in production that the cases could be held against."""
    from eval import baselines
    from eval.exported import broken, on_file
    from eval.gate import check

    on_cases = on_file(suite, data)
    if on_cases is None or against in ("", version):
        return found
    (after, misses), (before, unknown) = (run(on_cases, {name: which}) for which in (version, against))
    for which, missing in ((version, misses), (against, unknown)):
        if missing:
            because = f"{missing} completions of accepted cases are not recorded for {name} {which}"
            return replace(found, verdict="unmeasured", because=because, missing=missing)
    cases = len({case.id for section in after.sections for case in section.cases})
    figures = [c for c in check(on_cases, after, baselines.of_run(before)) if c.verdict != "skipped"]
    checks = [*broken(on_cases, before, after), *figures]
    passed = f"{found.because}; {cases} accepted cases, none broken"
    return _said(replace(found, because=passed, cases=cases), checks)


def _said(passed: Verdict, checks: Sequence[Check]) -> Verdict:
    """A verdict that passed so far, with further checks: failed where one of them is red."""
    said = [{"section": c.section, "name": c.name, "verdict": c.verdict, "message": c.message[:300]} for c in checks]
    shown = [*passed.checks, *(row for row in said if row["verdict"] != "pass")][:SHOWN]
    red = [found for found in checks if found.red]
    if not red:
        return replace(passed, checks=shown)
    because = f"{len(red)} checks are red, first {red[0].name}: {red[0].message}"[:500]
    return replace(passed, verdict="failed", because=because, checks=shown)


def asked_a_model(case: CaseResult) -> bool:
    """Whether a model was asked for this case."""
    return bool(((case.output or {}).get("_calls") or {}).get("calls"))


def _run(
    suite: Suite, setting: str, models: Sequence[str], prompts: Path, known: Recordings, vectors: Path,
    live: Mapping[str, str],
) -> tuple[SuiteResult, int]:  # fmt: skip
    """The suite in replay with these versions in production, and how many completions it missed. Runs share `vectors`."""
    from eval.recordings import RecordingBackend
    from eval.runner import Choice, Run, run_suite
    from eval.subjects import World
    from eval.suites import SUITES

    backend = RecordingBackend(known)
    with tempfile.TemporaryDirectory(prefix="answerloop-gate-") as scratch:
        settings: dict[str, object] = {"prompts_dir": with_live(prompts, live, Path(scratch) / "prompts")}
        if setting:
            settings[setting] = ",".join(models)
        with World(completions=backend, settings=settings, cache=vectors) as world:
            said = {setting: ",".join(models)} if setting else {}
            choice = Choice(other_data=suite is not SUITES[suite.name])
            result = run_suite(suite, world, Run(Path(scratch) / "run", jobs=1, choice=choice, models=said))
    return result, len(backend.misses)


def _made_by(accepted: Baseline, setting: str, models: Sequence[str]) -> bool:
    """Whether the accepted baseline was made with these models; one that names none was made with the default."""
    from service.settings import Settings

    made_with = accepted.models.get(setting) or str(Settings.model_fields[setting].default)
    return made_with == ",".join(models)


def with_live(prompts: Path, versions: Mapping[str, str], to: Path) -> Path:
    """A copy of the prompts in `to` in which these versions are in production, released or not. Raises NotFound."""
    from service.prompting import library

    shutil.copytree(prompts, to)
    for name, version in versions.items():
        library.path_of(to, name, version)
        _put_live(to / "live.toml", name, version)
    return to


def _put_live(path: Path, name: str, version: str) -> None:
    text = path.read_text("utf-8")
    key = f'"{name}"' if "/" in name else name
    changed, count = re.subn(rf'(?m)^{re.escape(key)} = ".*"$', f'{key} = "{version}"', text, count=1)
    path.write_text(changed if count else text.replace("[production]", f'[production]\n{key} = "{version}"'), "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; exit code 0 whatever the verdict, it stands in the last line."""
    parser = argparse.ArgumentParser(prog="python -m eval.promotion", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("version")
    parser.add_argument("--models", default="", help="comma-separated, as in DRAFT_MODEL")
    parser.add_argument("--prompts", type=Path, default=Path("prompts"))
    parser.add_argument("--against", default="", help="the version in production now")
    parser.add_argument("--recordings", type=Path, help="a folder of recordings beside the committed ones")
    parser.add_argument("--data", type=Path, help="accepted cases beside the suite's own, of `answerloop cases export`")
    given = parser.parse_args(arguments)
    models = [model.strip() for model in given.models.split(",") if model.strip()]
    found = judge(given.name, given.version, models, given.prompts, given.recordings, given.against, given.data)
    print(json.dumps(asdict(found), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
