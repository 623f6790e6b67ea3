from __future__ import annotations

from eval.bench.serving import heavy_imports


def test_a_server_starts_without_litellm_and_scikit_learn() -> None:
    assert heavy_imports() == ""


def test_what_is_imported_is_named() -> None:
    assert heavy_imports("sklearn") == "sklearn"
