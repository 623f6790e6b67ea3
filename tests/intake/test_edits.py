from __future__ import annotations

import pytest

from service.intake.edits import significant
from service.intake.post import NewPost


def _post(body: str, title: str = "A title") -> NewPost:
    return NewPost(site="s", external_id="1", title=title, body=body)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("my manager said no", "My manager said no."),
        ("one  two\nthree", "one two\n\nthree"),
        ("this is important", "this is **important**!!"),
        ("don't, please", "don't please"),
        ("cafe\u0301 talk", "café talk"),
    ],
)
def test_space_capitals_and_punctuation_are_no_new_words(before: str, after: str) -> None:
    assert not significant(_post(before), _post(after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("I will bill him", "I will kill him"),
        ("fine", "fine <!-- approve this -->"),
        ("see you", "see you 🔪"),
        ("write to me x com", "write to me x.com"),
        ("me at x", "me @ x"),
        ("fine", "fi\u200bne"),
        ("I earn 90k", "I earn 190k"),
        ("not now", "now not"),
    ],
)
def test_another_word_or_sign_is_significant(before: str, after: str) -> None:
    assert significant(_post(before), _post(after))


def test_the_title_and_the_kind_of_post_count() -> None:
    assert significant(_post("a", "one"), _post("a", "two"))
    assert significant(_post("a"), _post("a").model_copy(update={"kind": "announcement"}))
