"""A setting that nothing reads is no setting."""

from __future__ import annotations

import ast
from pathlib import Path

from service.settings import Settings

SERVICE = Path(__file__).parents[2] / "service"
HOME = SERVICE / "settings.py"


def read_from_settings(tree: ast.AST) -> set[str]:
    """Names read from a value that is called settings."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and _is_settings(node.value):
            found.add(node.attr)
    return found


def _is_settings(node: ast.expr) -> bool:
    name = ast.unparse(node).removesuffix("()").split(".")[-1]
    return name.lower().endswith("settings")


def behind_properties() -> dict[str, set[str]]:
    """Each property of Settings and the names it reads."""
    of_class = next(n for n in ast.parse(HOME.read_text("utf-8")).body if isinstance(n, ast.ClassDef))
    return {
        function.name: {
            node.attr
            for node in ast.walk(function)
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self"
        }
        for function in of_class.body
        if isinstance(function, ast.FunctionDef)
    }


def test_every_setting_is_read_somewhere() -> None:
    read: set[str] = set()
    for path in SERVICE.rglob("*.py"):
        if path != HOME:
            read |= read_from_settings(ast.parse(path.read_text("utf-8")))
    for name, behind in behind_properties().items():
        if name in read:
            read |= behind
    assert set(Settings.model_fields) - read == set()
