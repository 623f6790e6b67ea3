"""Swagger UI under the pages' policy. It is none of the pages of `test_every_page.py`: it cannot do without its script."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from service.web.docs_page import FILES
from service.web.rendering import HERE


@pytest.mark.skipif(
    not all((HERE / "static" / "vendor" / name).exists() for name in FILES),
    reason="Swagger UI is missing: run `make pages`",
)
def test_the_documentation_is_drawn_and_asks_no_other_host(chromium: Any, site: Any) -> None:
    page = chromium.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda failure: said.append(str(failure)))
    page.goto(f"{site.address}/docs")
    page.locator(".opblock").first.wait_for()
    page.get_by_role("button", name="Authorize").click()
    page.locator(".modal-ux input").fill(site.keys["moderator"])
    page.locator(".modal-ux button.authorize").click()
    page.locator(".modal-ux .btn-done").click()
    page.locator("[id='operations-people-list_sites_v1_sites_get'] .opblock-summary-control").click()
    page.get_by_role("button", name="Try it out").click()
    with page.expect_response("**/v1/sites") as answer:
        page.get_by_role("button", name="Execute").click()
    assert answer.value.status == 200
    assert {urlsplit(address).netloc for address in asked} == {urlsplit(site.address).netloc}
    assert said == []
    page.close()
