from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.drafting.sentences import sentences, spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ask first. Then wait.", ["Ask first.", "Then wait."]),
        ('Say: "I am out. Go on." Then go.', ['Say: "I am out. Go on."', "Then go."]),
        ("See e.g. Monday. It helps.", ["See e.g. Monday.", "It helps."]),
        ("- **Ask** first\n2. Wait", ["Ask first", "Wait"]),
        ("你好。再见。", ["你好。", "再见。"]),
        ("", []),
    ],
)
def test_a_text_is_cut_where_a_reader_would_stop(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(max_size=300))
def test_no_word_is_lost_and_spans_rise(text: str) -> None:
    found = spans(text)
    assert all(a[1] <= b[0] for a, b in pairwise(found))
    kept = "".join(text[start:end] for start, end in found)
    assert [c for c in kept if c.isalnum()] == [c for c in text if c.isalnum()]
