"""Tags that a text calls by name: labels and aliases, matched as whole words without regard to case."""

from __future__ import annotations

import re
from functools import lru_cache

from service.tagging.taxonomy import Taxonomy

_WORD = re.compile(r"\w+")
Named = dict[str, list[tuple[int, int]]]
"""Where each tag is called by name, in order; tags that are not called are not in it."""


class NameFinder:
    """Finds the names of a vocabulary in texts. One pass over the text whatever the size of the vocabulary: a name is looked
    for where its first word stands."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._tags: dict[str, set[str]] = {}
        for tag in taxonomy.tags:
            for name in {tag.tag, tag.tag.replace("-", " "), tag.label.lower(), *(a.lower() for a in tag.aliases)}:
                self._tags.setdefault(_plain(name), set()).add(tag.tag)
        by_first: dict[str, list[str]] = {}
        for name in self._tags:
            by_first.setdefault(_first_word(name), []).append(name)
        self._beginning = {first: _pattern(names) for first, names in by_first.items()}
        self._every = _pattern(list(self._tags)) if "" in by_first else None
        """Needed for names that begin with a sign (".net")."""
        self.named = lru_cache(maxsize=8)(self._named)

    def count(self, text: str) -> dict[str, int]:
        """How often each tag is called by name; tags that are not called are not in it."""
        return {tag: len(spans) for tag, spans in self.named(text).items()}

    def places(self, text: str, tag: str) -> list[tuple[int, int]]:
        """Where a tag is called by name, in order."""
        return self.named(text).get(tag, [])

    def _named(self, text: str) -> Named:
        found: Named = {}
        for start, end in self._spans(text):
            for tag in self._tags.get(_plain(text[start:end]), ()):
                found.setdefault(tag, []).append((start, end))
        return found

    def _spans(self, text: str) -> list[tuple[int, int]]:
        if self._every is not None:
            return [match.span() for match in self._every.finditer(text)]
        found, after = [], 0
        for word in _WORD.finditer(text):
            if word.start() < after or (pattern := self._beginning.get(word[0].lower())) is None:
                continue
            if match := pattern.match(text, word.start()):
                found.append(match.span())
                after = match.end()
        return found


def _pattern(names: list[str]) -> re.Pattern[str]:
    """Any of the names, the longest that fits."""
    alternatives = "|".join(re.escape(name).replace(r"\ ", r"[\s-]+") for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.I)


def _first_word(name: str) -> str:
    word = _WORD.match(name)
    return word[0] if word else ""


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", " ", name.strip().lower())
