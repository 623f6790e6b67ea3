"""What lies in the prompts folder: names, versions, files. Policy and taxonomy are versioned like prompts."""

from __future__ import annotations

from pathlib import Path

from service.errors import NotFound
from service.prompting.files import NAME, VERSION

VERSIONED_FOLDERS = ("policy", "taxonomy")


def names(folder: Path) -> list[str]:
    """Every name that has versions: `flag_post`, `policy/tech-career`, …"""
    found = [path.name for path in folder.iterdir() if path.is_dir() and path.name not in VERSIONED_FOLDERS]
    for kind in VERSIONED_FOLDERS:
        if (folder / kind).is_dir():
            found += [f"{kind}/{path.name}" for path in (folder / kind).iterdir() if path.is_dir()]
    return sorted(name for name in found if not Path(name).name.startswith((".", "_")))


def versions(folder: Path, name: str) -> list[str]:
    """Versions of `name`, oldest first; empty where there is no such name."""
    suffix = suffix_of(name)
    place = folder / name
    stems = [path.stem for path in place.glob(f"*{suffix}")] if _is_safe(name) and place.is_dir() else []
    return sorted((stem for stem in stems if VERSION.fullmatch(stem)), key=order)


def order(version: str) -> tuple[int, int, int]:
    """A key that sorts versions (Semantic Versioning 2.0.0, without pre-releases)."""
    major, minor, patch = version.split(".")
    return int(major), int(minor), int(patch)


def path_of(folder: Path, name: str, version: str) -> Path:
    """The file of a version. Raises NotFound."""
    if version not in versions(folder, name):
        raise NotFound(f"there is no {name} {version}", field="version")
    return folder / name / f"{version}{suffix_of(name)}"


def suffix_of(name: str) -> str:
    """`.yaml` for policy and taxonomy, `.md` for prompts."""
    return ".yaml" if name.partition("/")[0] in VERSIONED_FOLDERS and "/" in name else ".md"


def _is_safe(name: str) -> bool:
    kind, slash, rest = name.partition("/")
    if not slash:
        return bool(NAME.fullmatch(name))
    return kind in VERSIONED_FOLDERS and bool(NAME.fullmatch(rest.replace("-", "_")))
