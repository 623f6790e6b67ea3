"""A prompt file: YAML front matter that says everything about it, then the template. prompts/README.md is the format.

Whatever is wrong in a file is said with the file's name, the line and a hint.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.errors import InvalidPromptFile
from service.prompting.yaml_file import YamlFile, yaml_of

InputType = Literal["string", "integer", "array", "object"]
NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
VERSION = re.compile(r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})")


@dataclass(frozen=True)
class Prompt:
    """One version of one prompt. `sha256` is that of the file's bytes; `source` is padded so that its lines are the file's."""

    name: str
    version: str
    sha256: str
    description: str
    changelog: str
    model: str | None
    config: Mapping[str, Any]
    inputs: Mapping[str, InputType]
    output_format: str
    output_schema: Mapping[str, Any] | None
    body: str
    path: Path
    source: str = field(repr=False)
    yaml: YamlFile = field(repr=False, compare=False)

    def problem(self, line: int, message: str, hint: str) -> InvalidPromptFile:
        """An error that names this file."""
        return InvalidPromptFile(str(self.path), line, message, hint)


def load_prompt(folder: Path, name: str, version: str) -> Prompt:
    """The prompt `folder/name/version.md`. Raises InvalidPromptFile. An unchanged file is parsed once."""
    path = folder / name / f"{version}.md"
    if not NAME.fullmatch(name) or not VERSION.fullmatch(version):
        raise InvalidPromptFile(f"{name}/{version}", 1, "is no name and version", "Names are like_this, versions 1.2.3")
    try:
        raw = path.read_bytes()
    except OSError:
        raise InvalidPromptFile(
            str(path), 1, "cannot be read", "Look in `answerloop prompts check` for versions"
        ) from None
    return _parsed(path, raw)


@lru_cache(maxsize=256)
def _parsed(path: Path, raw: bytes) -> Prompt:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InvalidPromptFile(str(path), line, "is not UTF-8", "Save the file as UTF-8") from None
    head, body, first = _halves(path, text)
    yaml = yaml_of(path, head, hashlib.sha256(raw).hexdigest())
    front = _front_matter(yaml)
    for key, expected in (("name", path.parent.name), ("version", path.stem)):
        if getattr(front, key) != expected:
            raise yaml.problem((key,), f"is not `{expected}`", "It equals the file's path; rename one of them")
    prompt = Prompt(
        name=front.name,
        version=front.version,
        sha256=yaml.sha256,
        description=front.description,
        changelog=front.changelog,
        model=front.model,
        config=front.config.model_dump(),
        inputs=front.input.schema_,
        output_format=front.output.format,
        output_schema=front.output.schema_,
        body=body,
        path=path,
        source="\n" * (first - 1) + body,
        yaml=yaml,
    )
    _check_reply_schema(prompt)
    return prompt


def _halves(path: Path, text: str) -> tuple[str, str, int]:
    """Front matter (its lines where they are in the file), body, and the line the body begins on."""
    lines = text.splitlines(keepends=True)
    if not lines or lines[0].rstrip() != "---":
        raise InvalidPromptFile(str(path), 1, "has no front matter", "The first line is `---`")
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        raise InvalidPromptFile(str(path), 1, "front matter has no end", "Close it with a line `---`")
    return "\n" + "".join(lines[1:end]), "".join(lines[end + 1 :]), end + 2


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Config(_Closed):
    temperature: float = Field(ge=0, le=2)
    max_output_tokens: int = Field(ge=1, le=100_000)


class _Input(_Closed):
    schema_: dict[str, InputType] = Field(alias="schema")


class _Output(_Closed):
    format: Literal["json", "text"]
    schema_: dict[str, Any] | None = Field(alias="schema")


class _FrontMatter(_Closed):
    name: str
    version: str
    description: str = Field(min_length=1)
    changelog: str = Field(min_length=1)
    model: str | None
    config: _Config
    input: _Input
    output: _Output


def _front_matter(yaml: YamlFile) -> _FrontMatter:
    try:
        return _FrontMatter.model_validate(yaml.data)
    except ValidationError as error:
        first = error.errors()[0]
    loc, kind = tuple(first["loc"]), first["type"]
    if kind == "extra_forbidden":
        raise yaml.problem(loc, "unknown field", "Check its spelling against prompts/README.md, or remove it")
    if kind == "missing":
        raise yaml.problem(loc, "missing", f"Add `{loc[-1]}`; prompts/README.md says what belongs there")
    raise yaml.problem(loc, first["msg"].lower(), "prompts/README.md says what belongs there")


def _check_reply_schema(prompt: Prompt) -> None:
    schema, place = prompt.output_schema, ("output", "schema")
    if (prompt.output_format == "json") != (schema is not None):
        raise prompt.yaml.problem(place, "does not go with the format", "`json` has a schema, `text` has `null`")
    if schema is None:
        return
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise prompt.yaml.problem((*place, *error.absolute_path), error.message[:200], "It is a JSON Schema") from None
    for loc, part in _objects(schema, place):
        properties = set(part.get("properties", {}))
        if part.get("additionalProperties") is not False:
            raise prompt.yaml.problem(loc, "an object that is not closed", "Add `additionalProperties: false`")
        if set(part.get("required", ())) != properties:
            missing = ", ".join(sorted(properties ^ set(part.get("required", ()))))
            raise prompt.yaml.problem(loc, "not all properties are required", f"Compare `required`: {missing}")


def _objects(part: Any, loc: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    if isinstance(part, Mapping):
        if part.get("type") == "object":
            yield loc, part
        for key, value in part.items():
            yield from _objects(value, (*loc, str(key)))
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from _objects(value, (*loc, index))
