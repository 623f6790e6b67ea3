"""What the adapted layers are fitted on: the flag reader's posts and texts (`flagging/labelled.py`), as tokens.

Beside them the posts written near the borders (`more_*`, `risk_*`, `long_*` of `posts_to_fit`). Other languages stand in rough English.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.flagging import labelled
from service.flagging.policy import CATEGORIES
from service.intake.language import VECTOR_LANGUAGES, WORD_LANGUAGES
from service.intake.normalise import ReadablePost, normalise
from service.intake.post import NewPost
from service.intake.windows import WINDOW_TOKENS, Window, is_sentence, sentence_spans, windows_of
from service.models.embedder import BundledEmbedder, token_ranges

Array = NDArray[np.float32]
Span = tuple[int, int]
ORDINARY_POSTS = 200
PLACE: dict[str, int] = {category: n for n, category in enumerate(CATEGORIES)}


@dataclass(frozen=True)
class Row:
    """One post or single text.

    `windows`: of each the ids of its tokens and where its sentences stand among them. `sentences` (sentences, categories)
    and `whole` (categories,) are 1 where a category is shown; `known` (categories,) is 0 where the labels do not speak of it.
    `folds` tells whether a figure may rest on the row: the posts do, single texts and `more_*` are in every fit.
    """

    id: str
    group: str
    windows: list[tuple[list[int], list[Span]]]
    sentences: Array
    whole: Array
    known: Array
    single: bool
    folds: bool


def load(datasets: Path, texts: Path, threads: Path, embedder: BundledEmbedder) -> list[Row]:
    """Every row, posts first. Held-out voices and languages that no reader knows are left out."""
    held = labelled.held_out(datasets)
    found = []
    files = labelled.post_files, labelled.risk_files, labelled.long_files, labelled.more_files
    for path in [path for of in files for path in of(datasets)]:
        for told in labelled.rows_of(path):
            if (english := in_english(told)) and told["voice"] not in held:
                found.append(_post(english, embedder, None, folds=not path.name.startswith("more_")))
    ordinary = [_post(told, embedder, labelled.ORDINARY, folds=True) for told in labelled.ordinary_rows(threads)]
    singles = [
        _text(english, f"{path.stem}-{n}", path.stem, embedder)
        for path in labelled.text_files(texts)
        for n, told in enumerate(labelled.rows_of(path))
        if (english := in_english(told))
    ]
    return [*found, *ordinary, *singles]


def in_english(told: dict[str, Any]) -> dict[str, Any] | None:
    """A post or text in English, or in rough English; None where it is in a language that no reader knows."""
    lang = told.get("lang", "en")
    if lang in VECTOR_LANGUAGES:
        return told
    if lang not in WORD_LANGUAGES:
        return None
    return labelled.in_rough_english(told) if "body" in told else labelled.text_in_rough_english(told)


def _post(told: dict[str, Any], embedder: BundledEmbedder, known: frozenset[str] | None, *, folds: bool) -> Row:
    readable = normalise(NewPost(site="s", external_id=told["id"], title=told["title"], body=told["body"]))
    windows, places = _tokens(readable, embedder)
    sentences = np.zeros((len(places), len(CATEGORIES)), np.float32)
    for category, marks in labelled.quoted(told, readable, places).items():
        sentences[sorted(marks), PLACE[category]] = 1
    whole = np.zeros(len(CATEGORIES), np.float32)
    whole[[PLACE[flag["category"]] for flag in told["flags"]]] = 1
    speaks = np.array([known is None or category in known for category in CATEGORIES], np.float32)
    return Row(told["id"], told["voice"], windows, sentences, whole, speaks, single=False, folds=folds)


def _tokens(
    readable: ReadablePost, embedder: BundledEmbedder
) -> tuple[list[tuple[list[int], list[Span]]], list[Window]]:
    """The windows as tokens, and the sentences that stand in them; windows stand for sentences where there are none."""
    windows = windows_of(readable, embedder.count_tokens, WINDOW_TOKENS)
    tokens, sentences = [], []
    for window, (ids, offsets) in zip(windows, embedder.tokens([w.text for w in windows]), strict=True):
        spans = sentence_spans(window.text)
        kept = []
        for (start, end), place in zip(spans, token_ranges(offsets, spans), strict=True):
            if place[0] < place[1] and is_sentence(window.text[start:end]):
                kept.append(place)
                at = window.start
                sentences.append(Window(window.field, at + start, at + end, window.text[start:end]))
        tokens.append((ids, kept))
    if sentences:
        return tokens, sentences
    return [(ids, [(0, len(ids))]) for ids, _ in tokens], windows


def _text(told: dict[str, Any], name: str, group: str, embedder: BundledEmbedder) -> Row:
    (ids, _), *_ = embedder.tokens([told["text"].strip()])
    ids = ids[: embedder.window]
    shown, known = np.zeros((1, len(CATEGORIES)), np.float32), np.ones(len(CATEGORIES), np.float32)
    if told["category"] != "none":
        known[:] = 0
        known[PLACE[told["category"]]] = 1
        shown[0, PLACE[told["category"]]] = told["positive"]
    return Row(name, group, [(ids, [(0, len(ids))])], shown, shown[0], known, single=True, folds=False)


def fewer_ordinary(rows: Sequence[Row], seed: int) -> list[Row]:
    """The rows with no more than ORDINARY_POSTS ordinary posts among them."""
    ordinary = [row for row in rows if row.id.startswith("ordinary-")]
    kept = np.random.default_rng(seed).permutation(len(ordinary))[:ORDINARY_POSTS]
    chosen = {ordinary[n].id for n in kept}
    return [row for row in rows if not row.id.startswith("ordinary-") or row.id in chosen]
