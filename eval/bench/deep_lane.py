"""The drafting station's own work: everything a draft takes that no model is writing."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from eval.runner import console
from service.assess_post import read_post
from service.corpus import sample_community
from service.drafting.focus import focused
from service.drafting.sentences import sentences
from service.drafting.shown import shown_passages
from service.drafting.write import Drafter
from service.flagging.flag import Route
from service.intake.post import NewPost
from service.models.calls import BackendRequest, Reply
from service.models.gateway import Gateway
from service.retrieval.evidence import EvidencePassage
from service.settings import Settings
from service.stations import Stations

POSTS = 40
SAMPLE = Path(sample_community.__file__).with_name("sample")
CLAIMS, CLAIMS_SMALL = 10, 4
WRITES_FOR_S, PIECES = 4.0, 60
"""How long the stand-in for a model takes, in how many pieces: less than any model needs for so much text."""
TARGET_MS = 60


class _StandIn:
    """Answers each request with claims over the passages of the draft under way, after a while."""

    def __init__(self) -> None:
        self.reply: dict[str, Any] = {}

    async def ask(self, request: BackendRequest) -> Reply:
        return Reply(json.dumps(self.reply))

    async def stream(self, request: BackendRequest) -> AsyncGenerator[str | Reply, None]:
        reply = await self.ask(request)
        step = len(reply.text) // PIECES + 1
        for start in range(0, len(reply.text), step):
            await asyncio.sleep(WRITES_FOR_S / PIECES)
            yield reply.text[start : start + step]
        yield reply

    async def close(self) -> None:
        return


def deep_lane(stations: Stations, seconds: float) -> None:
    """Own time of drafts: no model (scaffold), a large model's ten claims, the bundled model's four."""
    read = [(post, read_post(stations.readers, post)) for post in _posts()]
    for name, model in (
        ("no model", ""), ("large model, 10 claims", "bench/large"), ("bundled model, 4 claims", "local/SmolLM2-135M-Instruct"),
    ):  # fmt: skip
        settings: Settings = stations.settings.model_copy(update={"draft_model": model})
        backend = _StandIn()
        gateway = Gateway(settings, stations.database, stations.clock, backend)
        drafter = Drafter(gateway, stations.labels, settings, stations.embedder, settings.prompts_dir)
        own: list[float] = []
        kinds: list[str] = []
        ends = time.perf_counter() + max(seconds, 5.0)
        for attempt, (post, found) in enumerate(read):
            small = model.startswith("local/")
            shown = shown_passages(focused(found.evidence), small)
            backend.reply = _small(shown) if small else _large(shown)
            made = drafter.write(
                post,
                found.readable,
                found.evidence,
                Route(to="publish"),
                today=stations.clock().date(),
                attempt=attempt,
            )
            if made.status == "ready":
                own.append(made.provenance["ms"]["draft_own"])
                kinds.append(made.kind or "")
            if time.perf_counter() > ends and len(own) >= 10:
                break
        gateway.close()
        console.print(
            f"draft, {name}: own work median {statistics.median(own):.0f} ms, p95 {sorted(own)[int(0.95 * len(own))]:.0f} ms "
            f"(target ≤ {TARGET_MS} median), n {len(own)}, scaffolds {kinds.count('scaffold')}"
        )


def _posts() -> list[NewPost]:
    """The sample community's questions, asked again: each has answers to rest on."""
    lines = [
        line
        for path in sorted(SAMPLE.glob("threads_*.jsonl"))
        for line in path.read_text("utf-8").strip("\n").split("\n")
    ]
    rows = [json.loads(line) for line in lines][:POSTS]
    return [
        NewPost(site="sample", external_id=row["external_id"], title=row["title"], body=row["body"]) for row in rows
    ]


def _claims(shown: list[EvidencePassage], most: int) -> list[tuple[int, str, str]]:
    """(number of the passage, a sentence of it with its words a little out of order, a quote)."""
    found = []
    for place in range(3):
        for number, passage in enumerate(shown):
            pool = [s for s in sentences(passage.text) if len(s.split()) > 7]
            if place < len(pool):
                parts = pool[place].split()
                found.append((number, " ".join([*parts[:4], *parts[5:]]), " ".join(parts[:6])))
    return found[:most]


def _large(shown: list[EvidencePassage]) -> dict[str, Any]:
    entries = [
        {"section": "answer", "kind": "claim", "text": text, "sources": [{"passage_id": shown[n].id, "quote": quote}]}
        for n, text, quote in _claims(shown, CLAIMS)
    ]
    return {"form": "answer", "abstain_reason": "", "sentences": entries}


def _small(shown: list[EvidencePassage]) -> dict[str, Any]:
    return {"sentences": [{"source": n + 1, "text": text} for n, text, _ in _claims(shown, CLAIMS_SMALL)]}
