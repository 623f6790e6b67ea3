"""Details of a sentence that its source must hold."""

from __future__ import annotations

from collections.abc import Collection
from types import SimpleNamespace

import pytest

from service.drafting.citations import check_details

SOURCE = "I waited three months, asked 2 times and then wrote it down."


def stands(sentence: str, ages: Collection[int] = ()) -> bool:
    passage = SimpleNamespace(text=SOURCE)
    return check_details(sentence, [passage], ages=ages) is None  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("sentence", "fits"),
    [
        ("They waited three months.", True),
        ("They waited 3 months before asking.", True),
        ("They asked two times.", True),
        ("Two mentors say to write it down.", True),
        ("One day it pays to write it down.", True),
        ("They waited twelve months.", False),
        ("They waited six long months.", False),
        ("Ask for it ten times.", False),
    ],
)
def test_a_number_written_as_a_word_counts_like_one_in_digits(sentence: str, fits: bool) -> None:
    assert stands(sentence) is fits


@pytest.mark.parametrize(
    ("sentence", "fits"),
    [
        ("Writing it down helped after three months.", True),
        ("Ask again, and wait.", True),
        ("Two mentors waited. Nobody asked 2 times in vain.", True),
        ("Oluwaseun waited three months.", False),
        ("They waited. Priyanka wrote it down.", False),
        ("“Netflix asked 2 times.”", False),
    ],
)
def test_a_name_that_begins_a_sentence_is_a_name_too(sentence: str, fits: bool) -> None:
    assert stands(sentence) is fits


@pytest.mark.parametrize(
    ("sentence", "fits"),
    [
        ("They waited, seven years ago, and wrote it down.", True),
        ("That is nearly 8 years old.", True),
        ("They waited nine years ago.", False),
        ("They waited seven years.", False),
    ],
)
def test_an_age_follows_from_the_date_of_a_source(sentence: str, fits: bool) -> None:
    assert stands(sentence, ages={7, 8}) is fits
