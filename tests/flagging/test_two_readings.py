"""A post in another language is read in it and in rough English: where a person may be at risk the stronger reading counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from service.flagging.learned import shipped_reader
from service.flagging.merge import MOST_PROBABLE
from service.flagging.policy import CATEGORIES, Policy
from service.flagging.reader import FlagReader
from service.flagging.routing import PERSON_AT_RISK
from service.flagging.thresholds import Thresholds
from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.intake.windows import embed_post, embed_with_english
from service.retrieval.evidence import Evidence

BODIES = {
    "es": "Llevo meses sin dormir por las guardias. Ayer pensé que todos estarían mejor sin mí y ya no le veo salida.",
    "pt": "O meu colega disse na cozinha que me vai partir as pernas se eu reprovar o código dele outra vez.",
    "de": "Seit dem Release schlafe ich nicht. Ich denke oft, dass es besser wäre, nicht mehr da zu sein.",
}


@pytest.fixture(scope="module")
def reader(policy: Policy, cuts: Thresholds) -> FlagReader:
    """The flag reader as shipped, without a detector: what is left are the two readings."""
    return FlagReader(policy, cuts, detectors=())


@pytest.mark.parametrize("lang", BODIES)
def test_the_stronger_reading_counts_for_a_person_at_risk_and_the_mean_elsewhere(
    lang: str, reader: FlagReader, embedder: Any
) -> None:
    post = NewPost(site="acme", external_id="1", title="", body=BODIES[lang], lang=lang)
    readable = normalise(post)
    both = embed_with_english(readable, embedder, adapted=True)
    assert readable.lang == lang and both.english is not None
    own = shipped_reader().read(both, {}, lang)
    english = shipped_reader().read(both.english, {})
    scores = reader.read(post, readable, both, Evidence()).scores
    for category in CATEGORIES:
        if category not in own:
            continue
        told = own[category].probability, english[category].probability
        wanted = max(told) if category in PERSON_AT_RISK else sum(told) / 2
        assert scores[category] == pytest.approx(min(wanted, MOST_PROBABLE), abs=1e-5)
    alone = reader.read(post, readable, replace(both, english=None), Evidence()).scores
    assert all(scores[category] >= alone[category] for category in PERSON_AT_RISK & set(alone))


def test_what_is_quoted_stands_in_the_post_and_not_in_its_english(reader: FlagReader, embedder: Any) -> None:
    post = NewPost(site="acme", external_id="1", title="", body=BODIES["es"], lang="es")
    readable = normalise(post)
    found = reader.read(post, readable, embed_with_english(readable, embedder, adapted=True), Evidence()).flags
    assert found and all(flag.quotes for flag in found)
    assert all(quote.text == post.body[quote.start : quote.end] for flag in found for quote in flag.quotes)


def test_an_english_post_is_embedded_once(embedder: Any) -> None:
    readable = normalise(
        NewPost(site="acme", external_id="1", title="On-call", body="How do you hand over a rotation?")
    )
    once, twice = embed_post(readable, embedder, adapted=True), embed_with_english(readable, embedder, adapted=True)
    assert twice.english is None and (once.vectors == twice.vectors).all()
