"""Batch exchange: every model call that has no recording, as a request file of the OpenAI Batch API, and its results.

https://platform.openai.com/docs/guides/batch: one JSON object a line, found again by `custom_id`, which is the digest
of the request. Any provider's batch endpoint, or any offline source of completions, can answer such a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.recordings import Miss, Recording, Recordings
from service.models.calls import BackendRequest


class InvalidBatch(Exception):
    """A result file that cannot be read; names file and line. Exit code 2."""


@dataclass(frozen=True)
class Taken:
    """What a result file held."""

    kept: int
    failed: list[str]


def request_line(request: BackendRequest) -> dict[str, Any]:
    """One request in the Batch API's format."""
    body: dict[str, Any] = {
        "model": request.model,
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


def write_requests(path: Path, misses: Iterable[Miss]) -> int:
    """Write the requests of all misses, each once; returns how many."""
    lines = [json.dumps(request_line(miss.request), ensure_ascii=False) for miss in misses]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return len(lines)


def read_results(path: Path, recordings: Recordings, prices: Any = None) -> Taken:
    """Keep every completion of a result file. Raises InvalidBatch for a line that is not a batch result."""
    kept, failed = 0, []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            recording = _recording(path, number, line, prices)
            if isinstance(recording, str):
                failed.append(recording)
            else:
                recordings.keep(recording)
                kept += 1
    return Taken(kept, failed)


def _recording(path: Path, number: int, line: str, prices: Any) -> Recording | str:
    try:
        row = json.loads(line)
        custom_id = row["custom_id"]
        response = row.get("response") or {}
        if row.get("error") or response.get("status_code", 200) != 200:
            return str(custom_id)
        body = response["body"]
        choice, usage = body["choices"][0], body.get("usage") or {}
        text, model = choice["message"].get("content") or "", str(body.get("model", "batch"))
        asked, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
        price = prices.of(model) if prices is not None else None
        cost = price.micro_usd(asked or 0, written or 0) / 1e6 if price is not None else 0.0
        return Recording(
            str(custom_id), model, str(text), choice.get("finish_reason") or "stop", choice["message"].get("refusal"),
            asked, written, cost,
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as failure:
        raise InvalidBatch(
            f"{path}:{number}: not a line of a batch result ({type(failure).__name__}). Each line needs `custom_id` and "
            "`response.body.choices[0].message.content`"
        ) from None
