"""Makes `docs/screenshots`: the pages of a small served community, light, dark and on a telephone. `make screenshots`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, serve, sign_in
from tests.conftest import ROOT

FOLDER = ROOT / "docs" / "screenshots"
VIEWS = {
    "light": {"viewport": {"width": 1200, "height": 800}},
    "dark": {"viewport": {"width": 1200, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}},
}


def main() -> None:
    """Write every picture anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, sync_playwright() as playwright:
        serving = serve(Path(folder))
        site = next(serving)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        listed = site.api("GET", "/v1/review/items", "moderator")["data"]
        spam = next(item["id"] for item in listed if item["title"] == "Earn money from home")
        for view, options in VIEWS.items():
            page = sign_in(browser, site, "admin", **options)
            places = {"review": "/review", "item": f"/review/{spam}"} | (
                {"settings": "/settings"} if view == "light" else {}
            )
            for name, path in places.items():
                page.goto(f"{site.address}{path}")
                page.screenshot(path=FOLDER / f"{name}-{view}.png")
            page.context.close()
        browser.close()
        serving.close()


if __name__ == "__main__":
    main()
