"""Suggests tags for a post: the fitted reader of the site's vocabulary, and the related threads that carry each tag."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.database import Database
from service.intake.normalise import ReadablePost
from service.intake.windows import EmbeddedPost, embed_post
from service.models.embedder import Embedder
from service.retrieval.evidence import Evidence
from service.settings import Settings
from service.tagging import versions
from service.tagging.choosing import THRESHOLD, choose
from service.tagging.example import example_in_english
from service.tagging.named_once import sobered
from service.tagging.names import NameFinder
from service.tagging.reader import TagReader
from service.tagging.suggestion import TagSuggestion
from service.tagging.tables import TaggerRow
from service.tagging.taxonomy import Taxonomy, load_taxonomy

WEIGHTS = Path(__file__).with_name("tagger.npz")
"""Of the shipped vocabulary; made by `python -m service.tagging.fit_shipped`."""
RESTS_ON = 3
"""Most threads named for a tag."""
FRESH_S = 1.0
"""How long a process goes by the tagger it knows before it asks whether production was moved."""


@dataclass(frozen=True)
class _Site:
    """A site's vocabulary with its reader; `row` is the version it comes from, None for the shipped one."""

    row: str | None
    taxonomy: Taxonomy
    names: NameFinder
    reader: TagReader | None


class Tagger:
    """Suggests tags of a site's vocabulary. Safe to call from many threads."""

    def __init__(self, taxonomy: Path, settings: Settings, database: Database, embedder: Embedder) -> None:
        self.taxonomy: Taxonomy = load_taxonomy(taxonomy)
        self._settings = settings
        self._database = database
        self._embedder = embedder
        shipped = WEIGHTS.read_bytes() if WEIGHTS.is_file() else None
        self._shipped = _made(None, self.taxonomy, shipped)
        self._sites: dict[str, tuple[float, _Site]] = {}
        self._lock = threading.Lock()

    def vocabulary(self, site: str) -> list[dict[str, Any]]:
        """The site's tags with label, definition, near misses and examples."""
        return self._of(site).taxonomy.as_rows()

    def taxonomy_of(self, site: str) -> Taxonomy:
        """The vocabulary a site's tags come from."""
        return self._of(site).taxonomy

    def suggest(
        self,
        post: ReadablePost,
        embedded: EmbeddedPost,
        evidence: Evidence,
        site: str,
        present: Sequence[str] = (),
        maximum: int = 5,
    ) -> list[TagSuggestion]:
        """At most `maximum` tags together with those present, most probable first; an empty list is an answer."""
        here = self._of(site)
        if here.reader is not None and here.reader.dimension == embedded.vectors.shape[1]:
            read = here.reader.read
            found = read(example_in_english(post, embedded, here.names, self._embedded))
            probabilities = sobered(found, post, embedded, here.names, THRESHOLD, read, self._embedded)
        else:
            probabilities = _voted(post, evidence, here)
        chosen = choose(probabilities, here.taxonomy, present, maximum)
        return [
            TagSuggestion(tag=tag, probability=round(probabilities[tag], 4), because=rests_on(tag, evidence))
            for tag in chosen
        ]

    def _embedded(self, post: ReadablePost) -> EmbeddedPost:
        return embed_post(post, self._embedder)

    def _of(self, site: str) -> _Site:
        now = time.monotonic()
        known = self._sites.get(site)
        if known is not None and now - known[0] < FRESH_S:
            return known[1]
        with self._lock:
            with self._database.read() as session:
                row_id = versions.live_id(session, site)
                before = known[1] if known is not None else self._shipped
                if row_id == before.row:
                    here = before
                elif row_id is None:
                    here = self._shipped
                else:
                    row = session.get_one(TaggerRow, row_id)
                    here = _made(row.id, Taxonomy.model_validate(row.taxonomy), row.weights)
            self._sites[site] = (now, here)
        return here


def rests_on(tag: str, evidence: Evidence) -> list[str]:
    """The related threads that carry the tag, best first."""
    return [thread.thread_id for thread in evidence.related if tag in thread.tags][:RESTS_ON]


def _made(row: str | None, taxonomy: Taxonomy, weights: bytes | None) -> _Site:
    reader = TagReader.load(weights, taxonomy) if weights is not None else None
    return _Site(row, taxonomy, NameFinder(taxonomy), reader)


def _voted(post: ReadablePost, evidence: Evidence, site: _Site) -> dict[str, float]:
    """Without a fitted reader: the related threads' tags by their scores, and tags called by name. Not calibrated."""
    votes: dict[str, float] = {}
    total = sum(thread.score for thread in evidence.related) or 1.0
    for thread in evidence.related:
        for tag in thread.tags:
            votes[tag] = votes.get(tag, 0.0) + thread.score / total
    called, in_title = site.names.count(post.text), site.names.count(post.title.text)
    return {
        tag: min(0.97, 0.8 * votes.get(tag, 0.0) + 0.25 * bool(called.get(tag)) + 0.35 * bool(in_title.get(tag)))
        for tag in site.taxonomy.names
    }
