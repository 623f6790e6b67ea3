from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from service.drafting.fit import Example, fit
from service.drafting.reading import read_texts
from service.drafting.support import WEIGHTS, manifest, shipped, support
from service.drafting.support_features import FEATURES, features
from service.models.embedder import Embedder

PASSAGE = (
    "Ask once, in writing, with one number and one reason. Nobody withdraws an offer because you asked politely. "
    "I asked for 8,000 more in 2019 and got 5,000."
)
SAID = [
    "Ask one time in writing, naming one number and a reason.",
    "An offer is not withdrawn because somebody asks politely.",
]
NOT_SAID = [
    "Learn Rust before you apply to embedded jobs.",
    "Your manager decides alone about promotions.",
    "Remote work lowers pay.",
]


def test_what_a_passage_says_scores_above_what_it_does_not(embedder: Any) -> None:
    said, not_said = [support(s, PASSAGE, embedder) for s in SAID], [support(s, PASSAGE, embedder) for s in NOT_SAID]
    assert min(said) > max(not_said)
    assert max(not_said) < shipped().partial


def test_a_sentence_taken_from_the_passage_is_supported(embedder: Any) -> None:
    assert support("Nobody withdraws an offer because you asked politely.", PASSAGE, embedder) >= shipped().supported


@pytest.mark.parametrize("text", ["", "   ", "…", "??"])
def test_a_claim_without_words_has_no_support(embedder: Any, text: str) -> None:
    assert support(text, PASSAGE, embedder) == 0.0


def test_a_passage_longer_than_the_window_is_read_to_its_end(embedder: Any) -> None:
    long = (
        "We talked about the weather and the office plants for a while. " * 60
        + "Nobody withdraws an offer because you asked politely."
    )
    read = read_texts([long], embedder)[0]
    assert len(read.words) == len(read.vectors) and read.count == 61


class OtherEmbedder:
    """An embedder that knows no parts, as a remote one."""

    name, dimension, window = "other/model", 3, 512

    def count_tokens(self, text: str) -> int:
        return len(text.split()) + 2

    def embed(self, texts: Sequence[str]) -> Any:
        return np.ones((len(texts), 3), np.float32) / np.sqrt(3)

    def close(self) -> None:
        return


def test_with_another_embedder_the_words_decide(embedder: Any) -> None:
    other: Embedder = OtherEmbedder()
    assert min(support(s, PASSAGE, other) for s in SAID) > max(support(s, PASSAGE, other) for s in NOT_SAID)


def test_the_manifest_names_the_weights_that_are_there() -> None:
    known = manifest()
    assert known["weights_sha256"] == hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    assert known["features"] == list(FEATURES)
    assert {"data_sha256", "command", "cross_validated"} <= set(known) and json.dumps(known)


def test_fitting_learns_to_tell_supported_from_invented() -> None:
    examples = [
        Example(name, f"claim {i}", "evidence", label if i % 2 else "not_supported", f"{name} {i // 2}")
        for name, label in (("wice", "supported"), ("expertqa", "Complete"), ("begin", "Fully attributable"))
        for i in range(60)
    ]
    rows = np.random.default_rng(0).normal(size=(len(examples), len(FEATURES)))
    rows[:, 0] += [3.0 * e.supported for e in examples]
    fitted = fit(examples, rows)
    assert all(fitted.metrics["full"][name]["auc"] > 0.8 for name in ("wice", "expertqa", "begin"))


def test_features_are_finite_whatever_the_text(embedder: Any) -> None:
    texts = ["", "1", "Ünïcode — 你好", "a" * 400, "Ask. " * 30]
    readings = read_texts(texts, embedder)
    for claim in readings:
        assert np.isfinite(features(claim, readings)).all()
