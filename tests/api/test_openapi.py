"""What `/openapi.json` says is what the service does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from service.api.problems import MEDIA_TYPE

REFUSED = ("401", "403", "404", "409", "412", "413", "422", "429", "503")
NO_JSON = {
    "GET /v1/drafts/{draft_id}/events": "text/event-stream",
    "GET /v1/review/events": "text/event-stream",
    "POST /v1/index/reindex": "text/event-stream",
    "POST /v1/index/check": "text/event-stream",
    "GET /v1/drafts/{draft_id}/markdown": "text/markdown",
    "GET /v1/cases/accepted.jsonl": "application/x-ndjson",
}
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def document(service: Any) -> dict[str, Any]:
    """The document that clients are made from."""
    return dict(service.call("GET", "/openapi.json", role=None).json())


def operations(service: Any) -> dict[str, dict[str, Any]]:
    """Each call of the API as `METHOD /path`."""
    paths = document(service)["paths"]
    every = {f"{m.upper()} {path}": said for path, methods in paths.items() for m, said in methods.items()}
    found = {name: said for name, said in every.items() if " /v1/" in name}
    assert len(found) > 80
    return found


def test_every_call_says_that_refusals_are_problem_documents(service: Any) -> None:
    wrong = {
        f"{name}: {status}"
        for name, said in operations(service).items()
        for status in REFUSED
        if list(said["responses"].get(status, {}).get("content", {})) != [MEDIA_TYPE]
    }
    assert wrong == set()
    assert "HTTPValidationError" not in document(service)["components"]["schemas"]


def test_every_call_asks_for_an_api_key_and_health_does_not(service: Any) -> None:
    assert [name for name, said in operations(service).items() if said.get("security") != [{"api_key": []}]] == []
    said = document(service)
    scheme = said["components"]["securitySchemes"]["api_key"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    health = said["paths"]["/healthz"]["get"]
    assert "security" not in health and set(health["responses"]) == {"200"}


def test_answers_that_are_no_json_are_not_called_so(service: Any) -> None:
    found = {
        name: list(answer["content"])
        for name, said in operations(service).items()
        for status, answer in said["responses"].items()
        if status.startswith("2") and "content" in answer
    }
    assert {name: kinds for name, kinds in found.items() if kinds != ["application/json"]} == {
        name: [kind] for name, kind in NO_JSON.items()
    }


def test_an_import_has_a_body_of_json_lines(service: Any) -> None:
    body = operations(service)["POST /v1/imports"]["requestBody"]
    assert body["required"] and list(body["content"]) == ["application/x-ndjson"]
    example = body["content"]["application/x-ndjson"]["example"]
    sent = {key: value for key, value in json.loads(example).items() if key != "external_id"}
    assert service.call("PUT", "/v1/threads/acme/t-example", json=sent).status_code == 201


def test_real_refusals_are_what_is_described(service: Any) -> None:
    schema = document(service)["components"]["schemas"]["Problem"]
    Draft202012Validator.check_schema(schema)
    check = Draft202012Validator(schema)
    refused = {
        401: service.call("GET", "/v1/posts/x", role=None),
        403: service.call("GET", "/v1/people", role="site"),
        404: service.call("GET", "/v1/posts/nothing"),
        413: service.call("POST", "/v1/posts", content=b"x" * (1 << 21)),
        422: service.call("POST", "/v1/posts", json={"site": "acme", "surprise": 1}),
    }
    for status, answer in refused.items():
        assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA_TYPE)
        check.validate(answer.json())
        described = operations(service)["POST /v1/posts"]["responses"][str(status)]["content"][MEDIA_TYPE]
        check.validate(described["example"])
        assert described["example"].keys() <= answer.json().keys()
        assert described["example"]["code"] == answer.json()["code"]
    assert refused[422].json()["errors"] and not check.is_valid({"detail": [{"loc": [], "msg": "", "type": ""}]})


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        ("", "send `Authorization: Bearer <API key>`"),
        ("Basic YTpi", "send `Authorization: Bearer <API key>`"),
        ("Bearer", "send `Authorization: Bearer <API key>`"),
        ("Bearer al_nobody", None),
    ],
)
def test_a_header_that_is_no_key_is_refused_by_the_service_itself(
    service: Any, header: str, detail: str | None
) -> None:
    answer = service.call("GET", "/v1/sites", role=None, headers={"Authorization": header} if header else {})
    assert answer.status_code == 401 and answer.json()["code"] == "not_signed_in"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert detail is None or answer.json()["detail"] == detail
