"""Fits also read posts in other languages in rough English."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from service.flagging import fit, fit_combination
from service.flagging.fit_combination import Said
from service.flagging.labelled import in_rough_english
from service.flagging.policy import CATEGORIES
from tests.flagging.test_fit import labelled

SELF_HARM, SPAM = CATEGORIES.index("self_harm_risk"), CATEGORIES.index("spam_promotion")


def row(title: str, body: str, *quotes: tuple[str, str]) -> dict[str, Any]:
    told = [{"category": "self_harm_risk", "quotes": [{"field": field, "text": text} for field, text in quotes]}]
    return {"lang": "es", "title": title, "body": body, "flags": told}


def test_a_quote_is_found_again_in_rough_english() -> None:
    told = in_rough_english(
        row(
            "Mi jefe",
            "Trabajo mucho. No quiero seguir viviendo así. Gracias.",
            ("body", "No quiero seguir viviendo así"),
        )
    )
    (quote,) = told["flags"][0]["quotes"]
    assert quote["text"] in told["body"] and "can't go on" in quote["text"]
    assert "job" not in quote["text"] and "thank" not in quote["text"]


def test_a_quote_beyond_what_is_read_is_dropped_and_the_concern_stays() -> None:
    told = in_rough_english(row("Mi jefe", "Trabajo mucho. " * 200 + "No quiero vivir.", ("body", "No quiero vivir")))
    assert told["flags"] == [{"category": "self_harm_risk", "quotes": []}]


def test_a_fitted_combination_says_of_other_posts_what_it_was_fitted_to_say() -> None:
    rng = np.random.default_rng(3)
    posts = [labelled(f"v{n % 8}", ["x"], {"self_harm_risk": {0}} if n % 3 == 0 else None) for n in range(48)]
    posts = [replace(post, id=str(n)) for n, post in enumerate(posts)]
    true = fit.truth(posts)
    readings = rng.normal(size=(48, len(CATEGORIES), 2)) + 2 * true[:, :, None]
    weights, _ = fit_combination.each(posts, [], readings, true, (1, 1))
    said = fit_combination.say(readings, np.zeros(true.shape), weights, np.ones(len(CATEGORIES)))
    plain = readings[:, SELF_HARM] @ weights[SELF_HARM, :2] + weights[SELF_HARM, -1]
    assert said.found[:, SELF_HARM] == pytest.approx(1 / (1 + np.exp(-plain)))
    assert said.found[true[:, SELF_HARM], SELF_HARM].mean() > said.found[~true[:, SELF_HARM], SELF_HARM].mean() + 0.3


def test_a_post_read_together_with_another_says_what_its_strongest_part_says() -> None:
    posts = [replace(labelled("a", ["one"]), id="1"), replace(labelled("a", ["two"]), id="2")]
    readings = {"1": np.full((len(CATEGORIES), 5), 1.0), "2": np.full((len(CATEGORIES), 5), 3.0)}
    combine = np.zeros((len(CATEGORIES), 8))
    combine[:, 0] = 1.0
    said = fit.OfRough(readings, combine).say(posts, [[0], [1], [0, 1]], np.ones(len(CATEGORIES)))
    assert said.found.shape == (3, len(CATEGORIES))
    assert said.found[0, 0] < said.found[1, 0] == said.found[2, 0]


def test_of_two_readings_the_stronger_counts_for_a_person_at_risk_and_their_mean_elsewhere() -> None:
    own, english = (np.full((1, len(CATEGORIES)), value) for value in (0.2, 0.8))
    both = fit.both(Said(own, own, own[0]), Said(english, english, own[0]))
    assert both.found[0, SELF_HARM] == 0.8 and both.found[0, SPAM] == pytest.approx(0.5)
