"""The pages of the service: which modules there are, and how they and their files are added to the app."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from service.web import cases_page, posts_page, quality_page, review_page, settings_page, sign_in_page
from service.web.rendering import HERE, PLACES

MODULES = (sign_in_page, review_page, posts_page, quality_page, cases_page, settings_page)
"""Every page module: `router`, and `PLACES` where it has entries in the navigation."""


def install(app: FastAPI) -> None:
    """Add the pages and their files to the app."""
    PLACES.clear()
    for module in MODULES:
        app.include_router(module.router)
        PLACES.extend(getattr(module, "PLACES", ()))
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
