"""Commands beside a running server: they go through it, end as they would without it, and refuse where told not to."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from service import cli, local
from service.intake.tables import PostRow
from tests.api.conftest import *
from tests.corpus.importers.sources import QUESTIONS, write_jsonl
from tests.journey.test_index_commands import database_url, running

__all__ = ["database_url", "running"]
Run = Callable[..., tuple[int, str, str]]
UNKNOWN = "no key and no import has named the site 'nosuch'"


@pytest.fixture
def service(start: Callable[..., Any]) -> Any:
    """A service that runs its jobs: an import is one."""
    return start(jobs=True)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command as a shell does: its exit code, and what it printed on either stream."""

    def ran(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["answerloop", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return ran


@pytest.fixture
def through_it(running: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The running server; a command that opens the stores itself fails."""

    def opened(*_: Any) -> None:
        raise AssertionError("the command opened the stores that the server holds")

    monkeypatch.setattr(local, "open_stations", opened)
    return running


def post_file(folder: Path) -> str:
    path = folder / "post.txt"
    path.write_text("Passed over for promotion twice\nMy manager says I lack visibility.", "utf-8")
    return str(path)


def test_an_import_goes_through_the_server_and_is_found_there(through_it: Any, run: Run, tmp_path: Path) -> None:
    code, printed, _ = run("import", str(write_jsonl(tmp_path)), "--site", "acme")
    assert code == 0 and f"imported {QUESTIONS}" in " ".join(printed.split())
    found = through_it.call("POST", "/v1/related", json={"site": "acme", "title": "How long to stay in role 7?"}).json()
    assert found["related"][0]["external_id"] == "t7"
    code, printed, _ = run("import", str(write_jsonl(tmp_path)), "--site", "acme")
    assert code == 0 and f"unchanged {QUESTIONS}" in " ".join(printed.split())


def test_a_post_is_assessed_and_related_threads_are_found_through_the_server(
    through_it: Any, run: Run, tmp_path: Path
) -> None:
    code, printed, _ = run("assess", post_file(tmp_path), "--site", "acme", "--json", "--no-draft")
    made = json.loads(printed)["assessment"]
    assert code == 0 and made["related"][0]["external_id"] == "t-promo" and made["lane"] == "fast"
    assert "promotion" in {tag["tag"] for tag in made["tags"]}
    with through_it.stations.database.read() as session:
        assert session.scalars(sa.select(PostRow.id)).all() == []
    code, printed, _ = run("related", "Passed over for promotion twice", "--site", "acme", "--json")
    assert code == 0 and json.loads(printed)[0]["external_id"] == "t-promo"


def test_a_key_and_a_person_made_beside_the_server_are_known_to_it_at_once(through_it: Any, run: Run) -> None:
    code, printed, told = run("keys", "create", "--role", "site", "--site", "harbour")
    key = printed.splitlines()[-1]
    assert code == 0 and key.startswith("al_site_") and key not in told
    asked, headers = {"site": "harbour", "title": "Is there a ladder?"}, {"Authorization": f"Bearer {key}"}
    answer = httpx.post(through_it.url + "/v1/related", json=asked, headers=headers)
    assert (answer.status_code, answer.json()["related"]) == (200, [])
    code, printed, _ = run("people", "add", "--role", "mentor", "--email", "ada@example.org", "--site", "acme")
    assert code == 0
    path = printed.strip().removeprefix(through_it.stations.settings.address)
    assert path.startswith("/sign-in/")
    assert "Sign in" in httpx.get(through_it.url + path).text


@pytest.mark.parametrize("command", ["import", "assess", "related"])
def test_offline_ends_with_code_4_while_a_server_holds_the_stores(
    running: Any, run: Run, tmp_path: Path, command: str
) -> None:
    given = {"import": str(write_jsonl(tmp_path)), "assess": post_file(tmp_path), "related": "promotion"}[command]
    code, printed, told = run(command, given, "--site", "acme", "--offline")
    assert (code, printed) == (4, "") and running.url in told and "--offline" in told


@pytest.mark.parametrize("beside", [True, False], ids=["beside a server", "without one"])
def test_a_refusal_has_the_same_words_and_code_through_the_server_and_without_one(
    request: pytest.FixtureRequest,
    service: Any,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    beside: bool,
) -> None:
    if beside:
        request.getfixturevalue("through_it")
    else:
        monkeypatch.setattr(cli, "Settings", lambda: service.stations.settings)
        service.stations.vectors.close()
    for command in (["assess", post_file(tmp_path)], ["related", "promotion"], ["reindex"]):
        code, printed, told = run(*command, "--site", "nosuch")
        assert (code, printed, told.splitlines()[-1]) == (1, "", f"answerloop: {UNKNOWN}"), command
    code, _, told = run("import", str(write_jsonl(tmp_path)), "--site", "acme", "--format", "nonsense")
    assert code == 2 and "\nanswerloop: unknown format 'nonsense'; there are jsonl" in told
    code, _, told = run("assess", post_file(tmp_path), "--site", "acme", "--kind", "rant")
    assert code == 2 and told.startswith("answerloop: kind: ")
