"""What the documents say is what the code does."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.app import Adapters, create_app
from service.clock import system_clock
from service.corpus.importers.jsonl import open_jsonl
from service.corpus.importers.record import Found
from service.corpus.importing import import_file
from service.corpus.sample_community import FOLDER as SAMPLE
from service.people import identity
from service.settings import Settings
from tests.furnished import Shared

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_settings_table_lists_every_setting_with_its_default() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \| (.*?) \|$", README, re.M)
    documented = {name: (default, text) for name, default, text in rows}
    expected = {}
    for name, field in Settings.model_fields.items():
        default = field.default
        secret = getattr(default, "get_secret_value", None)
        shown = secret() if secret else default
        shown = str(shown).lower() if isinstance(shown, bool) else str(shown)
        expected[name.upper()] = (f"`{shown}`" if shown else "empty", field.description)
    assert documented == expected


def test_every_command_the_readme_names_exists() -> None:
    from typer.main import get_command

    from service.cli import app

    commands = get_command(app).commands  # type: ignore[attr-defined]
    named = set(re.findall(r"`answerloop ([a-z-]+)", README)) | set(
        re.findall(r"^\s*answerloop ([a-z-]+)", README, re.M)
    )
    assert named <= set(commands), named - set(commands)
    assert {"serve", "import", "assess", "related", "people", "keys", "models"} <= set(commands)


def test_every_make_target_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    assert set(re.findall(r"`make ([a-z]+)`", README)) <= targets


def test_every_decision_has_its_four_parts() -> None:
    for page in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        text = page.read_text("utf-8").lower()
        assert all(f"## {part}" in text for part in ("context", "decision", "consequences", "alternatives")), page.name


MORE = "…"
"""What the README puts where it leaves something out."""


def part(marker: str) -> str:
    """What stands between `<!-- marker -->` and `<!-- /marker -->`."""
    return README.split(f"<!-- {marker} -->")[1].split(f"<!-- /{marker} -->")[0]


@pytest.fixture
def community(make_settings: Callable[..., Settings], embedder: Any, tmp_path: Path) -> Any:
    """A client of the sample site with a site's key, over the part of the sample community that the call is about."""
    lines = [line for file in sorted(SAMPLE.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()]
    about = [line for line in lines if "promotion" in json.loads(line)["tags"]]
    threads = tmp_path / "threads.jsonl"
    threads.write_text("\n".join(about), "utf-8")
    app = create_app(make_settings(), Adapters(embedder=Shared(embedder)), run_jobs=False)
    with TestClient(app) as client:
        stations = app.state.stations
        import_file(stations.database, stations.index, system_clock, threads, site="sample", format="jsonl")
        with stations.database.write() as session:
            key = identity.create_key(session, "site", "sample", system_clock())
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


def test_the_call_that_is_shown_is_answered_as_shown(community: TestClient) -> None:
    call = part("curl")
    path, sent = re.search(r"http://127\.0\.0\.1:8000(\S+)", call), re.search(r"-d '(\{.*?\})'", call, re.S)
    shown = re.search(r"<!-- /curl -->.*?```json\n(.*?)```", README, re.S)
    assert path and sent and shown
    answer = community.post(path[1], content=sent[1], headers={"Content-Type": "application/json"})
    assert answer.status_code == 201, answer.text
    example = json.loads(shown[1])
    assert list(differences(example, answer.json(), "answer")) == []
    vocabulary = {tag["tag"] for tag in community.get("/v1/tags", params={"site": "sample"}).json()["tags"]}
    tags = {tag["tag"] for tag in example["tags"] if tag != MORE}
    tags |= {tag for thread in example["related"] if thread != MORE for tag in thread["shared_tags"]}
    assert tags and tags <= vocabulary
    titles = {thread["external_id"]: thread["title"] for thread in answer.json()["related"]}
    assert {
        thread["external_id"]: thread["title"] for thread in example["related"] if thread != MORE
    }.items() <= titles.items()


def differences(shown: Any, real: Any, place: str) -> Any:
    """Where an example has a key or a kind of value that the answer has not, or leaves something out without saying so."""
    if shown == MORE:
        return
    if type(shown) is not type(real) and not {type(shown), type(real)} <= {int, float}:
        yield f"{place}: {shown!r} where the answer has {real!r}"
    elif isinstance(shown, dict):
        named = shown.keys() - {MORE}
        if named - real.keys() or (MORE not in shown and real.keys() - named):
            yield f"{place}: {sorted(named ^ real.keys())}"
        for name in sorted(named & real.keys()):
            yield from differences(shown[name], real[name], f"{place}.{name}")
    elif isinstance(shown, list):
        if MORE not in shown and bool(shown) != bool(real):
            yield f"{place}: {len(real)} of them"
        for number, (example, value) in enumerate(zip(shown, real, strict=False)):
            yield from differences(example, value, f"{place}.{number}")


def test_the_rules_of_a_mapping_that_are_shown_are_those_of_its_file_and_read_a_row(tmp_path: Path) -> None:
    path = ROOT / "docs" / "mappings" / "stackexchange-jsonl.toml"
    assert f"--map {path.relative_to(ROOT)}`" in README
    shown = re.search(r"```toml\n(.*?)```", part("mapping"), re.S)
    assert shown
    text = path.read_text("utf-8")
    assert set(shown[1].splitlines()) <= set(text.splitlines())
    rules, whole = tomllib.loads(shown[1]), tomllib.loads(text)
    assert rules.keys() == whole.keys() == {"thread", "answers"}
    assert all(rules[table].items() <= whole[table].items() for table in rules)
    row = {
        "id": 41, "site": "lighthouse", "slug": "who-keeps-the-lamp", "title": "Who keeps the lamp at night?",
        "tags": ["on-call"], "author": "", "author_url": "https://example.org/users/7", "date": "2011-04-05", "score": 3,
        "body": "We are <b>four</b> keepers.", "closed_as_duplicate": True, "career_slice": False,
        "url": "https://example.org/q/41", "license": "none",
        "answers": [
            {"id": 42, "author": "Ines", "author_url": "", "date": "2011-04-06", "score": 5, "body": "Take turns."},
            {"id": 43, "author": "", "author_url": "", "date": "2011-04-07", "score": 0, "body": "Buy a timer."},
        ],
    }  # fmt: skip
    (tmp_path / "rows.jsonl").write_text(json.dumps(row), "utf-8")
    [found] = open_jsonl(tmp_path / "rows.jsonl", path).records(0)
    assert isinstance(found, Found) and found.external_id == "41"
    thread = found.thread
    assert (thread.title, thread.body, thread.format) == (row["title"], row["body"], "markdown")
    assert (thread.tags, thread.score, thread.url, thread.closed) == (["on-call"], 3, row["url"], True)
    assert thread.author and thread.author.id == row["author_url"]
    assert thread.created_at.isoformat() == "2011-04-05T00:00:00+00:00"
    answers = [(a.external_id, a.author.id, a.body, a.score, str(a.created_at)[:10]) for a in thread.answers]
    assert answers == [
        ("42", "Ines", "Take turns.", 5, "2011-04-06"), ("43", "unknown", "Buy a timer.", 0, "2011-04-07"),
    ]  # fmt: skip
