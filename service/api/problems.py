"""Errors as RFC 9457 problem details: one handler renders them all."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import sqlalchemy.exc
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from service.errors import AnswerloopError, StoreUnavailable
from service.intake.post import BODY_LIMIT

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
_BY_STATUS = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}


def problem(status: int, code: str, title: str, detail: str, **extra: Any) -> JSONResponse:
    """A problem document; `extra` stands beside the standard members."""
    body = {"type": f"urn:answerloop:{code}", "title": title, "status": status, "detail": detail, "code": code}
    return JSONResponse(body | {k: v for k, v in extra.items() if v is not None}, status, media_type=MEDIA_TYPE)


def from_error(error: AnswerloopError) -> JSONResponse:
    """An error of our tree as a problem document."""
    extra = {k: v if isinstance(v, int | float | list | dict) else str(v) for k, v in error.extra.items()}
    response = problem(error.status, error.code, error.title, error.detail, field=error.field, **extra)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if "retry_after" in extra:
        response.headers["Retry-After"] = str(extra["retry_after"])
    return response


def install(app: FastAPI) -> None:
    """Render every error that reaches the app."""

    @app.exception_handler(AnswerloopError)
    def _ours(_request: Request, error: AnswerloopError) -> JSONResponse:
        return from_error(error)

    @app.exception_handler(RequestValidationError)
    def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        return invalid(error.errors())

    @app.exception_handler(HTTPException)
    def _http(_request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 400 and "parsing the body" in str(error.detail):
            return invalid([{"loc": ("body",), "msg": "is no JSON in UTF-8", "type": "json_invalid"}])
        code = _BY_STATUS.get(error.status_code, "request_refused")
        return problem(error.status_code, code, str(error.detail), str(error.detail))

    @app.exception_handler(sqlalchemy.exc.DBAPIError)
    def _sql(_request: Request, error: sqlalchemy.exc.DBAPIError) -> JSONResponse:
        log.error("the database refused a statement: %s", type(error.orig).__name__)
        return from_error(StoreUnavailable("the database cannot be read or written just now"))

    @app.exception_handler(Exception)
    def _unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("an unexpected error: %s", type(error).__name__, exc_info=error)
        response = problem(500, "internal", AnswerloopError.title, "the error was logged with the request's id")
        if request_id := getattr(request.state, "request_id", ""):
            response.headers["X-Request-Id"] = request_id
        return response


def invalid(errors: Sequence[Any]) -> JSONResponse:
    """Validation errors: each names its field and says what is wrong, never repeating what was sent."""
    found = []
    for error in errors:
        place = [str(part) for part in error["loc"] if part not in ("body", "query", "path")]
        message = str(error["msg"]).removeprefix("Value error, ")
        if error["type"] in ("too_long", "string_too_long") and isinstance(error.get("input"), str):
            message = f"at most {error['ctx']['max_length']} characters"
        found.append({"field": _plain(".".join(place)) or "body", "problem": _plain(message)})
    first = found[0] if found else {"field": "body", "problem": "invalid"}
    too_large = any(e["problem"] == f"at most {BODY_LIMIT} characters" for e in found)
    status, code = (413, "too_large") if too_large else (422, "invalid_input")
    title = "The request is too large" if too_large else "The request cannot be worked with"
    return problem(
        status, code, title, f"{first['field']}: {first['problem']}", field=first["field"], errors=found[:50]
    )


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")[:300]
