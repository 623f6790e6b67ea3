"""`released.lock`: the SHA-256 of every released file, one line each, as `sha256sum -c` reads it.

A released version never changes; to change a word, make the next version.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from service.errors import Conflict
from service.prompting import library
from service.prompting.problem import Problem

FILE = "released.lock"


def check(folder: Path) -> list[Problem]:
    """What in the folder is not as it was released; empty when all is well."""
    problems = []
    for number, (name, version, sha256) in enumerate(_entries(folder), 1):
        path = _path(folder, name, version)
        if not path.is_file():
            problems.append(Problem(folder / FILE, number, f"{path} is gone", "Put the released file back"))
        elif _sha256(path) != sha256:
            hint = f"Undo the change and run `answerloop prompts new {name}`"
            problems.append(Problem(path, 1, "has changed since it was released", hint))
    return problems


def is_released(folder: Path, name: str, version: str) -> bool:
    """Whether a version is in the lock with the hash its file has now."""
    path = _path(folder, name, version)
    return path.is_file() and (name, version, _sha256(path)) in _entries(folder)


def released(folder: Path) -> dict[tuple[str, str], str]:
    """(name, version) → SHA-256 of everything that was released."""
    return {(name, version): sha256 for name, version, sha256 in _entries(folder)}


def add(folder: Path, name: str, version: str) -> None:
    """Write a version into the lock. Raises NotFound for an unknown one, Conflict where it was released with other words."""
    path = library.path_of(folder, name, version)
    table = released(folder)
    sha256 = _sha256(path)
    if table.setdefault((name, version), sha256) != sha256:
        raise Conflict(f"{name} {version} was released with other words; make a new version instead")
    ordered = sorted(table.items(), key=lambda entry: (entry[0][0], library.order(entry[0][1])))
    lines = [f"{value}  {key[0]}/{key[1]}{library.suffix_of(key[0])}\n" for key, value in ordered]
    partial = folder / f"{FILE}.partial"
    partial.write_text("".join(lines), "utf-8")
    partial.replace(folder / FILE)


def _entries(folder: Path) -> list[tuple[str, str, str]]:
    path = folder / FILE
    entries = []
    for number, line in enumerate(path.read_text("utf-8").splitlines() if path.is_file() else (), 1):
        sha256, gap, file = line.partition("  ")
        name, slash, version = file.removesuffix(".md").removesuffix(".yaml").rpartition("/")
        if not gap or not slash or len(sha256) != 64:
            hint = "Each line is a SHA-256, two spaces and name/version; only `prompts release` writes it"
            raise Problem(path, number, "is no line of a lock", hint).error()
        entries.append((name, version, sha256))
    return entries


def _path(folder: Path, name: str, version: str) -> Path:
    return folder / name / f"{version}{library.suffix_of(name)}"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
