"""Makes `docs/screenshots`: every page of a small served community, light, dark and on a telephone. `make screenshots`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from service.app import Adapters
from tests.browser.community import BEGIN, furnish
from tests.browser.conftest import ARGUMENTS, serve, sign_in, wider
from tests.browser.pictured import FOLDER, LIMIT, index, pictures, unpictured
from tests.browser.small_png import smaller
from tests.review.conftest import Clock

WIDE = {"viewport": {"width": 1024, "height": 640}, "reduced_motion": "reduce"}
PHONE = {"viewport": {"width": 360, "height": 700}, "reduced_motion": "reduce"}
OPTIONS: dict[str, dict[str, Any]] = {"light": WIDE, "dark": WIDE | {"color_scheme": "dark"}, "phone": PHONE}


def main() -> None:
    """Write every picture and their index anew."""
    if missing := unpictured():
        sys.exit(f"no picture is named in tests/browser/pictured.py for {', '.join(missing)}")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    clock = Clock(BEGIN)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as data, sync_playwright() as playwright:
        serving = serve(Path(data), two_versions=True, adapters=Adapters(clock=clock))
        community = furnish(next(serving), clock)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        blank = browser.new_page()
        for view, options in OPTIONS.items():
            inside = sign_in(browser, community.site, "admin", **options)
            outside = browser.new_context(**options).new_page()
            for picture in pictures():
                page = inside if picture.signed_in else outside
                picture.open(page, community)
                if sticking_out := wider(page):
                    sys.exit(f"{picture.name}, {view}: {sticking_out}")
                (FOLDER / f"{picture.name}-{view}.png").write_bytes(smaller(blank, page.screenshot()))
            inside.context.close()
            outside.context.close()
        browser.close()
        serving.close()
    (FOLDER / "README.md").write_text(index(), "utf-8")
    size = sum(path.stat().st_size for path in FOLDER.glob("*.png"))
    print(f"{len(pictures())} pages, {size / 1e6:.1f} MB")
    if size > LIMIT:
        sys.exit(f"the pictures are larger than {LIMIT / 1e6:.0f} MB together")


if __name__ == "__main__":
    main()
