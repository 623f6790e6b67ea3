"""`python -m eval.promotion NAME VERSION`: the gate on one prompt version, from recorded completions alone.

The suite that exercises the prompt runs in replay with that version in production and is held against its baseline.
The last line of output is one JSON object: `{"verdict": "passed" | "failed" | "unmeasured", …}`. A completion that is
not recorded, or a suite that never asks this prompt, makes it `unmeasured`: nothing is known, hence nothing moves.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

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


@dataclass
class Verdict:
    """What the gate says, and why."""

    verdict: str
    because: str
    suite: str = ""
    calls: int = 0
    missing: int = 0
    checks: list[dict[str, str]] = field(default_factory=list)


def judge(name: str, version: str, models: Sequence[str], prompts: Path, recordings: Path | None = None) -> Verdict:
    """Run the gate. `models` are those that would be asked in production."""
    from eval import baselines
    from eval.gate import check
    from eval.loading import NotThere
    from eval.recordings import RecordingBackend, Recordings, folders
    from eval.runner import Run, run_suite
    from eval.subjects import World
    from eval.suites import SUITES

    suite_name, setting = SUITE_OF.get(name, (SUITE_OF_FILES.get(name.partition("/")[0], ""), ""))
    if suite_name not in SUITES:
        return Verdict("unmeasured", f"no suite exercises {name}")
    if setting and not models:
        return Verdict("unmeasured", f"no model is configured that would be asked {name}", suite_name)
    if baselines.load(suite_name) is None:
        return Verdict("unmeasured", f"the suite {suite_name} has no accepted baseline", suite_name)
    known = Recordings([*folders(), *([recordings] if recordings else [])])
    backend = RecordingBackend(known)
    with tempfile.TemporaryDirectory(prefix="answerloop-gate-") as scratch:
        folder = Path(scratch) / "prompts"
        shutil.copytree(prompts, folder)
        _put_live(folder / "live.toml", name, version)
        settings: dict[str, object] = {"prompts_dir": folder}
        if setting:
            settings[setting] = ",".join(models)
        suite = SUITES[suite_name]
        with World(completions=backend, settings=settings) as world:
            try:
                result = run_suite(suite, world, Run(Path(scratch) / "run", jobs=1, models={setting: ",".join(models)}))
            except NotThere as reason:
                return Verdict("unmeasured", str(reason), suite_name)
    calls = int(result.usage.get("calls", 0))
    if backend.misses:
        because = f"{len(backend.misses)} completions are not recorded for {name} {version}"
        return Verdict("unmeasured", because, suite_name, calls, len(backend.misses))
    if setting and calls < LEAST_CALLS:
        return Verdict("unmeasured", f"only {calls} recorded completions rest on {name}", suite_name, calls)
    checks = check(suite, result, baselines.load(suite_name))
    red = [found for found in checks if found.red]
    said = [{"section": c.section, "name": c.name, "verdict": c.verdict, "message": c.message[:300]} for c in checks]
    shown = [row for row in said if row["verdict"] != "pass"][:100]
    if red:
        return Verdict("failed", f"{len(red)} checks are red, first {red[0].name}: {red[0].message}"[:500], suite_name,
                       calls, checks=shown)  # fmt: skip
    return Verdict("passed", f"{len(checks)} checks, none red", suite_name, calls, checks=shown)


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
    parser.add_argument("--recordings", type=Path, help="a folder of recordings beside the committed ones")
    given = parser.parse_args(arguments)
    models = [model.strip() for model in given.models.split(",") if model.strip()]
    found = judge(given.name, given.version, models, given.prompts, given.recordings)
    print(json.dumps(asdict(found), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
