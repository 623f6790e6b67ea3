"""Tags of threads in EVAL_DATA: fit on the earlier 80 %, suggest for the later 20 %, beside TF-IDF and ridge."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from eval.calibration import coverage_at, expected_calibration_error
from eval.loading import external
from eval.metric import Case, Marks, Metric, Output, f1, once
from eval.subjects import World
from eval.suite import Loaded, Section, Subject

LEAST_USES = 30


@dataclass(frozen=True)
class Thread:
    """One thread's question with its tags of the vocabulary."""

    id: str
    title: str
    body: str
    tags: tuple[str, ...]
    at: datetime


def threads() -> tuple[list[Thread], tuple[str, ...], str]:
    """(threads by date, tags with at least 30 uses, version of the data). Raises NotThere."""
    path = external("se_threads.jsonl")
    version = hashlib.sha256(path.read_bytes()).hexdigest()
    rows = [json.loads(line) for line in path.read_text("utf-8").strip("\n").split("\n")]
    uses = Counter(tag for row in rows for tag in row["tags"])
    tags = tuple(sorted(tag for tag, n in uses.items() if n >= LEAST_USES))
    known = set(tags)
    found = [
        Thread(
            str(row["id"]), row["title"], row["body"], tuple(t for t in row["tags"] if t in known),
            datetime.fromisoformat(row["date"]).replace(tzinfo=UTC),
        )
        for row in rows
    ]  # fmt: skip
    return sorted(found, key=lambda t: (t.at, int(t.id))), tags, version


def load() -> Loaded:
    """The later 20 % that have a tag of the vocabulary."""
    found, _, version = threads()
    later = [t for t in found[int(0.8 * len(found)) :] if t.tags]
    return Loaded([Case(t.id, t, t.id) for t in later], version)


def suggest(world: World, _cases: Sequence[Case]) -> Subject:
    """The production fit on the earlier threads, and the baseline on the same split."""
    from service.tagging.fit import fit
    from service.tagging.fit_site import TaggedText, about_tags, read_labelled
    from service.tagging.names import NameFinder
    from service.tagging.reader import TagReader
    from service.tagging.taxonomy import TagDefinition, Taxonomy

    found, tags, _ = threads()
    earlier = found[: int(0.8 * len(found))]
    definitions = tuple(TagDefinition(tag=t, label=t.replace("-", " "), definition=t.replace("-", " ")) for t in tags)
    taxonomy = Taxonomy(name="threads", version="1.0.0", tags=definitions)
    names = NameFinder(taxonomy)

    def read(thread: Thread) -> Any:
        return read_labelled(
            TaggedText(thread.title, thread.body, "markdown", thread.tags, thread.id, thread.at), names, world.embedder
        )

    posts = [read(t) for t in earlier if t.tags]
    reader = TagReader.load(fit(posts, taxonomy, about_tags(taxonomy, world.embedder), manifest={}), taxonomy)
    baseline = _baseline(earlier, tags)
    lock = threading.Lock()

    def subject(case: Case) -> Output:
        said = reader.read(read(case.row).example)
        with lock:
            other = baseline(case.row)
        ours = sorted(said.items(), key=lambda pair: -pair[1])[:10]
        return {"tags": [[tag, round(p, 4)] for tag, p in ours], "baseline": other}

    return subject


def _baseline(earlier: Sequence[Thread], tags: tuple[str, ...]) -> Any:
    """TF-IDF over words and pairs of words, ridge regression: the first five tags of a thread."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge

    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, stop_words="english")
    texts = words.fit_transform([f"{t.title}\n{t.body}" for t in earlier])
    labels = np.array([[tag in t.tags for tag in tags] for t in earlier], dtype=np.float64)
    model = Ridge(alpha=1.0).fit(texts, labels)

    def first(thread: Thread) -> list[str]:
        scores = model.predict(words.transform([f"{thread.title}\n{thread.body}"]))[0]
        return [tags[i] for i in np.argsort(-scores)[:5]]

    return first


def _first(case: Case, output: Output) -> Marks:
    return once(output["tags"][0][0] in case.row.tags)


def _gain_first(case: Case, output: Output) -> Marks:
    return [[float(output["tags"][0][0] in case.row.tags) - float(output["baseline"][0] in case.row.tags), 1.0]]


def _recall(case: Case, output: Output) -> Marks:
    return [[len(set(case.row.tags) & {t for t, _ in output["tags"][:5]}) / len(case.row.tags), 1.0]]


def _gain_recall(case: Case, output: Output) -> Marks:
    wanted = set(case.row.tags)
    ours, theirs = wanted & {t for t, _ in output["tags"][:5]}, wanted & set(output["baseline"])
    return [[(len(ours) - len(theirs)) / len(wanted), 1.0]]


def _counts(case: Case, output: Output) -> Marks:
    from service.tagging.choosing import THRESHOLD

    found, wanted = {t for t, p in output["tags"][:5] if p >= THRESHOLD}, set(case.row.tags)
    return [[len(found & wanted), len(found - wanted), len(wanted - found)]]


def _sure(case: Case, output: Output) -> Marks:
    return [[float(tag in case.row.tags), p] for tag, p in output["tags"]]


def _top(case: Case, output: Output) -> Marks:
    tag, probability = output["tags"][0]
    return [[float(tag in case.row.tags), probability]]


SECTIONS: tuple[Section, ...] = (
    Section(
        "later_threads", "144 tags of a business community: fitted on the earlier 80 %, the later 20 % suggested", load,
        suggest,
        (
            Metric("P@1", "the first suggested tag is wrong", _first, margin=0.02, target=0.66),
            Metric("P@1 over TF-IDF and ridge", "no better than what anyone wires up", _gain_first, target=0.02, unit="number"),
            Metric("R@5", "a fitting tag is not among the first five", _recall, margin=0.02, target=0.75),
            Metric("R@5 over TF-IDF and ridge", "no better than what anyone wires up", _gain_recall, target=0.05, unit="number"),
            Metric("micro-F1", "suggested tags are wrong or missing", _counts, of_sums=f1),
            Metric(
                "ECE of tags", "a tag is surer than it should be", _sure, None, expected_calibration_error, "lower",
                target=0.03, plot="reliability", by_slice=False,
            ),
            Metric(
                "coverage at 90 % precision", "few posts can be tagged without a person", _top, None,
                lambda rows: coverage_at(rows, 0.9), plot="coverage", by_slice=False,
            ),
        ),
        external=True,
    ),
)  # fmt: skip
