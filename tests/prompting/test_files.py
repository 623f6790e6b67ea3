"""The life of a prompt file: mistakes are named with file, line and hint; what is released cannot change."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.errors import Conflict, InvalidPromptFile
from service.prompting import library, lock, release
from service.prompting.check import check
from service.prompting.files import load_prompt
from service.prompting.render import render
from tests.conftest import ROOT
from tests.prompting.conftest import second

SHIPPED = ROOT / "prompts"
DRAFT = ("draft_small", "1.0.0")


def edited(folder: Path, old: str, new: str, name: str = "draft_small") -> Path:
    """A second, unreleased version in which `old` is `new`."""
    path = release.new_version(folder, name)
    text = path.read_text("utf-8").replace('changelog: ""', "changelog: A change.")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


def line_of(path: Path, text: str) -> int:
    return path.read_text("utf-8").splitlines().index(text) + 1


def test_the_shipped_prompts_are_released_and_in_order() -> None:
    assert check(SHIPPED) == []
    known = lock.released(SHIPPED)
    assert {(name, version) for name in library.names(SHIPPED) for version in library.versions(SHIPPED, name)} == set(
        known
    )


@pytest.mark.parametrize("name", ["draft_answer", "policy/tech-career", "taxonomy/tech-career"])
def test_a_released_file_that_changed_is_a_problem_that_names_the_way_out(folder: Path, name: str) -> None:
    path = library.path_of(folder, name, "1.0.0")
    path.write_bytes(path.read_bytes() + b"\n")
    problems = [str(problem) for problem in check(folder)]
    assert any(str(path) in said and "has changed since it was released" in said for said in problems)
    assert any(f"answerloop prompts new {name}" in said for said in problems)
    with pytest.raises(Conflict):
        release.release(folder, name)


def test_a_released_file_that_is_gone_is_a_problem(folder: Path) -> None:
    library.path_of(folder, *DRAFT).unlink()
    assert any("is gone" in str(problem) for problem in check(folder))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  temperature: 0.2", "  temperature: 0.2\n  top_p: 1", "unknown field"),
        ("    title: string", "    title: text", "input"),
        ("description: ", "descriptoin: ", "description: missing"),
        ("version: 1.0.1", "version: 1.0.7", "is not `1.0.1`"),
        ("additionalProperties: false", "additionalProperties: true", "not closed"),
        ('{{ fence(p.text, "passage") }}', "{{ p.text }}", "outside a fence"),
        ('{{ fence(p.text, "passage") }}', '{{ fence(p.txt, "passage") }}', "txt"),
        ('{{ role("system") }}', "{% if %}", "is a Jinja template"),
    ],
)
def test_a_mistake_is_named_with_its_file_line_and_a_hint(folder: Path, old: str, new: str, said: str) -> None:
    path = edited(folder, old, new)
    problems = check(folder)
    assert problems
    assert any(said in str(problem) and f"{path}:" in str(problem) for problem in problems), list(map(str, problems))
    number = int(str(problems[0]).removeprefix(f"{path}:").split(":")[0])
    assert 1 <= number <= len(path.read_text("utf-8").splitlines())


def test_an_error_while_rendering_names_the_line(folder: Path) -> None:
    path = edited(folder, '{{ fence(p.text, "passage") }}', "{{ title.__class__.__mro__ }}")
    prompt = load_prompt(folder, "draft_small", path.stem)
    with pytest.raises(InvalidPromptFile) as raised:
        render(prompt, title="t", body="b", evidence=[{"text": "x"}])
    assert raised.value.extra["line"] == line_of(path, "{{ title.__class__.__mro__ }}")


def test_a_new_version_says_what_it_changes_before_it_is_released(folder: Path) -> None:
    path = release.new_version(folder, "check_tags", "major")
    assert path.stem == "2.0.0"
    with pytest.raises(Conflict):
        release.release(folder, "check_tags")
    path.write_text(path.read_text("utf-8").replace('changelog: ""', "changelog: Says more."), "utf-8")
    assert release.release(folder, "check_tags") == [("check_tags", "2.0.0")]
    assert lock.is_released(folder, "check_tags", "2.0.0")
    assert "+changelog: Says more." in release.diff(folder, "check_tags", "1.0.0", "2.0.0")


def test_live_toml_may_only_name_versions_that_exist(folder: Path) -> None:
    path = folder / "live.toml"
    path.write_text(path.read_text().replace('flag_post = "1.0.0"', 'flag_post = "3.0.0"'))
    assert any("there is no flag_post 3.0.0" in str(problem) for problem in check(folder))


def answerloop(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command on a folder of prompts, with its data beside it."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PROMPTS_DIR": str(folder)}
    env["DATA_DIR"] = str(folder.parent / "data")
    command = [sys.executable, "-m", "service.cli", "prompts", *arguments]
    return subprocess.run(command, env=env, cwd=folder.parent, capture_output=True, text=True, timeout=60, check=False)


def test_the_commands_lead_from_a_new_version_to_production_and_back(folder: Path) -> None:
    assert answerloop(folder, "check").returncode == 0
    version = second(folder, "draft_small")
    assert f"{version}*" in answerloop(folder, "list").stdout
    assert "+Be kind." in answerloop(folder, "diff", "draft_small", "1.0.0", version).stdout
    rendered = answerloop(folder, "render", "draft_small", version).stdout
    assert "Be kind." in rendered and "── user" in rendered and "sha256 " in rendered
    gate = answerloop(folder, "move", "draft_small", "production", version)
    assert gate.returncode == 0 and "gate run" in gate.stdout
    assert "waiting" in answerloop(folder, "gates", "draft_small").stdout
    assert "draft_small\tproduction=1.0.0" in answerloop(folder, "labels").stdout
    moved = answerloop(folder, "move", "draft_small", "candidate", version)
    assert f"nothing → {version}" in moved.stdout
    refused = answerloop(folder, "move", "draft_small", "production", version, "--override", "--reason", "x")
    assert refused.returncode == 1 and "unmeasured" in refused.stderr and "Traceback" not in refused.stderr


def test_without_versions_production_is_rendered_and_compared_with_the_newest(folder: Path) -> None:
    version = second(folder, "draft_small")
    assert (
        answerloop(folder, "render", "draft_small").stdout
        == answerloop(folder, "render", "draft_small", "1.0.0").stdout
    )
    assert "Be kind." in answerloop(folder, "render", "draft_small", version).stdout
    assert "+Be kind." in answerloop(folder, "diff", "draft_small").stdout
    assert "-Be kind." in answerloop(folder, "diff", "draft_small", version, "1.0.0").stdout
    unknown = answerloop(folder, "render", "nothing")
    assert unknown.returncode == 1 and "Traceback" not in unknown.stderr and "no label production" in unknown.stderr


def test_a_version_that_names_a_model_is_refused(folder: Path) -> None:
    path = release.new_version(folder, "draft_small")
    text = path.read_text("utf-8").replace('changelog: ""', "changelog: Asks another.")
    path.write_text(text.replace("model: null", "model: openai/gpt-4.1-mini"), "utf-8")
    (problem,) = check(folder)
    line = line_of(path, "model: openai/gpt-4.1-mini")
    assert str(problem).startswith(f"{path}:{line}: which models are asked is for the settings to say")


def test_the_command_says_that_a_moved_policy_needs_a_restart(folder: Path) -> None:
    moved = answerloop(folder, "move", "policy/tech-career", "production", "1.0.0")
    assert "1.0.0 → 1.0.0" in moved.stdout and "restart the service" in moved.stdout
    assert "restart" not in answerloop(folder, "move", "flag_post", "production", "1.0.0").stdout


def test_check_ends_with_code_1_where_a_released_file_changed(folder: Path) -> None:
    path = library.path_of(folder, *DRAFT)
    path.write_bytes(path.read_bytes() + b"\n")
    done = answerloop(folder, "check")
    assert done.returncode == 1 and "has changed since it was released" in done.stdout
    assert "answerloop prompts check" in (ROOT / "Makefile").read_text()
