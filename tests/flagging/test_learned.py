from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.flagging import features, subject
from service.flagging.learned import LearnedReader
from service.flagging.policy import CATEGORIES
from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.intake.windows import EmbeddedPost, embed_post

LONG = "We moved the nightly job to the new cluster and wrote down what changed for the people on call. " * 12
RISK = "Honestly I don't want to be alive anymore and I have written the letters."


def embedded(embedder: Any, body: str, title: str = "A week of work") -> EmbeddedPost:
    return embed_post(normalise(NewPost(site="s", external_id="1", title=title, body=body)), embedder, adapted=True)


def test_every_category_but_crossposts_gets_a_probability_and_a_place(embedder: Any) -> None:
    read = LearnedReader().read(embedded(embedder, LONG), {})
    assert set(read) == set(CATEGORIES) - {"duplicate_crosspost"}
    assert all(0 <= score.probability <= 1 and score.place.text.strip() for score in read.values())


@pytest.mark.parametrize("body", [f"{RISK} {LONG}", f"{LONG[:600]}{RISK} {LONG[:600]}", f"{LONG}{RISK}"])
def test_one_sentence_decides_wherever_it_stands_and_is_the_place(body: str, embedder: Any) -> None:
    score = LearnedReader().read(embedded(embedder, body), {})["self_harm_risk"]
    calm = LearnedReader().read(embedded(embedder, LONG), {})["self_harm_risk"]
    assert score.probability > 10 * calm.probability
    assert "alive" in score.place.text


def test_what_a_detector_found_raises_its_category_alone(embedder: Any) -> None:
    reader, post = LearnedReader(), embedded(embedder, LONG)
    without, with_it = reader.read(post, {}), reader.read(post, {"hate": 0.9})
    assert with_it["hate"].probability > without["hate"].probability
    assert with_it["sexual"].probability == without["sexual"].probability


def test_nothing_to_read_is_no_score(embedder: Any) -> None:
    empty = EmbeddedPost((), np.zeros((0, 384), np.float32))
    assert LearnedReader().read(empty, {}) == {} and subject.off_topic(empty) is None


def test_off_topic_is_what_the_whole_post_is_about(embedder: Any) -> None:
    soup = embedded(
        embedder,
        "Soak the beans overnight, fry the onions slowly, add the stock and wait. " * 6,
        "Which bean for a soup?",
    )
    work = embedded(
        embedder,
        "I am a senior backend engineer and my manager wants me to lead the migration of the billing service, but the "
        "promotion to staff went to a peer. I asked in our one-on-one and she said I need more visibility outside the team.\n\n"
        "Do you take the lead role without the title, or do you wait for the next review cycle?",
        "Leading a migration without the promotion?",
    )
    assert (subject.off_topic(soup) or 0) > 0.5 > 0.05 > (subject.off_topic(work) or 0)


def test_another_embedding_model_gets_no_off_topic_reading(embedder: Any) -> None:
    from dataclasses import replace

    assert subject.off_topic(replace(embedded(embedder, LONG), model="openai/other")) is None


def test_hashed_grams_do_not_depend_on_case_width_or_digits() -> None:
    grams = features.count(["Send 500 Euro NOW", "ｓｅｎｄ 734 euro now", "something else"])
    rows = [set(grams.column[grams.row == row].tolist()) for row in range(3)]
    assert rows[0] == rows[1] != rows[2]
    idf = np.ones(features.SIZE, np.float32)
    weighed = features.weigh(grams, idf)
    for row in range(3):
        for block in (weighed.column < features.BLOCK, weighed.column >= features.BLOCK):
            assert np.linalg.norm(weighed.value[(weighed.row == row) & block]) == pytest.approx(1, abs=1e-5)


def test_the_product_with_weights_is_the_dense_one() -> None:
    grams = features.weigh(features.count(["a b c", "", "a a d"]), np.ones(features.SIZE, np.float32))
    dense = np.zeros((3, features.SIZE), np.float32)
    dense[grams.row, grams.column] = grams.value
    weights = np.random.default_rng(0).normal(size=(features.SIZE, 2)).astype(np.float32)
    assert grams.times(weights) == pytest.approx(dense @ weights, abs=1e-4)


def test_a_childs_age_is_a_sign_of_its_own() -> None:
    grams = features.count(["i am 15", "i am 17", "i am 25", "i am 1517"])
    rows = [set(grams.column[grams.row == row].tolist()) for row in range(4)]
    assert rows[0] == rows[1] and rows[1] != rows[2] != rows[3]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("मैं ज़िंदा हूँ १५", "मैं जिंदा हूं 15"),
        ("我覺得沒有意義", "我觉得没有意义"),
    ],
)
def test_two_ways_of_writing_are_one(one: str, other: str) -> None:
    grams = features.count([one, other])
    assert set(grams.column[grams.row == 0].tolist()) == set(grams.column[grams.row == 1].tolist())


def test_marks_do_not_split_words_and_ideographs_are_words() -> None:
    whole, apart = features.count(["ज़िंदगी"]), features.count(["ज ि द ग ी"])
    assert (whole.column < features.BLOCK).sum() == 1 < (apart.column < features.BLOCK).sum()
    words = features.count(["想死React了"])
    assert (words.column < features.BLOCK).sum() == 4 + 3


def test_stretches_follow_one_another_and_a_short_post_is_one() -> None:
    assert features.stretches(["a.", " b.", "c. ", "d."], 3) == ["a. b. c.", "b. c. d."]
    assert features.stretches(["a.", "b."], 3) == ["a. b."]
    assert features.stretches(["a."], 3) == ["a."] and features.stretches([], 3) == []


ABROAD = {
    "es": ("Hoy cambiamos el sistema de pagos y el equipo escribió la documentación. ", "No quiero seguir viviendo."),
    "de": (
        "Heute haben wir den Dienst umgestellt und das Team hat alles aufgeschrieben. ",
        "Ich will nicht mehr leben.",
    ),
    "zh": ("今天我们迁移了支付系统,团队写好了文档。", "我不想活了,遗书已经写好了。"),
    "hi": ("आज हमने भुगतान सेवा बदली और टीम ने सब लिख दिया। ", "अब मुझे जीना नहीं है, मैं मरना चाहता हूँ।"),
}


@pytest.mark.parametrize("lang", ABROAD)
def test_other_languages_are_read_by_words_without_any_detector(lang: str, embedder: Any) -> None:
    calm, risk = ABROAD[lang]
    reader = LearnedReader()
    with_it = reader.read(embedded(embedder, f"{calm * 3}{risk} {calm * 2}", ""), {}, lang)["self_harm_risk"]
    without = reader.read(embedded(embedder, calm * 5, ""), {}, lang)["self_harm_risk"]
    assert with_it.probability > 4 * without.probability
    assert with_it.place.text.strip()[:6] in risk
    assert "off_topic" not in reader.read(embedded(embedder, calm, ""), {}, lang)
