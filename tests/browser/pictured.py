"""Which pictures there are of which page, what each shows, and how a browser gets there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.browser.addresses import page_routes
from tests.browser.community import Community
from tests.browser.conftest import SPAM
from tests.conftest import ROOT

FOLDER = ROOT / "docs" / "screenshots"
LIMIT = 4_000_000
"""Bytes that all pictures together may have."""
VIEWS = ("light", "dark", "phone")


@dataclass(frozen=True)
class Picture:
    """One page as a person meets it. `reach` is its address, or what a person does to get there."""

    name: str
    shows: str
    reach: Callable[[Any, Community], str | None]
    signed_in: bool = True

    def open(self, page: Any, community: Community) -> None:
        """Bring a browser's page there."""
        address = self.reach(page, community)
        if address is not None:
            page.goto(f"{community.site.address}{address}")


def _draft(page: Any, community: Community) -> None:
    """A draft in somebody's hands, with a sentence chosen."""
    page.goto(f"{community.site.address}/desk/{community.draft}")
    if page.get_by_role("button", name="Take it").count():
        page.get_by_role("button", name="Take it").click()
    page.get_by_role("textbox", name="Sentence 1, text").click()


def _bulk(page: Any, community: Community) -> None:
    """Several chosen, one of them urgent."""
    page.goto(f"{community.site.address}/review")
    boxes = page.locator("[data-rows] input[type=checkbox]")
    for number in (0, boxes.count() - 3, boxes.count() - 2, boxes.count() - 1):
        boxes.nth(number).check()
    page.get_by_role("button", name="Preview").click()


def _tried(page: Any, community: Community) -> None:
    """A post that was read, and not kept."""
    page.goto(f"{community.site.address}/try")
    page.get_by_label("Title").fill("From nothing to five figures")
    page.get_by_role("textbox", name="Text").fill(SPAM)
    page.get_by_role("button", name="Assess").click()
    _to(page, "What was read")


def _quality(page: Any, community: Community) -> None:
    """The error rates, where there is something to see."""
    page.goto(f"{community.site.address}/quality")
    _to(page, "Both error rates")


def _to(page: Any, heading: str) -> None:
    page.get_by_role("heading", name=heading).evaluate("part => part.scrollIntoView()")


def _preview(page: Any, community: Community) -> None:
    """Other cuts, before anything is kept."""
    page.goto(f"{community.site.address}/settings/thresholds?site=acme")
    page.get_by_label("spam promotion: routes from").fill("0.999")
    page.get_by_role("button", name="Show the effect").click()


PICTURED: dict[str, list[Picture]] = {
    "/": [Picture("sign-in", "Signing in with a link or an API key.", lambda *_: "/", signed_in=False)],
    "/sign-in/{secret}": [
        Picture("welcome", "A one-time link, which a button spends.", lambda _, c: c.new_link(), signed_in=False)
    ],
    "/posts": [Picture("posts", "What came in, where it went, and why.", lambda *_: "/posts")],
    "/posts/{post_id}": [
        Picture("post", "One assessment: route, flags with quotes, tags, related threads.", lambda _, c: f"/posts/{c.post}")
    ],
    "/review": [Picture("review", "The moderators' queue with its filters.", lambda *_: "/review")],
    "/review/{item_id}": [
        Picture("item", "One item with everything a decision needs.", lambda _, c: f"/review/{c.item}"),
        Picture("item-covered", "A post that may weigh on whoever reads it opens only when asked.", lambda _, c: f"/review/{c.grave}"),
    ],
    "/review/bulk": [Picture("bulk", "A decision on several items, before it is made.", _bulk)],
    "/desk": [Picture("desk", "The mentors' desk: drafts by topic and age.", lambda *_: "/desk")],
    "/desk/figures": [Picture("desk-figures", "What became of drafts and their sentences.", lambda *_: "/desk/figures")],
    "/desk/{draft_id}": [Picture("draft", "A draft sentence by sentence, beside what it rests on.", _draft)],
    "/desk/{draft_id}/changes": [
        Picture("changes", "What a mentor changed in the machine's text.", lambda _, c: f"/desk/{c.changed}/changes")
    ],
    "/desk/{draft_id}/markdown": [
        Picture("markdown", "An answer to copy, with what it rests on.", lambda _, c: f"/desk/{c.changed}/markdown")
    ],
    "/quality": [Picture("quality", "Precision and recall with their intervals.", _quality)],
    "/quality/cases": [Picture("cases", "Decisions that may become test cases.", lambda *_: "/quality/cases")],
    "/try": [Picture("try", "A post is read and nothing is kept.", _tried)],
    "/prompts": [Picture("prompts", "Every prompt, and which version is live.", lambda *_: "/prompts")],
    "/prompts/{name:path}": [
        Picture("prompt", "The versions of one prompt and how a label moves.", lambda *_: "/prompts/flag_post"),
        Picture("prompt-diff", "What differs between two versions.", lambda *_: "/prompts/flag_post#diff"),
    ],
    "/settings": [Picture("settings", "Sites, people, keys and webhooks.", lambda *_: "/settings")],
    "/settings/thresholds": [
        Picture("thresholds", "The cuts of a site and their versions.", lambda *_: "/settings/thresholds?site=acme")
    ],
    "/settings/thresholds/preview": [
        Picture("thresholds-preview", "What other cuts would have done to past posts.", _preview)
    ],
    "/settings/webhooks/{endpoint_id}": [
        Picture("webhook", "What was delivered to an endpoint.", lambda _, c: f"/settings/webhooks/{c.endpoint}")
    ],
    "/settings/audit": [Picture("audit", "The chain of decisions and whether it holds.", lambda *_: "/settings/audit")],
}  # fmt: skip
"""The pictures of each page, and of each page that only a form leads to. `test_every_page.py` holds it against the app's routes."""


def unpictured() -> list[str]:
    """The pages of the app that no picture is named for."""
    return sorted(set(page_routes()) - set(PICTURED))


def pictures() -> list[Picture]:
    """Every picture, in the order of the index."""
    return [picture for found in PICTURED.values() for picture in found]


def file_names() -> list[str]:
    """The name of every file: a picture of each page in each view."""
    return [f"{picture.name}-{view}.png" for picture in pictures() for view in VIEWS]


def index() -> str:
    """The text of the index beside the pictures."""
    rows = [
        f"| {picture.name} | {picture.shows} | " + " · ".join(f"[{v}]({picture.name}-{v}.png)" for v in VIEWS) + " |"
        for picture in pictures()
    ]
    return "\n".join([*HEAD, *rows, ""])


HEAD = (
    "# What the pages look like", "",
    "Made by `make screenshots` from a small community of invented posts. “Phone” is 360 pixels wide. A picture shows what fits",
    "into the window; pages go on below.", "",
    "| page | what it shows | pictures |", "|---|---|---|",
)  # fmt: skip
