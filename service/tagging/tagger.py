"""Suggests tags for a post: a fitted reader of its text, the tags of related threads, and the names it uses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from service.database import Database
from service.intake.normalise import ReadablePost
from service.intake.windows import EmbeddedPost
from service.retrieval.evidence import Evidence
from service.settings import Settings
from service.tagging.choosing import choose
from service.tagging.names import NameFinder
from service.tagging.suggestion import TagSuggestion
from service.tagging.taxonomy import Taxonomy, load_taxonomy

RESTS_ON = 3
"""Most threads named for a tag."""


class Tagger:
    """Suggests tags of a site's vocabulary. Safe to call from many threads."""

    def __init__(self, taxonomy: Path, settings: Settings, database: Database) -> None:
        self.taxonomy: Taxonomy = load_taxonomy(taxonomy)
        self._settings = settings
        self._database = database
        self._names = NameFinder(self.taxonomy)

    def vocabulary(self, site: str) -> list[dict[str, Any]]:
        """The site's tags with label, definition, near misses and examples."""
        return self.taxonomy.as_rows()

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
        votes: dict[str, float] = {}
        total = sum(thread.score for thread in evidence.related) or 1.0
        for thread in evidence.related:
            for tag in thread.tags:
                votes[tag] = votes.get(tag, 0.0) + thread.score / total
        called = self._names.count(post.text)
        in_title = self._names.count(post.title.text)
        probabilities = {
            tag: min(0.97, 0.8 * votes.get(tag, 0.0) + 0.25 * bool(called.get(tag)) + 0.35 * bool(in_title.get(tag)))
            for tag in self.taxonomy.names
        }
        chosen = choose(probabilities, self.taxonomy, present, maximum)
        return [
            TagSuggestion(tag=tag, probability=round(probabilities[tag], 4), because=rests_on(tag, evidence))
            for tag in chosen
        ]


def rests_on(tag: str, evidence: Evidence) -> list[str]:
    """The related threads that carry the tag, best first."""
    return [thread.thread_id for thread in evidence.related if tag in thread.tags][:RESTS_ON]
