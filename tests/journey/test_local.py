"""The command line beside a server and without one: what it takes for a running server, what it refuses to read."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from service import local
from service.clock import system_clock
from service.corpus.vectors import FolderLock
from service.errors import AnswerloopError, InvalidInput
from service.people import identity
from service.serving import note_path
from service.settings import Settings
from tests.corpus.importers.sources import write_jsonl
from tests.degraded.test_stores import answerloop

Answer = Callable[[str, str], tuple[int, Any]]


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """A server on loopback that answers as told."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            status, body = answer(self.command, self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings()


def note(settings: Settings, url: str, pid: int | None = None) -> None:
    """What a server leaves behind; this test's own process lives."""
    note_path(settings).write_text(json.dumps({"pid": pid or os.getpid(), "url": url, "key": "k"}), "utf-8")


NOWHERE = "http://127.0.0.1:9"


def test_a_note_whose_process_number_is_somebody_elses_is_no_running_server(settings: Settings) -> None:
    note(settings, NOWHERE)
    assert local.running_server(settings) is None


def test_a_server_that_answers_is_running(settings: Settings) -> None:
    with serving(lambda _method, _path: (200, {"status": "ok"})) as url:
        note(settings, url)
        assert local.running_server(settings) == local.RunningServer(url, "k")


def test_a_server_that_holds_the_vectors_is_running_though_it_does_not_answer_yet(settings: Settings) -> None:
    note(settings, NOWHERE)
    held = FolderLock(settings.data_dir / "chroma", NOWHERE)
    try:
        assert local.running_server(settings) is not None
        elsewhere = settings.model_copy(update={"chroma_url": "http://127.0.0.1:8001"})
        assert local.running_server(elsewhere) is None
    finally:
        held.release()
    assert local.running_server(settings) is None


def kinds(kind: type[AnswerloopError] = AnswerloopError) -> list[type[AnswerloopError]]:
    """Every kind of error."""
    return [kind, *(deeper for below in kind.__subclasses__() for deeper in kinds(below))]


def test_each_refusal_of_the_server_has_the_exit_code_of_its_kind() -> None:
    refused = {f"/{kind.code}": kind for kind in kinds()}
    assert {kind.exit_code for kind in refused.values()} == {1, 2, 3, 4}

    def answer(_method: str, path: str) -> tuple[int, Any]:
        return refused[path].status, {"code": refused[path].code, "detail": f"said of {path}"}

    with serving(answer) as url:
        server = local.RunningServer(url, "k")
        for path, kind in refused.items():
            for ask in (
                lambda path: server.call("POST", path, json={}),
                lambda path: server.follow(path, {}, lambda *_: None),
            ):
                with pytest.raises(AnswerloopError, match=f"^said of {path}$") as raised:
                    ask(path)
                assert raised.value.exit_code == kind.exit_code, path


@pytest.mark.parametrize("body", ["busy", ["busy"], {"error": "busy"}, {"code": "of_tomorrow", "detail": "502"}])
def test_a_refusal_in_other_words_than_ours_is_named_by_its_status(body: Any) -> None:
    with serving(lambda _method, _path: (502, body)) as url, pytest.raises(AnswerloopError, match="502") as raised:
        local.RunningServer(url, "k").call("GET", "/v1/anything")
    assert raised.value.exit_code == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": "x", "url": "u", "key": "k"}'])
def test_an_unreadable_note_is_no_running_server(settings: Settings, text: str) -> None:
    note_path(settings).write_text(text, "utf-8")
    assert local.running_server(settings) is None


def test_an_import_that_fails_on_the_server_ends_the_command_with_its_reason(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    states = iter(["waiting", "running", "failed"])

    def answer(_method: str, path: str) -> tuple[int, Any]:
        if path == "/healthz":
            return 200, {"status": "ok"}
        report = {"keep": True, "mapping": None}
        state = next(states)
        if state == "failed":
            report["reason"] = "the vector store does not answer: ConnectError"
        return 200, {"id": "i", "state": state, "position": 0, "report": report}

    monkeypatch.setattr(local, "_pause", lambda: None)
    with serving(answer) as url:
        note(settings, url)
        assert local.importing(settings, write_jsonl(tmp_path), "acme", "jsonl", None, offline=False) == 1
    assert "the vector store does not answer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"text": "a\0b"}, "title"), ({"text": "A title\n" + "b" * 100_001}, "body"), ({"text": "b" * 100_001}, "body"),
        ({"text": "a title", "kind": "rant"}, "kind"), ({"text": "a title", "site": "No Site"}, "site"),
        ({"text": "a \ud800"}, "title"),
    ],
)  # fmt: skip
def test_a_post_that_cannot_be_read_is_refused_by_its_field(
    settings: Settings, asked: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInput, match=f"^{field}: ") as refused:
        local.assess_text(settings, **({"site": "acme", "kind": "question"} | asked), draft=False, offline=True)
    assert refused.value.field == field and "b" * 50 not in refused.value.detail


@pytest.mark.parametrize(("text", "field"), [("a\0b", "title"), ("b" * 100_001, "body"), ("  ", "body")])
def test_a_question_that_cannot_be_read_is_refused_by_its_field(settings: Settings, text: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        local.find_related(settings, text, "acme", 5, offline=True)
    assert refused.value.field == field


def test_the_command_ends_with_the_exit_code_of_invalid_input_and_one_line(tmp_path: Path) -> None:
    done = answerloop(tmp_path, "assess", "-", stdin="a\0b")
    assert done.returncode == InvalidInput.exit_code
    assert done.stderr == "answerloop: title: holds a NUL character\n"


@pytest.mark.parametrize(("said", "announced"), [([], True), (["--kind", "question"], False)])
def test_the_command_knows_an_ama_by_its_title_unless_its_kind_is_said(
    settings: Settings, said: list[str], announced: bool
) -> None:
    with local.open_database(settings) as database, database.write() as session:
        identity.create_key(session, "site", "acme", system_clock())
    text = "AMA: nine years of releases\nAsk about rollbacks, about audits, about sleep."
    command = ["assess", "-", "--site", "acme", "--offline", "--json", *said]
    made = json.loads(answerloop(settings.data_dir, *command, stdin=text, DRAFT_MODEL="").stdout)
    assert sorted(made) == ["assessment", "draft"], "the shape that the help of --json names"
    assert (made["draft"]["abstained_because"] == "an announcement asks for no answer") is announced


def test_the_help_names_the_shape_of_the_json(tmp_path: Path) -> None:
    assert "{assessment, draft}" in " ".join(answerloop(tmp_path, "assess", "--help", COLUMNS="300").stdout.split())
