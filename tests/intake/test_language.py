from __future__ import annotations

import pytest

from service.intake.language import detect


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
