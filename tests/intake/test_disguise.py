"""Letters in disguise are read as the letters people take them for, and a quote is still what was sent."""

from __future__ import annotations

import time
import unicodedata

import pytest

from service.intake.disguise import plain_letters
from service.intake.normalise import Reading, read_field

SAID = "I want to hurt him at work"


def read(text: str) -> Reading:
    return read_field("body", text, "text")


def spread(mark: str) -> str:
    return "".join(letter + mark for letter in SAID)


def shifted(start: int, capitals: int) -> str:
    """SAID in letters that stand elsewhere."""
    return "".join(
        chr(start + ord(c) - 97) if c.islower() else chr(capitals + ord(c) - 65) if c.isupper() else c for c in SAID
    )


@pytest.mark.parametrize(
    "sent",
    [
        shifted(0x1D41A, 0x1D400), shifted(0x1D68A, 0x1D670), shifted(0xFF41, 0xFF21), shifted(0x24D0, 0x24B6),
        SAID.translate(str.maketrans("aokhtI", "аокһтІ")),
        SAID.replace("o", "ο").replace("I", "Ι"),
        spread("\u0336"), spread("\u0301\u0327\u0316"), spread("\u20dd"),
        *map(spread, ("\u200b", "\u00ad", "\u034f", "\u115f", "\u3164", "\uffa0", "\ufe0f", "\U000e0100", "\U000e0041", "\u202e")),
        SAID.replace("hurt", "h.u.r.t"), SAID.replace("hurt", "h*u*r*t"),
    ],
)  # fmt: skip
def test_what_people_see_is_read(sent: str) -> None:
    assert read(sent).text == SAID


def test_black_letters_and_ligatures_are_read() -> None:
    assert read("🅷🅴 🅛🅔🅕🅣 the oﬃce ﬁrst").text == "HE LEFT the office first"


def test_letters_with_spaces_between_are_words() -> None:
    assert read("please  w a n t   t o   h u r t  now").text == "please  want   to   hurt  now"


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("I want to k1ll mys3lf", "I want to kill myself"), ("su1cidal, su*cidal, s**cidal", "suicidal, suicidal, suicidal"),
        ("I could d!e, K*LL, sh00t", "I could die, KiLL, shoot"), ("quiero m4tarme", "quiero matarme"),
    ],
)  # fmt: skip
def test_words_that_people_censor_are_read(sent: str, meant: str) -> None:
    assert read(sent).text == meant


def test_accents_on_every_letter_of_a_word_are_no_accents() -> None:
    assert read("ẃáńt́ to h́úŕt́").text == "want to hurt"
    assert read(unicodedata.normalize("NFD", "ẃáń to")).text == "wan to"


@pytest.mark.parametrize(
    "honest",
    [
        "résumé, naïve, Ünal, Łódź, élevée, été", unicodedata.normalize("NFD", "résumé, naïve, élevée"), "Tôi muốn nghỉ việc vì sếp",
        "我们公司(北京)昨天裁员了!怎么办?", "मुझे नौकरी छोड़नी है", "Мой тимлид написал: push в main, SQL-запрос падает", "Η εταιρεία έχει 12 άτομα",
        "p99 in μs, Δt and α = 0.05 of the λ-calculus",
        "k8s, i18n, e.g. U.S.A., J. R. R. Tolkien, a.m. and p.m.", "x y z are the axes", "C + + or C #",
        "x² + m³, 3rd™, № 5, 20 ℃",
        "x = d*e + s*x, **kill** and *die* in Markdown, f(a*b*c), 2*k1, h264, w3c, b2b, sha1, ps5, mp3s, a11y, log4j",
        "Сегодня был ревью, и я ушел", "a-b tests", "snake_case and kebab-case",
    ],
)  # fmt: skip
def test_what_a_language_writes_that_way_stays(honest: str) -> None:
    assert read(honest).text == honest


def test_a_quote_is_what_was_sent() -> None:
    sent = "Well, 𝗛𝗲 is h̶e̶r̶e̶ again"
    reading = read(sent)
    assert reading.text == "Well, He is here again"
    for word, was in (("He", "𝗛𝗲"), ("here", "h̶e̶r̶e"), ("again", "again")):
        start = reading.text.index(word)
        span = reading.span(start, start + len(word))
        assert sent[span.start : span.end] == was


def test_what_is_not_shown_is_gone_also_as_an_entity() -> None:
    assert read_field("body", "h&#8203;u&shy;r&#x3164;t &amp; run", "html").text == "hurt & run"


@pytest.mark.parametrize(
    "unit",
    [
        "a ",
        "a b c  ",
        "a.",
        "á",
        "a\u0301",
        "а",
        "aа",
        "𝗮",
        "a\u200b",
        "\u115f",
        "x\u0336\u0301",
        "M y  ",
        "k1",
        "k*l ",
        "s*********l ",
    ],
)
def test_reading_is_linear(unit: str) -> None:
    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        best = 9.0
        for _ in range(3):
            began = time.perf_counter()
            plain_letters(text)
            best = min(best, time.perf_counter() - began)
        return best

    assert seconds(80_000) < 12 * max(seconds(20_000), 0.005)
