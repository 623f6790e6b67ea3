"""Personal information out of texts before they leave, and back into answers.

Contact and identity data are found as the flag reader finds them. Names are masked where the words around them say that
they are names; what merely looks like one is reported as unresolved, and `PII_STRICT` then keeps the post here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from service.models.private_data import Kind, find_private_data

PLACEHOLDER = re.compile(r"\[(?:EMAIL|PHONE|CARD|IBAN|ID|IP|HANDLE|NAME|KEY|ADDRESS|URL)_\d{1,4}\]")
_WORD_OF: dict[Kind, str] = {
    "email": "EMAIL", "phone": "PHONE", "card": "CARD", "iban": "IBAN", "national_id": "ID", "ip": "IP",
}  # fmt: skip
_NAME = r"[^\W\d_a-z][^\W\d_]*(?:['’-][^\W\d_]+)?(?:[ \t]+[^\W\d_a-z][^\W\d_]*(?:['’-][^\W\d_]+)?){0,2}"
_NAME_BY_CONTEXT = re.compile(
    r"(?:\b(?i:my name is|my name's|i am called|(?:he|she|they) (?:is|are) called|(?:he|she|their|her|his) name is|named|mr\.?|mrs\.?|ms\.?|"
    r"dr\.?|prof\.?|me llamo|mi nombre es|je m'appelle|ich hei(?:ß|ss)e|mein name ist|meu nome é|me chamo)[ \t]+"
    r"|\b(?i:my|our|the) (?i:(?:new |old |ex-?|former )?(?:manager|boss|lead|director|colleague|coworker|co-worker|teammate|skip|mentor|report|"
    r"recruiter|cto|ceo|vp|friend|wife|husband|partner|son|daughter))(?:,)?[ \t]+"
    r"|(?i:regards|cheers|thanks|thank you|best|sincerely|saludos|gruß|cordialement)[,!]?[ \t]*\n+[ \t]*(?:[-–—][ \t]*)?)"
    rf"(?P<name>{_NAME})"
)
_KEY = re.compile(
    r"\b(?:sk-[\w-]{16,100}|gh[pousr]_[A-Za-z0-9]{20,100}|AKIA[A-Z0-9]{16}|xox[abp]-[\w-]{10,100}|AIza[\w-]{30,50}"
    r"|eyJ[\w-]{10,2000}\.[\w-]{10,2000}\.[\w-]{5,500})"
)
_LOOKS_LIKE_NAME = re.compile(rf"(?<=[a-z,;] )(?P<name>{_NAME.replace('{0,2}', '{1,2}')})")
_NO_NAMES = {"I", "I'm", "I’m", "I've", "I’ve", "I'd", "I’d", "I'll", "I’ll"}


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

    names = {name for text in texts for _start, _end, word, name in _found(text) if word == "NAME"}
    masked = []
    for text in texts:
        parts, done = [], 0
        for start, end, word, value in _with_names(text, names):
            parts += [text[done:start], placeholder(word, value)]
            done = end
        masked.append("".join(parts) + text[done:])
    return Masked(masked, table)


def unresolved_names(texts: Sequence[str]) -> list[str]:
    """Words that look like the name of a person and stand unmasked: two or three capitals in a row inside a sentence."""
    found = (match["name"] for text in texts for match in _LOOKS_LIKE_NAME.finditer(text))
    return list(dict.fromkeys(name for name in found if not set(name.split()) & _NO_NAMES))


def _found(text: str) -> Iterator[tuple[int, int, str, str]]:
    """(start, end, word, value) of everything that is masked by itself, in order, without overlaps."""
    spans = [(datum.start, datum.end, _WORD_OF[datum.kind]) for datum in find_private_data(text)]
    spans += [(match.start(), match.end(), "KEY") for match in _KEY.finditer(text)]
    for match in _NAME_BY_CONTEXT.finditer(text):
        if match["name"] not in _NO_NAMES:
            spans.append((*match.span("name"), "NAME"))
    return _apart(text, spans)


def _with_names(text: str, names: set[str]) -> Iterator[tuple[int, int, str, str]]:
    """As `_found`, and every other place where one of `names` stands."""
    spans = [(start, end, word) for start, end, word, _value in _found(text)]
    for name in names:
        spans += [(match.start(), match.end(), "NAME") for match in re.finditer(rf"\b{re.escape(name)}\b", text)]
    return _apart(text, spans)


def _apart(text: str, spans: list[tuple[int, int, str]]) -> Iterator[tuple[int, int, str, str]]:
    reached = 0
    for start, end, word in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= reached and end > start:
            yield start, end, word, text[start:end]
            reached = end
