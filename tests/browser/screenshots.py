"""Makes `docs/screenshots`: the pages of a small served community, light, dark and on a telephone. `make screenshots`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser.addresses import items
from tests.browser.conftest import ARGUMENTS, SPAM, serve, sign_in
from tests.browser.drafts import put_draft, put_threads
from tests.conftest import ROOT

FOLDER = ROOT / "docs" / "screenshots"
LIMIT = 150_000
WIDE = {"viewport": {"width": 1100, "height": 760}, "reduced_motion": "reduce"}
DARK = WIDE | {"color_scheme": "dark"}
PHONE = {"viewport": {"width": 360, "height": 740}, "reduced_motion": "reduce"}
VIEWS: dict[str, dict[str, Any]] = {"light": WIDE, "dark": DARK, "phone": PHONE}
SHOWN = {
    "review": ("light", "dark", "phone"), "item": ("light", "dark", "phone"), "try": ("light", "phone"),
    "prompt": ("dark",), "thresholds": ("light", "phone"), "preview": ("light",), "quality": ("light", "dark"),
    "settings": ("light",), "audit": ("light",), "post": ("phone",),
}  # fmt: skip
"""Which page is pictured in which view: each page once, the ones people spend hours on in every view."""


def main() -> None:
    """Write every picture anew."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, sync_playwright() as playwright:
        serving = serve(Path(folder), two_versions=True)
        site = next(serving)
        furnish(site)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        put_threads(site)
        draft = put_draft(site, "shown")
        put_draft(site, "shown-2", "Three managers in one year", "Nobody knows what I did. How do I get a fair review?")
        for view, options in VIEWS.items():
            page = sign_in(browser, site, "admin", **options)
            show_desk(page, site.address, draft, view)
            for name in [name for name, views in SHOWN.items() if view in views]:
                show(page, site, name)
                path = FOLDER / f"{name}-{view}.png"
                page.screenshot(path=path)
                if path.stat().st_size > LIMIT:
                    raise SystemExit(f"{path.name} is larger than {LIMIT} bytes")
            page.context.close()
        browser.close()
        serving.close()


def furnish(site: Any) -> None:
    """Decisions, kept tags and a version of the thresholds, so that every page has something to show."""
    tags = (["compensation"], ["promotion"], [])
    for number in range(24):
        body = SPAM.replace("5000", str(1000 + number)) if number % 3 else f"{SPAM} How do I ask for a raise?"
        site.send(f"more-{number}", f"Earn money from home, part {number + 4}", body)
        item = next(i for i in items(site) if i["external_id"] == f"more-{number}")
        verdict = "dismiss" if number % 5 == 0 else "agree"
        sent = {
            "assessment_id": item["assessment_id"],
            "verdict": verdict,
            "reason": "it sells",
            "tags": tags[number % 3],
        }
        site.api("POST", f"/v1/review/items/{item['id']}/decide", "moderator", sent)
    cuts = {"changes": {"spam_promotion": {"high": 0.9}}, "reason": "Fewer alarms about referral codes"}
    site.api("POST", "/v1/thresholds/acme", "admin", cuts)
    site.api("POST", "/v1/thresholds/acme/1/shadow", "admin")


def show(page: Any, site: Any, name: str) -> None:
    """Go where a page shows what it is for."""
    listed = items(site)
    spam = next(item for item in listed if item["title"] == "Earn money from home")
    paths = {
        "item": f"/review/{spam['id']}", "post": f"/posts/{spam['post_id']}", "audit": "/settings/audit",
        "thresholds": "/settings/thresholds", "preview": "/settings/thresholds", "prompt": "/prompts/flag_post#diff",
    }  # fmt: skip
    page.goto(f"{site.address}{paths.get(name, f'/{name}')}")
    if name == "try":
        page.get_by_label("Title").fill("From nothing to five figures")
        page.get_by_role("textbox", name="Text").fill(SPAM)
        page.get_by_role("button", name="Assess").click()
        page.get_by_role("heading", name="What was read").evaluate("part => part.scrollIntoView()")
    if name == "preview":
        page.get_by_label("spam promotion: routes from").fill("0.999")
        page.get_by_role("button", name="Show the effect").click()
    if name == "quality":
        page.get_by_role("heading", name="Both error rates").evaluate("part => part.scrollIntoView()")


def show_desk(page: Any, address: str, draft: str, view: str) -> None:
    """The desk, and one draft on it with a sentence chosen."""
    page.goto(f"{address}/desk")
    page.screenshot(path=FOLDER / f"desk-{view}.png", full_page=view == "phone")
    page.goto(f"{address}/desk/{draft}")
    if page.get_by_role("button", name="Take it").count():
        page.get_by_role("button", name="Take it").click()
    page.get_by_role("textbox", name="Sentence 1, text").click()
    page.screenshot(path=FOLDER / f"draft-{view}.png", full_page=True)


if __name__ == "__main__":
    main()
