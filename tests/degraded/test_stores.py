"""Model files missing or altered, the vector store held by another process, a database that cannot be written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.conftest import MODELS, ROOT
from tests.degraded.conftest import PROMOTION


def answerloop(data: Path, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with its data in `data`."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATA_DIR": str(data), "PORT": "0"} | environment
    env["PROMPTS_DIR"] = str(ROOT / "prompts")
    command = [sys.executable, "-m", "service.cli", *arguments]
    return subprocess.run(command, env=env, cwd=data, input=stdin, capture_output=True, text=True, timeout=60)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with links to the model files."""
    folder = tmp_path / "data"
    (folder / "models").mkdir(parents=True)
    for file in MODELS.iterdir():
        if file.is_file():
            (folder / "models" / file.name).symlink_to(file.resolve())
    return folder


def embedding_model(data: Path) -> Path:
    return next(path for path in (data / "models").iterdir() if path.suffix == ".onnx")


@pytest.mark.parametrize("command", [["serve"], ["assess", "-", "--offline", "--no-draft"]])
def test_without_its_model_files_a_command_ends_with_code_3(data: Path, command: list[str]) -> None:
    embedding_model(data).unlink()
    done = answerloop(data, *command, stdin="A title\nA body")
    assert done.returncode == 3, done.stderr
    assert "missing" in done.stderr and "answerloop models fetch" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_altered_model_file_is_never_loaded(data: Path) -> None:
    path = embedding_model(data)
    whole = path.resolve()
    path.unlink()
    shutil.copyfile(whole, path)
    with path.open("r+b") as stream:
        stream.seek(1000)
        stream.write(b"\x00\x01\x02")
    for command in (["serve"], ["models", "verify"]):
        done = answerloop(data, *command)
        assert done.returncode == 3, done.stderr
        assert "altered" in done.stderr + done.stdout


def test_a_damaged_language_model_leaves_a_scaffold(by_hand: Callable[..., Any], data: Path) -> None:
    writer = next(path for path in (data / "models").iterdir() if path.suffix == ".gguf")
    writer.unlink()
    writer.write_bytes(b"GGUF but not really")
    service = by_hand()
    service.stations.gateway._asking._backend._folder = data / "models"
    made = service.post("p1", *PROMOTION, draft="async").json()
    service.run_jobs()
    draft = service.call("GET", f"/v1/drafts/{made['draft']['id']}").json()
    assert (draft["status"], draft["kind"]) == ("ready", "scaffold")
    after = service.call("GET", f"/v1/posts/{made['post_id']}").json()["assessment"]
    assert [entry["part"] for entry in after["degraded_because"]] == ["draft"]


HOLD = """
    import sys
    from pathlib import Path
    from service.corpus.vectors import VectorStore
    from service.settings import Settings
    store = VectorStore(Settings(_env_file=None, data_dir=Path(sys.argv[1])))
    store.check()
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def held(data: Path) -> Iterator[int]:
    """Another process that holds the vectors in `data`."""
    command = [sys.executable, "-c", textwrap.dedent(HOLD), str(data)]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
        process.stdin.close()
        process.wait(20)


def test_vectors_held_by_another_process_end_a_command_with_code_4_and_its_name(data: Path, held: int) -> None:
    for command in (["serve"], ["assess", "-", "--offline", "--no-draft"]):
        done = answerloop(data, *command, stdin="A title\nA body")
        assert done.returncode == 4, done.stderr
        assert str(held) in done.stderr and "Traceback" not in done.stderr


def test_a_database_that_cannot_be_opened_is_one_clear_line(data: Path) -> None:
    (data / "answerloop.sqlite3").mkdir()
    done = answerloop(data, "serve")
    assert done.returncode == 1
    assert done.stderr.startswith("answerloop: the database cannot be opened") and "Traceback" not in done.stderr


def test_a_database_that_turns_read_only_refuses_posts_and_recovers(by_hand: Callable[..., Any]) -> None:
    service = by_hand()
    engine = service.stations.database.engine
    before = service.post("p0", *PROMOTION).json()

    def read_only(connection: Any, *_: Any) -> None:
        connection.execute("PRAGMA query_only=ON")

    sa.event.listen(engine, "checkout", read_only)
    try:
        refused = service.post("p1", "Another title", "Another body about promotions.")
        assert refused.status_code == 503
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "store_unavailable"
        assert service.call("GET", f"/v1/posts/{before['post_id']}").status_code == 200
        related = service.call("POST", "/v1/related", json={"site": "acme", "title": "How do I get promoted?"})
        assert related.status_code == 200 and related.json()
        assert service.client.get("/healthz").status_code == 200
    finally:
        sa.event.remove(engine, "checkout", read_only)
    engine.dispose()
    assert service.post("p1", "Another title", "Another body about promotions.").status_code == 201
