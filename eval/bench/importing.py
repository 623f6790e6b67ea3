"""How fast past threads come in, against the bare embedder on the same passages, and whether memory stays flat."""

from __future__ import annotations

import json
import random
import re
import tempfile
import time
from pathlib import Path

from eval.runner import console
from service.corpus.importing import import_file
from service.stations import Stations

THREADS = 600
SEED = 11
SAMPLE = Path("service/corpus/sample")


def importing(stations: Stations, _seconds: float) -> None:
    """Twice as many threads as before, recombined from the sample community's sentences; no text occurs twice."""
    rates, memory = [], []
    with tempfile.TemporaryDirectory() as folder:
        for part, count in enumerate((THREADS // 3, THREADS)):
            path = Path(folder) / f"threads-{part}.jsonl"
            _write(path, count, part)
            begin = time.perf_counter()
            site = f"bench-import-{part}"
            import_file(stations.database, stations.index, stations.clock, path, site=site, format="jsonl")
            took = time.perf_counter() - begin
            texts = _passages(stations, site)
            rates.append((len(texts), len(texts) / took))
            memory.append(int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6)
        texts = texts[:1500]
        begin = time.perf_counter()
        for start in range(0, len(texts), 64):
            stations.embedder.embed(texts[start : start + 64])
        bare = len(texts) / (time.perf_counter() - begin)
    passages, rate = rates[-1]
    console.print(
        f"import: {passages} passages, {rate:.0f} a second, the bare embedder {bare:.0f}, ratio {rate / bare:.2f} (target ≥ 0.75); "
        f"memory {memory[0]:.0f} MB after {rates[0][0]} passages, {memory[1]:.0f} MB after {rates[0][0] + passages}"
    )


def _passages(stations: Stations, site: str) -> list[str]:
    import sqlalchemy as sa

    from service.corpus.tables import PassageRow, ThreadRow

    with stations.database.read() as session:
        query = (
            sa.select(PassageRow.text)
            .join(ThreadRow, ThreadRow.id == PassageRow.thread_id)
            .where(ThreadRow.site == site)
        )
        return list(session.scalars(query))


def _write(path: Path, count: int, part: int) -> None:
    rng = random.Random(SEED + part)
    rows = [
        json.loads(line)
        for file in sorted(SAMPLE.glob("*.jsonl"))
        for line in file.read_text("utf-8").strip("\n").split("\n")
    ]
    pool = [s for row in rows for a in row["answers"] for s in re.split(r"(?<=[.!?])\s+", a["body"]) if len(s) > 30]

    def text(sentences: int) -> str:
        return " ".join(rng.choice(pool) for _ in range(sentences)) + f" ({rng.randrange(10**9)})"

    with path.open("w", encoding="utf-8") as out:
        for number in range(count):
            thread = dict(rng.choice(rows))
            thread |= {"external_id": f"import-{part}-{number}", "body": text(8)}
            thread["answers"] = [
                {**a, "external_id": f"{part}-{number}-{i}", "body": text(7)} for i, a in enumerate(thread["answers"])
            ]
            out.write(json.dumps(thread, ensure_ascii=False) + "\n")
