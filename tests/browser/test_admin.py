"""An admin's work in a real browser: by keyboard alone, and what is read afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from service.api import review
from tests.browser.addresses import items
from tests.browser.conftest import SPAM, sign_in

ACTIVE = "(e => (e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent || '').trim())(document.activeElement)"


def tab_to(page: Any, name: str) -> None:
    """Press Tab until what is called `name` has the focus; fails after one round of the page."""
    for _ in range(260):
        page.keyboard.press("Tab")
        if re.sub(r"\s+", " ", page.evaluate(ACTIVE)).startswith(name):
            return
    raise AssertionError(f"{name!r} is not reached by Tab on {page.url}")


def test_an_admins_journey_by_keyboard_alone(chromium: Any, site: Any) -> None:
    page = sign_in(chromium, site, "admin")
    page.wait_for_url("**/review")
    tab_to(page, "Settings")
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings")
    tab_to(page, "E-mail")
    page.keyboard.type("nova@example.org")
    tab_to(page, "Role")
    page.keyboard.type("mod")
    tab_to(page, "Add, or change")
    page.keyboard.press("Enter")
    expect(page.locator(".flash code")).to_contain_text("/sign-in/")
    people = site.api("GET", "/v1/people", "admin")["data"]
    assert [p["role"] for p in people if p["email"] == "nova@example.org"] == ["moderator"]

    tab_to(page, "Thresholds")
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings/thresholds")
    tab_to(page, "spam promotion: routes from")
    page.keyboard.press("Control+a")
    page.keyboard.type("0.995")
    tab_to(page, "Show the effect")
    page.keyboard.press("Enter")
    page.wait_for_url("**/preview")
    assert "would take another route" in page.content()
    assert site.api("GET", "/v1/thresholds/acme", "admin")["data"] == []
    tab_to(page, "Why these cuts?")
    page.keyboard.type("fewer alarms")
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings/thresholds?site=acme")
    assert site.api("GET", "/v1/thresholds/acme", "admin")["data"][0]["report"]["reason"] == "fewer alarms"

    tab_to(page, "Prompts")
    page.keyboard.press("Enter")
    page.wait_for_url("**/prompts")
    page.keyboard.press("j")
    page.keyboard.press("j")
    name = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/prompts/{name}")
    assert page.get_by_role("heading", level=1).inner_text() == name

    tab_to(page, "Try")
    page.keyboard.press("Enter")
    page.wait_for_url("**/try")
    page.keyboard.press("/")
    page.keyboard.type("Earn money from home")
    tab_to(page, "Text")
    page.keyboard.type(SPAM)
    tab_to(page, "Assess")
    page.keyboard.press("Enter")
    expect(page.locator(".route").first).to_contain_text("hold")
    page.context.close()


def test_what_was_decided_is_read_and_exported(chromium: Any, site: Any) -> None:
    item = next(i for i in items(site) if i["title"] == "Earn money from home")
    decision = {"assessment_id": item["assessment_id"], "verdict": "dismiss"}
    site.api("POST", f"/v1/review/items/{item['id']}/decide", "moderator", decision)
    page = sign_in(chromium, site, "admin")
    page.goto(f"{site.address}/settings")
    assert "links holds" in page.content()
    page.get_by_role("link", name="export what concerns one post").click()
    page.get_by_role("link", name=f"post:{item['post_id']}").first.click()
    assert page.locator("tbody tr").count() == 1 and "dismiss" in page.locator("tbody").inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as JSON").click()
    assert item["post_id"] in download.value.path().read_text("utf-8")
    page.context.close()


def test_a_filter_that_a_browser_sends_with_open_fields_works(chromium: Any, site: Any) -> None:
    page = sign_in(chromium, site, "admin")
    page.goto(f"{site.address}/review")
    page.get_by_label("Title words or id").fill("hostile-1")
    page.get_by_role("button", name="Filter").click()
    assert page.locator("[data-rows] li").count() == 1
    page.get_by_role("link", name="Show all").click()
    page.get_by_label("Site").select_option("acme")
    page.get_by_label("Concern").select_option("personal_information")
    page.get_by_role("button", name="Filter").click()
    assert page.locator("[data-rows] li").count() == 1
    assert "personal information" in page.locator("[data-rows] li").inner_text()
    assert page.get_by_label("Concern").input_value() == "personal_information" and "site=acme" in page.url
    page.context.close()


@pytest.mark.parametrize("leave", ["close", "go on"])
def test_a_page_that_is_left_follows_the_queue_no_longer(chromium: Any, site: Any, leave: str) -> None:
    for context in list(chromium.contexts):
        context.close()
    other = chromium.new_page()
    wait_until(other, lambda: review.EVENT_STREAMS.count() == 0)
    page = sign_in(chromium, site)
    page.goto(f"{site.address}/review")
    expect(page.locator("[data-event=open]")).to_be_visible()
    wait_until(page, lambda: review.EVENT_STREAMS.count() == 1)
    if leave == "close":
        page.close()
    else:
        page.goto(f"{site.address}/posts")
    wait_until(other, lambda: review.EVENT_STREAMS.count() == 0)
    other.close()


def wait_until(page: Any, holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Let the page go on until it holds; fails where it never does."""
    for _ in range(int(4 * seconds)):
        if holds():
            return
        page.wait_for_timeout(250)
    assert holds()
