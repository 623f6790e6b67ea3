"""What went wrong at a provider, told from the exception: the classes of the `openai` package, which LiteLLM subclasses.

Recognised by class name and status, so that nothing has to be imported for it. Messages of providers are not passed
on, because they may repeat the prompt. At the end of a call, its failure becomes the error that callers see.
"""

from __future__ import annotations

import asyncio
import email.utils
import time
from collections.abc import Sequence
from typing import Any

from service.errors import (
    AnswerloopError,
    BudgetExhausted,
    DeadlineExceeded,
    ModelFailed,
    ModelFilesUnusable,
    ModelRefused,
    UnusableReply,
)
from service.models.calls import Attempt, BackendFailure, FailureKind
from service.models.ladder import Misfit

_BY_NAME: dict[str, FailureKind] = {
    "RateLimitError": "rate_limited",
    "Timeout": "timeout",
    "APITimeoutError": "timeout",
    "APIConnectionError": "connection",
    "ContentPolicyViolationError": "refused",
    "UnsupportedParamsError": "no_schema_support",
    "APIResponseValidationError": "bad_reply",
    "JSONDecodeError": "bad_reply",
    "ContextWindowExceededError": "bad_request",
}
_SCHEMA_WORDS = ("response_format", "json_schema", "structured output")


def failure_of(failure: BaseException) -> BackendFailure:
    """The failure as a BackendFailure, with the seconds a provider asked to wait."""
    if isinstance(failure, ModelFilesUnusable):
        raise failure
    for cause in _chain(failure):
        if isinstance(cause, BackendFailure):
            return cause
    name, status = type(failure).__name__, getattr(failure, "status_code", None)
    kind = _BY_NAME.get(name) or _kind_of(failure, status)
    detail = name if status is None else f"{name} {status}"
    return BackendFailure(kind, detail, retry_after_s=_retry_after(failure))


def _kind_of(failure: BaseException, status: Any) -> FailureKind:
    text = str(failure).lower()
    if isinstance(failure, asyncio.TimeoutError | TimeoutError):
        return "timeout"
    if isinstance(failure, AttributeError | TypeError | KeyError | IndexError | UnicodeDecodeError):
        return "bad_reply"
    if status in (400, 404, 422) and any(word in text for word in _SCHEMA_WORDS):
        return "no_schema_support"
    if status == 429:
        return "rate_limited"
    if status in (408, 504):
        return "timeout"
    if isinstance(status, int) and 400 <= status < 500:
        return "bad_request"
    if isinstance(status, int) and status >= 500:
        return "server_error"
    return "connection"


def _retry_after(failure: BaseException) -> float | None:
    for cause in _chain(failure):
        headers = getattr(getattr(cause, "response", None), "headers", None) or {}
        value = headers.get("retry-after")
        if value is None:
            continue
        try:
            return max(0.0, float(value))
        except ValueError:
            pass
        try:
            return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
        except (ValueError, TypeError):
            continue
    return None


def _chain(failure: BaseException) -> list[BaseException]:
    """The exception and what caused it, LiteLLM's `original_exception` included; at most eight."""
    chain: list[BaseException] = []
    following: Any = failure
    while isinstance(following, BaseException) and following not in chain and len(chain) < 8:
        chain.append(following)
        original = getattr(following, "original_exception", None)
        following = original or following.__cause__ or following.__context__
    return chain


def error_for_callers(failure: Exception, attempts: Sequence[Attempt]) -> AnswerloopError:
    """What a call raises for the failure it ended with, with the attempts in its problem document."""
    if isinstance(failure, BudgetExhausted):
        return failure
    tried = [{"model": attempt.model, "outcome": attempt.outcome} for attempt in attempts]
    kind = getattr(failure, "kind", "")
    if kind in ("timeout", "waited"):
        return DeadlineExceeded("no model answered in time", attempts=tried)
    if kind == "refused":
        return ModelRefused("the model refused", attempts=tried)
    if isinstance(failure, Misfit):
        return UnusableReply(f"no model gave a usable reply: {failure.problem}", attempts=tried)
    if isinstance(failure, BackendFailure):
        return ModelFailed(f"no model could be asked: {kind}", attempts=tried)
    return ModelFailed(str(failure), attempts=tried)
