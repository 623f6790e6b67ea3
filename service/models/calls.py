"""What is asked of a model and what comes back: the values that the gateway, its backends and its callers share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from service.errors import AnswerloopError

Role = Literal["system", "user", "assistant"]
JsonSchema = Mapping[str, Any]

USED = ("input_tokens", "output_tokens", "cost_usd")
LOCAL_PREFIX = "local/"
"""Model ids that start so run on this machine: nothing leaves it and nothing costs."""


@dataclass(frozen=True)
class Message:
    """One message of a conversation with a model."""

    role: Role
    content: str


@dataclass(frozen=True)
class ModelCall:
    """One task for a model.

    `models` are LiteLLM ids, first choice first; the later ones are fallbacks. `schema` asks for one JSON object of
    that JSON Schema. `deadline_s` bounds everything together: waiting, retries, re-asks and fallbacks (None: the
    setting). `key_id` is the API key whose budget pays. `repeat` tells otherwise equal calls apart (a regenerated
    draft). `subjects` are the ids of the posts and threads whose text is in the messages: a reply is kept in the cache
    only when they are named, so that an erasure finds it. `cut_off_usable` says that the beginning of a reply that hit
    its token cap is still worth having (sentences of a draft are, a list of flags is not). `accepts` is a wider schema by
    which replies are read where the caller itself drops what `schema` rules out; it is not sent.
    """

    feature: str
    models: tuple[str, ...]
    messages: tuple[Message, ...]
    schema: JsonSchema | None = None
    temperature: float = 0.0
    max_output_tokens: int = 1000
    deadline_s: float | None = None
    key_id: str | None = None
    repeat: int = 0
    subjects: tuple[str, ...] = ()
    cut_off_usable: bool = False
    accepts: JsonSchema | None = None


@dataclass(frozen=True)
class Attempt:
    """One question put to one model: what came of it (`ok` or the kind of failure) and how long it took."""

    model: str
    outcome: str
    ms: float


@dataclass(frozen=True)
class Completion:
    """The answer to a ModelCall. `data` is the parsed reply where a schema was given.

    `rungs` names the steps of the structured-output ladder that were used, in order. `request_sha256` identifies the
    exact request that was answered. `ms` is all the time taken, of which `queued_ms` was spent waiting for a place.
    """

    text: str
    data: Any
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float
    ms: float
    rungs: tuple[str, ...]
    request_sha256: str
    finish: str
    queued_ms: float = 0.0
    cached: bool = False
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True)
class BackendRequest:
    """One question to one model, exactly as it leaves. `timeout_s` and `native_schema` are no part of its identity."""

    model: str
    messages: tuple[Message, ...]
    schema: JsonSchema | None
    temperature: float
    max_output_tokens: int
    timeout_s: float
    repeat: int = 0
    native_schema: bool = True

    @property
    def sha256(self) -> str:
        """Digest of everything that can change the answer: recordings and the cache are found by it."""
        content = {
            "model": self.model,
            "messages": [[message.role, message.content] for message in self.messages],
            "schema": self.schema,
            "temperature": self.temperature,
            "max_output_tokens": self.max_output_tokens,
            "repeat": self.repeat,
        }
        return hashlib.sha256(json.dumps(content, ensure_ascii=True, sort_keys=False).encode()).hexdigest()


@dataclass(frozen=True)
class Reply:
    """What a model sent back. Token counts are None where the provider did not say."""

    text: str
    finish: str = "stop"
    refusal: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


FailureKind = Literal[
    "rate_limited",
    "server_error",
    "timeout",
    "connection",
    "bad_reply",
    "bad_request",
    "no_schema_support",
    "refused",
    "busy",
    "waited",
    "breaker_open",
]


class BackendFailure(Exception):
    """A backend got no reply. `kind` decides whether to retry, to fall back, or to ask in another way.

    The message names no member text: it is the exception's type or an HTTP status.
    """

    def __init__(self, kind: FailureKind, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind
        self.retry_after_s = retry_after_s


class Backend(Protocol):
    """Whatever answers requests: LiteLLM in service, a script in tests, recordings in evals."""

    async def ask(self, request: BackendRequest) -> Reply:
        """The whole reply. Raises BackendFailure."""

    def stream(self, request: BackendRequest) -> AsyncGenerator[str | Reply, None]:
        """Pieces of text, then one Reply with the whole. Raises BackendFailure."""

    async def close(self) -> None:
        """Free connections, threads and models."""


@dataclass
class Spent:
    """Running totals of one ModelCall over all its attempts."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_micro_usd: int = 0
    attempts: list[Attempt] = field(default_factory=list)
    rungs: list[str] = field(default_factory=list)
    last_reply: Reply | None = None

    @property
    def usage(self) -> dict[str, float]:
        """Tokens and dollars so far."""
        cost_usd = self.cost_micro_usd / 1e6
        return {"input_tokens": self.input_tokens, "output_tokens": self.output_tokens, "cost_usd": cost_usd}


def used_by(failure: AnswerloopError) -> dict[str, float]:
    """Tokens and dollars that a call took although it failed; empty for an error that is none of the gateway's."""
    told = failure.extra.get("usage")
    return dict(told) if isinstance(told, dict) else {}


def usage_of(*records: Mapping[str, Any]) -> dict[str, float]:
    """Tokens and dollars of several records together."""
    return {name: sum(record.get(name, 0) for record in records) for name in USED}


def is_local(model: str) -> bool:
    """Whether asking this model keeps everything on this machine."""
    return model.startswith(LOCAL_PREFIX)


def model_list(setting: str) -> tuple[str, ...]:
    """The models of a setting such as `DRAFT_MODEL`: comma-separated, first choice first, each once."""
    return tuple(dict.fromkeys(part.strip() for part in setting.split(",") if part.strip()))


def estimated_tokens(texts: Sequence[str]) -> int:
    """An upper estimate of the tokens in `texts` for any model: a token for 3 bytes of UTF-8 (English has 4 to 5)."""
    return sum(len(text.encode("utf-8", "replace")) + 2 for text in texts) // 3 + 4 * len(texts)
