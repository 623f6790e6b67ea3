from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from eval.remembering import RememberingEmbedder
from service.flagging.adapting import layers_file
from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.intake.windows import embed_post, sentence_spans
from service.models.adapted import LAYERS, STATES, AdaptedLayers
from service.models.embedder import BundledEmbedder
from service.models.onnx_graph import with_output
from tests.furnished import MODELS

FILE = MODELS / "all-MiniLM-L6-v2-int8.onnx"
TEXTS = [
    "I was told on Friday. Nobody said why, and the badge stopped working before lunch.",
    "Short one.",
    "My manager asks for numbers every week. I keep them in a sheet. She never opened it! Should I go on with it anyway?",
]


@pytest.fixture(scope="module")
def bundled() -> Iterator[BundledEmbedder]:
    made = BundledEmbedder(MODELS)
    yield made
    made.close()


def parts_of(texts: list[str]) -> list[list[tuple[int, int]]]:
    return [sentence_spans(text) for text in texts]


def test_the_general_vectors_stay_what_they_are(bundled: BundledEmbedder) -> None:
    plain, both = (bundled.embed_parts(TEXTS, parts_of(TEXTS), adapted=also) for also in (False, True))
    assert plain.adapted is None and both.adapted is not None
    assert np.array_equal(plain.vectors, both.vectors)
    for one, other in zip(plain.parts, both.parts, strict=True):
        assert np.array_equal(one, other)


def test_a_text_is_read_alike_alone_and_among_others(bundled: BundledEmbedder) -> None:
    together = bundled.embed_parts(TEXTS, parts_of(TEXTS), adapted=True).adapted
    assert together is not None
    for row, text in enumerate(TEXTS):
        alone = bundled.embed_parts([text], parts_of([text]), adapted=True).adapted
        assert alone is not None
        assert together.vectors[row] == pytest.approx(alone.vectors[0], abs=1e-3)
        assert together.parts[row] == pytest.approx(alone.parts[0], abs=1e-3)
        assert np.abs(alone.parts[0]).max() > 0.1


def test_nothing_asked_is_nothing_answered(bundled: BundledEmbedder) -> None:
    found = bundled.embed_parts([], [], adapted=True)
    assert found.adapted is not None and not len(found.adapted.vectors) and not found.adapted.parts


def test_a_post_has_adapted_vectors_for_each_window_and_sentence(bundled: BundledEmbedder) -> None:
    post = normalise(NewPost(site="s", external_id="1", title="Who reads the sheet?", body=" ".join(TEXTS * 12)))
    embedded = embed_post(post, bundled, adapted=True)
    assert embedded.adapted is not None and len(embedded.windows) > 2
    assert embedded.adapted.windows.shape == embedded.vectors.shape
    assert embedded.sentence_vectors is not None
    assert embedded.adapted.sentences.shape == embedded.sentence_vectors.shape
    assert embed_post(post, bundled).adapted is None


def test_layers_that_were_not_fitted_answer_what_the_bundled_model_answers(tmp_path: Path) -> None:
    path = tmp_path / "layers.onnx"
    layers_file.write(layers_file.read(FILE, LAYERS), path)
    session = onnxruntime.InferenceSession(with_output(FILE.read_bytes(), STATES), providers=["CPUExecutionProvider"])
    ids = np.random.default_rng(5).integers(0, 30_522, (3, 29))
    mask = np.ones_like(ids)
    mask[1, 12:] = 0
    last, below = session.run(None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)})
    found = AdaptedLayers(onnxruntime.SessionOptions(), path).states(below, mask)
    seen = mask.astype(bool)
    assert found[seen] == pytest.approx(last[seen], abs=2e-3)


def test_a_value_that_no_node_makes_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="no node of the graph makes no_such_value"):
        with_output(FILE.read_bytes(), "no_such_value")


def test_adapted_vectors_are_kept_between_runs(tmp_path: Path, bundled: BundledEmbedder) -> None:
    first = RememberingEmbedder(bundled, tmp_path).embed_parts(TEXTS, parts_of(TEXTS), adapted=True)
    again = RememberingEmbedder(BundledEmbedder(tmp_path / "no model here"), tmp_path)
    kept = again.embed_parts(TEXTS, parts_of(TEXTS), adapted=True)
    assert first.adapted is not None and kept.adapted is not None
    assert np.array_equal(first.vectors, kept.vectors) and np.array_equal(first.adapted.vectors, kept.adapted.vectors)
    pairs = zip([*first.parts, *first.adapted.parts], [*kept.parts, *kept.adapted.parts], strict=True)
    assert all(np.array_equal(one, other) for one, other in pairs)
