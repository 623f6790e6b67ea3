from __future__ import annotations

import gc
import re
import time

import pytest

from eval.loading import shipped
from service.flagging.detectors import DETECTORS
from service.flagging.detectors.cues import Cue
from service.flagging.detectors.needed_pieces import NOTHING, fold, need_of


def every_cue() -> list[Cue]:
    """All cues of the shipped detectors, those in module constants included."""
    assert DETECTORS
    return [thing for thing in gc.get_objects() if isinstance(thing, Cue)]


@pytest.mark.parametrize(
    ("pattern", "holds", "lacks"),
    [
        (r"\bkill (?:my|him)self\b", "I could kill myself today", "kill the process myself"),
        (r"\bme\b", "tell me.", "time and home"),
        (r"(?:foo|bar)\s+\w+ baz", "a bar of some baz", "bar and foo"),
        (r"colou?rs{1,2}", "COLORSS", "colo rs"),
        (r"\d{3} (?:oak|elm) street\b", "12 Elm Street.", "elm streets"),
        (r"wom[ae]n(?! in tech)", "Women everywhere", "wom3n"),
        (r"(?i:stop)(?<!don't) it", "stop it", "stopit"),
        (r"l['’]autre", "L’AUTRE", "lautre"),
        ("自杀|自殺", "他说要自杀", "自我"),
    ],
)
def test_a_text_without_what_a_pattern_needs_is_told_from_one_with_it(pattern: str, holds: str, lacks: str) -> None:
    need = need_of(pattern)
    assert need != NOTHING
    assert need.met(fold(holds))
    assert not need.met(fold(lacks))


@pytest.mark.parametrize("pattern", [r"\d+", r"(?:abc)?", r"a*|xyz", r"[^a]\w", r"(?:x|)", r"\b"])
def test_a_pattern_that_needs_nothing_is_always_tried(pattern: str) -> None:
    assert need_of(pattern) == NOTHING
    assert NOTHING.met(fold(""))


def test_no_text_that_a_cue_matches_is_passed_over() -> None:
    """On every eighth labelled post and attack, in small and in capital letters."""
    posts = [row.body for row in shipped("posts/voices_*").rows] + [row.payload for row in shipped("attacks").rows]
    texts = [text.replace("’", "'") for text in posts[::8]]
    cues = every_cue()
    tried = found = 0
    for text in texts + [text.upper() for text in texts]:
        folded = fold(text)
        for cue in cues:
            met, there = cue.need.met(folded), cue.pattern.search(text) is not None
            assert met or not there, (cue.source[:80], text[:80])
            tried, found = tried + met, found + there
    assert found > 100
    assert tried < 0.1 * len(cues) * 2 * len(texts), "most cues are ruled out by a look"


def test_letters_that_ignore_case_alike_are_not_passed_over() -> None:
    for text in ("ſuicide", "KILL", "kıll", "KİLL"):
        for pattern in (r"\bsuicide\b", r"\bkill\b"):
            if re.search(pattern, text, re.I):
                assert need_of(pattern).met(fold(text)), (pattern, text)


def test_a_look_at_a_long_text_of_few_letters_takes_little() -> None:
    cues = every_cue()
    [cue.need for cue in cues]
    for text in ("sui" * 33_000, "a" * 100_000, "kill " * 20_000):
        began = time.thread_time()
        folded = fold(text)
        for cue in cues:
            cue.need.met(folded)
        assert time.thread_time() - began < 1.0
