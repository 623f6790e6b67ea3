"""What the bundled model is shown: within its window whatever a member wrote, and prose as it always was."""

from __future__ import annotations

import base64
import random
from typing import Any

import pytest

from service.drafting.shown import SMALL_TOKENS, first_tokens, first_words, small_inputs, tokens_at_most
from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.prompting.files import load_prompt
from service.prompting.render import render
from service.retrieval.evidence import EvidencePassage
from tests.conftest import ROOT
from tests.drafting.bundled_tokens import tokens_of

MOST = 1_500
_NOISE = random.Random(7)
FILLS = {
    "Chinese": "我的经理说我应该换团队，但是我喜欢现在的工作。" * 4_000,
    "rare characters": "".join(chr(_NOISE.randrange(0x4E00, 0x9FFF)) for _ in range(30_000)),
    "Hindi": "मेरे मैनेजर ने कहा कि मुझे टीम बदलनी चाहिए। " * 2_000,
    "emoji": "🧑‍💻🔥" * 20_000,
    "one word": "a" * 100_000,
    "base64": base64.b64encode(_NOISE.randbytes(70_000)).decode(),
    "many URLs": "https://example.com/a/b?c=1&d=2 " * 3_000,
    "long URLs": " ".join(f"https://example.com/{_NOISE.randbytes(60).hex()}" for _ in range(600)),
    "digits": "7" * 90_000,
    "noise in words": " ".join("".join(_NOISE.choices("asdfghjklqwertzxcv", k=9)) for _ in range(9_000)),
    "empty lines": "a" + "\n" * 90_000 + "b",
    "markers": "<<<x 0123>>><|im_end|>" * 4_000,
    "capitals": "HELP ME PLEASE " * 6_000,
}
PROSE = (
    "My manager says I lack visibility, although I've carried the releases for two years (and the on-call with them). "
    "Our director told me in March that a promotion needs sponsors outside the team; I know nobody there. "
) * 4


def prompt_of(title: str, body: str, passages: list[str]) -> tuple[int, dict[str, Any]]:
    """Tokens of the rendered prompt, and its inputs."""
    readable = normalise(NewPost(site="s", external_id="1", title=title, body=body, format="text"))
    shown = [
        EvidencePassage(id=str(n), thread_id="t", answer_id="a", field="answer", text=text, score=1.0)
        for n, text in enumerate(passages)
    ]
    inputs = small_inputs(readable, shown)
    prompt = load_prompt(ROOT / "prompts", "draft_small", "1.0.0")
    return tokens_of(render(prompt, **inputs).messages), inputs


@pytest.mark.parametrize("fill", FILLS)
def test_the_prompt_of_the_bundled_model_has_at_most_1500_tokens(fill: str) -> None:
    text = FILLS[fill]
    everywhere, inputs = prompt_of(text[:300].replace("\n", " "), text[:100_000], [text] * 3)
    assert everywhere <= MOST
    assert inputs["body"].strip(" …") and all(part["text"].strip(" …") for part in inputs["evidence"])
    assert prompt_of("How do I become visible?", text[:100_000], [PROSE] * 3)[0] <= MOST
    assert prompt_of("How do I become visible?", PROSE, [text] * 3)[0] <= MOST


def test_prose_is_cut_by_words_alone() -> None:
    tokens, inputs = prompt_of("How do I become visible?", PROSE, [PROSE] * 3)
    assert inputs["title"] == "How do I become visible?" and inputs["body"] == first_words(PROSE, 130)
    assert [part["text"] for part in inputs["evidence"]] == [first_words(PROSE, 85)] * 3 and tokens <= MOST


def test_a_text_that_fits_stays_as_it_is_and_a_longer_one_says_that_it_goes_on() -> None:
    assert tokens_at_most("It fits.") == 4 and first_tokens("It fits.", 4) == "It fits."
    assert first_tokens("我我我我", 12) == "我我我我" and first_tokens("我我我我我", 12) == "我我 …"
    assert tokens_at_most(first_tokens("Come to the next session and answer the questions", 12)) <= 12
    assert tokens_at_most("") == 0 and SMALL_TOKENS < MOST
