"""A YAML file that remembers on which line each value stands, so that its writer is told where a mistake is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from service.errors import InvalidPromptFile

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class YamlFile:
    """What a file holds (plain values), the hash of its bytes, and its node tree for `problem`."""

    path: Path
    data: dict[str, Any]
    sha256: str
    node: yaml.Node

    def line(self, loc: Sequence[int | str]) -> int:
        """The line, from 1, of the value at `loc`, or of the nearest value above it that exists."""
        node = self.node
        line = node.start_mark.line
        for step in loc:
            if isinstance(node, yaml.MappingNode):
                found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
                if found is None:
                    break
                line, node = found[0].start_mark.line, found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line
            else:
                break
        return int(line) + 1

    def problem(self, loc: Sequence[int | str], message: str, hint: str) -> InvalidPromptFile:
        """The error to raise for the value at `loc`."""
        where = ".".join(map(str, loc))
        return InvalidPromptFile(str(self.path), self.line(loc), f"{where}: {message}" if where else message, hint)


def read_yaml(path: Path) -> YamlFile:
    """Read one mapping. Raises InvalidPromptFile: unreadable, no YAML, no mapping at the top, a key that stands twice."""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise InvalidPromptFile(
            str(path), 1, "cannot be read as UTF-8 text", "Check the path and the encoding"
        ) from None
    return yaml_of(path, text, hashlib.sha256(raw).hexdigest())


def yaml_of(path: Path, text: str, sha256: str) -> YamlFile:
    """Read one mapping out of `text`, whose first line is the first line of the file. Raises as `read_yaml` does."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise InvalidPromptFile(str(path), 1, "holds no mapping", "Start with `name: …`")
        _refuse_doubles(path, node)
        data = loader.construct_document(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        what = getattr(error, "problem", None) or "is not valid YAML"
        raise InvalidPromptFile(str(path), line, str(what), "Check indentation, colons and quotes here") from None
    finally:
        loader.dispose()
    return YamlFile(path, data, sha256, node)


def _refuse_doubles(path: Path, node: yaml.Node) -> None:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if key.value in seen:
                    line = key.start_mark.line + 1
                    raise InvalidPromptFile(str(path), line, f"`{key.value}` stands twice", "Keep one of them")
                seen.add(str(key.value))
                waiting.append(value)
        elif isinstance(node, yaml.SequenceNode):
            waiting.extend(node.value)
