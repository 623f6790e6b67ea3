"""Phone numbers in running text: digit groups propose, `phonenumbers` and the words around them decide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

MOST = 200
"""Candidates per text that are looked at; a text with more is a table of numbers."""

_CANDIDATE = re.compile(
    r"(?<![\w.,/:=#€$£¥₹+-])(?:\+|00|\()?[ ]?\(?\d{1,5}\)?(?:[ ./\u2010-\u2013·-]{0,3}\(?\d{1,5}\)?){1,6}(?:\s?(?:x|ext\.?)\s?\d{1,5})?"
    r"(?![\w%€$£¥₹]|[.,:/]\d)",
)
_BEFORE = re.compile(
    r"(?:\b(?:phone|tel|telephone|telefono|teléfono|téléphone|telefon|telefone|mobile|mobil|móvil|mob|cell|cellphone|celular|cel|handy|portable|"
    r"whats ?app|wa|viber|signal|telegram|sms|call|calls|called|calling|ring|text|texts|txt|dial|fax|numbers?|número|numero|nummer|nr|num|hotline|"
    r"desk|home|office|work|direct|reach|contact|line|ping|his|her|my|guardian|(?:answering|reached|reach (?:me|him|her|them)|messages?) (?:at|on|to))\b|"
    r"手机|电话|電話|微信|联系|मोबाइल|फ़ोन|फोन|नंबर|☎|📞|📱)[^\n\d]{0,24}$",
    re.I,
)
_SURE_BEFORE = re.compile(
    r"(?:\b(?:phone|tel|telephone|telefono|teléfono|téléphone|telefon|telefone|mobile|mobil|móvil|mob|cell|cellphone|celular|handy|portable|"
    r"whats ?app|wa|viber|sms|text me|txt|fax|phone number|número es|number(?: is|'s)|call me|ring me|call|dial|desk)\b|"
    r"手机|电话|電話|मोबाइल|फ़ोन|फोन|☎|📞|📱)(?:[^\n\d]{0,24}|\s?:\s?\n)$",
    re.I,
)
_AFTER = re.compile(r"[ ,(-]{0,3}(?:mobile|cell|home|office|fax|desk|(?:call|text|sms|whats ?app))\b", re.I)
_NOT_BEFORE = re.compile(
    r"(?:\b(?:version|v|order|ticket|issue|case|invoice|error|code|port|pid|id|isbn|rfc|section|clause|page|pages|row|rows|line|lines|level|room|"
    r"budget|salary|base|eur|usd|gbp|inr|rs|kr|chf|sek|nok|pln|hash|commit|build|sha|serial|model|nct|doi|zip|from|between|until|since|by)\b[.:# ]{0,3}|[€$£¥₹#@])$",
    re.I,
)
_MONEY_AFTER = re.compile(
    r"\s?(?:€|\$|£|¥|₹|%|kr\b|eur\b|usd\b|gbp\b|lpa\b|lakh|crore|k\b|m\b|ms\b|kb\b|mb\b|gb\b|users\b|rows\b|lines\b|people\b|hours\b|years\b)",
    re.I,
)
_DATE = re.compile(
    r"\d{1,2}[./ -]\d{1,2}[./ -](?:19|20)?\d{2}|(?:19|20)\d{2}[./ -]\d{1,2}(?:[./ -]\d{1,2})?|(?:19|20)\d{2}\s?[-–]\s?(?:19|20)?\d{2}|\d{1,2}[.:]\d{2}\s?[-–]\s?\d{1,2}[.:]\d{2}"
)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:[ .]\d{3}){1,3}")
_SCORES = re.compile(r"\d{1,2}(?:[-–]\d{1,2}){1,3}|\d{1,3}\s?[-–/]\s?\d{1,3}|\d{1,5}\.\d{1,5}|\d(?:\.\d{1,3}){2,3}")


@dataclass(frozen=True)
class Phone:
    """text[start:end] is a phone number; `detail` is `international`, `national` or `told` (only the words say so)."""

    start: int
    end: int
    strength: float
    detail: str


def phones(text: str, regions: tuple[str, ...]) -> Iterator[Phone]:
    """Phone numbers in `text`, in order; `regions` are tried for those without a country code."""
    for match in islice(_candidates(text), MOST):
        start, end = match.span()
        raw = match[0]
        if raw.startswith("(") and ")" not in raw:
            raw, start = raw[1:], start + 1
        if raw.endswith(")") and raw.count("(") < raw.count(")"):
            raw, end = raw[:-1], end - 1
        digits = re.sub(r"\D", "", re.sub(r"(?:x|ext).*$", "", raw, flags=re.I))
        before = text[max(0, start - 40) : start]
        sure = bool(_SURE_BEFORE.search(before) or _AFTER.match(text, end))
        if not 7 <= len(digits) <= 15 or len(set(digits)) < 2 or _DATE.fullmatch(raw.strip()):
            continue
        dialled = raw.startswith(("+", "(")) and len(digits) >= 9  # nobody writes a range or an order number so
        if _MONEY_AFTER.match(text, end) or (_NOT_BEFORE.search(before) and not sure and not dialled):
            continue
        if raw.startswith(("+", "00")) and len(digits) >= 9:
            if _possible(("+" if raw[0] == "+" else "") + digits, None) or sure:
                yield Phone(start, end, 0.96, "international")
            continue
        if _THOUSANDS.fullmatch(raw) and not sure and not (len(digits) == 9 and _valid(digits, regions)):
            continue
        hinted = sure or bool(_BEFORE.search(before))
        if _SCORES.fullmatch(raw) and not hinted:
            continue
        if sure:
            yield Phone(start, end, 0.93, "told")
        elif _valid(digits, regions) and (hinted or _grouped(raw)):
            yield Phone(start, end, 0.9 if hinted else 0.8, "national")
        elif _grouped(raw) and 8 <= len(digits) <= 12 and hinted:
            yield Phone(start, end, 0.75, "told")
        elif re.fullmatch(r"\(?[2-9]\d\d\)?[ .-]{1,2}\d{3}[ .-]\d{4}", raw):
            yield Phone(start, end, 0.8, "national")


def _candidates(text: str) -> Iterator[re.Match[str]]:
    return (m for m in _CANDIDATE.finditer(text) if m.end() - m.start() >= 7)


def _grouped(raw: str) -> bool:
    groups = re.findall(r"\d+", raw)
    return (len(groups) >= 3 and max(map(len, groups)) <= 5) or (raw[0] in "(0" and len(groups) >= 2)


def _valid(digits: str, regions: tuple[str, ...]) -> bool:
    return any(_possible(digits, region) for region in regions)


@lru_cache(maxsize=4096)
def _possible(digits: str, region: str | None) -> bool:
    import phonenumbers

    try:
        number = phonenumbers.parse(
            digits if region or digits.startswith("+") else f"+{digits.removeprefix('00')}", region
        )
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number(number) if region is None else phonenumbers.is_valid_number(number)
