"""Learns a site's tagger from its threads and from the tags that were kept on its posts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.errors import InvalidInput
from service.intake.normalise import normalise
from service.intake.post import Author, Format, NewPost
from service.intake.tables import KeptTagsRow, PostRow, PostTextRow
from service.intake.windows import embed_post, embed_with_english
from service.models.embedder import Embedder
from service.tagging import versions
from service.tagging.example import example_in_english
from service.tagging.fit import LEAST_POSTS, MOST_POSTS, Array, Labelled, fit
from service.tagging.names import NameFinder
from service.tagging.reader import TagReader
from service.tagging.reporting import gain_of, report_on
from service.tagging.tables import TaggerRow
from service.tagging.taxonomy import Taxonomy

EARLIER = 0.8
"""Share of posts, by date, that the reported tagger is fitted on; the later ones are the test."""


@dataclass(frozen=True)
class TaggedText:
    """A thread's question, or a post, with the tags it has in the end. It counts as `weight` texts."""

    title: str
    body: str
    format: Format
    tags: tuple[str, ...]
    group: str
    at: datetime
    weight: float = 1.0


@dataclass(frozen=True)
class Production:
    """The tagger that a fit is held against, with its vocabulary, and when the texts were read that it was fitted on."""

    reader: TagReader
    taxonomy: Taxonomy
    at: datetime


@dataclass(frozen=True)
class Fitted:
    """Weights fitted on all texts; of those fitted on the earlier 80 %, a report about the later texts and the gains in F1
    over production, one for each later text that is newer than production."""

    weights: bytes
    report: dict[str, Any]
    gains: list[float]


def about_tags(taxonomy: Taxonomy, embedder: Embedder) -> Array:
    """Tags × dimension: each tag's definition and its examples in equal parts, of length 1."""
    rows = []
    for tag in taxonomy.tags:
        vectors = embedder.embed([f"{tag.label}: {tag.definition}", *tag.examples])
        middle = vectors[0] + vectors[1:].mean(axis=0) if len(vectors) > 1 else vectors[0]
        rows.append(middle / max(float(np.linalg.norm(middle)), 1e-9))
    return np.asarray(np.stack(rows), dtype=np.float32)


def read_labelled(text: TaggedText, names: NameFinder, embedder: Embedder) -> Labelled:
    """A text with its tags, read as the service reads a post."""
    post = NewPost(
        site="fit",
        external_id="fit",
        title=text.title[:300],
        body=text.body,
        format=text.format,
        author=Author(id="fit"),
    )
    readable = normalise(post)
    embedded = embed_with_english(readable, embedder)
    example = example_in_english(readable, embedded, names, lambda english: embed_post(english, embedder))
    return Labelled(example, text.tags, text.group, text.weight)


def texts_of(
    session: Session, site: str, taxonomy: Taxonomy, weights: Mapping[str, float] = MappingProxyType({})
) -> list[TaggedText]:
    """A site's threads, and its posts whose tags somebody kept, oldest first.

    Left out are those without a tag of the vocabulary and those whose author opted out. Of a thread the question alone is
    read, no answer. `weights`: id → weight of the posts that were drawn to stand for others.
    """
    from service.corpus.tables import ThreadRow

    known, found = set(taxonomy.names), []
    public = sa.select(ThreadRow).where(ThreadRow.site == site, ThreadRow.visibility == "public")
    for thread in session.scalars(public.where(_may_be_reused(site, ThreadRow.author_id))):
        found.append(
            _text(
                thread.title, thread.body, thread.format, thread.tags, thread.author_id or thread.id, thread.created_at
            )
        )
    newest = sa.select(sa.func.max(KeptTagsRow.id)).group_by(KeptTagsRow.post_id)
    kept = sa.select(KeptTagsRow, PostRow).join(PostRow, PostRow.id == KeptTagsRow.post_id)
    there = kept.where(KeptTagsRow.id.in_(newest), PostRow.site == site, PostRow.erased_at.is_(None))
    for row, post in session.execute(there.where(_may_be_reused(site, PostRow.author_id))):
        said = session.scalar(
            sa.select(PostTextRow).where(PostTextRow.post_id == post.id).order_by(PostTextRow.revision.desc()).limit(1)
        )
        if said is not None:
            text = _text(said.title, said.body, post.format, row.tags, post.author_id, row.at)
            found.append(replace(text, weight=weights.get(post.id, 1.0)))
    return sorted((text for text in found if known & set(text.tags)), key=lambda text: text.at)


def vocabulary_of(session: Session, site: str) -> Taxonomy | None:
    """The vocabulary of a site's tagger in production, else of its newest fit, None where it has none."""
    production = versions.live(session, site)
    newest = sa.select(TaggerRow.taxonomy).where(TaggerRow.site == site).order_by(TaggerRow.number.desc()).limit(1)
    stored = session.scalar(newest) if production is None else production.taxonomy
    return None if stored is None else Taxonomy.model_validate(stored)


def fit_texts(
    texts: Sequence[TaggedText], taxonomy: Taxonomy, embedder: Embedder, *, origin: dict[str, Any],
    production: Production | None = None, progress: Callable[[str], None] = lambda _said: None,
) -> Fitted:  # fmt: skip
    """A tagger of these texts. Raises InvalidInput where there are too few.

    Production was fitted on what was there then, and the reported tagger on the earlier texts: what is later than both was
    seen by neither, so that their gains are fair.
    """
    texts = texts[-MOST_POSTS:]
    if len(texts) * EARLIER < LEAST_POSTS:
        raise InvalidInput(
            f"a tagger needs at least {int(LEAST_POSTS / EARLIER)} threads with tags of the vocabulary, there are {len(texts)}",
            field="site",
        )
    names, about = NameFinder(taxonomy), about_tags(taxonomy, embedder)
    posts = []
    for number, text in enumerate(texts, 1):
        posts.append(read_labelled(text, names, embedder))
        if number % 500 == 0:
            progress(f"{number} of {len(texts)} read")
    cut = int(len(posts) * EARLIER)
    earlier = TagReader.load(fit(posts[:cut], taxonomy, about, manifest={}, progress=progress), taxonomy)
    report = report_on(earlier, posts[cut:], taxonomy)
    gains = []
    if production is not None:
        unseen = [post for post, text in zip(posts[cut:], texts[cut:], strict=True) if text.at > production.at]
        gains = [gain_of(post, earlier, taxonomy, production.reader, production.taxonomy) for post in unseen]
    weights = fit(posts, taxonomy, about, manifest={**origin, "later_threads": report}, progress=progress)
    return Fitted(weights, report, gains)


def _may_be_reused(site: str, author_id: Any) -> sa.ColumnElement[bool]:
    """Whether the author in this column lets others reuse what they wrote; so it is where none is known."""
    from service.corpus.tables import AuthorRow

    return ~sa.exists().where(AuthorRow.site == site, AuthorRow.id == author_id, AuthorRow.reuse == "opted_out")


def _text(title: str, body: str, format: str, tags: list[str], group: str, at: datetime) -> TaggedText:
    from typing import cast

    return TaggedText(title, body, cast(Format, format), tuple(tags), group, at)
