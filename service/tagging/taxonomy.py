"""The closed vocabulary of tags as data, read from a YAML file in `prompts/taxonomy/`."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.prompting.yaml_file import read_yaml

Words = Annotated[str, Field(min_length=1, max_length=1000)]
TagName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.+#-]{0,59}$")]
POINTER = "→"


class TagDefinition(BaseModel):
    """One tag: what it means, what looks like it and is something else, and the words by which members call it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tag: TagName
    label: Words
    definition: Words
    not_this: tuple[Words, ...] = ()
    examples: tuple[Words, ...] = ()
    aliases: tuple[Words, ...] = ()
    implies: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


class Taxonomy(BaseModel):
    """A vocabulary. `implies` and `excludes` hold in every post; exclusion works in both directions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    description: str = ""
    tags: Annotated[tuple[TagDefinition, ...], Field(min_length=1, max_length=2000)]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every tag, in the order of the file."""
        return tuple(tag.tag for tag in self.tags)

    @cached_property
    def excluded(self) -> dict[str, frozenset[str]]:
        """For each tag the tags that never stand beside it."""
        found: dict[str, set[str]] = {name: set() for name in self.names}
        for tag in self.tags:
            for other in tag.excludes:
                found[tag.tag].add(other)
                found[other].add(tag.tag)
        return {name: frozenset(others) for name, others in found.items()}

    @cached_property
    def as_text(self) -> str:
        """The vocabulary as a model is shown it: name, definition, near misses, examples."""
        parts = []
        for tag in self.tags:
            lines = [f"{tag.tag}: {tag.definition}"]
            lines += [f"  not this: {line}" for line in tag.not_this]
            lines += [f"  example: {line}" for line in tag.examples]
            parts.append("\n".join(lines))
        return "\n".join(parts)

    def as_rows(self) -> list[dict[str, Any]]:
        """The vocabulary as the API shows it."""
        return [
            t.model_dump(mode="json", include={"tag", "label", "definition", "not_this", "examples"}) for t in self.tags
        ]


def load_taxonomy(path: Path) -> Taxonomy:
    """Read `<folder>/<name>/<version>.yaml`. Raises InvalidPromptFile with file, line and hint."""
    source = read_yaml(path)
    try:
        taxonomy = Taxonomy.model_validate(source.data)
    except ValidationError as invalid:
        first = invalid.errors()[0]
        raise source.problem(first["loc"], first["msg"], _hint(first["type"])) from None
    if (path.parent.name, path.stem) != (taxonomy.name, taxonomy.version):
        raise source.problem(("version",), "name and version differ from the path", "A file is <name>/<version>.yaml")
    names = set(taxonomy.names)
    seen: set[str] = set()
    for index, tag in enumerate(taxonomy.tags):
        at = ("tags", index)
        if tag.tag in seen:
            raise source.problem((*at, "tag"), f"`{tag.tag}` stands twice", "Keep one of them")
        seen.add(tag.tag)
        for number, line in enumerate(tag.not_this):
            _, arrow, other = line.rpartition(POINTER)
            if arrow and other.strip() not in names:
                raise source.problem(
                    (*at, "not_this", number),
                    f"`{other.strip()}` is no tag",
                    f"After {POINTER} stands one tag of this file",
                )
        for key in ("implies", "excludes"):
            for other in getattr(tag, key):
                if other not in names or other == tag.tag:
                    raise source.problem((*at, key), f"`{other}` is no other tag of this file", "Name another tag")
        if both := set(tag.implies) & set(tag.excludes):
            raise source.problem((*at, "excludes"), f"`{min(both)}` is both implied and excluded", "Keep one")
    return taxonomy


def newest_taxonomy(folder: Path, name: str) -> Path | None:
    """The file of the highest version of a taxonomy under `folder`, None where there is none."""
    files = [path for path in (folder / name).glob("*.yaml") if re.fullmatch(r"\d+\.\d+\.\d+", path.stem)]
    return max(files, key=lambda path: tuple(map(int, path.stem.split("."))), default=None)


def _hint(kind: str) -> str:
    hints = {
        "missing": "Add the field",
        "extra_forbidden": "Remove it, or correct its spelling",
        "string_pattern_mismatch": "Use small letters, digits and hyphens",
    }
    return hints.get(kind, "See prompts/README.md, A taxonomy file")
