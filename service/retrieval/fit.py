"""Fits how related threads are ranked and when one is a duplicate: `python -m service.retrieval.fit FOLDER`.

The folder holds threads and the links people made between them (see `links.py`). The threads are put into a store of their
own by the production code, each query looks up its candidates as a post would, and a logistic regression learns which of
them were linked. Cross-validated by connected components of the links. About 15 minutes, most of it embedding.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.clock import system_clock
from service.corpus import repository, sketches
from service.corpus.indexing import Index
from service.corpus.ready import make_ready
from service.corpus.vectors import VectorStore
from service.database import Database
from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.intake.windows import embed_post
from service.models.embedder import BundledEmbedder
from service.retrieval.find_related import Finder, Pool
from service.retrieval.links import PAIRS, THREADS, Links, load_links
from service.retrieval.ranking import (
    FEATURES,
    FEEDBACK_FEATURES,
    KNOTS,
    WEIGHTS,
    Floats,
    RankingModel,
    hinged,
    standardised,
    with_feedback,
)
from service.settings import Settings

SITE = "links"
FOLDS = 10
STRENGTH = 0.01
"""Inverse regularisation of the ranking: features overlap, so their weights are held together."""
BATCH = 200


@dataclass(frozen=True)
class Query:
    """One query with its candidates. `names` are external ids; `linked` and `duplicate` say which of them people linked."""

    name: str
    component: int
    names: list[str]
    features: Floats
    vectors: NDArray[np.float16]
    linked: NDArray[np.bool_]
    duplicate: NDArray[np.bool_]


def put_threads(database: Database, index: Index, links: Links) -> None:
    """Keep and index every thread as an import would."""
    names = list(links.threads)
    for start in range(0, len(names), BATCH):
        ready = [make_ready(name, links.threads[name]) for name in names[start : start + BATCH]]
        with database.write() as session:
            repository.put_threads(session, SITE, ready, index.clock())
    index.sync(SITE)


def look_up(finder: Finder, index: Index, links: Links, name: str, component: int) -> Query:
    """A thread's question asked again, itself left out."""
    thread = links.threads[name]
    readable = normalise(
        NewPost(site=SITE, external_id=name, title=thread.title, body=thread.body, format=thread.format)
    )
    pool = finder.pool(readable, embed_post(readable, index.configured), SITE, name)
    return as_query(pool, links, name, component)


def as_query(pool: Pool, links: Links, name: str, component: int) -> Query:
    """A pool with what people linked."""
    there = np.flatnonzero(~np.isnan(pool.features).any(axis=1))
    names = [pool.external_ids[pool.candidates[i].thread_id] for i in there]
    kinds = [links.related[name].get(other) for other in names]
    return Query(
        name, component, names, pool.features[there], pool.vectors.astype(np.float16), np.array([kind is not None for kind in kinds]),
        np.array([kind == "duplicate" for kind in kinds]),
    )  # fmt: skip


def fit_ranking(queries: Sequence[Query]) -> tuple[Floats, Floats]:
    """Weights of both steps over standardised features; each query counts alike, its linked threads as much as the rest."""
    told = [q for q in queries if q.linked.any()]
    first = _weights([standardised(q.features) for q in told], told)
    return first, _weights([hinged(with_feedback(q.features, q.vectors.astype(np.float32), first)) for q in told], told)


def _weights(features: Sequence[Floats], queries: Sequence[Query]) -> Floats:
    from sklearn.linear_model import LogisticRegression

    rows = np.concatenate(features)
    truth = np.concatenate([q.linked for q in queries])
    weight = np.concatenate([np.where(q.linked, 1 / q.linked.sum(), 1 / len(q.linked)) for q in queries])
    model = LogisticRegression(C=STRENGTH, max_iter=500).fit(rows, truth, sample_weight=weight)
    return np.asarray(model.coef_[0], np.float32)


def fit_duplicates(queries: Sequence[Query]) -> Floats:
    """Weights over the raw features, and last the constant: every candidate counts once, so that it is a probability."""
    from sklearn.linear_model import LogisticRegression

    rows = np.concatenate([q.features for q in queries])
    truth = np.concatenate([q.duplicate for q in queries])
    mean, spread = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    model = LogisticRegression(C=0.05, max_iter=500).fit((rows - mean) / spread, truth)
    weights = model.coef_[0] / spread
    return np.append(weights, model.intercept_[0] - float(weights @ mean)).astype(np.float32)


def folds(queries: Sequence[Query], count: int = FOLDS) -> list[int]:
    """A fold for each query; queries of one component share it, the largest components are dealt out first."""
    sizes = Counter(q.component for q in queries)
    load, fold = [0] * count, {}
    for component, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        fold[component] = min(range(count), key=lambda n: load[n])
        load[fold[component]] += size
    return [fold[q.component] for q in queries]


def cross_fitted(queries: Sequence[Query]) -> dict[str, RankingModel]:
    """For each query by name, the model that was fitted without its component."""
    of_query = folds(queries)
    models = {}
    for n in sorted(set(of_query)):
        rest = [q for q, fold in zip(queries, of_query, strict=True) if fold != n]
        models[n] = RankingModel(*fit_ranking(rest), fit_duplicates(rest))
    return {q.name: models[n] for q, n in zip(queries, of_query, strict=True)}


def fit_words(links: Links) -> dict[str, Any]:
    """How telling each word is, over whole threads, and the usual lengths."""
    in_threads = np.zeros(sketches.BUCKETS)
    lengths = []
    for thread in links.threads.values():
        title, body = sketches.stems(thread.title), sketches.stems(thread.body)
        answers = [word for answer in thread.answers for word in sketches.stems(answer.body)]
        lengths.append((len(title), len(title) + len(body), len(answers)))
        seen = np.unique(np.array(sketches.hashed({*title, *body, *answers}), np.uint32)) & (sketches.BUCKETS - 1)
        in_threads[np.unique(seen)] += 1
    n = len(links.threads)
    weights = np.log(1 + (n - in_threads + 0.5) / (in_threads + 0.5))
    return {"weights": weights.astype(np.float16), "lengths": np.mean(lengths, axis=0).astype(np.float32)}


def figures(queries: Sequence[Query], models: dict[str, RankingModel], links: Links) -> dict[str, float]:
    """MRR@10, R@10 and R@50 of the queries, each ranked by its model."""
    found: dict[str, list[float]] = {"MRR@10": [], "R@10": [], "R@50": []}
    for q in queries:
        order = np.argsort(-models[q.name].order(q.features, q.vectors.astype(np.float32)), kind="stable")
        ranks = [rank for rank, i in enumerate(order, 1) if q.linked[i]]
        found["MRR@10"].append(1 / ranks[0] if ranks and ranks[0] <= 10 else 0.0)
        for k in (10, 50):
            found[f"R@{k}"].append(sum(rank <= k for rank in ranks) / len(links.related[q.name]))
    return {name: round(float(np.mean(values)), 4) for name, values in found.items()}


def main() -> None:
    """Fit, print the cross-validated figures, write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    links, bundled = load_links(folder), Settings().models_dir
    with tempfile.TemporaryDirectory() as data_dir:
        settings = Settings(_env_file=None, data_dir=Path(data_dir))
        database = Database(settings.database)
        database.create_schema()
        vectors, embedder = VectorStore(settings), BundledEmbedder(bundled)
        try:
            fit_and_write(database, Index(database, vectors, embedder, system_clock), settings, links, folder)
        finally:
            embedder.close()
            vectors.close()
            database.close()


def fit_and_write(database: Database, index: Index, settings: Settings, links: Links, folder: Path) -> None:
    """Everything but the wiring; prints what it measured."""
    np.savez_compressed(sketches.WEIGHTS, **fit_words(links))
    sketches.word_weights.cache_clear()
    sketches.usual_lengths.cache_clear()
    put_threads(database, index, links)
    every = len(FEATURES + FEEDBACK_FEATURES) * (1 + len(KNOTS))
    blank = RankingModel(*(np.zeros(count, np.float32) for count in (len(FEATURES), every, len(FEATURES) + 1)))
    finder = Finder(database, index, index.configured, settings, index.clock, blank)
    components = links.components()
    queries = [look_up(finder, index, links, name, components[name]) for name in links.related]
    measured = figures(queries, cross_fitted(queries), links)
    model = RankingModel(*fit_ranking(queries), fit_duplicates(queries))
    np.savez(WEIGHTS, first=model.first, weights=model.weights, duplicate=model.duplicate)
    told = {
        "fitted_on": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (THREADS, PAIRS)},
        "licence": "CC BY-SA 3.0", "embedder": index.configured.name, "queries": len(queries),
        "duplicates": int(sum(q.duplicate.sum() for q in queries)), "candidates": float(np.mean([len(q.names) for q in queries])),
        "cross_validated_by_component": measured,
        "weights": {
            name: [round(float(weight), 3) for weight in of_feature]
            for name, of_feature in zip(
                FEATURES + FEEDBACK_FEATURES, model.weights.reshape(1 + len(KNOTS), -1).T, strict=True
            )
        },
        "refit": "python -m service.retrieval.fit FOLDER",
    }  # fmt: skip
    WEIGHTS.with_suffix(".json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
