"""Vectors kept between runs: for as long as they would be made the same way, and never those of what members wrote."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest

from eval import commands, remembering
from eval.remembering import RememberingEmbedder, kept_between_runs
from service.models.embedder import BundledEmbedder, Vectors


def test_vectors_made_otherwise_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = kept_between_runs(tmp_path)
    (now / "x").mkdir(parents=True)
    assert kept_between_runs(tmp_path) == now and (now / "x").exists()
    monkeypatch.setattr(remembering, "version", lambda name: "another")
    later = kept_between_runs(tmp_path)
    assert later != now and not now.exists()


def test_what_one_run_embedded_the_next_one_reads(
    tmp_path: Path, embedder: BundledEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["How do I ask for a rise?", "My team lead left."]
    first = RememberingEmbedder(embedder, tmp_path).embed(texts)

    def embed(_texts: list[str]) -> Vectors:
        raise AssertionError("embedded again")

    monkeypatch.setattr(embedder, "embed", embed)
    assert np.array_equal(RememberingEmbedder(embedder, tmp_path).embed(texts), first)


@pytest.mark.parametrize(
    ("given", "kept"),
    [({}, "kept"), ({"fresh": True}, "scratch"), ({"data": "cases.jsonl"}, "scratch"), ({"cache": "there"}, "there")],
)
def test_vectors_of_exported_cases_and_of_a_fresh_run_are_kept_nowhere(
    given: dict[str, object], kept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "kept_between_runs", lambda: tmp_path / "kept")
    asked = argparse.Namespace(**({"cache": None, "fresh": False, "data": None} | given))
    found = commands._cache(asked, tmp_path / "scratch")
    assert found in (tmp_path / kept, tmp_path / kept / "cache", Path(kept))


def test_where_nothing_can_be_kept_a_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    monkeypatch.setattr(commands, "kept_between_runs", lambda: in_the_way / "kept")
    asked = argparse.Namespace(cache=None, fresh=False, data=None)
    assert commands._cache(asked, tmp_path) == tmp_path / "cache"
