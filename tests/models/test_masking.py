from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.models.calls import Message, ModelCall
from service.models.fencing import fence
from service.models.leaving import as_shown_outside
from service.models.masking import mask, unresolved_names

PRIVATE = [
    ("write to priya@x.io today", "priya@x.io"),
    ("call +49 151 23456789 tonight", "+49 151 23456789"),
    ("my IBAN is DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 00"),
    ("the box is 93.184.216.34 and down", "93.184.216.34"),
    ("My name is Priya Sharma and I code", "Priya Sharma"),
    ("and my manager Tom said no", "Tom"),
    ("Me llamo Inés Peña y trabajo", "Inés Peña"),
    ("Thanks,\nAnna-Lena Vogt", "Anna-Lena Vogt"),
    ("the key is AKIAABCDEFGHIJKLMNOP", "AKIAABCDEFGHIJKLMNOP"),
]


@pytest.mark.parametrize(("text", "value"), PRIVATE)
def test_private_data_is_replaced_and_comes_back(text: str, value: str) -> None:
    masked = mask([text])
    assert value not in masked.texts[0]
    assert masked.restore(masked.texts) == [text]


def test_the_same_value_has_the_same_placeholder_everywhere() -> None:
    masked = mask(["My manager Tom said no.", "Then Tom wrote to a@b.io, to A.B@c.io and to a@b.io."])
    assert masked.texts == [
        "My manager [NAME_1] said no.",
        "Then [NAME_1] wrote to [EMAIL_1], to [EMAIL_2] and to [EMAIL_1].",
    ]


def test_ordinary_words_stay() -> None:
    text = (
        "My manager is fine. The Staff Engineer role at my company needs Kubernetes; I use version 1.24.3 since 2019."
    )
    assert mask([text]).texts == [text]


def test_a_placeholder_in_the_text_itself_is_not_taken_for_ours() -> None:
    masked = mask(["[EMAIL_1] is not a@b.io"])
    assert masked.texts == ["[EMAIL_1] is not [EMAIL_2]"]
    assert masked.restore(masked.texts) == ["[EMAIL_1] is not a@b.io"]


def test_what_looks_like_a_name_is_reported_where_it_stays() -> None:
    assert unresolved_names(mask(["Yesterday I met Anna Karenina there."]).texts) == ["Anna Karenina"]
    assert unresolved_names(mask(["my manager Anna Karenina said so, and Anna Karenina knows"]).texts) == []


@given(st.lists(st.text(max_size=200), max_size=4))
def test_any_text_comes_back_as_it_was(texts: list[str]) -> None:
    masked = mask(texts)
    assert masked.restore(masked.texts) == texts


def test_only_what_stands_in_fences_is_masked() -> None:
    messages = (
        Message("system", "Write to help@site.org where in doubt."),
        Message("user", f"Judge this:\n{fence('I am at a@b.io', 'post')}"),
    )
    shown = as_shown_outside(ModelCall("flags", ("openai/x",), messages))
    assert shown is not None
    assert shown.messages[0] == messages[0]
    assert "a@b.io" not in shown.messages[1].content and "[EMAIL_1]" in shown.messages[1].content
    assert as_shown_outside(ModelCall("flags", ("local/x",), messages)) is None


def test_a_stream_is_restored_even_where_a_placeholder_is_cut_in_two() -> None:
    shown = as_shown_outside(ModelCall("draft", ("openai/x",), (Message("user", 'He is "a@b.io" there'),)))
    assert shown is not None
    restore = shown.restorer(as_json=True)
    assert "".join(map(restore, ("to [EM", "AIL_1", "] and [x", "] on", ""))) == "to a@b.io and [x] on"


def test_a_number_after_from_is_a_phone_when_it_is_written_as_one() -> None:
    for number in ("+44 20 7946 0123", "(212) 555-0142", "+49 30 23125 014"):
        masked = mask([f"She texted from {number} on a Sunday."])
        assert masked.texts == ["She texted from [PHONE_1] on a Sunday."], number
    assert mask(["We went from 2019-2021 to 4500 users from 1200 200"]).table == {}
