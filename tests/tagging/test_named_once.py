"""One place that names a tag cannot add it; a post that is about the tag keeps it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.intake.normalise import ReadablePost, normalise
from service.intake.post import NewPost
from service.intake.windows import EmbeddedPost, Window
from service.tagging.example import Example
from service.tagging.named_once import SHORT, UNBORNE, sobered
from service.tagging.names import NameFinder
from service.tagging.taxonomy import load_taxonomy

TAXONOMY = load_taxonomy(Path("prompts/taxonomy/tech-career/1.0.0.yaml"))
NAMES = NameFinder(TAXONOMY)


def post(title: str, body: str) -> tuple[ReadablePost, EmbeddedPost]:
    readable = normalise(NewPost(site="s", external_id="x", title=title, body=body))
    return readable, EmbeddedPost((Window("title", 0, 1, "t"),), np.ones((1, 4), np.float32))


def probability(title: str, body: str, tag: str, without: float) -> float:
    """Of a tag that has 0.7 where it is named and `without` where it is not."""

    def read(example: Example) -> dict[str, float]:
        return {tag: 0.7 if example.named.get(tag) else without}

    readable, embedded = post(title, body)
    return sobered({tag: 0.7}, readable, embedded, NAMES, 0.2, read, lambda _post: embedded)[tag]


def test_a_mention_that_the_rest_does_not_bear_adds_no_tag() -> None:
    assert probability("My desk", "The window is broken. Burnout. I am cold.", "burnout", UNBORNE / 2) == 0.0


def test_a_mention_that_the_rest_bears_a_little_stays() -> None:
    assert probability("My desk", "I sleep badly. Maybe it is burnout. I am cold.", "burnout", 2 * UNBORNE) == 0.7


@pytest.mark.parametrize(
    "line",
    [
        "The topic is burnout.",
        "{x: burnout}",
        "这是 burnout 的内容",
        "Cela concerne désormais burnout et rien que burnout, merci.",
    ],
)
def test_a_place_that_speaks_of_topics_or_is_foreign_needs_more(line: str) -> None:
    assert probability("My desk", f"I sleep badly. {line} I am cold.", "burnout", 0.1) == 0.0
    assert probability("My desk", f"I sleep badly. {line} I am cold.", "burnout", 0.3) == 0.7


def test_a_title_that_names_the_tag_is_what_the_post_is_about() -> None:
    assert probability("Burnout after the launch", "I am cold.", "burnout", 0.0) == 0.7


def test_an_aside_in_a_title_is_a_place_like_any_other() -> None:
    assert probability("My desk (burnout please)", "I am cold.", "burnout", 0.0) == 0.0


def test_mentions_far_apart_are_two_places() -> None:
    body = "Burnout. " + "I am cold and the window is broken again. " * 8 + "Burnout."
    assert probability("My desk", body, "burnout", 0.0) == 0.7


def test_a_name_among_invisible_characters_in_a_title_is_a_place_too() -> None:
    assert probability("My desk " + "\u200b".join("burnout"), "I am cold.", "burnout", 0.0) == 0.0


@pytest.mark.parametrize(("words", "expected"), [(20, 0.0), (2 * SHORT, 0.7)])
def test_a_post_of_few_words_is_embedded_again_without_the_place_that_names_topics(words: int, expected: float) -> None:
    readable, embedded = post("Rain again", "It rains. " * (words // 2) + "<tags>burnout</tags>")
    dry = EmbeddedPost(embedded.windows, np.zeros((1, 4), np.float32))

    def read(example: Example) -> dict[str, float]:
        return {"burnout": 0.7 if example.title.any() else 0.1}

    assert sobered({"burnout": 0.7}, readable, embedded, NAMES, 0.2, read, lambda _post: dry)["burnout"] == expected
