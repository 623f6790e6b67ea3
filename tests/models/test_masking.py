from __future__ import annotations

import json
import math
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval import planted_data
from eval.intervals import wilson
from eval.loading import shipped
from service.models import names
from service.models.calls import Message, ModelCall
from service.models.fencing import fence
from service.models.leaving import as_shown_outside
from service.models.masking import mask, unresolved_names
from service.models.names import find_names


def find_words(file: str) -> set[str]:
    """The words of one of the lists that names are found with, in lower case."""
    return {word.lower() for word in Path(names.__file__).with_name(file).read_text("utf-8").split()}


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


NAMED = [
    ("Then Aisulu Iyer took it.", "Aisulu Iyer"),
    ("It was Jørn's idea.", "Jørn"),
    ("Since Wairimu left, nobody reviews.", "Wairimu"),
    ("nobody but Ngozi van der Halvorsen knows", "Ngozi van der Halvorsen"),
    ("Yewande said the budget is gone.", "Yewande"),
    ("I reported to Oisín until May.", "Oisín"),
    ("the call with Siobhán O’Rourke-Quispe ran long", "Siobhán O’Rourke-Quispe"),
    ("und Frau Grzybowski sagte nein", "Grzybowski"),
]


@pytest.mark.parametrize(("text", "name"), NAMED)
def test_names_that_stand_in_no_list_are_masked_by_the_words_around_them(text: str, name: str) -> None:
    masked = mask([text])
    assert name not in masked.texts[0]
    assert masked.restore(masked.texts) == [text]


def test_a_part_of_a_full_name_is_masked_wherever_it_stands() -> None:
    assert "Halvorsen" not in mask(["Nobody but Aisulu Halvorsen knew.", "And the Halvorsen plan failed."]).texts[1]


def test_generated_names_stand_in_no_list() -> None:
    """What is measured on them (`eval run privacy`) is measured on names the rules have not seen."""
    listed = find_words("given_names.txt") | find_words("ordinary_words.txt") | find_words("proper_words.txt")
    assert not {name.lower() for name in (*planted_data._FIRST, *planted_data._LAST)} & listed


def test_of_200_generated_names_few_get_out_and_of_ordinary_words_fewer_still() -> None:
    """95 % of the names by the interval's lower bound; and under 0.3 % of the words of clean posts are masked as names."""
    rows = [r for r in shipped("posts/voices_*").rows if r.lang == "en" and r.family == "clean"]
    posts = planted_data.planted_posts([(r.id, r.body) for r in rows if len(r.body.split()) > 20])
    full = [post for post in posts if post.items[0][0] == "name"]
    kept = sum(post.items[0][1] not in mask([post.body]).texts[0] for post in full)
    assert len(full) == 200 and wilson(kept, len(full)).low >= 0.95
    words = sum(len(row.body.split()) for row in rows)
    masked = sum(len(re.findall(r"\S+", row.body[n.start : n.end])) for row in rows for n in find_names(row.body))
    assert masked / words < 0.003


def test_no_contact_card_or_id_is_in_the_bytes_that_leave() -> None:
    """The outgoing messages of the deep flag reader are captured by the `privacy` suite; here, what the gateway sends."""
    rows = [r for r in shipped("posts/voices_*").rows if r.lang == "en" and r.family == "clean"]
    posts = planted_data.planted_posts([(r.id, r.body) for r in rows if len(r.body.split()) > 20])
    hard = [post for post in posts if "name" not in post.items[0][0]]
    assert len(hard) == 200
    for post in hard:
        call = ModelCall("flags", ("openai/x",), (Message("user", fence(post.body, "post")),))
        shown = as_shown_outside(call)
        assert shown is not None
        sent = json.dumps([message.content for message in shown.messages], ensure_ascii=False)
        kind, value = post.items[0]
        assert value.lower() not in sent.lower(), kind
        digits = re.sub(r"\D", "", value)
        assert len(digits) < 7 or digits not in re.sub(r"\D", "", sent), kind


@pytest.mark.parametrize("unit", ["Aa ", "Aa Bb Cc, ", "A", "Aa-", "Dr. Aa ", "I told Xu Yz. "])
def test_finding_names_is_linear(unit: str) -> None:
    def seconds(size: int) -> float:
        text, best = unit * (size // len(unit)), math.inf
        for _ in range(3):
            begin = time.process_time()
            mask([text])
            best = min(best, time.process_time() - begin)
        return best

    assert seconds(80_000) < 10 * max(seconds(20_000), 0.01)


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
    assert mask(["Yesterday I met Anna Karenina there."]).texts == ["Yesterday I met [NAME_1] there."]
    assert unresolved_names(mask(["We spent it on Fotheringay stuff, on the Staff Engineer ladder."]).texts) == [
        "Fotheringay"
    ]
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
