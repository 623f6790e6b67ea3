from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.intake.disguise import plain_letters
from service.intake.normalise import read_field


def test_markup_goes_and_words_stay() -> None:
    reading = read_field("body", "Hello &amp; <p>good&nbsp;bye</p><!-- secret --> x\u200by", "markdown")
    assert reading.text == "Hello & \ngood\u00a0bye\n xy"
    assert [reading.source[s.start : s.end] for s in reading.hidden] == ["<!-- secret -->", "\u200b"]


def test_scripts_are_not_read() -> None:
    assert "alert" not in read_field("body", "a <script>alert(1)</script> b", "html").text
    assert "alert" not in read_field("body", "a <script>alert(1)", "html").text


def test_code_keeps_its_angle_brackets() -> None:
    reading = read_field("body", "see\n```\nList<b> &amp;\n```\n", "markdown")
    assert "List<b> &amp;" in reading.text
    assert len(reading.code) == 1


def test_plain_text_is_left_alone() -> None:
    assert read_field("title", "a <b> & c", "text").text == "a <b> & c"


@example("ééé", "text")
@given(
    st.text(alphabet=st.sampled_from("ab <>/&;p!-scrit\u200b\n`>😀é"), max_size=300),
    st.sampled_from(["markdown", "html", "text"]),
)
def test_every_readable_character_knows_where_it_came_from(source: str, markup: str) -> None:
    reading = read_field("body", source, markup)  # type: ignore[arg-type]
    assert len(reading.text) == len(reading.offsets)
    assert list(reading.offsets) == sorted(reading.offsets)
    disguised = plain_letters(source).instead
    for character, offset in zip(reading.text, reading.offsets, strict=True):
        origin = source[offset]
        assert character == origin or origin in "<&" or character == disguised[offset]


@settings(deadline=None)
@given(st.text(max_size=200).filter(lambda s: "\x00" not in s))
def test_a_span_is_a_slice_of_the_field_as_sent(source: str) -> None:
    reading = read_field("body", source, "text")
    if reading.text:
        span = reading.span(0, len(reading.text))
        assert 0 <= span.start < span.end <= len(source)


@pytest.mark.parametrize(
    "bomb", ["<" * 100_000, "<p " * 33_000, "&" * 100_000, "<!--" * 25_000, "```\n" * 25_000, "<div>" * 20_000]
)
def test_no_input_is_slow(bomb: str) -> None:
    begin = time.perf_counter()
    read_field("body", bomb, "markdown")
    assert time.perf_counter() - begin < 2.0
