"""Where private contact and identity data stand in a text: e-mail, phone, card, IBAN, national id, IP address.

One place for the patterns, used when a post is flagged and when its text is masked before it leaves the machine. A
pattern proposes, a library decides (`phonenumbers`, `python-stdnum`, Luhn, `ipaddress`), the words before it help.
Every pattern is bounded, and no more than `MOST` candidates of a kind are checked by a library.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from service.models.id_numbers import national_ids
from service.models.phones import phones

Kind = Literal["email", "phone", "card", "iban", "national_id", "ip"]
MOST = 400

_EMAIL = re.compile(
    r"(?<![\w.+%@/-])[^\W_][\w.+%'-]{0,63}[@＠](?:[^\W_](?:[\w-]{0,61}[^\W_])?[.。]){1,4}[^\W\d_]{2,24}(?![\w-])"
)
_HIDDEN_EMAIL = re.compile(
    r"(?<![\w.+%@/-])([\w.+%-]{1,64})\s?(?:[\[({<]\s?(?:at|@|arroba)\s?[\])}>]| at | arroba )\s?"
    r"((?:[\w-]{1,63}\s?(?:\.|[\[({<]\s?(?:dot|\.)\s?[\])}>]| dot | punto | ponto )\s?){1,3}[a-z]{2,12})\b",
    re.I,
)
_CARD = re.compile(r"(?<![\w.,+-])\d(?:[ -]?\d){11,18}(?![\w-]|[.,]\d)")
_CARD_WORDS = re.compile(
    r"\b(?:cards?|cc|visa|mastercard|amex|credit|debit|carte|tarjeta|cart[ãa]o|karte|kreditkarte|карт\w{0,3})\b|卡",
    re.I,
)
_CARD_PREFIX = re.compile(r"4|5[1-5]|2[2-7]|3[47]|3[0689]|35|6|50|5[6-8]|1800|2131")
_IBAN = re.compile(r"(?<![^\W_])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![^\W_])", re.I)
_IP4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IP6 = re.compile(r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.I)
_VERSION_BEFORE = re.compile(r"(?:\bv(?:ersion)?|\brelease|\bbuild)[ .:]{0,2}$", re.I)


@dataclass(frozen=True)
class PrivateDatum:
    """text[start:end] is a piece of private data; `strength` 0 to 1 says how sure the evidence is.

    `detail` names the shape: for ids the country's number, for phones how it was recognised.
    """

    kind: Kind
    start: int
    end: int
    strength: float
    detail: str


def find_private_data(
    text: str, regions: tuple[str, ...] = ("US", "GB", "DE", "FR", "ES", "BR", "IN")
) -> list[PrivateDatum]:
    """Everything found, in order of place, without overlaps; the surer reading wins where two overlap.

    `regions` are countries tried for phone numbers without a country code.
    """
    found: list[PrivateDatum] = []
    if "@" in text or "＠" in text or "at" in text:
        found += _emails(text)
    if any(map(str.isdigit, text)):
        found += _ibans(text)
        found += (PrivateDatum("national_id", n.start, n.end, n.strength, n.detail) for n in national_ids(text))
        found += _cards(text)
        found += _ips(text)
        found += (PrivateDatum("phone", n.start, n.end, n.strength, n.detail) for n in phones(text, regions))
    taken = bytearray(len(text))
    kept = []
    for datum in sorted(found, key=lambda d: (-d.strength, d.start)):
        if not any(taken[datum.start : datum.end]):
            taken[datum.start : datum.end] = b"\x01" * (datum.end - datum.start)
            kept.append(datum)
    return sorted(kept, key=lambda d: d.start)


def luhn(digits: str) -> bool:
    """The check of payment cards (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _emails(text: str) -> Iterator[PrivateDatum]:
    for match in _EMAIL.finditer(text):
        before = text[max(0, match.start() - 120) : match.start()]
        if "://" in before and not re.search(r"\s", before[before.rindex("://") :]):
            continue  # the password and host of a connection string, not an address
        yield PrivateDatum("email", match.start(), match.end(), 0.98, "email")
    for match in _HIDDEN_EMAIL.finditer(text):
        spelt = bool(re.search(r"[\[({<]| dot | punto | ponto ", match[0]))
        if spelt:
            yield PrivateDatum("email", match.start(), match.end(), 0.9, "spelt_out")


def _cards(text: str) -> Iterator[PrivateDatum]:
    for match in islice(_CARD.finditer(text), MOST):
        digits = re.sub(r"\D", "", match[0])
        if len(set(digits)) < 3 or not luhn(digits) or not _CARD_PREFIX.match(digits):
            continue
        told = bool(_CARD_WORDS.search(text, max(0, match.start() - 60), match.end() + 20))
        if told or (len(digits) >= 15 and _CARD_PREFIX.match(digits)):
            yield PrivateDatum("card", match.start(), match.end(), 0.97 if told else 0.85, "card")
        elif len(digits) >= 13 and digits[0] in "3456":
            yield PrivateDatum("card", match.start(), match.end(), 0.55, "card")


def _ibans(text: str) -> Iterator[PrivateDatum]:
    from stdnum import iban

    for match in islice(_IBAN.finditer(text), MOST):
        start, end = match.span()
        told = "iban" in text[max(0, start - 30) : start].lower()
        while end > start + 14:
            if iban.is_valid(text[start:end], check_country=False):
                yield PrivateDatum("iban", start, end, 0.98, "iban")
                break
            cut = text.rfind(" ", start, end)
            if cut < 0:
                break
            end = cut
        else:
            end = start
        if told and not iban.is_valid(text[start:end], check_country=False):
            yield PrivateDatum("iban", start, match.end(), 0.8, "iban_unchecked")


def _ips(text: str) -> Iterator[PrivateDatum]:
    for pattern in (_IP4, _IP6):
        if pattern is _IP6 and "::" not in text and text.count(":") < 6:
            continue
        for match in islice(pattern.finditer(text), MOST):
            try:
                address = ipaddress.ip_address(match[0])
            except ValueError:
                continue
            if _VERSION_BEFORE.search(text, max(0, match.start() - 12), match.start()):
                continue
            if address.is_unspecified or address.is_loopback:
                continue
            yield PrivateDatum(
                "ip", match.start(), match.end(), 0.9 if address.is_global else 0.5, f"ip{address.version}"
            )
