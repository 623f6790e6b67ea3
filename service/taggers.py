"""A site's taggers on their way to production: fitted and held against production, gated, moved.

They need the database and no other store, so that the command line does this beside a running server.
"""

from __future__ import annotations

import json
import math
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy.orm import Session

from service.clock import Clock, rfc3339
from service.database import Database
from service.errors import Conflict
from service.feedback import case_files
from service.gate_process import verdict_of
from service.models.embedder import Embedder
from service.shadowing import LEAST_PAIRS, interval
from service.stations import Stations
from service.tagging import versions
from service.tagging.fit_site import Production, fit_texts, texts_of
from service.tagging.reader import TagReader
from service.tagging.tables import TaggerMoveRow, TaggerRow
from service.tagging.taxonomy import Taxonomy

GATE_JOB = "gate_tagger"


@dataclass(frozen=True)
class Made:
    """A fit as it was kept. `live_because` says why it is in production at once; None: it is a candidate."""

    number: int
    live_because: str | None
    report: dict[str, Any]
    shadow: dict[str, Any] | None


@dataclass(frozen=True)
class Packed:
    """A version as a gate reads it."""

    number: int
    taxonomy: dict[str, Any]
    weights: bytes


Gate = Callable[[Packed, Packed, Path], dict[str, Any]]
"""(candidate, production, file of exported cases) → `{"verdict": "passed" | "failed" | "unmeasured", "because": …}`."""


def fit(
    database: Database, embedder: Embedder, site: str, taxonomy: Taxonomy, by: str, now: datetime,
    progress: Callable[[str], None] = lambda _said: None, weights: Mapping[str, float] = MappingProxyType({}),
) -> Made:  # fmt: skip
    """Fit a site's tagger and keep it, with its shadow, as a candidate. Raises InvalidInput with too few texts.

    Where nothing in production is comparable it goes live at once, unless somebody moved production back to the shipped
    tagger. `weights`: as `texts_of` takes them.
    """
    with database.read() as session:
        texts = texts_of(session, site, taxonomy, weights)
        before = versions.live(session, site)
        before = before if versions.comparable(before, taxonomy) else None
        production = None if before is None else _production(before, embedder)
    fitted = fit_texts(texts, taxonomy, embedder, origin={"site": site}, production=production, progress=progress)
    with database.write() as session:
        there = versions.live(session, site)
        shadow = None
        if there is not None and versions.comparable(there, taxonomy):
            shadow = shadow_of(fitted.gains, (before or there).number) | {"at": rfc3339(now)}
        row = versions.add(session, site, taxonomy, fitted.weights, by, fitted.report, shadow, now)
        because = None
        if there is None and not versions.moves(session, site):
            because = f"{site} had no tagger of its own in production"
        elif there is not None and shadow is None:
            because = f"its vocabulary is another than that of version {there.number}"
        if because is not None:
            versions.move(session, site, row.number, by, because, now)
    return Made(row.number, because, row.report, row.shadow)


def shadow_of(gains: Sequence[float], against: int) -> dict[str, Any]:
    """What paired gains in F1 say: their mean with its 95 % interval, and whether they refuse a promotion.

    They do where the upper bound is below 0. Fewer than 30 pairs say nothing and refuse nothing.
    """
    n, (low, high) = len(gains), interval(list(gains))
    mean = statistics.fmean(gains) if gains else math.nan
    if n < LEAST_PAIRS:
        because = f"unknown: {n} texts are newer than version {against}, {LEAST_PAIRS} are needed"
    else:
        because = f"F1 {mean:+.3f} [{low:+.3f}, {high:+.3f}] on the {n} texts newer than version {against}"
    figures = {"gain": mean, "low": low, "high": high}
    return {
        "against": against, "n": n, "least": LEAST_PAIRS, "because": because,
        "may_be_promoted": n < LEAST_PAIRS or high >= 0,
        **{name: None if math.isnan(value) else round(value, 4) for name, value in figures.items()},
    }  # fmt: skip


def gate(
    database: Database, data_dir: Path, site: str, number: int, clock: Clock, judge: Gate | None = None
) -> dict[str, Any]:
    """Hold a version against production on the shipped and the site's accepted cases; the verdict is kept with the version.

    Raises Conflict where nothing in production is comparable.
    """
    with database.read() as session:
        row = versions.find(session, site, number)
        candidate, production = _packed(row), _packed(comparable_to(session, row))
        cases = case_files.write(session, site, data_dir / "cases" / site)
    judge = judge or partial(in_own_process, data_dir=data_dir)
    verdict = judge(candidate, production, cases) | {"against": production.number}
    with database.write() as session:
        versions.find(session, site, number).gate = verdict | {"at": rfc3339(clock())}
    return verdict


def run_gate(stations: Stations, site: str, number: int) -> str:
    """The job of a gate run."""
    data_dir = stations.settings.data_dir
    return str(gate(stations.database, data_dir, site, number, stations.clock)["verdict"])


def promote(database: Database, site: str, number: int | None, by: str, reason: str, clock: Clock) -> TaggerMoveRow:
    """Move production to a version, or back to the shipped tagger (None); every process follows within a second.

    Raises Conflict where shadow or gate do not allow it.
    """
    with database.write() as session:
        return versions.move(session, site, number, by, reason, clock())


def comparable_to(session: Session, row: TaggerRow) -> TaggerRow:
    """The version in production that another can be held against. Raises Conflict where there is none."""
    production = versions.live(session, row.site)
    if production is None or not versions.comparable(production, Taxonomy.model_validate(row.taxonomy)):
        raise Conflict("nothing in production has this vocabulary: it needs no gate", reason="not_comparable")
    return production


def in_own_process(candidate: Packed, production: Packed, cases: Path, *, data_dir: Path) -> dict[str, Any]:
    """The gate of the eval suite, in a process of its own; `unmeasured` where it cannot run."""
    with tempfile.TemporaryDirectory(prefix="answerloop-gate-") as folder:
        files = []
        for name, version in (("candidate", candidate), ("production", production)):
            files.append(Path(folder) / f"{name}.json")
            files[-1].write_text(json.dumps(version.taxonomy), "utf-8")
            files[-1].with_suffix(".npz").write_bytes(version.weights)
        return verdict_of("eval.tagger_gate", [*files, "--data", cases], data_dir)


def _production(row: TaggerRow, embedder: Embedder) -> Production | None:
    """None where it reads vectors of another model: it cannot read what the fit reads."""
    taxonomy = Taxonomy.model_validate(row.taxonomy)
    reader = TagReader.load(row.weights, taxonomy)
    return Production(reader, taxonomy, row.at) if reader.dimension == embedder.dimension else None


def _packed(row: TaggerRow) -> Packed:
    return Packed(row.number, row.taxonomy, row.weights)
