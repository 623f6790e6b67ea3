from __future__ import annotations

from dataclasses import replace

import numpy as np

from service.flagging import fit_combination, fit_long
from service.flagging.learned import LONG_FROM
from service.flagging.policy import CATEGORIES
from tests.flagging.test_fit import SELF_HARM, labelled

LINE = "many plain words stand in this line so that it counts " * 6


def test_a_post_is_made_longer_by_clean_posts_of_its_voice_and_keeps_its_flags() -> None:
    posts = [labelled(voice, [LINE], {"self_harm_risk": {0}} if n == 0 else None) for voice in "ab" for n in range(9)]
    groups = fit_long.joined(posts)
    assert groups
    for group in groups:
        assert len({posts[n].group for n in group}) == 1 and len(set(group)) == len(group) > 1
        assert all(posts[n].clean for n in group[1:])
    for group, long in zip(groups, fit_long.as_posts(posts, groups), strict=True):
        assert long.quoted_windows.keys() == posts[group[0]].quoted_windows.keys()
        assert len(long.sentences) == len(group) and long.clean == posts[group[0]].clean


def test_the_strongest_of_a_longer_post_is_that_of_any_part() -> None:
    said = np.array([[3.0, 1.0], [2.0, 4.0]])
    assert fit_long.strongest(said, [[0], [0, 1]]).tolist() == [[3.0, 1.0], [3.0, 4.0]]


def test_only_what_is_longer_than_most_posts_counts_as_long() -> None:
    posts = [labelled("a", ["x"] * n) for n in (1, LONG_FROM, 2 * LONG_FROM)]
    assert fit_long.lengths(posts).tolist() == [0.0, 0.0, float(np.log(2))]


def test_weights_keep_their_signs() -> None:
    """Length that goes with the flag by chance does not raise it; a reading that goes against it does not lower it."""
    rng = np.random.default_rng(2)
    true = rng.random(300) < 0.3
    strongest, length = rng.normal(size=300) + 2 * true, rng.normal(size=300) + true
    against = rng.normal(size=300) - true
    rows = np.c_[strongest, against, length, np.zeros(300)]
    weights = fit_combination._one(rows, true, 1.0, (1, 1, -1))
    assert weights[0] > 0.5 and weights[1] == 0 and weights[2] == 0


def test_posts_whose_labels_say_nothing_of_a_category_teach_nothing_of_it() -> None:
    rng = np.random.default_rng(3)
    posts = [
        labelled(voice, ["x"], {"self_harm_risk": {0}} if n % 2 else None) for voice in "abcdefghij" for n in range(6)
    ]
    silent = [replace(labelled(f"o{n}", ["x"]), known=frozenset()) for n in range(20)]
    readings = rng.normal(size=(len(posts), len(CATEGORIES), 1))
    readings[1::2, SELF_HARM] += 2
    true = np.array(
        [["self_harm_risk" in p.quoted_windows and c == "self_harm_risk" for c in CATEGORIES] for p in posts]
    )
    alone, _ = fit_combination.each(posts, [], readings, true, (1,))
    more = np.concatenate([readings, np.full((20, len(CATEGORIES), 1), 9.0)])
    both, _ = fit_combination.each(
        [*posts, *silent], [], more, np.concatenate([true, np.zeros((20, len(CATEGORIES)), bool)]), (1,)
    )
    assert np.allclose(alone[SELF_HARM], both[SELF_HARM], atol=1e-4)
