"""What `/openapi.json` says beside what FastAPI finds by itself: how a call is refused, and answers that are no JSON."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from service import errors
from service.api.problems import MEDIA_TYPE

TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "Why a call was refused (RFC 9457). Go by `code`, which is stable; further members depend on it.",
    "type": "object",
    "properties": {
        "type": TEXT, "title": TEXT, "status": WHOLE, "detail": TEXT, "code": TEXT,
        "field": TEXT | {"description": "The member or parameter that is wrong."},
        "errors": {
            "type": "array",
            "items": {"type": "object", "properties": {"field": TEXT, "problem": TEXT}, "required": ["field", "problem"]},
        },
        "retry_after": WHOLE | {"description": "Seconds."},
    },
    "required": ["type", "title", "status", "detail", "code"],
    "additionalProperties": True,
}  # fmt: skip
"""The schema of what `problems.problem` makes."""

REFUSED_WITH: tuple[type[errors.AnswerloopError], ...] = (
    errors.NotSignedIn, errors.NotAllowed, errors.NotFound, errors.Conflict, errors.StaleVersion, errors.TooLarge,
    errors.InvalidInput, errors.TooManyRequests, errors.Unavailable,
)  # fmt: skip


def refusal(error: type[errors.AnswerloopError]) -> dict[str, Any]:
    """The response of a call that is refused so, with an example."""
    kind = {"type": f"urn:answerloop:{error.code}", "title": error.title, "status": error.status}
    shown = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": kind | {"detail": "…", "code": error.code}}
    return {"description": error.title, "content": {MEDIA_TYPE: shown}}


REFUSALS: dict[int | str, dict[str, Any]] = {error.status: refusal(error) for error in REFUSED_WITH}
"""The `responses` of every call of the API."""


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


class JsonLines(Response):
    """One JSON object a line."""

    media_type = "application/x-ndjson"


class Markdown(PlainTextResponse):
    """A text to copy."""

    media_type = "text/markdown"


class DescribedApp(FastAPI):
    """FastAPI, whose document also has the schema that `REFUSALS` points to."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        document = super().openapi()
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
        return document
