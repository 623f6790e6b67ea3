"""Personal information out of texts before they leave, and back into answers.

Contact and identity data are found as the flag reader finds them, names as `names.py` finds them: once found, a name is
masked wherever it or a part of it stands. What merely may be one is reported as unresolved, and `PII_STRICT` then keeps
the post here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from service.models.names import find_names, find_unsure, spoken_alone
from service.models.private_data import Kind, find_private_data

PLACEHOLDER = re.compile(r"\[(?:EMAIL|PHONE|CARD|IBAN|ID|IP|HANDLE|NAME|KEY|ADDRESS|URL)_\d{1,4}\]")
_WORD_OF: dict[Kind, str] = {
    "email": "EMAIL", "phone": "PHONE", "card": "CARD", "iban": "IBAN", "national_id": "ID", "ip": "IP",
}  # fmt: skip
_WORD = re.compile(r"\w+")
_KEY = re.compile(
    r"\b(?:sk-[\w-]{16,100}|gh[pousr]_[A-Za-z0-9]{20,100}|AKIA[A-Z0-9]{16}|xox[abp]-[\w-]{10,100}|AIza[\w-]{30,50}"
    r"|eyJ[\w-]{10,2000}\.[\w-]{10,2000}\.[\w-]{5,500})"
)


Place = tuple[int, int, str, str]
"""(start, end, word of the placeholder, value)."""


@dataclass(frozen=True)
class Masked:
    """Texts with placeholders, and what each placeholder stands for."""

    texts: list[str]
    table: dict[str, str]

    def restore(self, data: Any) -> Any:
        """`data` (any JSON) with placeholders in strings and keys replaced by what they stand for."""
        if isinstance(data, str):
            return PLACEHOLDER.sub(lambda found: self.table.get(found.group(), found.group()), data)
        if isinstance(data, list):
            return [self.restore(item) for item in data]
        if isinstance(data, dict):
            return {self.restore(key): self.restore(value) for key, value in data.items()}
        return data


def mask(texts: Sequence[str]) -> Masked:
    """Replace personal information; the same value gets the same placeholder in all of `texts`."""
    table: dict[str, str] = {}
    by_value: dict[tuple[str, str], str] = {}
    counts: dict[str, int] = {}
    used = {found.group() for text in texts for found in PLACEHOLDER.finditer(text)}

    def placeholder(word: str, value: str) -> str:
        if (word, value) not in by_value:
            made = ""
            while not made or made in used:  # a text may hold something that looks like a placeholder
                counts[word] = counts.get(word, 0) + 1
                made = f"[{word}_{counts[word]}]"
            by_value[word, value] = made
            table[made] = value
        return by_value[word, value]

    alone = [list(_found(text)) for text in texts]
    whole = {name for found in alone for _start, _end, word, name in found if word == "NAME"}
    names = whole | {part for name in whole for part in spoken_alone(name)}
    masked = []
    for text, found in zip(texts, alone, strict=True):
        parts, done = [], 0
        for start, end, word, value in _with_names(text, found, names):
            parts += [text[done:start], placeholder(word, value)]
            done = end
        masked.append("".join(parts) + text[done:])
    return Masked(masked, table)


def unresolved_names(texts: Sequence[str]) -> list[str]:
    """Capitalised words inside sentences that may be names of people and stand unmasked; `texts` are masked ones."""
    found = (name for text in texts for name in find_unsure(PLACEHOLDER.sub(" ", text)))
    return list(dict.fromkeys(found))


def _found(text: str) -> Iterator[Place]:
    """Everything that is masked by itself, in order, without overlaps."""
    spans = [(datum.start, datum.end, _WORD_OF[datum.kind]) for datum in find_private_data(text)]
    spans += [(match.start(), match.end(), "KEY") for match in _KEY.finditer(text)]
    spans += [(name.start, name.end, "NAME") for name in find_names(text)]
    return _apart(text, spans)


def _with_names(text: str, found: Sequence[Place], names: set[str]) -> Iterator[Place]:
    """What was `found`, and every other place where one of `names` stands."""
    spans = [(start, end, word) for start, end, word, _value in found]
    by_first: dict[str, list[str]] = {}
    for name in names:
        by_first.setdefault(_WORD.findall(name)[0], []).append(name)
    for word in _WORD.finditer(text):
        for name in by_first.get(word[0], ()):
            end = word.start() + len(name)
            if text.startswith(name, word.start()) and not text[end : end + 1].isalnum():
                spans.append((word.start(), end, "NAME"))
    return _apart(text, spans)


def _apart(text: str, spans: list[tuple[int, int, str]]) -> Iterator[Place]:
    reached = 0
    for start, end, word in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= reached and end > start:
            yield start, end, word, text[start:end]
            reached = end
