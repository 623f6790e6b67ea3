"""Fits the tagger of the shipped vocabulary: `python -m service.tagging.fit_shipped`.

From the sample community, the labelled career posts of the eval suite, whose held-out voices are not read, and
`tagged_texts_*.jsonl`, short posts written for each tag and its neighbours, which are in every fit and in no figure. Prints
the figures cross-validated by voice.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from service.models.embedder import BundledEmbedder, Embedder
from service.tagging.fit import FOLDS, Labelled, fit, folds_of
from service.tagging.fit_site import TaggedText, about_tags, read_labelled
from service.tagging.names import NameFinder
from service.tagging.reader import TagReader
from service.tagging.reporting import report_on
from service.tagging.tagger import WEIGHTS
from service.tagging.taxonomy import load_taxonomy, newest_taxonomy

DATASETS = Path("eval/datasets")
SAMPLE = Path("service/corpus/sample")
TEXTS = Path("service/tagging")


def load(names: NameFinder, embedder: Embedder) -> tuple[list[Labelled], str]:
    """(short posts, sample threads and labelled posts, SHA-256 over the files). The labelled posts come last: how often a tag
    is used of late is learnt from them."""
    held = {
        line for line in (DATASETS / "held_out_voices.txt").read_text("utf-8").split("\n") if line and line[0] != "#"
    }
    digest, found = hashlib.sha256(), []
    folders = (
        (TEXTS, "tagged_texts_*"), (SAMPLE, "threads_*"), (DATASETS / "posts_to_fit", "voices_*"),
        (DATASETS / "posts_to_fit", "more_*"), (DATASETS / "posts", "voices_*"),
    )  # fmt: skip
    for path in [path for folder, name in folders for path in sorted(folder.glob(f"{name}.jsonl"))]:
        data = path.read_bytes()
        digest.update(data)
        for number, line in enumerate(data.decode("utf-8").strip("\n").split("\n")):
            row: dict[str, Any] = json.loads(line)
            thread = f"thread {row['external_id']}" if "external_id" in row else f"text {path.stem} {number}"
            group = row.get("voice") or thread
            if group not in held and row["tags"]:
                text = TaggedText(row["title"], row["body"], "markdown", tuple(row["tags"]), group, datetime.min)
                found.append(read_labelled(text, names, embedder))
    return found, digest.hexdigest()


def main() -> None:
    """Cross-validate, fit on everything, write the weights."""
    from service.settings import Settings

    path = newest_taxonomy(Path("prompts/taxonomy"), "tech-career")
    assert path is not None
    taxonomy = load_taxonomy(path)
    embedder = BundledEmbedder(Settings().models_dir)
    about = about_tags(taxonomy, embedder)
    posts, digest = load(NameFinder(taxonomy), embedder)
    embedder.close()
    fold = folds_of([post.group for post in posts])
    reports = []
    for number in range(FOLDS):
        rest = [p for p, f in zip(posts, fold, strict=True) if f != number or p.group.startswith("text ")]
        here = [p for p, f in zip(posts, fold, strict=True) if f == number and " " not in p.group]
        reports.append(report_on(TagReader.load(fit(rest, taxonomy, about, manifest={}), taxonomy), here, taxonomy))
    total = sum(r["posts"] for r in reports)
    keys = ("p_at_1", "r_at_3", "r_at_5", "micro_f1", "ece", "coverage_at_90")
    figures = {key: round(sum(r[key] * r["posts"] for r in reports) / total, 4) for key in keys}
    manifest = {
        "data": "service/tagging/tagged_texts_*, service/corpus/sample, eval/datasets/posts* without held-out voices", "sha256": digest,
        "licence": "Apache-2.0", "refit": "python -m service.tagging.fit_shipped", "cross_validated_by_voice": figures,
    }  # fmt: skip
    WEIGHTS.write_bytes(fit(posts, taxonomy, about, manifest=manifest))
    print(json.dumps(manifest, indent=1))


if __name__ == "__main__":
    main()
