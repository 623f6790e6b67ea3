from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from service import taggers
from service.corpus import repository as corpus
from service.corpus.thread import Answer, Thread
from service.database import Database
from service.errors import InvalidInput
from service.intake.normalise import normalise
from service.intake.post import Author, NewPost
from service.intake.windows import embed_post
from service.models.embedder import BundledEmbedder
from service.retrieval.evidence import Evidence
from service.settings import Settings
from service.tagging.fit_site import TaggedText, fit_texts
from service.tagging.reader import TagReader
from service.tagging.tagger import Tagger
from service.tagging.taxonomy import TagDefinition, Taxonomy
from service.tagging.trees import Trees

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TAXONOMY = Path("prompts/taxonomy/tech-career/1.0.0.yaml")
TINY = Taxonomy(
    name="kitchen", version="1.0.0",
    tags=tuple(TagDefinition(tag=t, label=t, definition=f"Questions about {t}") for t in ("bread", "soup", "knives")),
)  # fmt: skip
WORDS = {
    "bread": ["dough", "yeast", "oven", "crust", "flour", "sourdough", "proofing", "loaf", "kneading"],
    "soup": ["broth", "stock", "ladle", "simmer", "lentil", "bowl", "carrots", "boiling", "stew"],
    "knives": ["blade", "sharpening", "whetstone", "steel", "edge", "handle", "dull", "cutting", "honing"],
}


def texts(n: int = 150) -> list[TaggedText]:
    rng, found = random.Random(3), []
    for number in range(n):
        tag = rng.choice(sorted(WORDS))
        words = rng.sample(WORDS[tag], 5)
        at = NOW + timedelta(hours=number)
        found.append(
            TaggedText(
                f"About {words[0]} and {words[1]}", " ".join(words[2:]) + " help", "text", (tag,), str(number), at
            )
        )
    return found


def suggest(
    tagger: Tagger, embedder: BundledEmbedder, title: str, body: str, site: str = "sample", **given: object
) -> list[str]:
    post = normalise(NewPost(site=site, external_id="x", title=title, body=body, author=Author(id="a")))
    return [
        s.tag
        for s in tagger.suggest(post, embed_post(post, embedder), Evidence(related=[], passages=[]), site, **given)
    ]  # type: ignore[arg-type]


def test_the_shipped_tagger_names_the_topic_of_a_plain_question(
    database: Database, make_settings: object, embedder: BundledEmbedder
) -> None:
    tagger = Tagger(TAXONOMY, make_settings(), database, embedder)  # type: ignore[operator]
    found = suggest(
        tagger,
        embedder,
        "How do I counter an offer without losing it?",
        "They offered a base that is below my current one.",
    )
    assert "offer-negotiation" in found
    assert set(found) <= set(tagger.taxonomy.names)


def test_present_tags_are_not_suggested_and_count_against_the_maximum(
    database: Database, make_settings: object, embedder: BundledEmbedder
) -> None:
    tagger = Tagger(TAXONOMY, make_settings(), database, embedder)  # type: ignore[operator]
    title, body = (
        "Burned out after on-call",
        "I cannot sleep, the pager never stops, my manager shrugs. Should I quit for a calmer team?",
    )
    first = suggest(tagger, embedder, title, body)
    again = suggest(tagger, embedder, title, body, present=first[:1], maximum=2)
    assert first
    assert first[0] not in again
    assert len(again) <= 1


def test_a_site_learns_its_own_vocabulary_and_a_second_process_takes_it_up(
    database: Database, make_settings: object, embedder: BundledEmbedder
) -> None:
    settings: Settings = make_settings()  # type: ignore[operator]
    with database.write() as session:
        for number, text in enumerate(texts()):
            thread = Thread(
                title=text.title,
                body=text.body,
                tags=list(text.tags),
                created_at=text.at,
                author=Author(id=text.group),
                answers=[Answer(external_id=f"a{number}", body="Yes.", author=Author(id="m"))],
            )
            corpus.put_thread(session, "kitchen", f"t{number}", thread, NOW)
    tagger = Tagger(TAXONOMY, settings, database, embedder)
    assert "offer-negotiation" in {row["tag"] for row in tagger.vocabulary("kitchen")}
    report = taggers.fit(database, embedder, "kitchen", TINY, "x", NOW).report
    assert report["p_at_1"] >= 0.8
    assert set(report["tags"]) == {"bread", "soup", "knives"}
    other = Tagger(TAXONOMY, settings, database, embedder)
    assert [row["tag"] for row in other.vocabulary("kitchen")] == ["bread", "soup", "knives"]
    assert suggest(other, embedder, "My whetstone and a dull blade", "honing the steel edge", "kitchen")[0] == "knives"


def test_too_few_threads_are_refused_with_their_number(embedder: BundledEmbedder) -> None:
    with pytest.raises(InvalidInput, match="there are 20"):
        fit_texts(texts(20), TINY, embedder, origin={})


def test_weights_of_another_vocabulary_are_refused(embedder: BundledEmbedder) -> None:
    weights = fit_texts(texts(), TINY, embedder, origin={}).weights
    other = TINY.model_copy(update={"tags": TINY.tags[:2]})
    with pytest.raises(InvalidInput, match="another vocabulary"):
        TagReader.load(weights, Taxonomy.model_validate(other.model_dump()))


def test_weights_hold_no_word_of_a_post(embedder: BundledEmbedder) -> None:
    weights = fit_texts(texts(), TINY, embedder, origin={}).weights
    assert b"whetstone" not in weights
    assert TagReader.load(weights, TINY).manifest["tags"] == ["bread", "soup", "knives"]


def test_trees_score_as_they_were_fitted() -> None:
    arrays = {
        "column": np.array([[0, -1, -1]]), "bound": np.array([[0.5, 0, 0]]), "left": np.array([[1, 0, 0]]),
        "right": np.array([[2, 0, 0]]), "value": np.array([[0, -2.0, 2.0]]), "bias": np.array(0.0), "depth": np.array(1),
    }  # fmt: skip
    low, high = Trees(arrays).probability(np.array([[0.5], [0.6]], np.float32))
    assert low == pytest.approx(0.1192, abs=1e-4)
    assert high == pytest.approx(0.8808, abs=1e-4)
