"""`python -m eval.tagger_gate CANDIDATE PRODUCTION [--data FILE]`: a site's tagger against the one in production.

Each is a vocabulary (`.json`) with its weights beside it (`.npz`). Both suggest tags for the shipped posts whose tags are
all in the vocabulary, and for exported cases that have a tag of it. The gate is red on a significant loss of first tags
(exact McNemar) or of F1 (paired bootstrap over voices), both at p < 0.05, and on any exported case for which only production
suggests a right tag. The last line of output is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eval.cases import LabelledPost
from eval.intervals import change_of_sums, mcnemar
from eval.loading import load, shipped
from eval.subjects import NOW, World, as_new_post
from service.intake.normalise import normalise
from service.intake.windows import embed_post
from service.retrieval.evidence import Evidence
from service.tagging import versions
from service.tagging.reporting import f1_of
from service.tagging.taxonomy import Taxonomy

Lists = Sequence[Sequence[str]]
"""Suggested tags of each post, surest first."""


def judge(
    rows: Sequence[LabelledPost], accepted: frozenset[str], candidate: Lists, production: Lists
) -> dict[str, Any]:
    """The verdict on posts for which both have suggested tags; `accepted` are the ids of those a person accepted as cases."""
    if not rows:
        because = "nothing to hold it against: no shipped post and no accepted case has tags of this vocabulary"
        return {"verdict": "passed", "because": because, "checks": [], "cases": 0}
    first = [
        tuple(bool(tags) and tags[0] in row.tags for tags in said)
        for row, *said in zip(rows, production, candidate, strict=True)
    ]
    lost, won = sum(was and not now for was, now in first), sum(now and not was for was, now in first)
    p = mcnemar(lost, won)
    f1 = np.array(
        [[f1_of(tags, row.tags) for tags in said] for row, *said in zip(rows, production, candidate, strict=True)]
    )
    ones = np.ones(len(rows))
    change = change_of_sums(
        np.stack([f1[:, 0], ones], axis=1), np.stack([f1[:, 1], ones], axis=1), [row.voice for row in rows],
        lambda sums: sums[..., 0] / sums[..., 1],
    )  # fmt: skip
    gone = [row.id for row, (was, now) in zip(rows, f1, strict=True) if row.id in accepted and was > 0 and now == 0]
    checks: list[dict[str, Any]] = [
        {"name": "first tag", "n": len(rows), "lost": lost, "won": won, "p": p, "red": lost > won and p < 0.05},
        {
            "name": "F1", "n": len(rows), "difference": round(change.difference, 4), "low": round(change.low, 4),
            "high": round(change.high, 4), "p": change.p, "red": change.difference < 0 and change.significant,
        },
        {"name": "no accepted case loses its last right tag", "n": len(accepted), "lost": gone, "red": bool(gone)},
    ]  # fmt: skip
    red = [str(check["name"]) for check in checks if check["red"]]
    said = f"red: {', '.join(red)}" if red else f"{len(rows)} cases, no check is red"
    return {"verdict": "failed" if red else "passed", "because": said, "checks": checks, "cases": len(rows)}


def suggested(world: World, name: str, file: Path, rows: Sequence[LabelledPost]) -> list[list[str]]:
    """What the service suggests for posts with the tagger of a file; related threads have no say in it."""
    taxonomy = Taxonomy.model_validate_json(file.read_bytes())
    weights = file.with_suffix(".npz").read_bytes()
    with world.deep.database.write() as session:
        made = versions.add(session, name, taxonomy, weights, "gate", {}, None, NOW)
        versions.move(session, name, made.number, "gate", "gate", NOW)
    tagger, nothing = world.deep.readers.tagger, Evidence(related=[], passages=[])
    found = []
    for row in rows:
        post = normalise(as_new_post(row))
        said = tagger.suggest(post, embed_post(post, world.embedder), nothing, name)
        found.append([suggestion.tag for suggestion in said])
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; exit code 0 whatever the verdict, it stands in the last line."""
    parser = argparse.ArgumentParser(prog="python -m eval.tagger_gate", description=__doc__)
    parser.add_argument("candidate", type=Path)
    parser.add_argument("production", type=Path)
    parser.add_argument("--data", type=Path, help="exported cases beside the shipped ones")
    given = parser.parse_args(arguments)
    known = set(Taxonomy.model_validate_json(given.candidate.read_bytes()).names)
    rows = [row for row in shipped("posts/voices_*").rows if row.tags and known.issuperset(row.tags)]
    accepted: list[LabelledPost] = []
    if given.data is not None and given.data.exists() and given.data.stat().st_size:
        accepted = [row for row in load(given.data.name, [given.data], LabelledPost).rows if known & set(row.tags)]
    rows += accepted
    with World() as world:
        candidate, production = (
            suggested(world, name, file, rows) if rows else []
            for name, file in (("candidate", given.candidate), ("production", given.production))
        )
    print(json.dumps(judge(rows, frozenset(row.id for row in accepted), candidate, production)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
