"""Posts in SQL. Functions take the caller's session; the caller's transaction commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.clock import new_id
from service.errors import NotFound
from service.intake.post import Author, Format, Kind, NewPost, Post
from service.intake.tables import KeptTagsRow, PostRow, PostTextRow


@dataclass(frozen=True)
class Kept:
    """A post after keeping it: `new` where it was unknown, `changed` where its content differs from before."""

    post: Post
    new: bool
    changed: bool


def keep(session: Session, sent: NewPost, lang: str, now: datetime, key_id: str | None = None) -> Kept:
    """Insert or update a post by site and external id; the same content again changes nothing. `key_id` is the API key it
    came with."""
    row = find_row(session, sent.site, sent.external_id)
    if row is None:
        row = PostRow(
            id=new_id(), site=sent.site, external_id=sent.external_id, kind=sent.kind, format=sent.format,
            author_id=sent.author.id, content_digest=sent.content_digest, revision=1, lang=lang,
            received_at=now, updated_at=now, erased_at=None, key_id=key_id,
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.add(_text_row(row.id, 1, sent))
        return Kept(_post(row, sent), new=True, changed=True)
    if row.content_digest == sent.content_digest and row.erased_at is None:
        return Kept(get(session, row.id), new=False, changed=False)
    row.revision += 1
    row.content_digest, row.kind, row.format = sent.content_digest, sent.kind, sent.format
    row.lang, row.updated_at, row.erased_at = lang, now, None
    row.key_id = key_id or row.key_id
    session.add(_text_row(row.id, row.revision, sent))
    session.flush()
    return Kept(_post(row, sent), new=False, changed=True)


def find_row(session: Session, site: str, external_id: str) -> PostRow | None:
    """The row of a post by the site's own id."""
    return session.scalar(sa.select(PostRow).where(PostRow.site == site, PostRow.external_id == external_id))


def get(session: Session, post_id: str, revision: int | None = None) -> Post:
    """A post, by default as it reads now. Raises NotFound, also after an erasure."""
    row = session.get(PostRow, post_id)
    if row is None or row.erased_at is not None:
        raise NotFound("there is no such post", field="post_id")
    text = session.get(PostTextRow, (post_id, revision or row.revision))
    if text is None:
        raise NotFound("this revision of the post is gone", field="post_id")
    sent = NewPost.model_construct(
        site=row.site, external_id=row.external_id, title=text.title, body=text.body, format=cast(Format, row.format), kind=cast(Kind, row.kind),
        author=Author(**text.author), url=text.url, created_at=text.created_at, lang=text.lang_hint, tags=text.tags,
    )  # fmt: skip
    return _post(row, sent, text.revision)


def erase(session: Session, post_id: str, now: datetime) -> None:
    """Take a post's text away; its row stays with ids, times and digests. Raises NotFound."""
    row = session.get(PostRow, post_id)
    if row is None or row.erased_at is not None:
        raise NotFound("there is no such post", field="post_id")
    session.execute(sa.delete(PostTextRow).where(PostTextRow.post_id == post_id))
    row.erased_at = now


def keep_tags(session: Session, post_id: str, tags: list[str], by: str, now: datetime) -> None:
    """Store what was kept as a post's tags; the newest row counts."""
    session.add(KeptTagsRow(id=new_id(), post_id=post_id, tags=tags, by=by, at=now))


def take_back_tags(session: Session, post_id: str, by: str, at: datetime, now: datetime) -> bool:
    """What `by` kept at the moment `at` no longer counts: what was kept before it does again, or nothing.

    False, and nothing changes, where somebody else said later which tags the post has.
    """
    rows = session.scalars(
        sa.select(KeptTagsRow).where(KeptTagsRow.post_id == post_id).order_by(KeptTagsRow.id.desc()).limit(2)
    ).all()
    if not rows or (rows[0].by, rows[0].at) != (by, at):
        return False
    if len(rows) == 2:
        keep_tags(session, post_id, rows[1].tags, rows[1].by, now)
    else:
        session.delete(rows[0])
    session.flush()
    return True


def kept_tags(session: Session, post_id: str) -> list[str] | None:
    """The tags that were kept in the end, or None where nobody said."""
    newest = sa.select(KeptTagsRow.tags).where(KeptTagsRow.post_id == post_id).order_by(KeptTagsRow.id.desc()).limit(1)
    return session.scalar(newest)


def _text_row(post_id: str, revision: int, sent: NewPost) -> PostTextRow:
    return PostTextRow(
        post_id=post_id, revision=revision, title=sent.title, body=sent.body, author=sent.author.model_dump(),
        tags=list(sent.tags), url=sent.url, created_at=sent.created_at, lang_hint=sent.lang,
    )  # fmt: skip


def _post(row: PostRow, sent: NewPost, revision: int | None = None) -> Post:
    values = {name: getattr(sent, name) for name in NewPost.model_fields}
    return Post.model_construct(
        **values, id=row.id, received_at=row.received_at, revision=revision or row.revision, key_id=row.key_id
    )
