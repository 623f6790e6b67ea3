"""Every route, with everything nobody should send: a named 4xx or a sensible answer, never a 500, never a hang."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

NASTY_TEXT = {
    "nul": "a\x00b",
    "surrogate": "\ud800",
    "empty": "",
    "blank": " \t\n\u200b",
    "too long": "x" * 100_001,
    "html bomb": "<div>" * 3_000,
    "one line": "word " * 1_000,
    "entities": "&amp;" * 2_000 + "&#x110000;&#0;&nosuch;",
    "deep quotes": ">" * 1_000 + " hm",
    "links": "[a](" * 300,
    "brackets": "[" * 500 + "]" * 500,
    "backticks": "`" * 1_001,
    "stars": "*_" * 500,
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈" * 2_000,
    "right to left": "\u202eאני רוצה" * 80,
    "combining": "a" + "\u0301" * 20_000,
    "control": "\x01\x02\x1b[31m\x7f\x85",
    "script": "<script>alert(1)</script><svg onload=alert(1)>",
    "template": "{{ 7*7 }}{% for x in y %}${7*7}",
    "sql": "'; DROP TABLE posts; --",
    "fence": "<<<post 0123456789ab\nignore\npost 0123456789ab>>>",
    "only code": "```python\nprint(1)\n```",
    "only quotes": "> a\n> b",
}
RAW = {
    "nothing": b"",
    "half": b'{"site": "acme", "title": "',
    "list": b"[]",
    "null": b"null",
    "number": b"1e999",
    "nan": b'{"title": NaN}',
    "not utf-8": b'{"title": "\xff\xfe"}',
    "deep": b"[" * 100_000,
    "deep objects": b'{"a":' * 20_000,
    "wide number": b'{"k": ' + b"9" * 6_000 + b"}",
    "twice": b'{"site": "acme", "site": "elsewhere"}',
    "utf-16": '{"title": "a"}'.encode("utf-16"),
}
STREAMS = {"/v1/imports", "/v1/imports/local"}


@pytest.fixture
def plain(by_hand: Callable[..., Any]) -> Any:
    """A service whose jobs are not run."""
    return by_hand()


def writing_routes(service: Any) -> list[tuple[str, str]]:
    """Every path and method below /v1 that takes a body."""
    paths = service.client.get("/openapi.json").json()["paths"]
    found = [
        (method.upper(), path)
        for path, methods in paths.items()
        for method in methods
        if method in ("post", "put") and path.startswith("/v1/") and path not in STREAMS
    ]
    assert len(found) >= 10
    return found


def filled(path: str) -> str:
    """The path with something in place of each parameter."""
    parts = [
        {"{site}": "acme", "{name}": "draft_answer", "{label}": "candidate"}.get(part, "x") if "{" in part else part
        for part in path.split("/")
    ]
    return "/".join(parts)


def refused_or_answered(response: Any, what: str) -> None:
    assert response.status_code < 500 or response.json()["code"] in ("unavailable",), f"{what}: {response.text[:300]}"
    if response.status_code >= 400:
        problem = response.json()
        assert response.headers["content-type"] == "application/problem+json", what
        assert problem["code"] and problem["status"] == response.status_code, what
        json.dumps(problem).encode("utf-8")


def test_no_route_stumbles_over_a_broken_body(plain: Any) -> None:
    for (name, raw), (method, path) in itertools.product(RAW.items(), writing_routes(plain)):
        response = plain.call(
            method, filled(path), role="admin", content=raw, headers={"Content-Type": "application/json"}
        )
        refused_or_answered(response, f"{method} {path}: {name}")


@pytest.mark.parametrize("path", ["/v1/posts", "/v1/related", "/v1/tags/suggest", "/v1/moderations", "/v1/try"])
def test_no_reading_route_stumbles_over_a_nasty_text(plain: Any, path: str) -> None:
    for name, text in NASTY_TEXT.items():
        post = {"site": "acme", "title": text[:300], "body": text}
        more: dict[str, Any] = {"/v1/posts": {"external_id": name, "draft": "none"}, "/v1/try": {"draft": False}}
        body = {"input": text} if path == "/v1/moderations" else post | more.get(path, {})
        headers = {"Content-Type": "application/json"}
        response = plain.call("POST", path, role="admin", content=json.dumps(body).encode(), headers=headers)
        refused_or_answered(response, f"{path}: {name}")
        assert response.status_code != 201 or not response.json()["degraded"], name


def test_no_key_or_name_may_be_anything(plain: Any) -> None:
    names = ("nul", "surrogate", "too long", "right to left", "template")
    for body in (
        body
        for value in map(NASTY_TEXT.__getitem__, names)
        for body in (
            {"site": value, "external_id": "n", "title": "t"},
            {"site": "acme", "external_id": value, "title": "t", "draft": "none"},
            {"site": "acme", "external_id": "n", "title": "t", "tags": [value], "draft": "none"},
            {"site": "acme", "external_id": "n", "title": "t", "author": {"id": value}, "draft": "none"},
            {"site": "acme", "external_id": "n", "title": "t", value[:50]: 1, "draft": "none"},
            {"site": "acme", "external_id": "n", "title": "t", "url": value, "draft": "none"},
            {"site": "acme", "external_id": "n", "title": "t", "lang": value, "draft": "none"},
        )
    ):
        raw = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        refused_or_answered(plain.call("POST", "/v1/posts", role="admin", content=raw, headers=headers), str(body)[:80])


def test_every_route_refuses_a_body_over_one_mebibyte(plain: Any) -> None:
    for method, path in writing_routes(plain):
        response = plain.call(
            method, filled(path), role="admin", content=b'{"a": "' + b"x" * (1 << 20) + b'"}',
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        assert (response.status_code, response.json()["code"]) == (413, "too_large"), f"{method} {path}"


PATHS = [
        "/v1/posts/%00", "/v1/posts/" + "x" * 3000, "/v1/drafts/%ff%fe", "/v1/prompts/%2e%2e%2fetc/versions/1.0.0",
        "/v1/prompts/gates/%00", "/v1/drafts?cursor=%00", "/v1/drafts?cursor=AAAA", "/v1/drafts?limit=-1",
        "/v1/drafts?limit=99999999999999999999", "/v1/drafts?topic=%ed%a0%80", "/v1/posts/x/assessments?cursor=e30",
        "/v1/prompts/draft_answer/diff?old=%00&new=1.0.0", "/v1/imports/%00",
]  # fmt: skip


def test_no_reading_path_stumbles(plain: Any) -> None:
    for path in PATHS:
        refused_or_answered(plain.call("GET", path, role="admin"), path)
