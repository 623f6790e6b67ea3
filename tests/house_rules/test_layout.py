"""The layout rules of the project, held by reading every import."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIONS = ["intake", "corpus", "retrieval", "tagging", "flagging", "drafting", "review", "desk", "feedback"]
FOUNDATION_PACKAGES = {"people", "prompting", "models"}
FOUNDATION_FILES = {"settings", "errors", "database", "clock"}
ONLY_IMPORTER = {
    "litellm": "service/models/gateway.py",
    "chromadb": "service/corpus/vectors.py",
    "langchain_text_splitters": "service/corpus/passages.py",
    "dbos": "service/jobs.py",
}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "core", "base", "manager", "misc"}


@cache
def sources() -> dict[Path, ast.Module]:
    """Every Python file of the product, parsed."""
    found = [path for top in ("service", "eval") for path in (ROOT / top).rglob("*.py")]
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted(found)}


def imports(tree: ast.Module) -> set[str]:
    """Every module that a file imports, with the names it takes from packages."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room(path: Path) -> str:
    """The part of `service` that a file lives in."""
    parts = path.relative_to(ROOT / "service").with_suffix("").parts
    return parts[0]


def rank(name: str) -> int:
    """Foundations 0, stations 1 to 9 in order, surfaces 10."""
    if name in FOUNDATION_PACKAGES | FOUNDATION_FILES:
        return 0
    return 1 + STATIONS.index(name) if name in STATIONS else 10


def test_no_file_imports_from_a_layer_below_its_own() -> None:
    wrong = []
    for path, tree in sources().items():
        if path.is_relative_to(ROOT / "eval") or room(path) in ("migrations", "__init__"):
            continue
        for module in imports(tree):
            parts = module.split(".")
            if parts[0] != "service" or len(parts) < 2 or parts[1] == "migrations":
                continue
            if rank(parts[1]) > rank(room(path)):
                wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert wrong == []


def test_the_service_never_imports_the_eval_suite_at_the_top_of_a_file() -> None:
    wrong = []
    for path, tree in sources().items():
        if path.is_relative_to(ROOT / "service"):
            top = ast.Module([n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)], [])
            wrong += [str(path.relative_to(ROOT)) for module in imports(top) if module.split(".")[0] == "eval"]
    assert wrong == []


@pytest.mark.parametrize(("library", "only"), ONLY_IMPORTER.items())
def test_a_library_behind_a_boundary_has_one_importer(library: str, only: str) -> None:
    users = {
        str(p.relative_to(ROOT))
        for p, tree in sources().items()
        if any(m.split(".")[0] == library for m in imports(tree))
    }
    assert users == {only}


def test_no_file_is_named_for_nothing_in_particular() -> None:
    assert [str(p) for p in sources() if p.stem in FORBIDDEN_NAMES or p.parent.name in FORBIDDEN_NAMES] == []


def test_modules_stay_short() -> None:
    lengths = {p: len(p.read_text("utf-8").splitlines()) for p in sources() if "migrations/versions" not in str(p)}
    assert {str(p.relative_to(ROOT)): n for p, n in lengths.items() if n > 350} == {}
    ordered = sorted(n for p, n in lengths.items() if p.name != "__init__.py")
    assert ordered[len(ordered) // 2] <= 130


def test_every_public_thing_has_a_docstring() -> None:
    missing = []
    for path, tree in sources().items():
        if path.name == "errors.py" or "migrations" in path.parts:
            continue  # the tree at the top of errors.py describes every class
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node not in _outer(tree)
                if not node.name.startswith("_") and not inner and ast.get_docstring(node) is None and not _stub(node):
                    missing.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert missing == []


def _outer(tree: ast.Module) -> list[ast.AST]:
    """Functions at the top of a module and methods of its public classes."""
    found: list[ast.AST] = list(tree.body)
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            found += node.body
    return found


def _stub(node: ast.AST) -> bool:
    decorators = [ast.unparse(d) for d in getattr(node, "decorator_list", [])]
    overrides = getattr(node, "name", "") in (
        "process_bind_param",
        "process_result_value",
        "handle_starttag",
        "handle_endtag",
        "handle_data",
    )
    return overrides or any("overload" in d or d.endswith(".setter") or "exception_handler" in d for d in decorators)


def tracked_texts() -> list[Path]:
    """Every text file of the project that is not installed or generated."""
    skip = {
        ".git",
        ".venv",
        "data",
        "node_modules",
        "reports",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        "vendor",
        ".hypothesis",
    }
    kinds = {
        ".py",
        ".md",
        ".toml",
        ".yaml",
        ".yml",
        ".json",
        ".jsonl",
        ".txt",
        ".html",
        ".css",
        ".js",
        ".lock",
        ".mako",
        "",
    }
    files = [p for p in ROOT.rglob("*") if p.is_file() and p.suffix in kinds]
    return [
        p
        for p in files
        if not skip & set(p.relative_to(ROOT).parts) and not any(x.endswith(".egg-info") for x in p.parts)
    ]


def test_no_file_names_a_registry_or_a_machine() -> None:
    hosts = [
        "pypi" + ".org",
        "files.python" + "hosted",
        "registry.npm" + "js",
        "deb.debian" + ".org",
        "/work" + "/",
        "/tmp" + "/w/",
    ]
    pattern = re.compile("|".join(map(re.escape, hosts)))
    assert [str(p.relative_to(ROOT)) for p in tracked_texts() if pattern.search(p.read_text("utf-8", "replace"))] == []
