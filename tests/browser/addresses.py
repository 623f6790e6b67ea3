"""An address for every page there is, made from the app's own list of routes: a new page is looked at without being named here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi.routing import APIRoute

from service.web import pages
from tests.browser.drafts import answer, put_draft, put_threads

EXAMPLES: dict[str, Callable[[Any], list[str]]] = {
    "/posts/{post_id}": lambda site: [f"/posts/{items(site)[0]['post_id']}"],
    "/review/{item_id}": lambda site: [f"/review/{item['id']}" for item in items(site)[:4]],
    "/desk/{draft_id}": lambda site: [f"/desk/{draft_of(site)}"],
    "/desk/{draft_id}/changes": lambda site: [f"/desk/{draft_of(site)}/changes"],
    "/desk/{draft_id}/markdown": lambda site: [f"/desk/{finished_draft_of(site)}/markdown"],
    "/prompts/{name:path}": lambda _: ["/prompts/flag_post?read=1.0.0", "/prompts/policy/tech-career"],
    "/settings/webhooks/{endpoint_id}": lambda site: [
        f"/settings/webhooks/{site.api('GET', '/v1/webhooks', 'admin')['data'][0]['id']}"
    ],
    "/sign-in/{secret}": lambda _: ["/sign-in/used-up"],
}
"""Addresses of pages that need the id of something."""
MORE = {"/settings/audit": lambda site: [f"/settings/audit?post={items(site)[0]['post_id']}"]}
"""Further addresses of pages that show more when asked for something."""


def items(site: Any) -> list[dict[str, Any]]:
    """The open items."""
    return list(site.api("GET", "/v1/review/items?limit=200", "moderator")["data"])


def draft_of(site: Any) -> str:
    """A draft on the desk; written where there is none yet."""
    listed = site.api("GET", "/v1/desk/drafts", "mentor")["data"]
    if listed:
        return str(listed[0]["id"])
    put_threads(site)
    return put_draft(site, "on-the-desk")


def finished_draft_of(site: Any) -> str:
    """A draft in which nothing is left to settle; written where there is none yet."""
    if not hasattr(site, "finished_draft"):
        put_threads(site)
        site.finished_draft = put_draft(site, "finished", sentences=answer(site)[:1])
    return str(site.finished_draft)


def page_routes() -> list[str]:
    """The path of every page."""
    found = [route for module in pages.MODULES for route in module.router.routes if isinstance(route, APIRoute)]
    return sorted({route.path for route in found if "GET" in route.methods})


def addresses(site: Any, path: str) -> list[str]:
    """Where to look at a page. A page that needs an id and has no example here is an error."""
    if "{" in path:
        return EXAMPLES[path](site)
    return [path, *(MORE[path](site) if path in MORE else [])]
