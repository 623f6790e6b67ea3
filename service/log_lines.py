"""Log lines: one JSON object a line on standard error, with the request's id, never with what a member wrote or a key.

Our own lines and the server's carry their words. Other libraries may put a request, an address or a text into theirs,
and so does the message of an exception: of these only the kind and the place are written.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

OWN = ("service", "eval", "uvicorn")
SILENT = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")
"""These print requests by handlers of their own; how a model failed is kept with its answer."""
DEEPEST = 20
"""So many places of an exception are written, the innermost ones."""


def begin(level: str) -> None:
    """Write lines of this level and above; from other libraries, warnings and above at most."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(logging.getLevelNamesMapping()[level], logging.WARNING))
    for name in OWN:
        logging.getLogger(name).setLevel(level)
    for name in SILENT:
        logging.getLogger(name).disabled = True
    jobs = logging.getLogger("dbos")  # brings a handler of its own where it finds none
    jobs.handlers[:], jobs.propagate = [handler], False


def of_request(request_id: str) -> None:
    """Name the request that the lines from here on, in this context, belong to."""
    structlog.contextvars.bind_contextvars(request_id=request_id)


def _formatter() -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            _without_words_of_others,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )


def _without_words_of_others(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record: logging.LogRecord = event["_record"]
    if record.name.split(".")[0] not in OWN:
        event["event"] = f"a line of {record.module}:{record.lineno}, its words left out"
    failure = (event.pop("exc_info", None) or (None, None))[1]
    event.pop("stack_info", None)
    if failure is not None:
        event["exception"] = _kind(failure)
        event["at"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(failure.__traceback__)[-DEEPEST:]
        ]
    return event


def _kind(failure: BaseException) -> str:
    cause = failure.__cause__ or failure.__context__
    name = type(failure).__name__
    return name if cause is None else f"{name} from {type(cause).__name__}"
