from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from service.web import build_assets
from service.web.docs_page import FILES, docs_from
from service.web.rendering import CSP, HERE

ROOT = Path(__file__).parents[2]


@pytest.fixture
def vendor(tmp_path: Path) -> Path:
    """A folder with the files that the page needs."""
    for name in FILES:
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_documentation_is_served_under_the_pages_policy(service: Any) -> None:
    answer = service.call("GET", "/docs", role=None)
    assert answer.status_code == 200 and answer.headers["content-security-policy"] == CSP
    assert "unsafe" not in CSP and "http" not in CSP
    for elsewhere in ("/redoc", "/docs/oauth2-redirect"):
        assert service.call("GET", elsewhere, role=None).status_code == 404


def test_the_documentation_loads_our_own_files_alone_and_has_no_script_in_it(vendor: Path) -> None:
    shown = bytes(docs_from(vendor).body).decode()
    loaded = re.findall(r'(?:src|href)="([^"]*)"', shown)
    assert {f"/static/vendor/{name}" for name in FILES} <= set(loaded)
    assert [address for address in loaded if not re.match(r"/[^/]", address)] == []
    assert re.findall(r"<script[^>]*>([^<]+)", shown) == [] and not re.search(r"\son\w+=|style=|<style", shown)
    for name in ("docs.js", "docs.css"):
        assert f"/static/{name}" in loaded
        assert "//" not in re.sub(r"^//.*$", "", (HERE / "static" / name).read_text("utf-8"), flags=re.M)
    assert "validatorUrl: null" in (HERE / "static" / "docs.js").read_text("utf-8")


@pytest.mark.parametrize("missing", FILES)
def test_where_its_files_were_not_built_the_page_says_so(vendor: Path, missing: str) -> None:
    (vendor / missing).unlink()
    shown = bytes(docs_from(vendor).body).decode()
    assert "npm was missing" in shown and '<a href="/openapi.json">' in shown
    assert "<script" not in shown and "vendor" not in shown


def test_the_files_are_built_from_what_the_lock_names() -> None:
    assert set(FILES) <= set(build_assets.FILES.values())
    locked = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    for source in build_assets.FILES:
        assert locked[f"node_modules/{source.partition('/')[0]}"]["integrity"].startswith("sha512-")
    assert [name for name, entry in locked.items() if "resolved" in entry] == []
