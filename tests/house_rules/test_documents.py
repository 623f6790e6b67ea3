"""What the documents say is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from service.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_settings_table_lists_every_setting_with_its_default() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \| (.*?) \|$", README, re.M)
    documented = {name: (default, text) for name, default, text in rows}
    expected = {}
    for name, field in Settings.model_fields.items():
        default = field.default
        secret = getattr(default, "get_secret_value", None)
        shown = secret() if secret else default
        shown = str(shown).lower() if isinstance(shown, bool) else str(shown)
        expected[name.upper()] = (f"`{shown}`" if shown else "empty", field.description)
    assert documented == expected


def test_every_command_the_readme_names_exists() -> None:
    from typer.main import get_command

    from service.cli import app

    commands = get_command(app).commands  # type: ignore[attr-defined]
    named = set(re.findall(r"`answerloop ([a-z-]+)", README)) | set(
        re.findall(r"^\s*answerloop ([a-z-]+)", README, re.M)
    )
    assert named <= set(commands), named - set(commands)
    assert {"serve", "import", "assess", "related", "people", "keys", "models"} <= set(commands)


def test_every_make_target_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    assert set(re.findall(r"`make ([a-z]+)`", README)) <= targets


def test_every_decision_has_its_four_parts() -> None:
    for page in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        text = page.read_text("utf-8").lower()
        assert all(f"## {part}" in text for part in ("context", "decision", "consequences", "alternatives")), page.name
