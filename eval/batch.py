"""Batch exchange: every model call that has no recording, as a request file of the OpenAI Batch API, and its results.

https://platform.openai.com/docs/guides/batch: one JSON object a line, found again by `custom_id`, which is the digest
of the request. Any provider's batch endpoint, or any offline source of completions, can answer such a file. Providers know
a model by its bare id and name a dated one in their reply, so what was asked of which model is noted in
`reports/requested.jsonl` and a completion is kept under that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval import results
from eval.recordings import Miss, Recording, Recordings, end_last_line
from service.models.calls import BackendRequest


class InvalidBatch(Exception):
    """A result file that cannot be read; names file and line. Exit code 2."""


@dataclass(frozen=True)
class Taken:
    """What a result file held. `unknown` are ids that were never asked from here; they are kept under their reply's model."""

    kept: int
    failed: list[str]
    unknown: list[str] = field(default_factory=list)


def request_line(request: BackendRequest) -> dict[str, Any]:
    """One request in the Batch API's format."""
    body: dict[str, Any] = {
        "model": bare(request.model),
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "temperature": request.temperature,
        "max_tokens": request.max_output_tokens,
    }
    if request.repeat:
        body["seed"] = request.repeat
    if request.schema is not None and request.native_schema:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "reply", "schema": dict(request.schema), "strict": True},
        }
    return {"custom_id": request.sha256, "method": "POST", "url": "/v1/chat/completions", "body": body}


def bare(model: str) -> str:
    """A model id without LiteLLM's provider, as the provider itself calls it."""
    return model.partition("/")[2] or model


def write_requests(path: Path, misses: Iterable[Miss]) -> int:
    """Write the requests of all misses, each once, and note their models; returns how many."""
    requests = [miss.request for miss in misses]
    path.write_text("".join(json.dumps(request_line(r), ensure_ascii=False) + "\n" for r in requests), encoding="utf-8")
    known = requested()
    fresh = [r for r in requests if known.get(r.sha256) != r.model]
    _noted().parent.mkdir(parents=True, exist_ok=True)
    end_last_line(_noted())
    with _noted().open("a", encoding="utf-8") as notes:
        notes.writelines(json.dumps({"custom_id": r.sha256, "model": r.model}) + "\n" for r in fresh)
    return len(requests)


def requested() -> dict[str, str]:
    """`custom_id` → model of every request that was ever written here."""
    lines = _noted().read_text("utf-8").splitlines() if _noted().is_file() else []
    rows = [json.loads(line) for line in lines if line.endswith("}")]
    return {row["custom_id"]: row["model"] for row in rows}


def _noted() -> Path:
    return results.REPORTS / "requested.jsonl"


def read_results(path: Path, recordings: Recordings, prices: Any = None) -> Taken:
    """Keep every completion of a result file. Raises InvalidBatch for a line that is not a batch result."""
    kept, failed, unknown, models = 0, list[str](), list[str](), requested()
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            recording = _recording(path, number, line, prices, models)
            custom_id = recording if isinstance(recording, str) else recording.sha256
            if custom_id not in models:
                unknown.append(custom_id)
            if isinstance(recording, str):
                failed.append(recording)
            else:
                recordings.keep(recording)
                kept += 1
    return Taken(kept, failed, unknown)


def _recording(path: Path, number: int, line: str, prices: Any, models: Mapping[str, str]) -> Recording | str:
    try:
        row = json.loads(line)
        custom_id = str(row["custom_id"])
        response = row.get("response") or {}
        if row.get("error") or response.get("status_code", 200) != 200:
            return custom_id
        body = response["body"]
        choice, usage = body["choices"][0], body.get("usage") or {}
        text, model = choice["message"].get("content") or "", models.get(custom_id) or str(body.get("model", "batch"))
        asked, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
        price = prices.of(model) if prices is not None else None
        cost = price.micro_usd(asked or 0, written or 0) / 1e6 if price is not None else 0.0
        return Recording(
            custom_id, model, str(text), choice.get("finish_reason") or "stop", choice["message"].get("refusal"),
            asked, written, cost,
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as failure:
        raise InvalidBatch(
            f"{path}:{number}: not a line of a batch result ({type(failure).__name__}). Each line needs `custom_id` and "
            "`response.body.choices[0].message.content`"
        ) from None
