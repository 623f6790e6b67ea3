from __future__ import annotations

import threading
from pathlib import Path

import pytest

from service.database import Database
from service.errors import Conflict, NotFound
from service.prompting.labels import Labels, PinnedLabels
from service.prompting.release import new_version
from tests.prompting.conftest import second


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Both kinds, as for all that is stored."""
    from service.database import sqlite_url

    if request.param == "sqlite":
        path = tmp_path / "labels.sqlite3"
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        return sqlite_url(path)
    import os

    from tests.furnished import execute, named

    server, template = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_template")
    name = f"test_{os.urandom(6).hex()}"
    execute(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    return named(server, name)


def test_a_fresh_install_starts_with_live_toml_once(database: Database, folder: Path) -> None:
    processes = [Labels(database, folder) for _ in range(4)]
    threads = [threading.Thread(target=labels.all) for labels in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {labels.live("flag_post") for labels in processes} == {"1.0.0"}
    assert len(processes[0].history("flag_post")) == 1


def test_a_move_is_kept_with_who_why_and_from_where(database: Database, folder: Path) -> None:
    labels, version = Labels(database, folder), second(folder, "flag_post")
    move = labels.move("flag_post", "production", version, by="ada", reason="fewer false alarms")
    assert (move.from_version, move.to_version, move.by) == ("1.0.0", version, "ada")
    assert labels.live("flag_post") == version
    assert [m.reason for m in labels.history("flag_post", "production")] == ["fewer false alarms", "as in live.toml"]
    assert labels.was_live("flag_post", "1.0.0") and not labels.was_live("flag_post", "9.0.0")


def test_what_is_not_released_or_not_there_goes_nowhere(database: Database, folder: Path) -> None:
    labels, path = Labels(database, folder), new_version(folder, "flag_post")
    with pytest.raises(Conflict, match="not released"):
        labels.move("flag_post", "production", path.stem, by="ada", reason="")
    with pytest.raises(NotFound):
        labels.move("flag_post", "candidate", "7.0.0", by="ada", reason="")
    with pytest.raises(NotFound):
        labels.live("nobody")


def test_pinned_labels_hold_some_names_and_follow_the_others(database: Database, folder: Path) -> None:
    labels, version = Labels(database, folder), second(folder, "flag_post")
    pinned = PinnedLabels(labels, {"flag_post": version})
    assert (pinned.live("flag_post"), pinned.live("check_tags")) == (version, "1.0.0")
