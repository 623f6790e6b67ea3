"""A post as the tagger sees it: hashed terms, two vectors and the names it calls. The same at fitting and at serving."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.intake.glossary import in_english
from service.intake.normalise import ReadablePost
from service.intake.windows import EmbeddedPost
from service.tagging.names import NameFinder
from service.tagging.taxonomy import Taxonomy

Array = NDArray[np.float32]
MOST_CHARACTERS = 12_000
"""Of a body, for terms and names; its vectors cover it whole."""
_WORD = re.compile(r"[^\W_]+(?:[+#]+|(?:['’][^\W_]+)|(?:\.[^\W_]+))?")
_ENDINGS = ("ings", "ing", "ies", "ers", "ed", "er", "es", "s", "e", "y")


@dataclass(frozen=True)
class Example:
    """One post. `terms` (of the whole) and `title_terms` map the hash of a term to how often it occurs; vectors are float32 of length 1."""

    terms: Mapping[int, int]
    title_terms: Mapping[int, int]
    title: Array
    body: Array
    named: Mapping[str, tuple[int, int]]
    """Tag → (times called by name in the title, in the whole)."""
    title_stems: frozenset[str]
    stems: frozenset[str]
    length: int


def example_of(post: ReadablePost, embedded: EmbeddedPost, names: NameFinder) -> Example:
    """What the tagger needs of a post, from the vectors that it already has."""
    title, whole = post.title.text, post.text[:MOST_CHARACTERS]
    in_title, in_whole = names.count(title), names.count(whole)
    title_words, words = words_of(title), words_of(whole)
    first, rest = _mean(embedded, "title"), _mean(embedded, "body")
    return Example(
        terms=_counted(words),
        title_terms=_counted(title_words),
        title=first
        if first is not None
        else rest
        if rest is not None
        else np.zeros(embedded.vectors.shape[1], np.float32),
        body=rest
        if rest is not None
        else first
        if first is not None
        else np.zeros(embedded.vectors.shape[1], np.float32),
        named={tag: (in_title.get(tag, 0), times) for tag, times in in_whole.items()},
        title_stems=frozenset(stem(w) for w in title_words),
        stems=frozenset(stem(w) for w in words),
        length=len(words),
    )


def example_in_english(
    post: ReadablePost, embedded: EmbeddedPost, names: NameFinder, embed: Callable[[ReadablePost], EmbeddedPost]
) -> Example:
    """As `example_of`, from a post's rough English where a glossary has its language; `embed` makes the vectors of that where
    `embedded` has none. Tags that the post calls by name in its own language count too."""
    own, english = example_of(post, embedded, names), in_english(post)
    if english is None:
        return own
    told = example_of(english, embedded.english or embed(english), names)
    tags = {*own.named, *told.named}
    return replace(told, named={tag: _most(own.named.get(tag, (0, 0)), told.named.get(tag, (0, 0))) for tag in tags})


def _most(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    return max(a[0], b[0]), max(a[1], b[1])


def _counted(words: list[str]) -> dict[int, int]:
    """Hashes of words and of pairs of neighbouring words, with their counts."""
    terms = (*words, *(f"{a} {b}" for a, b in pairwise(words)))
    return dict(Counter(zlib.crc32(term.encode()) for term in terms))


def words_of(text: str) -> list[str]:
    """Lower-case words without the commonest English ones."""
    return [w for w in _WORD.findall(text.lower()) if w not in _stop_words()]


def stem(word: str) -> str:
    """A word without its commonest English ending."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def tag_stems(taxonomy: Taxonomy) -> list[tuple[str, ...]]:
    """The stems of each tag's own name, in the vocabulary's order."""
    return [tuple(stem(w) for w in re.split(r"[-.]", tag)) for tag in taxonomy.names]


def names_of(examples: Sequence[Example], taxonomy: Taxonomy) -> Array:
    """Examples × tags × 4: called in the title, times called at most 5, share of its words in the title, in the whole."""
    found = np.zeros((len(examples), len(taxonomy.names), 4), np.float32)
    stems = tag_stems(taxonomy)
    place = {tag: index for index, tag in enumerate(taxonomy.names)}
    for row, example in enumerate(examples):
        for tag, (title, whole) in example.named.items():
            found[row, place[tag], :2] = min(title, 1), min(whole, 5)
        for column, parts in enumerate(stems):
            found[row, column, 2] = sum(p in example.title_stems for p in parts) / len(parts)
            found[row, column, 3] = sum(p in example.stems for p in parts) / len(parts)
    return found


def _mean(embedded: EmbeddedPost, field: str) -> Array | None:
    rows = [i for i, w in enumerate(embedded.windows) if w.field == field]
    if not rows:
        return None
    mean = embedded.vectors[rows].mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), dtype=np.float32)


@cache
def _stop_words() -> frozenset[str]:
    text = (Path(__file__).parent.parent / "corpus" / "stop_words.txt").read_text("utf-8")
    return frozenset(text.split())
