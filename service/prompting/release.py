"""The life of a version from the writer's side: new, diff, release."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Literal

from service.errors import Conflict, NotFound
from service.prompting import library, lock
from service.prompting.check import check

Step = Literal["patch", "minor", "major"]


def new_version(folder: Path, name: str, step: Step = "patch") -> Path:
    """Copy the newest version of `name` to the next one and return its path. Raises NotFound.

    Patch: wording with the same meaning; minor: meaning; major: inputs or reply.
    """
    before = library.path_of(folder, name, newest(folder, name))
    version = _after(before.stem, step)
    text = re.sub(r"(?m)^version:.*$", f"version: {version}", before.read_text("utf-8"), count=1)
    text = re.sub(r"(?m)^changelog:.*$", 'changelog: ""', text, count=1)
    path = before.with_name(version + before.suffix)
    with path.open("x", encoding="utf-8") as stream:
        stream.write(text)
    return path


def newest(folder: Path, name: str) -> str:
    """The newest version of a name. Raises NotFound."""
    found = library.versions(folder, name)
    if not found:
        raise NotFound(f"there is no prompt, policy or taxonomy called {name}", field="name")
    return found[-1]


def diff(folder: Path, name: str, old: str, new: str) -> str:
    """A unified diff of two versions. Raises NotFound."""
    paths = [library.path_of(folder, name, version) for version in (old, new)]
    before, after = (path.read_text("utf-8").splitlines(keepends=True) for path in paths)
    return "".join(difflib.unified_diff(before, after, str(paths[0]), str(paths[1])))


def release(folder: Path, name: str | None = None) -> list[tuple[str, str]]:
    """Lock every unreleased version, or those of one name; returns (name, version) of what was added.

    Raises Conflict while anything in the folder has a problem, NotFound for an unknown name.
    """
    problems = check(folder)
    if problems:
        raise Conflict(f"nothing was released, because of {problems[0]}")
    chosen = library.names(folder) if name is None else [name]
    if name is not None and not library.versions(folder, name):
        raise NotFound(f"there is no prompt, policy or taxonomy called {name}", field="name")
    known = lock.released(folder)
    added = [(each, version) for each in chosen for version in library.versions(folder, each)]
    added = [entry for entry in added if entry not in known]
    for each, version in added:
        lock.add(folder, each, version)
    return added


def _after(version: str, step: Step) -> str:
    major, minor, patch = library.order(version)
    return {
        "patch": f"{major}.{minor}.{patch + 1}",
        "minor": f"{major}.{minor + 1}.0",
        "major": f"{major + 1}.0.0",
    }[step]
