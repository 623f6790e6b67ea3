"""What decides the answers of a run, as a digest: an output is only taken over from a run that had the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from service.settings import Settings

ROOT = Path(__file__).parent.parent
DATA = {".py", ".npz", ".json", ".jsonl", ".toml", ".txt", ".yaml"}
CODE = (("service", "**/*"), ("eval", "*.py"), ("eval/suites", "*.py"), ("eval/scorers", "*.py"))

PLACES = {"data_dir", "prompts_dir"}
"""Settings that say where something is, not what."""


def digest(settings: Settings) -> str:
    """Of the service with its weights and word lists, of the suites with their scorers, of the settings and the prompts."""
    prompts = settings.prompts_dir
    parts = of_code(), settings.model_dump_json(exclude=PLACES), _of_files(prompts, prompts.rglob("*"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@cache
def of_code(root: Path = ROOT) -> str:
    """The part that stays the same while a process runs."""
    files = [path for folder, pattern in CODE for path in (root / folder).glob(pattern) if path.suffix in DATA]
    return _of_files(root, files)


def _of_files(root: Path, files: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for path in sorted(path for path in files if path.is_file() and "__pycache__" not in path.parts):
        found.update(f"{path.relative_to(root).as_posix()}\0".encode())
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()
