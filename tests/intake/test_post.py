from __future__ import annotations

import pytest
from pydantic import ValidationError

from service.intake.post import NewPost


def sent(**changes: object) -> NewPost:
    return NewPost.model_validate({"site": "s", "external_id": "1", "title": "t", "body": "b"} | changes)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "x" * 301),
        ("body", "x" * 100_001),
        ("body", "nul\x00"),
        ("title", "\ud800"),
        ("site", "Not A Site"),
        ("external_id", ""),
        ("kind", "poem"),
        ("format", "rtf"),
        ("created_at", "2026-01-01T00:00:00"),
        ("tags", ["x"] * 21),
        ("author", {"id": "a", "shoe_size": 43}),
        ("unknown", 1),
    ],
)
def test_a_value_nobody_can_work_with_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        sent(**{field: value})
    assert str(caught.value.errors()[0]["loc"][0]) == field


def test_a_post_that_says_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="both empty"):
        sent(title=" ", body="\n")


def test_a_title_alone_is_enough() -> None:
    assert sent(body="").title == "t"


def test_the_digest_follows_the_content_alone() -> None:
    assert sent().content_digest == sent(url="https://example.org", tags=["x"]).content_digest
    assert sent().content_digest != sent(body="c").content_digest
