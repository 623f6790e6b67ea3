"""Personal information in a case is replaced by values that stand for nobody, so that the case still tests its readers.

Numbers, addresses and names come from ranges reserved for examples (Ofcom's drama numbers, RFC 2606, RFC 5737, the
card schemes' test numbers). Kinds without such a range keep a placeholder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.models.masking import PLACEHOLDER, mask, unresolved_names

NAMES = ("Alex Morgan", "Sam Rivera", "Robin Castell", "Kim Ortega", "Toni Marlow", "Jo Hartwell", "Ari Fenwick")
_MADE: dict[str, Callable[[int], str]] = {
    "EMAIL": lambda n: f"person{n}@example.org",
    "PHONE": lambda n: f"+44 7700 900{n % 1000:03d}",
    "CARD": lambda _n: "4111 1111 1111 1111",
    "IBAN": lambda _n: "GB33 BUKB 2020 1555 5555 55",
    "IP": lambda n: f"203.0.113.{n % 256}",
    "HANDLE": lambda n: f"@member{n}",
    "NAME": lambda n: NAMES[(n - 1) % len(NAMES)],
    "URL": lambda n: f"https://example.org/{n}",
}


@dataclass(frozen=True)
class Disguised:
    """Texts in which nobody is named, as far as is known; `look_at` lists what a person should look at."""

    texts: list[str]
    look_at: list[str]


def disguise(texts: Sequence[str]) -> Disguised:
    """Replace personal information; the same value becomes the same stand-in in all of `texts`."""
    masked = mask(texts)
    open_names = unresolved_names(masked.texts)
    stands = {placeholder: _stand_in(placeholder) for placeholder in masked.table}
    made = [PLACEHOLDER.sub(lambda found: stands.get(found.group(), found.group()), text) for text in masked.texts]
    return Disguised(made, open_names)


def _stand_in(placeholder: str) -> str:
    word, _, number = placeholder.strip("[]").rpartition("_")
    make = _MADE.get(word)
    return make(int(number)) if make is not None else placeholder
