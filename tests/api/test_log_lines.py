"""What is logged: lines with the request's id, from LOG_LEVEL on, without anybody's words."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from service import log_lines
from service.api import posts as posts_api

WORDS = "the very particular words of a member"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[str], Callable[[], list[dict[str, Any]]]]]:
    """Begins logging at a level and gives a function that reads what was written; puts everything back afterwards."""
    touched = [logging.getLogger(name) for name in ("", "dbos", *log_lines.OWN, *log_lines.SILENT)]
    before = [(one, one.handlers[:], one.level, one.propagate, one.disabled) for one in touched]

    def begin(level: str) -> Callable[[], list[dict[str, Any]]]:
        log_lines.begin(level)
        return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    yield begin
    for one, handlers, level, propagate, disabled in before:
        one.handlers[:], one.propagate, one.disabled = handlers, propagate, disabled
        one.setLevel(level)


@on_sqlite
def test_an_error_nobody_foresaw_is_logged_with_the_requests_id_and_no_words(
    start: Callable[..., Any], lines: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any) -> Any:
        try:
            raise KeyError(WORDS)
        except KeyError as failure:
            raise RuntimeError(WORDS) from failure

    monkeypatch.setattr(posts_api, "assess_post", fail)
    service, read = start(), lines("INFO")
    sent = {"site": "acme", "external_id": "p1", "title": "t", "body": WORDS}
    answer = service.call("POST", "/v1/posts", json=sent, headers={"X-Request-Id": "r-1"})
    assert answer.status_code == 500 and answer.headers["x-request-id"] == "r-1"
    written = read()
    (line,) = [line for line in written if line["logger"] == "service.api.problems"]
    assert (line["request_id"], line["level"], line["exception"]) == ("r-1", "error", "RuntimeError from KeyError")
    assert line["at"][-1].endswith(" fail") and line["timestamp"]
    assert WORDS not in json.dumps(written)


@on_sqlite
def test_a_requests_line_names_its_route_and_not_its_address(
    start: Callable[..., Any], lines: Callable[..., Any]
) -> None:
    service, read = start(), lines("DEBUG")
    service.client.get("/sign-in/a-secret", headers={"X-Request-Id": "r-2"})
    written = [line for line in read() if line["logger"] == "service.app"]
    assert written[-1]["event"].startswith("GET /sign-in/{secret} 200 ") and written[-1]["request_id"] == "r-2"
    assert "a-secret" not in json.dumps(written)


def test_lines_below_the_level_are_not_written(lines: Callable[..., Any]) -> None:
    read = lines("WARNING")
    ours = logging.getLogger("service.somewhere")
    ours.info("quiet")
    ours.warning("heard %s", "once")
    assert [(line["event"], line["level"]) for line in read()] == [("heard once", "warning")]


def test_the_words_of_other_libraries_are_left_out(lines: Callable[..., Any]) -> None:
    read = lines("DEBUG")
    for name in ("httpx", "another.library", *log_lines.SILENT):
        logging.getLogger(name).debug(WORDS)
        logging.getLogger(name).warning("asked: %s", WORDS)
    written = read()
    assert {line["logger"] for line in written} == {"httpx", "another.library"}
    assert WORDS not in json.dumps(written)


def test_a_level_is_one_of_four_in_any_case(make_settings: Callable[..., Any]) -> None:
    assert make_settings(log_level="debug").log_level == "DEBUG"
    with pytest.raises(ValidationError, match="log_level"):
        make_settings(log_level="loud")
