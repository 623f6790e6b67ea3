"""Posts: send one, read it, read its assessments, erase it, say which tags were kept."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from service import assessment as assessments
from service import learning
from service.api.calling import CallerOf, StationsOf, allowed
from service.api.paging import CursorParameter, Limit, decode, encode, page
from service.assess_post import Assessed, DraftWish, assess_post, with_draft
from service.assessment import Assessment
from service.clock import rfc3339
from service.desk import waiting
from service.errors import NotFound
from service.intake import repository as posts
from service.intake.post import NewPost, Post, Tag
from service.people.permissions import Caller, Permission, require
from service.stations import Stations

router = APIRouter(prefix="/v1/posts", tags=["posts"])

DRAFT_WAIT_S = 20.0
DRAFT_POLL_S = 0.1


class SentPost(NewPost):
    """A post, and whether a draft is wished for: in the background, waited for (20 s at most), or not at all."""

    draft: DraftWish = "async"


class KeptTags(BaseModel):
    """What was kept as a post's tags in the end."""

    model_config = ConfigDict(extra="forbid")

    tags: Annotated[list[Tag], Field(max_length=20)]
    by: Literal["author", "moderator", "mentor", "site"] = "site"


@router.post("", status_code=201, responses={200: {"model": Assessment}})
async def send_post(sent: SentPost, response: Response, stations: StationsOf, caller: CallerOf) -> Assessment:
    """Assess a post. 201 and its Assessment; 200 where the same content was sent before."""
    done = await run_in_threadpool(_assess, sent, stations, caller)
    response.status_code = 201 if done.created else 200
    response.headers["Location"] = f"/v1/posts/{done.post.id}"
    if sent.draft == "wait" and done.assessment.draft is not None:
        return await _wait_for_draft(stations, done.assessment)
    return done.assessment


@router.get("/{post_id}")
def read_post(post_id: str, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """A post with its newest assessment and the tags that were kept."""
    post = _post(stations, caller, post_id, "posts.read")
    with stations.database.read() as session:
        newest = assessments.newest(session, post_id)
        kept = posts.kept_tags(session, post_id)
        current = with_draft(session, newest).model_dump(mode="json") if newest else None
    shown = post.model_dump(mode="json") | {"received_at": rfc3339(post.received_at)}
    return shown | {"kept_tags": kept, "assessment": current}


@router.get("/{post_id}/assessments")
def list_assessments(
    post_id: str, stations: StationsOf, caller: CallerOf, limit: Limit = 50, cursor: CursorParameter = None
) -> dict[str, Any]:
    """Assessments of a post, newest first."""
    _post(stations, caller, post_id, "posts.read")
    keys = decode(cursor)
    with stations.database.read() as session:
        found = assessments.history(session, post_id, limit, before=str(keys[0]) if keys else None)
        shown = [with_draft(session, a).model_dump(mode="json") if i == 0 and not keys else a.model_dump(mode="json")
                 for i, a in enumerate(found)]  # fmt: skip
    return page(shown, limit, encode(found[-1].id) if found else None)


@router.delete("/{post_id}", status_code=204)
def erase_post(post_id: str, stations: StationsOf, caller: CallerOf) -> None:
    """Erase a post: its text, snapshots, drafts, vectors and exported cases. The record keeps ids, times and digests."""
    _post(stations, caller, post_id, "posts.erase")
    stations.erase_post(post_id)


@router.put("/{post_id}/tags")
def keep_tags(post_id: str, kept: KeptTags, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Say which tags a post has in the end; feeds the loop."""
    post = _post(stations, caller, post_id, "posts.tags")
    stations.check_tags(post.site, kept.tags)
    tags = list(dict.fromkeys(kept.tags))
    with stations.database.write() as session:
        posts.keep_tags(session, post_id, tags, kept.by, stations.clock())
        session.flush()
        waiting.retopic(session, post_id, tags)
        learning.note_tags(session, post_id, post.site, caller.id)
    return {"post_id": post_id, "tags": tags, "by": kept.by}


def _post(stations: Stations, caller: Caller, post_id: str, permission: Permission) -> Post:
    require(caller, permission)
    with stations.database.read() as session:
        post = posts.get(session, post_id)
    if not caller.may_on(post.site):
        raise NotFound("there is no such post", field="post_id")
    return post


def _assess(sent: SentPost, stations: Stations, caller: Caller) -> Assessed:
    allowed(stations, caller, "posts.write", sent.site)
    lane = stations.deep_lane
    return assess_post(stations.readers, sent, sent.draft, lane.enqueue, stations.webhooks.announce, caller.key_id)


async def _wait_for_draft(stations: Stations, made: Assessment) -> Assessment:
    deadline = time.monotonic() + DRAFT_WAIT_S
    while True:
        current = await run_in_threadpool(_current, stations, made)
        if current.draft is None or current.draft.status != "pending" or time.monotonic() > deadline:
            return current
        await asyncio.sleep(DRAFT_POLL_S)


def _current(stations: Stations, made: Assessment) -> Assessment:
    with stations.database.read() as session:
        return with_draft(session, assessments.newest(session, made.post_id) or made)
