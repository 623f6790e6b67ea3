"""One file per format that can be imported. An importer yields entries in a fixed order, whatever is wrong with some."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from service.corpus.importers import jsonl, page
from service.corpus.importers.entry import Entry

Importer = Callable[[Path, str, Path | None], Iterator[Entry]]
"""(path, site, mapping file or None) → entries. Raises InvalidInput where the file is not of the format at all."""

IMPORTERS: dict[str, Importer] = {"jsonl": jsonl.read, "page": page.read}

__all__ = ["IMPORTERS", "Entry", "Importer"]
