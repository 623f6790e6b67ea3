"""Details of a sentence that its source must hold."""

from __future__ import annotations

from collections.abc import Collection
from types import SimpleNamespace

import pytest

from service.drafting.citations import check_details

SOURCE = "I waited three months, asked 2 times and then wrote it down."


def stands(sentence: str, ages: Collection[int] = (), source: str = SOURCE) -> bool:
    passage = SimpleNamespace(text=source)
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


SAME = [
    ("20%", "20 %", "20 percent", "20 per cent", "20-percent", "twenty percent", "twenty per cent"),
    ("25%", "25 percent", "twenty-five percent", "twenty five per cent"),
    ("1.5%", "1.5 percent"),
    ("15k", "15K", "15 k", "15,000", "15000", "$15k", "€15,000", "15 thousand", "fifteen thousand"),
    ("1.5k", "1,500", "1500"),
    ("150k", "150,000", "1,50,000"),
    ("2 million", "two million", "2,000,000"),
    ("10-20%", "10% to 20%", "10–20 percent", "10 to 20 percent", "ten to twenty percent"),
]
"""One number in several writings."""
APART = [
    ("20%", "200"), ("20%", "20"), ("20%", "0.2"), ("20%", "200%"), ("20%", "2%"), ("20%", "20k"), ("20%", "20 percentile"),
    ("20%", "20 percentage points"), ("20%", "20 percent points"), ("20%", "20% points"), ("20%", "twenty people"),
    ("5%", "twenty-five percent"), ("5%", "twenty five percent"), ("5%", "a hundred and five percent"),
    ("5%", "two point five percent"), ("2%", "two and a half percent"), ("25%", "20 or 5 percent"), ("1.5%", "15%"),
    ("15k", "15"), ("15k", "1,500"), ("15k", "150,000"), ("15k", "15.000"), ("15k", "15%"), ("15k", "15m"), ("15k", "15 km"),
    ("15k", "15 kg"), ("15,000", "15,000,000"), ("15,000", "15"), ("15", "15 thousand"), ("1.5k", "15,000"), ("15k", "1.5k"),
    ("3,000", "three thousand five hundred"), ("3,000", "3 thousand and 50"), ("500,000", "two million five hundred thousand"),
    ("2,000", "two thousand twenty-five"), ("2m", "2,000"), ("15.000", "15"), ("3.10", "3.1"), ("1,5", "15"), ("401k", "401,000"),
]  # fmt: skip
"""Numbers that are not equal, however alike they look."""


@pytest.mark.parametrize(("said", "source"), [(a, b) for alike in SAME for a in alike for b in alike])
def test_one_number_in_two_writings_stands_in_its_source(said: str, source: str) -> None:
    assert stands(f"They asked for {said} more.", source=f"We asked for {source} more.")


@pytest.mark.parametrize(("said", "source"), [*APART, *((b, a) for a, b in APART if b[0].isdigit())])
def test_an_unequal_number_never_stands_in_for_another(said: str, source: str) -> None:
    assert not stands(f"They asked for {said} more.", source=f"We asked for {source} more.")


@pytest.mark.parametrize(
    ("said", "source"), [(one, other[0]) for one in SAME[0] + SAME[3] for other in SAME[:-1] if one not in other]
)
def test_numbers_of_different_value_are_told_apart_in_every_writing(said: str, source: str) -> None:
    assert not stands(f"They asked for {said} more.", source=f"We asked for {source} more.")


def test_a_number_too_long_to_be_one_is_equal_only_to_itself() -> None:
    long = "9" * 5000
    assert stands(f"They asked for {long}.", source=f"We asked for {long}.")
    assert not stands(f"They asked for {long}8.", source=f"We asked for {long}.")
