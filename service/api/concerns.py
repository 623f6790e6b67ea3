"""What members bring to the moderators: a report of a post, the author's appeal."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from service import deciding
from service.api.calling import CallerOf, StationsOf
from service.review.concerns import Appeal, Joined, Report

router = APIRouter(prefix="/v1/posts", tags=["posts"])


@router.post("/{post_id}/reports", status_code=201)
def report_post(
    post_id: str, sent: Report, response: Response, stations: StationsOf, caller: CallerOf
) -> dict[str, Any]:
    """A member reports a post; it joins the post's open review item. 200 where the same report is known."""
    return _answer(deciding.report(stations, caller, post_id, sent), response)


@router.post("/{post_id}/appeals", status_code=201)
def appeal(post_id: str, sent: Appeal, response: Response, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """The author asks for another look, by somebody else than who decided. 200 while one is open; 409 before any decision."""
    return _answer(deciding.appeal(stations, caller, post_id, sent), response)


def _answer(joined: Joined, response: Response) -> dict[str, Any]:
    if not joined.new:
        response.status_code = 200
    return {"id": joined.id, "item_id": joined.item.id}
