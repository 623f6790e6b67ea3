"""Datasets from disk: every line checked, every error with file, line and what to do about it."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from eval import cases, frozen_rows

FOLDER = Path(__file__).parent / "datasets"
R = TypeVar("R", bound=BaseModel)

SHIPPED: dict[str, type[BaseModel]] = {
    "posts/voices_*": cases.LabelledPost,
    "posts_to_fit/voices_*": cases.LabelledPost,
    "posts_to_fit/more_*": cases.LabelledPost,
    "posts_to_fit/risk_*": cases.LabelledPost,
    "posts_to_fit/long_*": cases.LabelledPost,
    "second_labels": cases.SecondLabel,
    "offtopic_hard": cases.HardOffTopic,
    "golden": cases.Golden,
    "related_queries": cases.RelatedQuery,
    "drafting_questions": cases.DraftingQuestion,
    "questions_to_fit": cases.QuestionToFit,
    "answer_pairs": cases.AnswerPair,
    "support_labels": cases.SupportLabel,
    "attacks": cases.Attack,
    "frozen/drafting_questions": frozen_rows.FrozenQuestion,
    "frozen/passages": frozen_rows.FrozenPassage,
}


class InvalidDataset(Exception):
    """A dataset that cannot be used; says file, line and hint. Exit code 2."""

    def __init__(self, path: Path, line: int, message: str, hint: str) -> None:
        super().__init__(f"{path}:{line}: {message}. {hint}")


class NotThere(Exception):
    """A dataset that is not on this machine; the section that needs it is skipped, and says so."""


@dataclass(frozen=True)
class Dataset(Generic[R]):
    """Rows in file order and the SHA-256 of the files' content, which is the dataset's version."""

    name: str
    rows: tuple[R, ...]
    version: str


def shipped(name: str) -> Dataset[Any]:
    """A dataset of the project, by its key in SHIPPED. Raises InvalidDataset, NotThere."""
    return load(name, sorted(FOLDER.glob(f"{name}.jsonl")), SHIPPED[name])


def load(name: str, paths: list[Path], row: type[R]) -> Dataset[R]:
    """Read and check files. Raises InvalidDataset for the first bad line, NotThere without any file."""
    if not paths:
        raise NotThere(f"eval/datasets/{name}.jsonl is not there")
    digest = hashlib.sha256()
    rows: list[R] = []
    seen: dict[str, str] = {}
    for path in paths:
        content = path.read_bytes()
        digest.update(content)
        for number, line in enumerate(content.split(b"\n"), 1):
            if not line.strip():
                continue
            made = _parsed(path, number, line, row)
            row_id = str(getattr(made, "id", f"{path}:{number}"))
            if row_id in seen:
                raise InvalidDataset(
                    path,
                    number,
                    f"id {row_id!r} stands twice",
                    f"It is already at {seen[row_id]}; ids are never reused",
                )
            seen[row_id] = f"{path.name}:{number}"
            rows.append(made)
    if not rows:
        raise InvalidDataset(paths[0], 1, "no rows", "An empty dataset measures nothing: remove the file or fill it")
    return Dataset(name, tuple(rows), digest.hexdigest())


def _parsed(path: Path, number: int, line: bytes, row: type[R]) -> R:
    try:
        data = json.loads(line)
    except ValueError as error:
        raise InvalidDataset(path, number, f"not JSON: {error}", "Each line is one JSON object") from None
    try:
        return row.model_validate(data)
    except ValidationError as failure:
        errors = failure.errors(include_url=False, include_input=False)
        first = min(errors, key=lambda e: e["type"] not in ("extra_forbidden", "missing"))
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidDataset(path, number, f"{place}: {first['msg']}", _hint(first, row, data)) from None


def _hint(error: Any, row: type[BaseModel], data: Any) -> str:
    name = str(error["loc"][-1]) if error["loc"] else ""
    known = list(row.model_fields)
    if error["type"] == "extra_forbidden":
        missing = [key for key in known if not isinstance(data, dict) or key not in data]
        near = difflib.get_close_matches(name, missing, 1, 0.6) or difflib.get_close_matches(name, known, 1, 0.6)
        return f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(known)}"
    if error["type"] == "missing":
        given = [key for key in data if key not in known] if isinstance(data, dict) else []
        near = difflib.get_close_matches(name, given, 1, 0.6)
        return (
            f"{near[0]!r} may be a misspelling of it" if near else f"Add {name!r}; null or empty where nothing is known"
        )
    return "eval/datasets/FORMATS.md says what belongs there"


def external(file: str) -> Path:
    """A file of the folder that EVAL_DATA names. Raises NotThere."""
    folder = os.environ.get("EVAL_DATA", "")
    if not folder:
        raise NotThere("EVAL_DATA is not set")
    path = Path(folder) / file
    if not path.is_file():
        raise NotThere(f"{file} is not in EVAL_DATA")
    return path


def external_rows(file: str) -> list[dict[str, Any]]:
    """Its rows as plain objects."""
    with external(file).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def held_out_voices() -> frozenset[str]:
    """The voices that no rule was written from and no weight was fitted on."""
    lines = (FOLDER / "held_out_voices.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def write_schemas(folder: Path = FOLDER) -> list[Path]:
    """Write the JSON Schema of every dataset beside it; returns the paths."""
    written = []
    for name, row in SHIPPED.items():
        path = folder / f"{name.removesuffix('_*')}.schema.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(cases.schema_of(row), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(path)
    return written


def version_of(versions: Iterable[str]) -> str:
    """One version out of several."""
    return hashlib.sha256("\n".join(versions).encode()).hexdigest()[:16]
