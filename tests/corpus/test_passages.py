from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.corpus.passages import AnswerText, ThreadText, chunker_of, cut, cut_thread
from service.models.embedder import BundledEmbedder
from tests.corpus.conftest import WordEmbedder


def letters(texts: list[str]) -> str:
    return "".join("".join(text.split()) for text in texts)


@given(st.text(alphabet=st.sampled_from("ab cé.?!\n,;:漢。— \t"), max_size=600), st.integers(5, 30))
@settings(max_examples=150, deadline=None)
def test_no_character_is_lost_and_no_piece_is_too_long(text: str, limit: int) -> None:
    count = WordEmbedder().count_tokens
    pieces = cut(text, count, limit)
    assert letters(pieces) == letters([text])
    assert all(count(piece) <= limit for piece in pieces if len(piece) > 1)


@pytest.mark.parametrize("text", ["x" * 100_000, "word " * 5_000, "漢字" * 2_000, "a.b" * 3_000, "😀" * 3_000])
def test_long_texts_of_any_kind_fit_the_real_window_whole(embedder: BundledEmbedder, text: str) -> None:
    pieces = cut(text, embedder.count_tokens, 256)
    assert letters(pieces) == letters([text])
    assert max(embedder.count_tokens(piece) for piece in pieces) <= 256


def test_paragraphs_stay_together_where_they_fit() -> None:
    text = "One two three four.\n\nFive six seven. Eight nine ten eleven.\n\nTwelve."
    assert cut(text, WordEmbedder().count_tokens, 14) == [
        "One two three four.", "Five six seven. Eight nine ten eleven.\n\nTwelve."
    ]  # fmt: skip
    assert cut(text, WordEmbedder().count_tokens, 11)[1:] == ["Five six seven. Eight nine ten eleven.", "Twelve."]


def test_a_thread_gives_title_question_under_its_title_and_answers(words: WordEmbedder) -> None:
    thread = ThreadText("t", "s", "Stay or go?", "I am bored.", (AnswerText("a", "Go."), AnswerText("b", "Stay.")))
    pieces = cut_thread(thread, words)
    assert [(p.field, p.answer_id, p.text) for p in pieces] == [
        ("title", None, "Stay or go?"),
        ("question", None, "Stay or go?\n\nI am bored."),
        ("answer", "a", "Go."),
        ("answer", "b", "Stay."),
    ]
    assert [p.ordinal for p in pieces] == [0, 1, 2, 3]


def test_ids_are_the_same_each_time_and_differ_by_place_and_chunker(words: WordEmbedder) -> None:
    thread = ThreadText("t", "s", "Same", "", (AnswerText("a", "Same"), AnswerText("b", "Same")))
    first, again = cut_thread(thread, words), cut_thread(thread, words)
    other = cut_thread(thread, WordEmbedder(name="test/other"))
    assert [p.id for p in first] == [p.id for p in again]
    assert len({p.id for p in [*first, *other]}) == 6
    assert chunker_of(words) != chunker_of(WordEmbedder(window=20))


def test_a_thread_without_text_gives_no_passages(words: WordEmbedder) -> None:
    assert cut_thread(ThreadText("t", "s", " ", "", (AnswerText("a", "\n"),)), words) == []
