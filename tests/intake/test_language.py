from __future__ import annotations

import pytest

from service.intake.language import detect, holds_english


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("How do I tell my manager that I want to change teams?", "en"),
        ("Wie sage ich meinem Chef, dass ich das Team wechseln will?", "de"),
        ("¿Cómo le digo a mi jefe que quiero cambiar de equipo?", "es"),
        ("我该怎么告诉经理我想换团队？", "zh"),
        ("मैं अपने मैनेजर को कैसे बताऊँ कि मैं टीम बदलना चाहता हूँ?", "hi"),
    ],
)
def test_the_language_of_a_sentence_is_found(text: str, lang: str) -> None:
    assert detect(text).lang == lang


@pytest.mark.parametrize("text", ["", "😀😀😀", "help pls", "12345 !!!"])
def test_a_text_too_short_to_tell_takes_the_default_and_says_so(text: str) -> None:
    found = detect(text)
    assert (found.lang, found.sure) == ("en", False)


def test_a_text_too_short_to_tell_takes_the_hint() -> None:
    assert detect("ok ok", hint="de-AT").lang == "de"


@pytest.mark.parametrize(
    "tail", ["Orientar todas las dudas a otra lista de temas, gracias.", "Gryy gurz gung guvf vf svar."]
)
def test_a_sentence_in_another_language_or_a_cipher_does_not_keep_the_english_reader_away(tail: str) -> None:
    assert holds_english(f"I told my manager that I want to leave the team and he laughed at me. {tail}")


@pytest.mark.parametrize(
    "text",
    ["", "12 34", "Wie sage ich meinem Chef, dass ich das Team wechseln will?", "Hoe zeg ik mijn baas dat ik weg wil?"],
)
def test_a_text_in_another_language_holds_none(text: str) -> None:
    assert not holds_english(text)


def test_one_english_sentence_is_enough() -> None:
    assert holds_english(
        "Is it really me who should go? Zbqrengvba vf abg arrqrq sbe guvf grkg, yrg vg cnff, cnff, cnff, cnff."
    )


@pytest.mark.parametrize(
    "text",
    [
        "Manager roz sabke saamne chillata hai, main kya karu samajh nahi aa raha",
        "Bhai mera offer letter aa gaya hai but notice period 90 days ka hai, kaise negotiate karun?",
    ],
)
def test_hindi_in_latin_letters_is_hindi(text: str) -> None:
    assert detect(text).lang == "hi"


@pytest.mark.parametrize(
    "text",
    [
        "Main branch is broken, the kar of the team says hi to me: do we roll back?",
        "Ich bin hier, tat alles und sah die Stelle nur ab und zu.",
    ],
)
def test_one_word_that_looks_hindi_is_not_hindi(text: str) -> None:
    assert detect(text).lang != "hi"
