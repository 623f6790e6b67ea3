"""The pages of the service: which modules there are, and how they and their files are added to the app."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from service.web import (
    cases_page,
    desk_draft_page,
    desk_page,
    docs_page,
    posts_page,
    prompts_page,
    quality_page,
    review_page,
    settings_page,
    sign_in_page,
    thresholds_page,
    try_page,
    webhooks_page,
)
from service.web.rendering import HERE, PLACES

MODULES = (
    sign_in_page, review_page, desk_page, desk_draft_page, posts_page, quality_page, cases_page, try_page, prompts_page, settings_page,
    thresholds_page, webhooks_page,
)  # fmt: skip
"""Every page of the members: `router`, and `PLACES` where it has entries in the navigation."""


def install(app: FastAPI) -> None:
    """Add the pages and their files to the app."""
    PLACES.clear()
    for module in MODULES:
        app.include_router(module.router)
        PLACES.extend(getattr(module, "PLACES", ()))
    app.include_router(docs_page.router)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
