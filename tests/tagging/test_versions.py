"""A site's tagger goes the way of a version: candidate, shadow, gate, production; back at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from service import taggers
from service.corpus import repository as corpus
from service.corpus.thread import Thread
from service.database import Database
from service.errors import Conflict, NotFound
from service.intake.normalise import normalise
from service.intake.post import Author, NewPost
from service.intake.windows import embed_post
from service.models.embedder import BundledEmbedder
from service.retrieval.evidence import Evidence
from service.settings import Settings
from service.tagging import tagger as tagging
from service.tagging import versions
from service.tagging.fit_site import TaggedText, vocabulary_of
from service.tagging.tagger import Tagger
from service.tagging.taxonomy import Taxonomy
from tests.tagging.test_tagger import NOW, TAXONOMY, TINY, texts

OTHER = TINY.model_copy(update={"version": "1.1.0"})
PASSES: dict[str, Any] = {"verdict": "passed", "because": "so"}


def clock() -> Any:
    return NOW


def put(database: Database, found: list[TaggedText], first: int = 0) -> None:
    with database.write() as session:
        for number, text in enumerate(found, first):
            thread = Thread(title=text.title, body=text.body, tags=list(text.tags), created_at=text.at)
            corpus.put_thread(session, "kitchen", f"t{number}", thread, NOW)


def made(database: Database, taxonomy: Taxonomy = TINY, shadow: Any = None, site: str = "kitchen") -> int:
    """The number of a new candidate without weights."""
    with database.write() as session:
        return versions.add(session, site, taxonomy, b"", "x", {}, shadow, NOW).number


def promoted(database: Database, number: int | None, site: str = "kitchen") -> None:
    taggers.promote(database, site, number, "x", "because", clock)


def in_production(database: Database, site: str = "kitchen") -> int | None:
    with database.read() as session:
        row = versions.live(session, site)
    return None if row is None else row.number


def suggested(tagger: Tagger, embedder: BundledEmbedder) -> dict[str, float]:
    """The suggestions of the site kitchen for a post, with their probabilities."""
    post = normalise(
        NewPost(
            site="kitchen", external_id="x", title="A dull blade", body="Whetstone or steel?", author=Author(id="a")
        )
    )
    found = tagger.suggest(post, embed_post(post, embedder), Evidence(related=[], passages=[]), "kitchen")
    return {suggestion.tag: suggestion.probability for suggestion in found}


def test_the_first_fit_is_live_and_the_next_changes_nothing_until_production_is_moved_to_it(
    database: Database, database_url: str, make_settings: Callable[..., Settings], embedder: BundledEmbedder,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    every = texts(200)
    put(database, every[:100])
    first = taggers.fit(database, embedder, "kitchen", TINY, "x", NOW + timedelta(hours=100))
    assert (first.number, first.shadow) == (1, None)
    assert first.live_because == "kitchen had no tagger of its own in production"
    elsewhere = Database(database_url)
    here, there = (Tagger(TAXONOMY, make_settings(), base, embedder) for base in (database, elsewhere))
    before = suggested(here, embedder)
    assert before == suggested(there, embedder) and "knives" in before
    put(database, every[100:], 100)
    second = taggers.fit(database, embedder, "kitchen", TINY, "x", NOW + timedelta(hours=200))
    assert (second.number, second.live_because) == (2, None) and second.shadow is not None
    assert (second.shadow["n"], second.shadow["against"]) == (40, 1)
    assert second.shadow["low"] <= second.shadow["gain"] <= second.shadow["high"]
    with monkeypatch.context() as at_once:
        at_once.setattr(tagging, "FRESH_S", 0.0)
        assert suggested(here, embedder) == suggested(there, embedder) == before
    with pytest.raises(Conflict, match="its gate beside version 1 has not passed"):
        promoted(database, 2)
    taggers.gate(database, tmp_path, "kitchen", 2, clock, lambda *_: PASSES)
    promoted(database, 2)
    time.sleep(tagging.FRESH_S + 0.1)
    after = suggested(there, embedder)
    assert after != before and after == suggested(here, embedder)
    promoted(database, 1)
    time.sleep(tagging.FRESH_S + 0.1)
    assert suggested(there, embedder) == before
    elsewhere.close()


def test_a_fit_of_another_vocabulary_is_live_at_once_and_none_after_somebody_went_back_to_the_shipped_tagger(
    database: Database, embedder: BundledEmbedder
) -> None:
    put(database, texts(80))
    promoted(database, made(database))
    found = taggers.fit(database, embedder, "kitchen", OTHER, "x", NOW)
    assert (found.number, found.live_because) == (2, "its vocabulary is another than that of version 1")
    assert in_production(database) == 2
    with database.read() as session:
        known = vocabulary_of(session, "kitchen")
    assert known is not None and known.version == "1.1.0"
    promoted(database, None)
    found = taggers.fit(database, embedder, "kitchen", OTHER, "x", NOW)
    assert (found.number, found.live_because, found.shadow) == (3, None, None)
    assert in_production(database) is None
    promoted(database, 3)
    assert in_production(database) == 3


def test_a_gate_counts_beside_the_version_that_is_in_production(database: Database, tmp_path: Path) -> None:
    for _ in range(3):
        made(database)
    promoted(database, 1)
    failed = taggers.gate(database, tmp_path, "kitchen", 2, clock, lambda *_: {"verdict": "failed"})
    assert failed == {"verdict": "failed", "against": 1}
    with pytest.raises(Conflict, match="has not passed"):
        promoted(database, 2)
    for number in (2, 3):
        taggers.gate(database, tmp_path, "kitchen", number, clock, lambda *_: PASSES)
    promoted(database, 2)
    with pytest.raises(Conflict, match="its gate beside version 2 has not passed"):
        promoted(database, 3)
    promoted(database, 1)
    promoted(database, 3)
    promoted(database, None)
    assert in_production(database) is None
    promoted(database, 2)
    assert in_production(database) == 2


def test_a_shadow_that_is_worse_refuses_whatever_the_gate_says(database: Database, tmp_path: Path) -> None:
    promoted(database, made(database))
    number = made(database, shadow=taggers.shadow_of([-0.2] * 30, 1))
    taggers.gate(database, tmp_path, "kitchen", number, clock, lambda *_: PASSES)
    with pytest.raises(Conflict, match=r"its shadow refuses it: F1 -0\.200"):
        promoted(database, number)
    assert in_production(database) == 1


def test_few_pairs_say_nothing_and_many_refuse_only_a_sure_loss() -> None:
    assert taggers.shadow_of([], 1)["may_be_promoted"]
    few = taggers.shadow_of([-1.0] * 29, 4)
    assert few["may_be_promoted"] and few["because"] == "unknown: 29 texts are newer than version 4, 30 are needed"
    assert not taggers.shadow_of([-1.0] * 30, 1)["may_be_promoted"]
    assert taggers.shadow_of([-0.5, 0.5] * 20, 1)["may_be_promoted"]


def test_nothing_is_held_against_another_vocabulary(database: Database, tmp_path: Path) -> None:
    number = made(database)
    with pytest.raises(Conflict, match="nothing in production has this vocabulary"):
        taggers.gate(database, tmp_path, "kitchen", number, clock, lambda *_: PASSES)
    promoted(database, made(database, OTHER))
    with pytest.raises(Conflict, match="nothing in production has this vocabulary"):
        taggers.gate(database, tmp_path, "kitchen", number, clock, lambda *_: PASSES)


def test_sites_are_kept_apart(database: Database) -> None:
    assert [made(database, site=site) for site in ("kitchen", "garden", "kitchen", "garden")] == [1, 1, 2, 2]
    promoted(database, 2, "garden")
    assert (in_production(database), in_production(database, "garden")) == (None, 2)
    with pytest.raises(NotFound, match="no version 3 of the tagger of garden"):
        promoted(database, 3, "garden")
    with database.read() as session:
        assert [row.number for row in versions.listed(session, "garden")] == [2, 1]
        assert versions.moves(session, "kitchen") == []
