"""`answerloop models switch`: through the running server, and on the database where none runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from service import cli
from service.errors import AnswerloopError, InvalidInput, NotFound
from service.settings import Settings
from tests.api.conftest import *
from tests.journey.test_index_commands import database_url, running

__all__ = ["database_url", "running"]


def switch(*arguments: str) -> dict[str, list[str]]:
    """What the command printed: feature → how it stands, by whom and why. Raises its error."""
    done = CliRunner().invoke(cli.app, ["models", "switch", *arguments])
    if done.exception is not None:
        raise done.exception
    return {feature: said for feature, *said in (line.split("\t") for line in done.stdout.splitlines())}


def test_beside_a_server_the_command_goes_through_it(running: Any) -> None:
    assert {feature: said[0] for feature, said in switch().items()} == dict.fromkeys(
        ("draft", "flags", "tags", "support"), "on"
    )
    said = switch("draft", "off", "--reason", "invents facts")["draft"]
    assert said[0] == "off" and said[1].endswith(": invents facts")
    listed = running.call("GET", "/v1/switches", "admin").json()["data"]
    assert [one["feature"] for one in listed if not one["on"]] == ["draft"]
    assert switch()["draft"] == said
    with pytest.raises(AnswerloopError, match="at least 1"):
        switch("draft", "on")


def test_without_a_server_the_command_writes_the_switch_itself(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(flag_reader_enabled=False)
    monkeypatch.setattr(cli, "Settings", lambda: settings)
    said = switch("tags", "off", "--reason", "too slow")["tags"]
    assert said[0] == "off" and said[1].startswith("command line:") and said[1].endswith("too slow")
    assert switch()["tags"] == said and switch()["flags"] == ["off", "by a setting"]
    assert switch("tags", "on", "--reason", "faster")["tags"][0] == "on"
    with pytest.raises(NotFound, match="draft, flags, tags, support"):
        switch("nothing", "off", "--reason", "x")
    with pytest.raises(InvalidInput):
        switch("tags", "out", "--reason", "x")
