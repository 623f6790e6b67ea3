"""What related lookups and memory do while a community grows: 10,000 threads, then on to 200,000 or to the end of the time.

Rows, words and sketches are those of whole threads; vectors are the sample's, each copy turned a little. Nothing that is
hidden on the way may turn up.
"""

from __future__ import annotations

import statistics
import time
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from eval.bench.community import Community
from eval.bench.timing import milliseconds
from eval.runner import console
from service.corpus.tables import ThreadRow
from service.intake.normalise import ReadablePost
from service.intake.windows import embed_post
from service.stations import Stations

SIZES = (10_000, 25_000, 50_000, 100_000, 200_000)
LONGEST_S = 900.0
"""How long growing may take; what was reached by then is measured."""
ASKED = 60


def scale(stations: Stations, seconds: float, texts: list[ReadablePost], site: str) -> None:
    """Median of a lookup (embedding left out and with it) and resident memory at each size."""
    community, finder = Community(stations, site), stations.readers.finder
    embedding = [milliseconds(partial(embed_post, text, stations.embedder)) for text in texts[:ASKED]]
    embedded = [embed_post(text, stations.embedder) for text in texts[:ASKED]]
    until, first, least, begun = time.monotonic() + max(seconds, LONGEST_S), None, 0.0, 0
    for size in SIZES:
        complete = community.grow(size, until)
        for text, vectors in zip(texts[:5], embedded, strict=False):
            finder.find_related(text, vectors, site)
        asked = [partial(finder.find_related, *one, site) for one in zip(texts, embedded, strict=False)]
        own = statistics.median([milliseconds(one) for one in asked])
        busy = statistics.median([milliseconds(one, time.thread_time) for one in asked])
        whole = own + statistics.median(embedding)
        shown = _hidden_shown(stations, community, texts, site)
        memory, passages = _resident(), community.passages
        if first is None:
            first, least, begun = whole, memory, passages
        growth = (memory - least) / max(passages - begun, 1)
        console.print(
            f"scale, {community.threads} threads, {passages} passages: lookup {own:.1f} ms ({busy:.1f} of a processor), "
            f"with the embedding {whole:.1f} ms, "
            f"{whole / first:.2f} x the first (target ≤ 2), memory {memory / 1e6:.0f} MB, {growth / 1e3:.2f} kB a passage more "
            f"(target ≤ 4), hidden threads shown {shown} (target 0), n {len(embedded)}"
        )
        if not complete:
            console.print(f"scale: the time was over before {size} threads")
            return


def _hidden_shown(stations: Stations, community: Community, texts: list[ReadablePost], site: str) -> int:
    """What comes first is hidden in SQL alone; how much of it is still shown right after."""
    finder = stations.readers.finder
    found = {t.thread_id for text in texts[:5] for t in finder.look_up(text, site)[1].related}
    hide = sa.update(ThreadRow).where(ThreadRow.id.in_(found))
    with stations.database.write() as session:
        session.execute(hide.values(visibility="private"))
    embedded = [embed_post(text, stations.embedder) for text in texts[:5]]
    again = [finder.find_related(text, vectors, site) for text, vectors in zip(texts, embedded, strict=False)]
    with stations.database.write() as session:
        session.execute(hide.values(visibility="public"))
    return len(found & {t.thread_id for evidence in again for t in evidence.related})


def _resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
