"""Search in the titles of open items: one row for each word of a title, written and deleted with the item's place in the queue.

A search finds items whose title has, for every word searched, a word that begins with it. Words are compared without
case. Scripts that are written without spaces are indexed by their characters.
"""

from __future__ import annotations

import re
import unicodedata

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.intake.tables import PostRow, PostTextRow
from service.people.tables import SiteRow
from service.review.tables import ReviewItemRow, ReviewWordRow

WORD_LIMIT = 40
WORDS_LIMIT = 60
SEARCHED_LIMIT = 8
NAMED_LIMIT = 100
FEW = 3_000
"""Up to so many items with a word are fetched and sorted; with more, the queue is walked in its order until a page is full."""
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff"
_WORDS = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_AFTER_ALL = "\U0010ffff"


def words_of(text: str) -> list[str]:
    """The words of a text, each once, in their order."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return list(dict.fromkeys(word[:WORD_LIMIT] for word in _WORDS.findall(folded)))


def write(session: Session, item: ReviewItemRow) -> None:
    """Note the words of an open item's title."""
    forget(session, item.id)
    title = sa.select(PostTextRow.title).join(PostRow, PostRow.id == PostTextRow.post_id)
    newest = title.where(PostTextRow.post_id == item.post_id, PostTextRow.revision == PostRow.revision)
    rows = [{"word": word, "item_id": item.id} for word in words_of(session.scalar(newest) or "")[:WORDS_LIMIT]]
    if rows:
        session.execute(sa.insert(ReviewWordRow), rows)


def forget(session: Session, item_id: str) -> None:
    """Take an item out of the search."""
    session.execute(sa.delete(ReviewWordRow).where(ReviewWordRow.item_id == item_id))


def matching(session: Session, site: str | None, search: str) -> sa.ColumnElement[bool]:
    """The condition that an item fits a search: its title does, or its post's external id is exactly that.

    The rarest word, if rare enough, is looked up first; the condition then names the items.
    """
    words = words_of(search)[:SEARCHED_LIMIT]
    named = _named(session, site, search.strip())
    rarest: tuple[str, set[str]] | None = None
    for word in words:
        few = sa.select(ReviewWordRow.item_id).where(*_begins(ReviewWordRow, word)).limit(FEW + 1)
        ids = list(session.scalars(few))
        if len(ids) <= FEW and (rarest is None or len(ids) < len(rarest[1])):
            rarest = word, set(ids)
    others = [_has(word) for word in words if rarest is None or word != rarest[0]]
    fits = sa.and_(*others) if others else sa.true() if words else sa.false()
    if rarest is None:
        return sa.or_(fits, ReviewItemRow.id.in_(named)) if named else fits
    chosen = ReviewItemRow.id.in_(rarest[1] | named) if rarest[1] | named else sa.false()
    return sa.and_(chosen, sa.or_(fits, ReviewItemRow.id.in_(named)) if named and others else fits)


def _named(session: Session, site: str | None, external_id: str) -> set[str]:
    """The open items of the posts with an external id."""
    sites = [site] if site is not None else sa.select(SiteRow.name)
    posts = sa.select(PostRow.id).where(PostRow.site.in_(sites), PostRow.external_id == external_id)
    ids = list(session.scalars(posts.limit(NAMED_LIMIT)))
    items = sa.select(ReviewItemRow.id).where(ReviewItemRow.post_id.in_(ids), ReviewItemRow.state == "open")
    return set(session.scalars(items)) if ids else set()


def _has(word: str) -> sa.ColumnElement[bool]:
    row = sa.orm.aliased(ReviewWordRow)
    return sa.exists().where(row.item_id == ReviewItemRow.id, *_begins(row, word))


def _begins(row: type[ReviewWordRow], word: str) -> list[sa.ColumnElement[bool]]:
    return [row.word >= word, row.word < word + _AFTER_ALL]
