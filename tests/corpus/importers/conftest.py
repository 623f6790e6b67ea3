"""Dumps are staged in the folder of the test."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def staging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The `DATA_DIR` that importers see."""
    folder = tmp_path / "staging"
    monkeypatch.setenv("DATA_DIR", str(folder))
    return folder
