"""Speed and memory of the service, ratios measured in one process."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from eval.bench.community import fill
from eval.bench.deep_lane import deep_lane
from eval.bench.fast_lane import fast_lane
from eval.bench.flags import flags
from eval.bench.importing import importing
from eval.bench.queue import queue
from eval.bench.related import WORDS as TYPED
from eval.bench.related import related, tags, texts_of
from eval.bench.scale import ASKED, scale
from eval.bench.serving import serving
from eval.runner import console
from service.app import Adapters, build, stop
from service.corpus.sample_community import load_sample
from service.intake.post import NewPost
from service.serving import keep_for_good
from service.settings import Settings
from service.stations import Stations

SITE = "sample"
WORDS = 250


def run_bench(sections: Sequence[str], *, threads: int, seconds: float) -> int:
    """Measure the named sections, all of them without any; prints a line each. Returns the exit code."""
    chosen = sections or tuple(name for name in SECTIONS if name not in ASKED_FOR)
    unknown = [name for name in chosen if name not in SECTIONS]
    if unknown:
        console.print(f"there is no section {unknown[0]!r}; there are {', '.join(SECTIONS)}")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        (data / "models").symlink_to(Path("data/models").resolve())
        settings = Settings(_env_file=None, data_dir=data, port=18_765)
        stations = build(settings, Adapters())
        load_sample(stations.database, stations.index, stations.clock, SITE)
        fill(stations, SITE, 0 if set(chosen) <= set(ASKED_FOR) else threads)
        keep_for_good()
        try:
            for name in chosen:
                if name not in ("start",):
                    SECTIONS[name](stations, seconds)
        finally:
            stop(stations)
        if "start" in chosen:
            SECTIONS["start"](stations, seconds)
    return 0


SECTIONS: dict[str, Callable[[Stations, float], None]] = {
    "fast_lane": lambda stations, seconds: fast_lane(stations, seconds, _posts),
    "related": lambda stations, seconds: related(stations, seconds, _posts, SITE),
    "tags": lambda stations, seconds: tags(stations, seconds, _posts, SITE),
    "deep_lane": deep_lane,
    "flags": flags,
    "import": importing,
    "queue": queue,
    "start": lambda stations, seconds: serving(stations, seconds, _posts),
    "scale": lambda stations, seconds: scale(stations, seconds, texts_of(_posts(ASKED), TYPED), SITE),
}
ASKED_FOR = ("scale",)
"""Sections that run only where they are named: a quarter of an hour."""


def _posts(count: int) -> list[NewPost]:
    folder = Path("eval/datasets/posts")
    lines = [
        line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text("utf-8").strip("\n").split("\n")
    ]
    rows = [row for row in map(json.loads, lines) if row["lang"] == "en"]
    words = " ".join(row["body"] for row in rows).split()
    return [
        NewPost(
            site=SITE,
            external_id=f"bench-{n}",
            title=rows[n]["title"],
            body=" ".join(words[n * WORDS : (n + 1) * WORDS]),
        )
        for n in range(count)
    ]
