"""The API's documentation: Swagger UI over `/openapi.json`, from our own files and under the pages' policy.

It is no page of `pages.MODULES`: it is for who writes a client, needs its script, and has no navigation.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from service.web.rendering import HERE, part

router = APIRouter(include_in_schema=False)
FILES = ("swagger-ui.css", "swagger-ui-bundle.js")


@router.get("/docs")
def show_docs() -> HTMLResponse:
    """Every call of the API, to read and to try."""
    return docs_from(HERE / "static" / "vendor")


def docs_from(vendor: Path) -> HTMLResponse:
    """The page; where the files it needs are not in `vendor`, one that says so."""
    return part("docs.html", built=all((vendor / name).exists() for name in FILES))
