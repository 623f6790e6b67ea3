"""What ranking reads of a thread, and how threads are put in order."""

from __future__ import annotations

import numpy as np
import pytest

from service.corpus.sketches import Sketches, hashed, stems, weigh
from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.intake.windows import EmbeddedPost, Window
from service.retrieval.links import Links
from service.retrieval.ranking import (
    COPIED,
    FEATURES,
    FEEDBACK_FEATURES,
    KNOTS,
    RankingModel,
    asked_again,
    features_of,
    hinged,
    shipped,
    standardised,
    with_feedback,
)


def post(title: str, body: str = "") -> NewPost:
    return NewPost(site="tests", external_id="p", title=title, body=body)


def sketch_of(*threads: tuple[str, str, str]) -> Sketches:
    """Sketches of (title, question, answers) with random vectors of length 1."""
    random = np.random.default_rng(7)
    vectors = random.normal(size=(len(threads), 3, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    hashes, counts, owner, stats = [], [], [], []
    for row, fields in enumerate(threads):
        said = [hashed(stems(text)) for text in fields]
        words = sorted(set().union(*said))
        hashes += words
        counts += [[part.count(word) for part in said] for word in words]
        owner += [row] * len(words)
        weights = weigh(np.array(words, np.uint32))
        own = np.array(counts[-len(words) :], np.float32)
        asked = np.log1p(own[:, 0] + own[:, 1]) * weights
        whole = np.log1p(own.sum(axis=1)) * weights
        stats.append([*map(len, said), float(np.linalg.norm(asked)), float(np.linalg.norm(whole))])
    return Sketches(
        [str(n) for n in range(len(threads))], vectors, np.array(hashes, np.uint32), np.array(counts, np.uint8),
        np.array(owner), np.array(stats, np.float32),
    )  # fmt: skip


def embedded(vector: np.ndarray) -> EmbeddedPost:
    return EmbeddedPost((Window("title", 0, 1, "x"),), vector.reshape(1, -1).astype(np.float32))


def column(values: np.ndarray, name: str) -> np.ndarray:
    return values[:, FEATURES.index(name)]


def test_words_meet_whatever_their_ending_and_case() -> None:
    assert stems("Managers MANAGING the negotiations") == stems("manager manage negotiation")[:1] + stems(
        "managing negotiations"
    )
    assert stems("C++ and C#") == ["c++", "c#"]
    assert stems("") == []


def test_a_thread_of_the_same_words_has_the_highest_word_features() -> None:
    sketches = sketch_of(
        ("Counter offer after resigning", "My manager made a counter offer after I resigned.", "Leave anyway."),
        ("Learning Rust at night", "Is it worth learning Rust after work?", "Yes, slowly."),
    )
    read = normalise(post("Counter offer after I resigned", "My manager made a counter offer."))
    found = features_of(read, embedded(sketches.vectors[1, 0]), sketches)
    for name in ("words_in_title", "words_in_question", "same_words", "same_words_with_answers"):
        assert column(found, name)[0] > column(found, name)[1], name
    assert column(found, "title_to_title")[1] == pytest.approx(1.0, abs=1e-5)
    assert 0 <= column(found, "same_words").max() <= 1.001


def test_identical_words_have_cosine_one() -> None:
    sketches = sketch_of(("On call burns me out", "Pages every night for a month", ""))
    read = normalise(post("On call burns me out", "Pages every night for a month"))
    found = features_of(read, embedded(sketches.vectors[0, 0]), sketches)
    assert column(found, "same_words")[0] == pytest.approx(1.0, abs=1e-3)


def test_a_post_without_words_and_vectors_of_another_size_still_rank() -> None:
    sketches = sketch_of(("One", "two", "three"))
    found = features_of(normalise(post("🙂🙂")), embedded(np.ones(5, np.float32)), sketches)
    assert found.shape == (1, len(FEATURES)) and np.isfinite(found).all() and not found.any()
    nothing = Sketches([], np.zeros((0, 3, 0), np.float32), *(np.zeros(0),) * 3, np.zeros((0, 5), np.float32))  # type: ignore[arg-type]
    assert features_of(normalise(post("x")), embedded(np.ones(8, np.float32)), nothing).shape == (0, len(FEATURES))


def test_order_is_of_standing_out_and_a_column_that_says_nothing_counts_nothing() -> None:
    rows = np.array([[1.0, 5.0], [3.0, 5.0]], np.float32)
    assert standardised(rows).tolist() == [[-1.0, 0.0], [1.0, 0.0]]
    assert standardised(np.zeros((0, 3), np.float32)).shape == (0, 3)


def test_standing_out_far_is_told_apart_from_standing_out() -> None:
    rows = np.array([[0.0]] * 8 + [[1.0], [6.0]], np.float32)
    found = hinged(rows)
    assert found.shape == (10, 3) and np.ptp(found[:9, 1:], axis=0).tolist() == [0.0, 0.0]
    assert (found[9, 1:] > found[:9, 1:].max(axis=0)).all() and np.ptp(found[:9, 0]) > 0
    assert found.mean(axis=0) == pytest.approx(0, abs=1e-6) and found.std(axis=0) == pytest.approx(1, abs=1e-5)
    assert hinged(rows[:0]).shape == (0, 3)


def test_feedback_lifts_the_thread_that_is_near_to_those_that_come_first() -> None:
    features = np.zeros((5, len(FEATURES)), np.float32)
    features[:, 0] = [0.9, 0.8, 0.7, 0.2, 0.2]
    near, far = np.array([1, 0, 0], np.float32), np.array([0, 1, 0], np.float32)
    vectors = np.stack([np.stack([v] * 3) for v in (near, near, near, far, near)])
    first = np.eye(1, len(FEATURES), dtype=np.float32)[0]
    found = with_feedback(features, vectors, first)
    assert found.shape == (5, len(FEATURES) + len(FEEDBACK_FEATURES))
    assert found[4, -2:] == pytest.approx([1.0, 1.0]) and found[3, -2:] == pytest.approx([0.0, 0.0])
    weights = np.ones(found.shape[1] * (1 + len(KNOTS)), np.float32)
    model = RankingModel(first, weights, np.zeros(len(FEATURES) + 1, np.float32))
    order = model.order(features, vectors)
    assert order[4] > order[3] and model.duplicates(features) == pytest.approx([0.5] * 5)


def test_only_the_same_words_make_a_copy_however_near_the_meaning() -> None:
    features = np.zeros((3, len(FEATURES)), np.float32)
    features[:, FEATURES.index("whole_to_question")] = [0.98, 0.98, 0.2]
    features[:, FEATURES.index("same_words")] = [0.95, COPIED - 0.01, 0.0]
    copied = asked_again(features)
    assert copied[0] > 0.9 and copied[1:].tolist() == [0.0, 0.0]
    assert asked_again(features[:0]).shape == (0,)


def test_a_missing_sketch_neither_hides_nor_lifts_a_thread() -> None:
    model = shipped()
    assert model.first.shape == (len(FEATURES),) and model.duplicate.shape == (len(FEATURES) + 1,)
    assert model.order(np.zeros((0, len(FEATURES)), np.float32), np.zeros((0, 3, 8), np.float32)).shape == (0,)
    alike = np.ones((4, len(FEATURES)), np.float32)
    assert not model.order(alike, np.ones((4, 3, 8), np.float32)).any(), (
        "what does not stand out is in the middle, as a missing one is"
    )


def test_threads_joined_by_any_chain_of_links_are_one_component() -> None:
    links = Links({}, {"a": {"b": "linked"}, "c": {"b": "duplicate"}, "x": {"y": "linked"}})
    found = links.components()
    assert found["a"] == found["b"] == found["c"] != found["x"] == found["y"]
