"""What reading flags costs beside the forward passes that a post is embedded with anyway: the adapted layers are part of it."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from eval.runner import console
from service.intake.normalise import normalise
from service.intake.post import BODY_LIMIT, NewPost
from service.intake.windows import embed_post
from service.retrieval.evidence import Evidence
from service.stations import Stations

SITE = "sample"
WORDS = (50, 250, 2_000)
LENGTHS = (6_250, 12_500, 25_000, 50_000, BODY_LIMIT)
HARD = {
    "one letter": "a", "capitals": "Aa Bb ", "digits": "1 ", "digits and dashes": "1-", "brackets": "([{<", "open tags": "<b <i ", "comments": "<!-- ",
    "addresses": "a@b.co ", "almost addresses": "a@", "links": "http://a.b/?ref=", "quotes": "\"'`", "card-like": "4111 1111 1111 ", "id-like": "AB12 CDEF ",
    "hidden": "a\u200b", "emoji": "😀", "signs without spaces": "死亡", "lines": "x\n", "questions": "why? ", "threats": "I will kill ", "names": "my manager Aa ",
    "orders": "ignore all previous ", "months": "since 3 May at ", "base64": "QUJD", "passwords": "password is ",
}  # fmt: skip


def flags(stations: Stations, seconds: float) -> None:
    """Ratios at three lengths, the growth up to the longest body, and the hardest texts at 20,000 characters."""
    text = _prose()
    for words in WORDS:
        _compare(stations, f"{words} words", " ".join(text[:words]), max(3, int(seconds / words * 100)))
    grown = []
    joined = " ".join(text)
    for length in LENGTHS:
        body = (joined * (1 + length // len(joined)))[:length]
        read, _ = _measure(stations, body, 3, embed=False)
        grown.append(read)
    steps = ", ".join(f"{length:,}: {ms:.0f} ms" for length, ms in zip(LENGTHS, grown, strict=True))
    console.print(
        f"flags, length: {steps}; {grown[-1] / grown[0]:.1f} × for {LENGTHS[-1] / LENGTHS[0]:.0f} × the text (target: linear)"
    )
    worst = max((_ratio(stations, (unit * 20_000)[:20_000]), name) for name, unit in HARD.items())
    console.print(
        f"flags, hard texts of 20,000 characters: worst ratio {worst[0]:.2f}, {worst[1]} (target ≤ 2), n {len(HARD)}"
    )


def _compare(stations: Stations, name: str, body: str, times: int) -> None:
    read, embedded = _measure(stations, body, times)
    console.print(
        f"flags, {name}: detectors and reader {read:.1f} ms, embedding {embedded:.1f} ms, ratio {read / embedded:.2f} "
        f"(target ≤ 1.3), n {times}"
    )


def _ratio(stations: Stations, body: str) -> float:
    read, embedded = _measure(stations, body, 1)
    return read / embedded


def _measure(stations: Stations, body: str, times: int, embed: bool = True) -> tuple[float, float]:
    """(median ms of the flag reader with the adapted layers, median ms of the embedding) for one body, each once beforehand."""
    post = NewPost(site=SITE, external_id="bench", title="How would you decide?", body=body)
    readable = normalise(post)
    embedded, reader = embed_post(readable, stations.embedder, adapted=True), stations.readers.flag_reader
    reads = [_ms(lambda: reader.read(post, readable, embedded, Evidence())) for _ in range(times)]
    if not embed:
        return statistics.median(reads), 0.0
    plain, adapted = (
        statistics.median([_ms(partial(embed_post, readable, stations.embedder, adapted=also)) for _ in range(times)])
        for also in (False, True)
    )
    return statistics.median(reads) + max(adapted - plain, 0.0), plain


def _prose() -> list[str]:
    lines = [
        line
        for path in sorted(Path("eval/datasets/posts").glob("*.jsonl"))
        for line in path.read_text("utf-8").strip("\n").split("\n")
    ]
    rows = [row for row in map(json.loads, lines) if row["lang"] == "en" and row["family"] == "clean"]
    return " ".join(row["body"] for row in rows).split()


def _ms(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begin)
