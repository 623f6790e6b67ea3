"""A service on a prompts folder of its own, with a second version of two prompts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.prompting.release import new_version, release
from tests.conftest import ROOT
from tests.degraded.conftest import *


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped prompts."""
    copied = tmp_path / "prompts"
    shutil.copytree(ROOT / "prompts", copied)
    return copied


def second(folder: Path, name: str) -> str:
    """Release the next version of a prompt, which differs in one sentence; returns it."""
    path = new_version(folder, name, "minor")
    text = path.read_text("utf-8").replace('changelog: ""', "changelog: One more sentence.")
    text = text.replace('{{ role("user") }}', 'Be kind.\n\n{{ role("user") }}', 1)
    path.write_text(text, "utf-8")
    release(folder, name)
    return path.stem


@pytest.fixture
def service_on(by_hand: Callable[..., Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Starts a service on the copied prompts; the same settings otherwise."""

    def run(*arguments: Any, **settings: Any) -> Any:
        import tests.conftest as shared

        monkeypatch.setattr(shared, "ROOT", folder.parent)
        return by_hand(*arguments, **settings)

    return run
