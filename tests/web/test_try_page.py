from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from service.assessment import AssessmentRow
from service.intake.tables import PostRow
from service.review.tables import ReviewItemRow
from tests.review.conftest import SPAM, desk, open_desk
from tests.web.test_review_pages import HOSTILE, signed_in
from tests.web.test_sign_in import csrf

__all__ = ["desk", "open_desk"]


def tried(client: Any, title: str, body: str, **more: str) -> Any:
    """The answer to the form."""
    sent = {"csrf": csrf(client.get("/try").text), "site": "acme", "kind": "question", "format": "markdown"}
    return client.post("/try", data=sent | {"title": title, "body": body} | more)


def stored(desk: Any) -> list[int]:
    """How many posts, assessments and items there are."""
    with desk.service.stations.database.read() as session:
        counted = [sa.select(sa.func.count()).select_from(row) for row in (PostRow, AssessmentRow, ReviewItemRow)]
        return [session.scalar(count) for count in counted]


def test_a_post_is_assessed_in_full_and_kept_nowhere(desk: Any) -> None:
    before = stored(desk)
    answer = tried(signed_in(desk, "mentor"), *SPAM)
    assert answer.status_code == 200 and "hold: do not show it" in answer.text
    assert "Spam promotion" in answer.text and "Or else:" in answer.text and "<mark>" in answer.text
    assert "Related threads" in answer.text and "None was asked for" in answer.text
    assert stored(desk) == before


def test_a_hostile_post_is_tried_as_text(desk: Any) -> None:
    answer = tried(signed_in(desk), HOSTILE, f"{SPAM[1]} {HOSTILE}")
    assert "<script>alert" not in answer.text and "<svg onload" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_what_was_pasted_is_not_lost_when_it_is_refused(desk: Any) -> None:
    client = signed_in(desk)
    empty = tried(client, "", "  ")
    assert empty.status_code == 422 and "a title or a body" in empty.text
    long = tried(client, "t" * 301, "A careful text")
    assert long.status_code == 422 and "A careful text" in long.text and "title:" in long.text
    assert tried(client, "x", "y", kind="poem").status_code == 422
    assert tried(client, "x", "y", site="elsewhere").status_code == 403
