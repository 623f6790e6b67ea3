"""Speed and memory of the service, ratios measured in one process."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from eval.bench.community import fill
from eval.bench.deep_lane import deep_lane
from eval.bench.importing import importing
from eval.bench.queue import queue
from eval.bench.related import related
from eval.runner import console
from service.app import Adapters, build, stop
from service.assess_post import read_post
from service.corpus.sample_community import load_sample
from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.intake.windows import embed_post
from service.settings import Settings
from service.stations import Stations

SITE = "sample"
WORDS = 250


def run_bench(sections: Sequence[str], *, threads: int, seconds: float) -> int:
    """Measure the named sections, all of them without any; prints a line each. Returns the exit code."""
    chosen = sections or tuple(SECTIONS)
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
        fill(stations, SITE, threads)
        try:
            for name in chosen:
                if name not in ("start",):
                    SECTIONS[name](stations, seconds)
        finally:
            stop(stations)
        if "start" in chosen:
            SECTIONS["start"](stations, seconds)
    return 0


def fast_lane(stations: Stations, seconds: float) -> None:
    """A post of 250 words against its embedding and one vector query; then eight clients at once."""
    posts = _posts(40)
    for post in posts[:5]:
        read_post(stations.readers, post)
    whole, bare = [], []
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline:
        for post in posts:
            whole.append(_ms(partial(read_post, stations.readers, post)))
            bare.append(_ms(partial(_embed_and_query, stations, normalise(post))))
    ratio = statistics.median(whole) / statistics.median(bare)
    console.print(
        f"fast lane: median {statistics.median(whole):.1f} ms, embedding + one query {statistics.median(bare):.1f} ms, "
        f"ratio {ratio:.2f} (target ≤ 2.0), n {len(whole)}"
    )
    with ThreadPoolExecutor(8) as pool:
        times = list(pool.map(lambda p: _ms(lambda: read_post(stations.readers, p)), posts * 4))
    p99 = float(np.quantile(times, 0.99))
    console.print(
        f"fast lane, 8 clients: median {statistics.median(times):.1f} ms, p99 {p99:.1f} ms, "
        f"p99/median {p99 / statistics.median(times):.2f} (target ≤ 3), n {len(times)}"
    )


def memory(stations: Stations, seconds: float) -> None:
    """Resident memory of this process (the corpus loaded) before the local language model."""
    read_post(stations.readers, _posts(1)[0])
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    console.print(f"resident memory before the local model: {pages * 4096 / 1e6:.0f} MB (target ≤ 500)")


def start(stations: Stations, seconds: float) -> None:
    """From starting `answerloop serve` on a loaded store to `/readyz` 200, the second time."""
    settings = stations.settings
    for attempt in ("first", "warm"):
        environment = {"DATA_DIR": str(settings.data_dir), "PORT": str(settings.port), "PATH": "/usr/bin:/bin"}
        begin = time.perf_counter()
        command = [sys.executable, "-m", "service.cli", "serve"]
        server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            took = _until_ready(settings.port, begin)
            rss = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1]) * 4096 / 1e6
            console.print(f"start to /readyz ({attempt}): {took:.2f} s (target ≤ 4), {rss:.0f} MB then")
        finally:
            server.terminate()
            server.wait(20)


SECTIONS: dict[str, Callable[[Stations, float], None]] = {
    "fast_lane": fast_lane, "related": lambda stations, seconds: related(stations, seconds, _posts, SITE),
    "deep_lane": deep_lane, "import": importing, "memory": memory, "queue": queue, "start": start,
}  # fmt: skip


def _posts(count: int) -> list[NewPost]:
    folder = Path("eval/datasets/posts")
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
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


def _embed_and_query(stations: Stations, readable: object) -> None:
    embedded = embed_post(readable, stations.embedder)  # type: ignore[arg-type]
    stations.vectors.query(stations.index.collection(SITE, "passages"), embedded.mean.reshape(1, -1), 100)


def _ms(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begin)


def _until_ready(port: int, begin: float) -> float:
    while time.perf_counter() - begin < 60:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return time.perf_counter() - begin
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    return float("inf")
