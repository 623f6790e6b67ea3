"""Related threads in EVAL_DATA: links that people made between 7,940 threads, found again from content alone."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from eval.calibration import expected_calibration_error
from eval.loading import external
from eval.metric import Case, Marks, Metric, Output
from eval.scorers import buried_thread
from eval.subjects import World
from eval.suite import Loaded, Section, Subject

SHOWN = 50


def load() -> Loaded:
    """Every thread that links to others; the cluster is its component of the links. Raises NotThere."""
    from service.retrieval.links import PAIRS, THREADS, load_links

    paths = [external(name) for name in (THREADS, PAIRS)]
    links = load_links(paths[0].parent)
    components = links.components()
    cases = [
        Case(name, {"relevant": sorted(found), "kinds": found}, str(components[name]))
        for name, found in links.related.items()
    ]
    return Loaded(cases, hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest())


def find(world: World, _cases: Sequence[Case]) -> Subject:
    """The production finder over all threads, each query ranked by a model fitted without its component; beside it the
    vectors alone, the words alone, and both as anybody would add them up."""
    from service.corpus import sketches
    from service.intake.normalise import normalise
    from service.intake.post import NewPost
    from service.intake.windows import embed_post
    from service.retrieval.fit import SITE, Query, cross_fitted, look_up, put_threads
    from service.retrieval.links import THREADS, load_links
    from service.retrieval.ranking import FEATURES, features_of

    links = load_links(external(THREADS).parent)
    stations = world.build(world.settings(world.scratch("links")))
    put_threads(stations.database, stations.index, links)
    finder, components = stations.readers.finder, links.components()
    queries: dict[str, Query] = {
        name: look_up(finder, stations.index, links, name, components[name]) for name in links.related
    }
    models = cross_fitted(list(queries.values()))
    live = stations.index.ensure_live(SITE)
    with stations.database.read() as session:
        names = _names(session)
        every = sketches.fetch(session, live.id, list(names))
    titles = [names[id_] for id_ in every.ids]
    place = {name: row for row, name in enumerate(titles)}
    asked, answered = FEATURES.index("words_in_question"), FEATURES.index("words_in_answers")
    lock = threading.Lock()

    def subject(case: Case) -> Output:
        query, model, thread = queries[case.id], models[case.id], links.threads[case.id]
        order = np.argsort(-model.order(query.features, query.vectors.astype(np.float32)), kind="stable")[:SHOWN]
        same = model.duplicates(query.features)
        post = NewPost(site=SITE, external_id=case.id, title=thread.title, body=thread.body, format=thread.format)
        with lock:
            readable = normalise(post)
            features = features_of(readable, embed_post(readable, world.embedder), every)
        own = place[case.id]
        dense = every.vectors[:, 1] @ every.vectors[own, 1]
        words = features[:, asked] + features[:, answered]
        plain = {"dense": dense, "words": words, "fused": _standard(dense) + 0.5 * _standard(words)}
        return {
            "related": [query.names[i] for i in order],
            "duplicates": [[float(query.duplicate[i]), round(float(same[i]), 4)] for i in order[:10]],
            **{name: _first(values, own, titles) for name, values in plain.items()},
        }

    return subject


def _names(session: Any) -> dict[str, str]:
    import sqlalchemy as sa

    from service.corpus.tables import ThreadRow
    from service.retrieval.fit import SITE

    rows = session.execute(sa.select(ThreadRow.id, ThreadRow.external_id).where(ThreadRow.site == SITE))
    return {row.id: row.external_id for row in rows}


def _standard(values: Any) -> Any:
    return (values - values.mean()) / max(float(values.std()), 1e-6)


def _first(values: Any, own: int, titles: list[str]) -> list[str]:
    order = [int(i) for i in np.argsort(-values, kind="stable")[: SHOWN + 1] if i != own]
    return [titles[i] for i in order[:SHOWN]]


def _reciprocal(case: Case, ranking: Sequence[str]) -> float:
    ranks = [rank for rank, name in enumerate(ranking[:10], 1) if name in case.row["relevant"]]
    return 1 / ranks[0] if ranks else 0.0


def _gain(case: Case, output: Output) -> Marks:
    return [[_reciprocal(case, output["related"]) - _reciprocal(case, output["fused"]), 1.0]]


def _targets(case: Case, output: Output) -> Marks:
    return [[float(name), float(name in output["related"][:10])] for name in case.row["relevant"]]


def _by_target(rows: Any) -> float:
    found: dict[float, list[float]] = defaultdict(list)
    for target, hit in rows:
        found[target].append(hit)
    return float(np.mean([np.mean(hits) for hits in found.values()]))


def _duplicates(case: Case, output: Output) -> Marks:
    return [list(pair) for pair in output["duplicates"]]


SECTIONS: tuple[Section, ...] = (
    Section(
        "links", "570 threads asked again: are the threads that people linked to found, from content alone", load, find,
        (
            *buried_thread.metrics(margin=0.02, targets={"MRR@10": 0.28, "R@10": 0.43, "R@50": 0.63}),
            Metric("R@10 by target", "a few much-linked threads hide the rest", _targets, None, _by_target, by_slice=False),
            Metric(
                "MRR@10 over vectors + words", "no better than what anyone wires up", _gain, target=0.0, unit="number",
            ),
            *buried_thread.metrics("dense", prefix="vectors alone: ", targets={"R@50": 0.0}),
            *buried_thread.metrics("words", prefix="words alone: ", targets={"R@50": 0.0}),
            *buried_thread.metrics("fused", prefix="vectors + words: ", targets={"R@50": 0.0}),
            Metric(
                "ECE of duplicates", "a thread is called a duplicate more surely than it is one", _duplicates, None,
                expected_calibration_error, "lower", plot="reliability", by_slice=False,
            ),
        ),
        external=True,
    ),
)  # fmt: skip
