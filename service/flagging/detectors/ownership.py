"""Whose a piece of private data is, as far as the words before it tell."""

from __future__ import annotations

import re
from typing import Literal

REACH = 110
"""Characters before the data that are looked at."""

_OWN = re.compile(
    r"\b(?:me|my|mine|i|i'm|im|i am|myself|moi|mon|ma|mes|je|mich|mir|mein\w{0,2}|ich|yo|mí?|mis|conmigo|eu|meu|minha|comigo|mój|moj\w|mnie|benim|bana)\b"
    r"|我|मेरा|मेरी|मुझे|मैं",
    re.I,
)
_OTHER = re.compile(
    r"\b(?:his|her|hers|their|theirs|him|them|he|she|they|s?ihre?[mnrs]?|sein\w{0,2}|ihm|ihr|lui|elle|leur|sa|ele|ela|dele|dela|él|ella|suyo|su|sus|"
    r"jego|jej|onun|mother|father|mum|mom|sister|brother|boss|manager|guardian|colleague|patient\w?|customer|client|(?<!me )direct(?:ly)?)\b"
    r"|他|她|उसका|उसकी|उनका",
    re.I,
)
_NAMED = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-ZÀ-ÞŁŚŻ][a-zà-ÿłśż'’-]{1,20}(?: [A-ZÀ-ÞŁŚŻ][\w'’.-]{0,20}){1,3}\b")
_OWN_THING = re.compile(
    r"\b(?:my (?:own )?(?:cv|resume|résumé|payslip|pay slip|details|data|header|signature|profile|contract|offer|letter|form|salary|account)|here'?s (?:my|mine|me)|"
    r"mi (?:cv|currículum|nómina|recibo|contrato)|mis datos|mein\w{0,2} (?:lebenslauf|vertrag|daten|kopf|bewerbung\w{0,12})|mon (?:cv|contrat)|mes coordonnées|meu (?:cv|currículo)|meus dados|(?:roast|review|check) (?:it|this|me|my))\b|मेरा|मेरी|我的",
    re.I,
)
_APPLICATION = re.compile(
    r"\b(?:cv|résumé|resume|curr[íi]cul(?:o|um)|cover letter|application letter|lebenslauf|bewerbung\w{0,12}|anschreiben|footer|beneficiary|beneficiari[ao]|beneficiário|"
    r"lettre de motivation|carta de presentación|carta de apresentação)\b",
    re.I,
)
"""Papers that people write about themselves: a name at their head is most often the writer's."""
_INTRODUCES_SELF = re.compile(
    r"\b(?:i'm|i am|my name is|name'?s|call me|ich bin|je suis|soy|sou|me llamo|me chamo|regards|cheers|thanks|best|grüße|cordialement|saludos)[,:!]?\s{0,3}$",
    re.I,
)


def owner(text: str, start: int, end: int) -> Literal["own", "other", ""]:
    """`own` for the writer's data, `other` for another person's, empty where the words before text[start:end] do not tell."""
    floor = max(0, start - REACH)
    before = text[floor:start]
    blank = before.rfind("\n\n")
    own = _last(_OWN, before)
    other = _last(_OTHER, before)
    wide_own = any(pattern.search(text, max(0, start - 400), start) for pattern in (_OWN_THING, _APPLICATION))
    for match in _NAMED.finditer(before):
        if not wide_own and not _INTRODUCES_SELF.search(before[: match.start()]) and own < match.start() - 30:
            other = max(other, match.start())
    if own < 0 and other < 0:
        return ""
    if max(own, other) < blank - 1 and len(before) - blank > 40:
        return ""
    return "own" if own > other else "other"


def _last(pattern: re.Pattern[str], text: str) -> int:
    place = -1
    for match in pattern.finditer(text):
        place = match.start()
    return place
