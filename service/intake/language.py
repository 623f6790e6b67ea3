"""Which language a post is written in, by lingua's compact n-gram models, loaded at the first use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lingua import LanguageDetector

READ_LANGUAGES = frozenset({"en"})
"""Languages whose learned readers are measured; a post in any other gets `reader: limited`."""
SURE = 0.65
SAMPLE = 4_000
"""Characters looked at: enough for certainty, and a bound on the cost."""


@dataclass(frozen=True)
class FoundLanguage:
    """An ISO 639-1 code, and whether the detector was sure of it."""

    lang: str
    sure: bool


def detect(text: str, hint: str | None = None, default: str = "en") -> FoundLanguage:
    """The language of `text`. A short or mixed text the detector is unsure of takes the hint, else the default."""
    fallback = (hint or default).split("-")[0].lower()
    letters = "".join(c if c.isalpha() else " " for c in text[:SAMPLE])
    if sum(map(str.isalpha, letters)) < 12 and letters.isascii():
        return FoundLanguage(fallback, sure=hint is not None)
    values = _detector().compute_language_confidence_values(letters)
    best = values[0]
    code = best.language.iso_code_639_1.name.lower()
    if best.value >= SURE:
        return FoundLanguage(code, sure=True)
    by_code = {v.language.iso_code_639_1.name.lower(): v.value for v in values}
    if by_code.get(fallback, 0.0) >= best.value / 3:
        return FoundLanguage(fallback, sure=False)
    return FoundLanguage(code, sure=False)


@cache
def _detector() -> LanguageDetector:
    from lingua import Language, LanguageDetectorBuilder

    names = (
        "ENGLISH SPANISH FRENCH GERMAN PORTUGUESE HINDI CHINESE ITALIAN DUTCH POLISH TURKISH RUSSIAN UKRAINIAN JAPANESE"
    )
    names += " KOREAN ARABIC VIETNAMESE INDONESIAN SWEDISH CZECH HEBREW"
    languages = [getattr(Language, name) for name in names.split()]
    return LanguageDetectorBuilder.from_languages(*languages).with_low_accuracy_mode().build()
