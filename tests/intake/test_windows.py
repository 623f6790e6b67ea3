from __future__ import annotations

from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.intake.windows import WINDOW_TOKENS, windows_of


def count(text: str) -> int:
    """One token a word and one for each 8 characters of a long word, as a stand-in."""
    return 2 + sum(1 + len(word) // 8 for word in text.split())


def words_of(body: str) -> tuple[list[str], list[str]]:
    post = normalise(NewPost(site="s", external_id="1", title="A title", body=body, format="text"))
    windows = windows_of(post, count, WINDOW_TOKENS)
    assert all(count(w.text) <= WINDOW_TOKENS + 2 for w in windows)
    return "".join(w.text for w in windows if w.field == "body").split(), post.body.text.split()


def test_no_word_of_a_long_post_is_lost() -> None:
    body = "First sentence here. " + "word " * 3000 + "\n\nLast one!"
    kept, all_words = words_of(body)
    assert kept == all_words


def test_the_title_is_the_first_window() -> None:
    post = normalise(NewPost(site="s", external_id="1", title="A title", body="Body."))
    assert [w.field for w in windows_of(post, count, WINDOW_TOKENS)] == ["title", "body"]


def test_a_window_knows_its_place() -> None:
    post = normalise(NewPost(site="s", external_id="1", title="", body="One. Two. " * 200, format="text"))
    for window in windows_of(post, count, WINDOW_TOKENS):
        assert post.body.text[window.start : window.end] == window.text
