"""Everything that can be wrong in the prompts folder without asking a model, all of it at once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import jinja2
from jinja2 import nodes

from service.errors import InvalidPromptFile
from service.prompting import library, lock
from service.prompting.examples import example_inputs
from service.prompting.files import Prompt, load_prompt
from service.prompting.labels import SEED
from service.prompting.problem import Problem
from service.prompting.render import environment, render
from service.prompting.yaml_file import read_yaml

MADE_HERE = {"policy", "taxonomy", "lang", "kind", "today", "max", "suggested", "id", "date"}
"""Inputs and fields that the service makes; everything else is somebody's words and belongs behind a fence."""


def check(folder: Path) -> list[Problem]:
    """Problems of every prompt, policy and taxonomy file, of `live.toml` and of the lock; empty when all is well."""
    problems: list[Problem] = []
    for name in library.names(folder):
        found = library.versions(folder, name)
        if not found:
            problems.append(Problem(folder / name, 1, "holds no version", f"Add {name}/1.0.0{library.suffix_of(name)}"))
        for version in found:
            try:
                problems += _check_one(folder, name, version)
            except InvalidPromptFile as error:
                problems.append(Problem.of(error))
    return problems + _check_live(folder) + lock.check(folder)


def check_prompt(prompt: Prompt) -> list[Problem]:
    """Problems of one prompt that loading does not find: its template, its inputs, its fences."""
    try:
        tree = environment().parse(prompt.source)
    except jinja2.TemplateSyntaxError as error:
        return [Problem(prompt.path, error.lineno, str(error.message), "The body is a Jinja template")]
    problems = [
        Problem(prompt.path, line, f"`{name}` is somebody's words outside a fence", f'Write `fence({name}, "…")`')
        for line, name in _unfenced(tree)
    ]
    if prompt.model is not None:
        line, hint = prompt.yaml.line(("model",)), "Write `model: null`"
        problems.append(Problem(prompt.path, line, "which models are asked is for the settings to say", hint))
    used = {node.name for node in tree.find_all(nodes.Name)}
    for name in prompt.inputs:
        if name not in used:
            line = prompt.yaml.line(("input", "schema", name))
            problems.append(Problem(prompt.path, line, f"the input `{name}` is never used", "Use it or remove it"))
    if not problems:
        render(prompt, **example_inputs(prompt))
    return problems


def _check_one(folder: Path, name: str, version: str) -> list[Problem]:
    if library.suffix_of(name) == ".md":
        return check_prompt(load_prompt(folder, name, version))
    file = read_yaml(library.path_of(folder, name, version))
    for key, expected in (("name", Path(name).name), ("version", version)):
        if file.data.get(key) != expected:
            raise file.problem((key,), f"is not `{expected}`", "It equals the file's path; rename one of them")
    return []


def _check_live(folder: Path) -> list[Problem]:
    path = folder / SEED
    try:
        lines = path.read_text("utf-8").splitlines()
        table = tomllib.loads("\n".join(lines))
    except (OSError, tomllib.TOMLDecodeError) as error:
        return [Problem(path, 1, f"cannot be read: {str(error)[:120]}", "It is TOML, a table for each label")]
    problems = []
    for label, pointers in table.items():
        if not isinstance(pointers, dict):
            problems.append(Problem(path, 1, f"`{label}` is no table", "Write `[production]`, then `name = version`"))
            continue
        for name, version in pointers.items():
            if version not in library.versions(folder, name):
                line = next((n for n, text in enumerate(lines, 1) if name in text.partition("=")[0]), 1)
                problems.append(Problem(path, line, f"there is no {name} {version}", "Point at a version that exists"))
    return problems


def _unfenced(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    """Places where words from outside would be shown bare."""
    loops = {node.target.name for node in tree.find_all(nodes.For) if isinstance(node.target, nodes.Name)}
    for output in tree.find_all(nodes.Output):
        for part in output.nodes:
            yield from _bare(part, loops)


def _bare(node: nodes.Node, loops: set[str]) -> Iterator[tuple[int, str]]:
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in ("fence", "role"):
        return
    if isinstance(node, nodes.Filter) and node.name in ("length", "count"):
        return
    if isinstance(node, nodes.Test | nodes.Compare):
        return
    if isinstance(node, nodes.CondExpr):
        yield from _bare(node.expr1, loops)
        if node.expr2 is not None:
            yield from _bare(node.expr2, loops)
        return
    if isinstance(node, nodes.Getattr | nodes.Getitem) and isinstance(node.node, nodes.Name):
        key = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", "")
        owner = node.node.name
        trusted = owner == "loop" or (owner in loops and key in (MADE_HERE | {"kind"}))
        if not trusted:
            yield node.lineno, f"{owner}.{key}"
        return
    if isinstance(node, nodes.Name) and node.name not in MADE_HERE:
        yield node.lineno, node.name
        return
    for child in node.iter_child_nodes():
        yield from _bare(child, loops)
