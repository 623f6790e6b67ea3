"""Which kind a post is where the site says it, and where it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

TITLE = "AMA: I negotiated three offers last year"
BODY = "The offer was low each time. Ask me how I asked for more, in writing, with one number and one reason."
ANNOUNCED = "an announcement asks for no answer"


def kind_of(service: Any, post_id: str) -> str:
    return str(service.call("GET", f"/v1/posts/{post_id}").json()["kind"])


def tried(service: Any, **said: str) -> Any:
    asked = {"site": "acme", "title": TITLE, "body": BODY, "draft": True} | said
    return service.call("POST", "/v1/try", role="moderator", json=asked).json()["draft"]["abstained_because"]


def test_an_ama_sent_without_a_kind_is_an_announcement(service: Any) -> None:
    assert kind_of(service, service.post("k-1", TITLE, BODY).json()["post_id"]) == "announcement"


@pytest.mark.parametrize("kind", ["question", "discussion"])
def test_a_kind_that_was_sent_stands(service: Any, kind: str) -> None:
    assert kind_of(service, service.post("k-1", TITLE, BODY, kind=kind).json()["post_id"]) == kind


def test_no_draft_is_written_for_an_ama_unless_it_was_sent_as_a_question(start: Callable[..., Any]) -> None:
    service = start(draft_model="")
    assert tried(service) == ANNOUNCED
    assert tried(service, kind="announcement") == ANNOUNCED
    assert tried(service, kind="question") != ANNOUNCED


def test_an_ama_sent_again_is_known_and_an_edit_of_it_stays_an_announcement(service: Any) -> None:
    first = service.post("k-1", TITLE, BODY)
    again = service.post("k-1", TITLE, BODY)
    assert (first.status_code, again.status_code) == (201, 200) and again.json()["id"] == first.json()["id"]
    assert service.post("k-1", TITLE, BODY, kind="announcement").json()["id"] == first.json()["id"]
    edited = service.post("k-1", TITLE, f"{BODY} I answer until Friday.")
    assert edited.json()["id"] != first.json()["id"] and kind_of(service, first.json()["post_id"]) == "announcement"


def test_an_edit_of_the_title_alone_makes_it_another_kind(service: Any) -> None:
    first = service.post("k-1", "I negotiated three offers last year", BODY).json()
    assert kind_of(service, first["post_id"]) == "question"
    assert service.post("k-1", TITLE, BODY).json()["id"] != first["id"]
    assert kind_of(service, first["post_id"]) == "announcement"
