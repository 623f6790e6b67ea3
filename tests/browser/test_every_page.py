"""What holds for every page, whatever it shows. The list of pages is the app's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute

from service.web import pages
from tests.browser.addresses import EXAMPLES, MORE, addresses, items, page_routes
from tests.browser.conftest import AXE, problems, sign_in, wider
from tests.browser.pictured import FOLDER, LIMIT, PICTURED, file_names, index, pictures, unpictured
from tests.web.test_settings_page import FILLED

FIRST_LOAD = 120_000
WATCH_SHIFTS = """
window.shifts = [];
const moved = e => `${e.value} ${e.sources.map(s => s.node?.parentElement?.outerHTML.slice(0, 120))}`;
new PerformanceObserver(list => list.getEntries().forEach(e => window.shifts.push(moved(e)))).observe({type: 'layout-shift', buffered: true});
"""
SCREENS = {
    "phone, light": {"viewport": {"width": 360, "height": 800}, "color_scheme": "light"},
    "phone, dark": {"viewport": {"width": 360, "height": 800}, "color_scheme": "dark"},
    "wide, light": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "wide, dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
}


@pytest.fixture(scope="module")
def furnished(site: Any) -> Any:
    """A community in which every page has something to show."""
    hook = {name: FILLED[name] for name in ("site", "url", "secret")}
    site.api("POST", "/v1/webhooks", "site", hook)
    item = next(i for i in items(site) if i["title"] == "Earn money from home, part two")
    decision = {
        "assessment_id": item["assessment_id"],
        "verdict": "agree",
        "tags": ["compensation"],
        "reason": "it sells",
    }
    site.api("POST", f"/v1/review/items/{item['id']}/decide", "moderator", decision)
    cuts = {"changes": {"spam_promotion": {"high": 0.9}}, "reason": "fewer alarms"}
    site.api("POST", "/v1/thresholds/acme", "admin", cuts)
    site.api("POST", "/v1/cases/export", "admin", {})
    return site


@pytest.fixture(scope="module", params=SCREENS)
def seen(request: Any, chromium: Any, furnished: Any) -> Iterator[Any]:
    """An admin's browser on each kind of screen; `bypass_csp` lets axe in."""
    page = sign_in(chromium, furnished, "admin", bypass_csp=True, **SCREENS[request.param])
    yield page
    page.context.close()


def test_every_example_belongs_to_a_page() -> None:
    assert {*EXAMPLES, *MORE} - set(page_routes()) == set()


def test_every_page_has_its_screenshots() -> None:
    """Where this fails: name the page in `pictured.py`, then `make screenshots`."""
    forms = {r.path for m in pages.MODULES for r in m.router.routes if isinstance(r, APIRoute) and "POST" in r.methods}
    assert unpictured() == [] and set(PICTURED) <= {*page_routes(), *forms}
    assert len({picture.name for picture in pictures()}) == len(pictures())
    assert sorted(path.name for path in FOLDER.glob("*.png")) == sorted(file_names())
    assert (FOLDER / "README.md").read_text("utf-8") == index()
    assert sum(path.stat().st_size for path in FOLDER.glob("*.png")) <= LIMIT


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is missing: run `make pages`")
@pytest.mark.parametrize("path", page_routes())
def test_axe_finds_nothing_grave_and_nothing_sticks_out(seen: Any, furnished: Any, path: str) -> None:
    found = []
    for address in addresses(furnished, path):
        seen.goto(f"{furnished.address}{address}")
        seen.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        found += [f"{address} {problem}" for problem in problems(seen)]
        found += [f"{address} {part}" for part in wider(seen)]
    assert found == []


@pytest.mark.parametrize("path", page_routes())
def test_a_first_load_is_small_and_nothing_jumps(chromium: Any, furnished: Any, path: str) -> None:
    """Bytes as Chromium received them, headers included; layout shifts over the first second (Chromium's own measure)."""
    signed_in = sign_in(chromium, furnished, "admin")
    for address in addresses(furnished, path):
        context = chromium.new_context(
            viewport={"width": 1440, "height": 900}, storage_state=signed_in.context.storage_state()
        )
        page = context.new_page()
        page.add_init_script(WATCH_SHIFTS)
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        received: list[float] = []
        network.on(
            "Network.loadingFinished", lambda event, received=received: received.append(event["encodedDataLength"])
        )
        page.goto(f"{furnished.address}{address}", wait_until="load")
        page.wait_for_timeout(700)
        assert 1_000 < sum(received) <= FIRST_LOAD, (address, sum(received))
        assert page.evaluate("window.shifts") == [], address
        context.close()
    signed_in.context.close()


@pytest.mark.parametrize("path", page_routes())
def test_without_javascript_a_page_says_the_same(chromium: Any, furnished: Any, path: str) -> None:
    """Every page is made on the server: heading, links and buttons are there without a script."""
    plain = sign_in(chromium, furnished, "admin", java_script_enabled=False)
    for address in addresses(furnished, path):
        answer = plain.goto(f"{furnished.address}{address}")
        assert answer is not None and answer.status == 200, address
        assert plain.get_by_role("heading", level=1).count() == 1, address
        assert plain.locator("[hx-get]:not(form):not(a):not(section)").count() == 0, address
    plain.context.close()


@pytest.mark.parametrize("path", page_routes())
def test_everything_that_can_be_pressed_is_reached_by_tab(chromium: Any, furnished: Any, path: str) -> None:
    page = sign_in(chromium, furnished, "admin")
    page.goto(f"{furnished.address}{addresses(furnished, path)[0]}")
    skipped = page.evaluate(
        "[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]"
        ".filter(part => part.offsetParent && (part.tabIndex < 0) && part.getAttribute('aria-hidden') !== 'true')"
        ".map(part => part.outerHTML.slice(0, 90))"
    )
    assert skipped == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.context.close()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is missing: run `make pages`")
@pytest.mark.parametrize("path", ["/", "/sign-in/used-up"])
def test_who_is_not_signed_in_can_use_the_front_page(chromium: Any, site: Any, path: str) -> None:
    for screen in SCREENS.values():
        context = chromium.new_context(bypass_csp=True, **screen)
        page = context.new_page()
        page.goto(f"{site.address}{path}")
        assert page.get_by_role("button", name="Sign in").is_visible()
        assert problems(page) == [] and wider(page) == []
        context.close()
