"""The bundled writer: SmolLM2 on llama.cpp, in process, one thread, one call at a time, below everything else.

It loads at the first call. llama.cpp insists on an HTTP listener; it gets a Unix socket in a private folder, which is
unlinked at once, so that nobody can reach it. Generation is always streamed inside, which is what makes a call
cancellable: prompts are read in batches of 64 tokens (half a second) and each batch asks whether to go on.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.errors import ModelFilesUnusable
from service.models.calls import BackendFailure, JsonSchema, Message, Reply
from service.models.files import checked_path

CONTEXT_TOKENS = 2048
BATCH_TOKENS = 64
NICENESS = 10
LONGEST_STRING = 280
_CONTROL = re.compile(
    r"<(?=\|[a-z_]{1,30}\|>|(?:repo_name|reponame|file_sep|filename|gh_stars|issue_\w+|jupyter_\w+|empty_output)>)"
)
MODEL_FILES = {"local/SmolLM2-135M-Instruct": "SmolLM2-135M-Instruct.Q4_1.gguf"}


@dataclass(frozen=True)
class Writing:
    """One thing to write. `stop` is asked between tokens; `on_text` gets each piece in the writer's thread."""

    messages: Sequence[Message]
    schema: JsonSchema | None
    temperature: float
    max_output_tokens: int
    seed: int = 0
    on_text: Callable[[str], None] = lambda _piece: None
    stop: Callable[[], bool] = lambda: False


class BundledWriter:
    """Writes with the bundled model. Safe to call from any thread; calls queue for the one thread."""

    def __init__(self, folder: Path, model: str = "local/SmolLM2-135M-Instruct") -> None:
        if model not in MODEL_FILES:
            raise ModelFilesUnusable(f"{model} is not bundled; there is {', '.join(MODEL_FILES)}")
        self._folder = folder
        self._file = MODEL_FILES[model]
        self._server: Any = None
        self._closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="bundled-writer", initializer=_step_back)

    def submit(self, writing: Writing) -> Future[Reply]:
        """Queue a writing. The future raises BackendFailure or ModelFilesUnusable."""
        return self._thread.submit(self._write, writing)

    def close(self) -> None:
        """Stop the call under way within a batch, drop those waiting, free the model's memory."""
        self._closed = True
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._server = None

    def _write(self, writing: Writing) -> Reply:
        if self._server is None:
            self._server = _load(checked_path(self._folder, self._file))
        pieces: list[str] = []
        seen: dict[str, Any] = {"finish": None, "usage": {}, "error": None}

        def on_chunk(chunk: Any) -> bool:
            if "error" in chunk:
                seen["error"] = chunk["error"]
                return True
            seen["usage"] = chunk.get("usage") or seen["usage"]
            for choice in chunk.get("choices") or ():
                seen["finish"] = choice.get("finish_reason") or seen["finish"]
                piece = (choice.get("delta") or {}).get("content")
                if piece:
                    pieces.append(piece)
                    writing.on_text(piece)
            return self._should_stop(writing)

        if self._should_stop(writing):
            raise BackendFailure("timeout", "stopped")
        try:
            self._server.handle_chat_completions(_payload(writing), on_chunk)
        except (ValueError, RuntimeError) as failure:
            raise BackendFailure("bad_request", type(failure).__name__) from None
        if seen["error"] is not None:
            raise BackendFailure("bad_request", str(seen["error"].get("type", "error")))
        if seen["finish"] is None:
            raise BackendFailure("timeout", "stopped")
        usage = seen["usage"]
        return Reply(
            text="".join(pieces),
            finish=seen["finish"],
            input_tokens=usage.get("prompt_tokens"),
            output_tokens=usage.get("completion_tokens"),
        )

    def _should_stop(self, writing: Writing) -> bool:
        return self._closed or writing.stop() or not threading.main_thread().is_alive()


def _payload(writing: Writing) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "messages": [{"role": m.role, "content": without_control_tokens(m.content)} for m in writing.messages],
        "max_tokens": writing.max_output_tokens,
        "temperature": writing.temperature,
        "seed": writing.seed,
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,
        "cache_prompt": True,
        "repeat_penalty": 1.1,
        "repeat_last_n": 64,
    }
    if writing.schema is not None:
        schema = {"name": "reply", "schema": bounded(writing.schema), "strict": True}
        payload["response_format"] = {"type": "json_schema", "json_schema": schema}
    return payload


def without_control_tokens(text: str) -> str:
    """`text` with what the tokenizer would take for the start or end of a message made harmless."""
    return _CONTROL.sub("‹", text)


def bounded(schema: Any) -> Any:
    """The schema with a length for every string that has none: a small model otherwise does not find its end."""
    if isinstance(schema, list):
        return [bounded(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    closed = {key: bounded(part) for key, part in schema.items()}
    if schema.get("type") == "string" and not {"maxLength", "enum", "const"} & set(schema):
        closed["maxLength"] = LONGEST_STRING
    return closed


def _load(path: Path) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = CONTEXT_TOKENS
    params.n_batch = params.n_ubatch = BATCH_TOKENS
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = params.n_threads_http = 1
    params.n_gpu_layers = 0
    params.cache_ram_mib = 0
    params.warmup = False
    params.ui = False
    params.verbosity = -1
    params.api_keys = [secrets.token_hex(32)]
    with tempfile.TemporaryDirectory(prefix="answerloop-") as private:
        params.hostnames = [str(Path(private) / "s.sock")]
        try:
            return xllamacpp.Server(params)
        except RuntimeError as failure:
            raise ModelFilesUnusable(f"{path.name} cannot be loaded: {type(failure).__name__}") from None


def _step_back() -> None:
    """On Linux niceness belongs to a thread, and those that llama.cpp starts from this one inherit it."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
