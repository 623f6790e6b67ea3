from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from service.flagging import general
from service.flagging.fit_general import Told, out_of_fold
from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.intake.windows import EmbeddedPost, embed_post


def said(embedder: Any, text: str) -> dict[str, float]:
    post = NewPost(site="s", external_id="1", title="", body=text, format="text")
    return general.shipped().read(embed_post(normalise(post), embedder), text)


def test_harm_is_told_from_what_only_swears(embedder: Any) -> None:
    rant = said(
        embedder, "This damn build took the whole fucking weekend again, I am so tired of this shitty pipeline."
    )
    attack = said(embedder, "You are a worthless piece of shit, shut your mouth and crawl back under your rock, moron.")
    assert attack["toxic"] > rant["toxic"]
    assert said(embedder, "How do I ask for a raise after a reorg?")["any"] < general.cuts()["any"]
    assert (
        said(embedder, "I cut my arms every night so that I feel anything at all.")["self-harm"]
        > general.cuts()["self-harm"]
    )


def test_no_label_is_claimed_that_no_text_taught() -> None:
    manifest = json.loads(general.WEIGHTS.with_suffix(".json").read_text("utf-8"))
    assert set(manifest["cuts"]) == set(manifest["out_of_fold"]) <= set(general.LABELS)
    assert all(row["positives"] > 0 for row in manifest["out_of_fold"].values())
    assert set(general.shipped().score(np.zeros(384, np.float32), "")) == set(manifest["cuts"])
    assert manifest["licences"] and manifest["refit"].startswith("python -m service.flagging.fit_general")


def test_nothing_to_read_is_no_score() -> None:
    assert general.shipped().read(EmbeddedPost((), np.zeros((0, 384), np.float32)), "") == {}


def test_a_long_text_counts_by_its_likeliest_piece(embedder: Any) -> None:
    calm = "We moved the job and wrote it down. " * 300
    reader, mean = general.shipped(), np.zeros(384, np.float32)
    alone, later = (
        reader.score(mean, "you stupid worthless idiot"),
        reader.score(mean, calm + "you stupid worthless idiot"),
    )
    assert later["toxic"] > reader.score(mean, calm)["toxic"] and alone["toxic"] > reader.score(mean, calm)["toxic"]


@pytest.mark.parametrize("signal", [True, False])
def test_a_row_is_scored_by_a_reader_that_did_not_see_it(signal: bool) -> None:
    """Labels that a word tells are found again; with labels drawn at random no reader looks good, however well it fits."""
    draw = np.random.default_rng(1)
    rows = [
        Told(
            str(i), "x", f"word{draw.integers(50)} {'alpha beta' if signal and i % 2 else 'gamma delta'} thing{i}",
            draw.normal(size=8).astype(np.float32), {"any": bool(i % 2)},
        )
        for i in range(40)
    ]  # fmt: skip
    scores, truth = out_of_fold(rows), np.array([row.labels["any"] for row in rows])
    values = np.array([scores[row.id]["any"] for row in rows])
    area = float((values[truth][:, None] > values[~truth][None, :]).mean())
    assert area > 0.95 if signal else 0.2 < area < 0.8


@pytest.mark.parametrize("name", ["any", "toxic"])
def test_what_the_manifest_measured_is_what_was_meant(name: str) -> None:
    manifest = json.loads(general.WEIGHTS.with_suffix(".json").read_text("utf-8"))
    assert manifest["out_of_fold"][name]["auc"] >= {"any": 0.88, "toxic": 0.96}[name]
