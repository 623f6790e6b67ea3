"""A claim beside the words it quotes."""

from __future__ import annotations

from typing import Any

import pytest

from service.drafting.quoted import grounding

QUOTE = "send him your own list of results two weeks ahead, to save you time"


@pytest.mark.parametrize(
    ("claim", "worth"),
    [
        ("For the review, hand your manager a list of your results two weeks before it is due.", "supported"),
        ("Learn Kubernetes before the winter and move to Lisbon.", None),
        ("Do not send him a list of your results two weeks ahead.", "partial"),
    ],
)
def test_what_a_claim_is_worth_beside_its_quote(claim: str, worth: str | None, embedder: Any) -> None:
    assert grounding(claim, [QUOTE], embedder) == worth


def test_without_a_quote_there_is_nothing_to_be_near_to(embedder: Any) -> None:
    assert grounding("Send him your own list of results two weeks ahead.", [], embedder) is None


def test_another_models_cosines_are_not_read(embedder: Any) -> None:
    class Other:
        name = "elsewhere/model"

    assert grounding(QUOTE, [QUOTE], Other()) is None  # type: ignore[arg-type]
