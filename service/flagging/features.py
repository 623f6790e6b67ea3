"""Words and characters of sentences as hashed, weighted n-grams: what the learned reader sees beside the embeddings.

Numbers only from numpy; linear in the length of the text. Two blocks share one index space: word 1- and 2-grams, and
character 2- to 4-grams inside words (as scikit-learn's `char_wb`). Digits count as one digit, but a number from 6 to 17, which
may be a child's age, as a sign of its own; letters of full width as plain ones (NFKC), traditional Chinese as simplified, each
ideograph as a word. Marks of Indic scripts belong to their word; what many leave out when they type (the dot of a borrowed
sound, the moon of a nasal) is left out.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.intake.simplified import SIMPLIFIED

BITS = 16
BLOCK = 1 << BITS
SIZE = 2 * BLOCK
"""Columns: words first, characters after them."""
LONGEST = 4_000
"""Characters of one sentence that are looked at: more is a listing, not a sentence."""
STRETCH = 3
"""Sentences of a stretch: what one only hints at, its neighbours say."""
_LETTER = r"[\w\u0300-\u036f\u0900-\u0963\u0966-\u0dff]"
_TOKEN = re.compile(rf"{_LETTER}+(?:['’]{_LETTER}+)?|[^\w\s]")
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_PIECE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
_TYPED = {0x093C: None, 0x0901: 0x0902, **{0x0966 + n: str(n) for n in range(10)}, **SIMPLIFIED}
_DIGIT = re.compile(r"\d")
_SCHOOL_AGE = re.compile(r"(?<!\d)(?:[6-9]|1[0-7])(?!\d)")
_ONE_SIGN = "⑰"
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Grams:
    """A sparse matrix of n-grams, by coordinates: `value` at (`row`, `column`); rows are sentences."""

    rows: int
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    value: NDArray[np.float32]

    def times(self, weights: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """The product with `weights` of shape (SIZE, categories), of any precision: shape (rows, categories)."""
        product = np.zeros((self.rows, weights.shape[1]), np.float32)
        if len(self.row):
            starts = np.flatnonzero(np.r_[True, self.row[1:] != self.row[:-1]])
            terms = weights[self.column].astype(np.float32) * self.value[:, None]
            product[self.row[starts]] = np.add.reduceat(terms, starts, axis=0)
        return product


def stretches(sentences: Sequence[str], length: int) -> list[str]:
    """Every run of `length` sentences that follow one another, number i beginning with sentence i; all as one if fewer."""
    length = min(length, len(sentences))
    if length < 2:
        return list(sentences)
    plain = [sentence.strip() for sentence in sentences]
    return [" ".join(plain[i : i + length]) for i in range(len(plain) - length + 1)]


def count(sentences: Sequence[str]) -> Grams:
    """How often each n-gram occurs in each sentence, ordered by row and column."""
    keys: list[NDArray[np.int64]] = []
    for row, sentence in enumerate(sentences):
        tokens = [
            _DIGIT.sub("0", _SCHOOL_AGE.sub(_ONE_SIGN, token)) for token in _TOKEN.findall(_plain(sentence[:LONGEST]))
        ]
        if tokens:
            keys.append(np.concatenate([_words(_apart(tokens)), _characters(tokens)]) + row * SIZE)
    joined = np.concatenate(keys) if keys else np.zeros(0, np.int64)
    unique, counts = np.unique(joined, return_counts=True)
    return Grams(len(sentences), unique // SIZE, unique % SIZE, counts.astype(np.float32))


def weigh(grams: Grams, idf: NDArray[np.float32]) -> Grams:
    """Counts as weights: (1 + ln count) · idf, each block of each row of length 1."""
    value = (1 + np.log(grams.value)) * idf[grams.column].astype(np.float32)
    block = grams.row * 2 + (grams.column >= BLOCK)
    length = np.sqrt(np.bincount(block, value * value, minlength=2 * grams.rows))
    return Grams(grams.rows, grams.row, grams.column, (value / np.maximum(length[block], 1e-9)).astype(np.float32))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().translate(_TYPED)


def _apart(tokens: list[str]) -> list[str]:
    """Tokens, ideographs each on their own."""
    if not any(_IDEOGRAPH.search(token) for token in tokens):
        return tokens
    return [piece for token in tokens for piece in _PIECE.findall(token)]


def _words(tokens: list[str]) -> NDArray[np.int64]:
    one = np.array([zlib.crc32(token.encode("utf-8", "replace")) for token in tokens], np.uint64)
    two = one[:-1] * np.uint64(31) + one[1:] + np.uint64(7)
    return _folded(np.concatenate([one, two]))


def _characters(tokens: list[str]) -> NDArray[np.int64]:
    points = np.array([ord(c) for c in f" {' '.join(tokens)} "], np.uint64)
    space = points == 32
    found = []
    for length in (2, 3, 4):
        n = len(points) - length + 1
        if n < 1:
            continue
        value = np.full(n, length, np.uint64)
        inside = np.zeros(n, bool)
        for i in range(length):
            value = value * np.uint64(0x100000001B3) + points[i : i + n]
            if 0 < i < length - 1:
                inside |= space[i : i + n]
        found.append(value[~inside])
    return _folded(np.concatenate(found)) + BLOCK if found else np.zeros(0, np.int64)


def _folded(values: NDArray[np.uint64]) -> NDArray[np.int64]:
    return ((values * _MULTIPLIER) >> np.uint64(64 - BITS)).astype(np.int64)
