"""What a claim and the passages it cites have in common, as numbers. Pure: no model and no store.

Word features stand on any embedder; vector features need the words' vectors and are 0 without them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.corpus.lexical import STOP_WORDS
from service.drafting.reading import ReadText, stem
from service.drafting.sentences import words

Floats = NDArray[np.float64]

WORD_FEATURES = (
    "words_weighted", "words", "best_sentence", "best_two", "pairs", "triples", "run", "run_words", "numbers_missing", "numbers",
    "names_missing", "names", "missing", "heaviest_missing", "negation", "characters", "weakest_clause", "claim_length",
    "passage_length", "sentences",
)  # fmt: skip
VECTOR_FEATURES = (
    "cosine_best", "cosine_second", "cosine_mean", "cosine_top", "cosine_all", "span", "aligned_weighted", "aligned", "aligned_least",
    "aligned_tenth", "aligned_quarter", "aligned_content_least", "aligned_content_three", "aligned_sentence", "aligned_two",
    "aligned_two_tenth", "aligned_missing", "aligned_missing_least", "focus", "reverse", "weakest_window", "soft",
)  # fmt: skip
FEATURES = WORD_FEATURES + VECTOR_FEATURES

NEGATIONS = frozenset(
    {"not", "no", "never", "without", "cannot", "don't", "doesn't", "didn't", "won't", "isn't", "aren't", "wasn't", "can't",
     "shouldn't", "wouldn't", "nothing", "nobody", "none", "neither", "nor", "rarely", "hardly"}
)  # fmt: skip
_NUMBER = re.compile(r"\d[\d,.]*")
_NAME = re.compile(r"(?<!^)(?<![.!?]\s)\b[A-Z][\w'’-]+")
_CLAUSE = re.compile(r"[,;:()–—]|\b(?:and|but|or|because|while|which|who|when|after|before|so that)\b", re.I)
_STOP_WEIGHT = 0.15
_WINDOW = 5


def features(claim: ReadText, passages: Sequence[ReadText]) -> Floats:
    """One row, in the order of FEATURES."""
    row = _word_features(claim, passages)
    has_vectors = len(claim.vectors) > 0 and any(len(p.vectors) for p in passages)
    row |= _vector_features(claim, passages) if has_vectors else dict.fromkeys(VECTOR_FEATURES, 0.0)
    return np.array([row[name] for name in FEATURES])


def weights_of(words: Sequence[str]) -> Floats:
    """How much each word says: next to nothing for stop words, a little more for long ones."""
    return np.array([_STOP_WEIGHT if w in STOP_WORDS else 1.0 + 0.08 * min(len(w), 10) for w in words])


def _word_features(claim: ReadText, passages: Sequence[ReadText]) -> dict[str, float]:
    weights = weights_of(claim.words)
    total = float(weights.sum()) or 1.0
    sentences = _sentences(passages)
    everything = set().union(*sentences)
    hit = np.array([s in everything for s in claim.stems], float)
    shares = np.array([sum(w for s, w in zip(claim.stems, weights, strict=True) if s in one) for one in sentences])
    order = np.argsort(-shares)
    two = sentences[order[0]] | (sentences[order[1]] if len(order) > 1 else set())
    stems = [s for p in passages for s in p.stems]
    run = _longest_run(claim.stems, stems)
    text, source = claim.text, " ".join(p.text for p in passages)
    numbers, names = _NUMBER.findall(text), _NAME.findall(text)
    folded = source.lower()
    missing = (1 - hit) * weights
    length = max(len(claim.words), 1)
    said = {w for p in passages for w, n in zip(p.words, _numbered(p), strict=True) if n in _best(order, passages)}
    return {
        "words_weighted": float(hit @ weights) / total,
        "words": float(hit.mean()) if len(hit) else 0.0,
        "best_sentence": float(shares[order[0]]) / total,
        "best_two": sum(w for s, w in zip(claim.stems, weights, strict=True) if s in two) / total,
        "pairs": _shared_runs(claim.stems, passages, 2),
        "triples": _shared_runs(claim.stems, passages, 3),
        "run": run / length,
        "run_words": min(run, 12) / 12,
        "numbers_missing": sum(n.strip(".,") not in source for n in numbers) / max(len(numbers), 1),
        "numbers": float(min(len(numbers), 3)),
        "names_missing": sum(n.lower() not in folded for n in names) / max(len(names), 1),
        "names": float(min(len(names), 5)),
        "missing": float(min((missing > 0.5).sum(), 8)),
        "heaviest_missing": float(missing.max()) if len(missing) else 0.0,
        "negation": float(bool(set(claim.words) & NEGATIONS) != bool(said & NEGATIONS)),
        "characters": _characters(text, folded),
        "weakest_clause": _weakest_clause(text, everything),
        "claim_length": math.log1p(len(claim.words)),
        "passage_length": math.log1p(len(stems)),
        "sentences": math.log1p(len(sentences)),
    }


def _vector_features(claim: ReadText, passages: Sequence[ReadText]) -> dict[str, float]:
    own = claim.vectors.astype(float)
    theirs = np.concatenate([p.vectors for p in passages if len(p.vectors)]).astype(float)
    place = np.concatenate(
        [_offset(passages, n) + np.array(p.sentence) for n, p in enumerate(passages) if len(p.vectors)]
    )
    weights = weights_of(claim.words)
    said = {s for p in passages for s in p.stems}
    hit = np.array([s in said for s in claim.stems])
    content = weights > 0.5
    whole = _unit(own.sum(axis=0))
    groups = [place == n for n in np.unique(place)]
    sentence = np.stack([_unit(theirs[group].sum(axis=0)) for group in groups])
    cosine = np.sort(sentence @ whole)[::-1]
    nearest = np.argsort(-(sentence @ whole))
    basis, _ = np.linalg.qr(sentence[nearest[:4]].T)
    near = own @ theirs.T
    best = near.max(axis=1)
    per_sentence = np.array([near[:, group].max(axis=1) @ weights for group in groups]) / weights.sum()
    order = np.argsort(-per_sentence)
    two = near[:, np.any([groups[n] for n in order[:2]], axis=0)].max(axis=1)
    rest = best[content] if content.any() else best
    absent = best[content & ~hit]
    counts = np.unique(place[near.argmax(axis=1)], return_counts=True)[1]
    windows = [best[i : i + _WINDOW].mean() for i in range(max(len(best) - _WINDOW + 1, 1))]
    return {
        "cosine_best": cosine[0],
        "cosine_second": cosine[1] if len(cosine) > 1 else cosine[0] * 0.5,
        "cosine_mean": float(cosine.mean()),
        "cosine_top": float(_unit(sentence[nearest[:3]].mean(axis=0)) @ whole),
        "cosine_all": float(_unit(sentence.mean(axis=0)) @ whole),
        "span": float(np.linalg.norm(basis.T @ whole)),
        "aligned_weighted": float(best @ weights / weights.sum()),
        "aligned": float(best.mean()),
        "aligned_least": float(best.min()),
        "aligned_tenth": float(np.quantile(best, 0.1)),
        "aligned_quarter": float(np.quantile(best, 0.25)),
        "aligned_content_least": float(rest.min()),
        "aligned_content_three": float(np.sort(rest)[:3].mean()),
        "aligned_sentence": float(per_sentence[order[0]]),
        "aligned_two": float(two @ weights / weights.sum()),
        "aligned_two_tenth": float(np.quantile(two[content] if content.any() else two, 0.1)),
        "aligned_missing": float(absent.mean()) if len(absent) else 1.0,
        "aligned_missing_least": float(absent.min()) if len(absent) else 1.0,
        "focus": float(counts.max() / len(best)),
        "reverse": float(near[:, groups[order[0]]].max(axis=0).mean()),
        "weakest_window": float(min(windows)),
        "soft": float(np.maximum(best, hit) @ weights / weights.sum()),
    }


def _sentences(passages: Sequence[ReadText]) -> list[set[str]]:
    found: list[set[str]] = []
    for passage in passages:
        groups: list[set[str]] = [set() for _ in range(passage.count)]
        for word, number in zip(passage.stems, passage.sentence, strict=True):
            groups[number].add(word)
        found += groups
    return found or [set()]


def _offset(passages: Sequence[ReadText], number: int) -> int:
    return sum(p.count for p in passages[:number])


def _numbered(passage: ReadText) -> list[tuple[int, int]]:
    return [(id(passage), number) for number in passage.sentence]


def _best(order: NDArray[np.intp], passages: Sequence[ReadText]) -> set[tuple[int, int]]:
    wanted = int(order[0])
    for passage in passages:
        if wanted < passage.count:
            return {(id(passage), wanted)}
        wanted -= passage.count
    return set()


def _shared_runs(stems: Sequence[str], passages: Sequence[ReadText], size: int) -> float:
    own = {tuple(stems[i : i + size]) for i in range(len(stems) - size + 1)}
    theirs = {tuple(p.stems[i : i + size]) for p in passages for i in range(len(p.stems) - size + 1)}
    return len(own & theirs) / max(len(own), 1)


def _longest_run(own: Sequence[str], theirs: Sequence[str]) -> int:
    """Length of the longest sequence of words that both have (dynamic programming over word positions)."""
    places: dict[str, list[int]] = {}
    for index, word in enumerate(theirs):
        places.setdefault(word, []).append(index)
    longest = 0
    before: dict[int, int] = {}
    for word in own:
        now = {index: before.get(index - 1, 0) + 1 for index in places.get(word, ())}
        longest = max(longest, max(now.values(), default=0))
        before = now
    return longest


def _characters(text: str, folded: str) -> float:
    squeezed, source = " ".join(text.lower().split()), " ".join(folded.split())
    own = {squeezed[i : i + 5] for i in range(len(squeezed) - 4)}
    theirs = {source[i : i + 5] for i in range(len(source) - 4)}
    return len(own & theirs) / max(len(own), 1)


def _weakest_clause(text: str, stems: set[str]) -> float:
    least = 1.0
    for clause in _CLAUSE.split(text):
        said = [w for w in words(clause) if w not in STOP_WORDS]
        if len(said) >= 2:
            least = min(least, sum(stem(w) in stems for w in said) / len(said))
    return least


def _unit(vector: Floats) -> Floats:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
