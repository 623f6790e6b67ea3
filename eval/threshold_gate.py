"""`python -m eval.threshold_gate CANDIDATE PRODUCTION [--data FILE]`: thresholds against those in production.

Both route the same probabilities of the shipped posts and of exported cases. The gate is red on any post with a person at
risk that only the candidate publishes, and on a significant loss (exact McNemar, p < 0.05) of posts that must reach
people or of clean posts that must not. The last line of output is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.cases import LabelledPost
from eval.intervals import mcnemar
from eval.loading import load, shipped
from eval.subjects import World, as_new_post
from service.flagging.policy import Policy
from service.flagging.routing import PERSON_AT_RISK
from service.flagging.thresholds import Thresholds, load_thresholds
from service.previewing import reroute


def judge(
    rows: Sequence[LabelledPost],
    scores: Sequence[dict[str, float]],
    candidate: Thresholds,
    production: Thresholds,
    policy: Policy,
) -> dict[str, Any]:
    """The verdict on posts whose probabilities are known."""
    checks: list[dict[str, Any]] = []
    right: dict[str, list[tuple[bool, bool]]] = {"reaches people": [], "clean is published": []}
    lost_at_risk = []
    for row, known in zip(rows, scores, strict=True):
        was, now = (reroute(known, thresholds, policy).to for thresholds in (production, candidate))
        if row.route == "publish":
            right["clean is published"].append((was == "publish", now == "publish"))
            continue
        right["reaches people"].append((was != "publish", now != "publish"))
        if row.categories & PERSON_AT_RISK and was != "publish" and now == "publish":
            lost_at_risk.append(row.id)
    for name, pairs in right.items():
        lost = sum(was and not now for was, now in pairs)
        won = sum(now and not was for was, now in pairs)
        p = mcnemar(lost, won)
        checks.append({"name": name, "n": len(pairs), "lost": lost, "won": won, "p": p, "red": lost > won and p < 0.05})
    checks.append({"name": "person at risk is not lost", "lost": lost_at_risk, "red": bool(lost_at_risk)})
    red = [str(check["name"]) for check in checks if check["red"]]
    said = f"red: {', '.join(red)}" if red else f"{len(rows)} cases, no check is red"
    return {"verdict": "failed" if red else "passed", "because": said, "checks": checks, "cases": len(rows)}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; exit code 0 whatever the verdict, it stands in the last line."""
    parser = argparse.ArgumentParser(prog="python -m eval.threshold_gate", description=__doc__)
    parser.add_argument("candidate", type=Path)
    parser.add_argument("production", type=Path)
    parser.add_argument("--data", type=Path, help="exported cases beside the shipped ones")
    given = parser.parse_args(arguments)
    rows = list(shipped("posts/voices_*").rows)
    if given.data is not None and given.data.exists() and given.data.stat().st_size:
        rows += load(given.data.name, [given.data], LabelledPost).rows
    with World() as world:
        scores = [world.read(as_new_post(row)).scores for row in rows]
        policy = world.stations.readers.policy
    found = judge(rows, scores, load_thresholds(given.candidate), load_thresholds(given.production), policy)
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
