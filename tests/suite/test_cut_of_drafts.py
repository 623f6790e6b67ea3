from __future__ import annotations

from eval.cut_of_drafts import STEPS, lowest_cut


def test_the_cut_is_the_lowest_that_leaves_enough_unanswerable_questions_without_a_draft() -> None:
    bearings = [0.1] * 8 + [0.52, 0.6]
    assert lowest_cut(bearings, 0.8) == 0.5
    assert lowest_cut(bearings, 0.9) == 0.525
    assert lowest_cut(bearings, 1.0) == 0.605


def test_where_no_cut_is_enough_the_highest_is_taken() -> None:
    assert lowest_cut([0.9] * 10) == STEPS[-1]
