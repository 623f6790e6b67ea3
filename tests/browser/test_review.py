"""A moderator's work in a real browser: by mouse, by keyboard alone, without JavaScript, and two at once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SPAM, overflow, sign_in


def item_called(site: Any, title: str) -> str:
    """The address of the open item whose post has this title."""
    listed = site.api("GET", "/v1/review/items?limit=200", "moderator")["data"]
    return str(next(f"{site.address}/review/{i['id']}" for i in listed if i["title"] == title))


def state(site: Any, path: str) -> str:
    """The state of the item with this page."""
    return str(site.api("GET", path.replace("/review/", "/v1/review/items/"), "moderator")["state"])


def test_a_journey_by_mouse(chromium: Any, site: Any) -> None:
    page = sign_in(chromium, site)
    page.wait_for_url("**/review")
    page.get_by_role("link", name="Earn money from home", exact=True).click()
    page.get_by_role("button", name="Take it").click()
    assert page.get_by_role("button", name="Give back").is_visible()
    assert page.locator("mark").count() > 0
    page.get_by_role("button", name="Dismiss").click()
    page.wait_for_url(re.compile(r"done="))
    page.get_by_role("button", name="Undo").click()
    assert "open again" in page.locator(".flash").inner_text()
    page.context.close()


def test_a_journey_by_keyboard_alone(chromium: Any, site: Any) -> None:
    page = sign_in(chromium, site)
    page.wait_for_url("**/review")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("j")
    page.keyboard.press("j")
    focused = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{focused}")
    page.keyboard.press("r")
    page.keyboard.type("drags a private person in")
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    page.wait_for_url(re.compile(r"done="))
    assert state(site, focused) == "decided"
    page.keyboard.press("u")
    page.wait_for_url(f"**{focused}")
    assert state(site, focused) == "open"
    page.context.close()


def test_typing_into_a_field_decides_nothing(chromium: Any, site: Any) -> None:
    page = sign_in(chromium, site)
    address = item_called(site, "Earn money from home, part two")
    page.goto(address)
    page.get_by_label("Note to the author").fill("")
    page.get_by_label("Note to the author").press_sequentially("add a smile")
    page.get_by_role("checkbox").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(1000)
    assert page.url == address and page.get_by_label("Note to the author").input_value() == "add a smile"
    page.context.close()


def test_of_two_moderators_one_gets_the_item(chromium: Any, site: Any) -> None:
    first, second = sign_in(chromium, site), sign_in(chromium, site, "second")
    address = item_called(site, "Earn money from home, part three")
    first.goto(address)
    second.goto(address)
    first.get_by_role("button", name="Take it").click()
    second.get_by_role("button", name="Take it").click()
    assert "is working on this item" in second.get_by_role("alert").inner_text()
    second.get_by_role("button", name="Dismiss").click()
    assert "is working on this item" in second.get_by_role("alert").inner_text()
    first.reload()
    assert "Also looking" in first.content()
    first.get_by_role("button", name="Dismiss").click()
    first.wait_for_url(re.compile(r"done="))
    first.context.close()
    second.context.close()


def test_without_javascript_a_post_is_read_and_decided(chromium: Any, site: Any) -> None:
    page = sign_in(chromium, site, java_script_enabled=False)
    page.goto(item_called(site, "My manager's number"))
    page.get_by_label("Reason").fill("private number")
    page.get_by_role("button", name="Agree").click()
    page.wait_for_url(re.compile(r"done="))
    page.get_by_role("button", name="Undo").click()
    page.context.close()


@pytest.mark.parametrize("title", ["<script>", "A very long story"])
def test_hostile_posts_are_inert(chromium: Any, site: Any, title: str) -> None:
    page = sign_in(chromium, site)
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    listed = site.api("GET", "/v1/review/items?limit=200", "moderator")["data"]
    item = next(i for i in listed if i["title"].startswith(title))
    for path in (f"/review/{item['id']}", f"/posts/{item['post_id']}", "/review", "/posts"):
        page.goto(f"{site.address}{path}")
        assert page.evaluate("window.hacked") is None and alerts == []
        assert page.locator("main script, main svg, main img, main a[href^='javascript']").count() == 0
        assert overflow(page) <= 0
    page.context.close()


def test_counts_follow_the_queue_without_a_reload(chromium: Any, site: Any) -> None:
    page = sign_in(chromium, site)
    page.wait_for_url("**/review")
    shown = page.locator("[data-event=open]")
    expect(shown).to_have_text(re.compile(r"^\d+$"), timeout=15000)
    before = int(shown.inner_text())
    site.send("live-1", "Earn money, live", SPAM)
    expect(shown).to_have_text(str(before + 1), timeout=15000)
    page.context.close()
