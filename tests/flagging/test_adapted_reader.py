from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.flagging import adapted_reader, labelled
from service.flagging.adapting.folded import folded
from service.flagging.learned import LearnedReader, places
from service.flagging.planted import embedded_without
from service.flagging.policy import CATEGORIES
from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.intake.windows import EmbeddedPost, embed_post

DATASETS, TEXTS = Path("eval/datasets"), Path("service/flagging")
HINT = "I have been working out who would take the dog, and there is nothing in my calendar after the ninth."


def embedded(embedder: Any, body: str) -> EmbeddedPost:
    post = NewPost(site="s", external_id="1", title="How do I hand over the billing service?", body=body)
    return embed_post(normalise(post), embedder, adapted=True)


def test_what_was_said_out_of_fold_is_of_the_data_as_it_is() -> None:
    said, digest = folded()
    files = [
        *labelled.post_files(DATASETS), *labelled.risk_files(DATASETS), *labelled.long_files(DATASETS),
        *labelled.more_files(DATASETS), *labelled.text_files(TEXTS),
    ]  # fmt: skip
    assert digest == labelled.digest(files), "fit again: python -m service.flagging.adapting.fit --data FOLDER"
    held = labelled.held_out(DATASETS)
    rows = [row for path in labelled.post_files(DATASETS) for row in labelled.rows_of(path) if row["lang"] == "en"]
    assert {row["id"] for row in rows if row["voice"] not in held} <= set(said)
    assert not {row["id"] for row in rows if row["voice"] in held} & set(said)
    assert all(reading.shape == (len(CATEGORIES),) for reading in said.values())


def test_a_hint_without_a_plain_word_stands_out_among_its_neighbours(embedder: Any) -> None:
    calm = "The runbook is in the wiki. Two of us can deploy. The invoices go out on the first of the month. "
    post = embedded(embedder, f"{calm}{HINT} {calm}")
    said = adapted_reader.of_every_sentence(post)[:, CATEGORIES.index("self_harm_risk")]
    assert post.sentences[int(np.argmax(said))].text.strip() == HINT


def test_the_places_are_those_of_the_other_readers(embedder: Any) -> None:
    for body in ("One thing. Yes. And another thing!", "Yes.", ""):
        post = embedded(embedder, body)
        assert len(adapted_reader.read(post)) == len(places(post)[0])


def test_a_post_without_adapted_layers_is_refused_and_not_read_as_harmless(embedder: Any) -> None:
    with pytest.raises(ValueError, match="without its adapted layers"):
        LearnedReader().read(replace(embedded(embedder, HINT), adapted=None), {})


def test_sentences_taken_out_of_a_post_are_taken_out_of_the_adapted_ones(embedder: Any) -> None:
    post = embedded(embedder, f"The first line stands. {HINT} The last line stands.")
    gone = {n for n, sentence in enumerate(post.sentences) if sentence.text.strip() == HINT}
    left = embedded_without(post, gone)
    assert gone and left is not None and left.adapted is not None and post.adapted is not None
    kept = [n for n in range(len(post.sentences)) if n not in gone]
    assert np.array_equal(left.adapted.sentences, post.adapted.sentences[kept])
    assert len(left.adapted.windows) == len(left.windows)
