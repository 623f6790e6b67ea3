from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from service.app import Adapters

TITLE = "My promotion was declined again"
BODY = "My manager says I lack visibility. How do I get promoted?"


def _assessments(service: Any, post_id: str) -> list[str]:
    return [a["id"] for a in service.call("GET", f"/v1/posts/{post_id}/assessments").json()["data"]]


def test_an_edit_of_punctuation_keeps_the_assessment_and_the_new_text(service: Any) -> None:
    first = service.post("e1", TITLE, BODY).json()
    edited = BODY.replace("visibility. How", "visibility! how")
    again = service.post("e1", TITLE, edited)
    assert again.status_code == 200 and again.json()["id"] == first["id"]
    assert service.call("GET", f"/v1/posts/{first['post_id']}").json()["body"] == edited
    assert _assessments(service, first["post_id"]) == [first["id"]]


def test_an_edit_that_moves_a_quoted_word_is_read_again(service: Any) -> None:
    body = "Please write to me, jo.doe@gmail.com is my address and I read it every day."
    first = service.post("e2", TITLE, body).json()
    assert first["flags"], "the address is flagged"
    moved = service.post("e2", TITLE, body.replace("to me, ", "to me ")).json()
    assert moved["id"] != first["id"]
    for quote in (q for flag in moved["flags"] for q in flag["quotes"] if q["field"] == "body"):
        assert body.replace("to me, ", "to me ")[quote["start"] : quote["end"]] == quote["text"]


def test_a_post_is_read_again_so_often_a_day_and_then_refused_with_a_time(start: Callable[..., Any]) -> None:
    now = [datetime(2026, 3, 2, 9, 0, tzinfo=UTC)]
    service = start(Adapters(clock=lambda: now[0]), reassess_limit=3)
    post_id = service.post("e3", TITLE, BODY).json()["post_id"]
    for number in range(3):
        assert service.post("e3", TITLE, f"{BODY} Version {number}.").status_code == 200
    refused = service.post("e3", TITLE, f"{BODY} Version 4.")
    assert refused.status_code == 429 and refused.json()["code"] == "too_many_requests"
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400
    assert service.post("e3", TITLE, f"{BODY} version 2").status_code == 200, "nothing new is not refused"
    assert len(_assessments(service, post_id)) == 4
    now[0] += timedelta(days=1, seconds=1)
    assert service.post("e3", TITLE, f"{BODY} Version 5.").status_code == 200
    assert len(_assessments(service, post_id)) == 5


def test_danger_is_never_refused(start: Callable[..., Any]) -> None:
    service = start(reassess_limit=1)
    service.post("e4", TITLE, BODY)
    service.post("e4", TITLE, BODY + " Thanks.")
    assert service.post("e4", TITLE, BODY + " Thanks all.").status_code == 429
    made = service.post("e4", TITLE, BODY + " Honestly I don't want to be alive anymore.")
    assert made.status_code == 200 and made.json()["route"]["to"] == "urgent_review"
