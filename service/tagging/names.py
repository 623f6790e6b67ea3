"""Tags that a text calls by name: labels and aliases, matched as whole words without regard to case."""

from __future__ import annotations

import re

from service.tagging.taxonomy import Taxonomy


class NameFinder:
    """Finds the names of a vocabulary in texts. One pass over the text whatever the size of the vocabulary."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._tags: dict[str, set[str]] = {}
        for tag in taxonomy.tags:
            for name in {tag.tag, tag.tag.replace("-", " "), tag.label.lower(), *(a.lower() for a in tag.aliases)}:
                self._tags.setdefault(_plain(name), set()).add(tag.tag)
        names = sorted(self._tags, key=len, reverse=True)
        alternatives = "|".join(re.escape(name).replace(r"\ ", r"[\s-]+") for name in names)
        self._pattern = re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.I)

    def count(self, text: str) -> dict[str, int]:
        """How often each tag is called by name; tags that are not called are not in it."""
        found: dict[str, int] = {}
        for match in self._pattern.finditer(text):
            for tag in self._tags.get(_plain(match[0]), ()):
                found[tag] = found.get(tag, 0) + 1
        return found

    def places(self, text: str, tag: str) -> list[tuple[int, int]]:
        """Where a tag is called by name, in order."""
        found = self._pattern.finditer(text)
        return [m.span() for m in found if tag in self._tags.get(_plain(m[0]), ())]


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", " ", name.strip().lower())
