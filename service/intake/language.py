"""Which language a post is written in, by lingua's compact n-gram models, loaded at the first use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lingua import LanguageDetector

VECTOR_LANGUAGES = frozenset({"en"})
"""Languages of the bundled vectors, where the learned flag reader has all its parts."""
WORD_LANGUAGES = frozenset({"es", "fr", "de", "pt", "zh", "hi"})
"""Languages that the learned flag reader reads by words and characters alone (docs/decisions/0010)."""
READ_LANGUAGES = VECTOR_LANGUAGES | WORD_LANGUAGES
"""Languages whose learned readers are measured; a post in any other gets `reader: limited`."""
SURE = 0.65
SAMPLE = 4_000
"""Characters looked at: enough for certainty, and a bound on the cost."""
ENGLISH, ENGLISH_SENTENCE, FEWEST_WORDS = 0.25, 0.4, 5
"""Shares of function words from which on a text, and a sentence of at least so many words, counts as English; other European
languages share few of them."""
_SENTENCE_END = re.compile(r"[.!?。！？\n]+")
ROMANISED = 0.2
"""Share of Hindi function words in Latin letters from which on a text is Hindi; lingua knows it in its own script only."""
_WORD = re.compile(r"[^\W\d_]+")
_HINDI_ALONE = frozenset(
    """hai hain hoon nahi nahin nhi kya kyun mujhe mera meri maine raha rahi rahe tha aur bhi toh gaya gayi""".split()  # noqa: SIM905
)
"""Words that hardly another language has."""
_HINDI = _HINDI_ALONE | frozenset(
    """hun hu thi kyon mein mai mere humko hum tum tumhe tera teri aap aapka aapko usko uske uski uska unko unka woh wo yeh ye
    ka ki ke ko se par lekin magar agar hi sirf kuch koi kisi kaise kaun kab kahan kitna gaye karo karna karte karta karti kar
    karke diya liya hua hui hota hoti hote bolte bolta bola bhai yaar accha abhi phir waha yaha wahi apna apne apni sab bahut
    bohot jab tak ek do na ne wala wali wale chahiye sakta sakti sakte""".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class FoundLanguage:
    """An ISO 639-1 code, and whether the detector was sure of it."""

    lang: str
    sure: bool


def detect(text: str, hint: str | None = None, default: str = "en") -> FoundLanguage:
    """The language of `text`. A short or mixed text the detector is unsure of takes the hint, else the default."""
    fallback = (hint or default).split("-")[0].lower()
    if _romanised_hindi(text):
        return FoundLanguage("hi", sure=True)
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


def holds_english(text: str) -> bool:
    """Whether enough of a text is English for an English reader to read it, whatever else stands in it: a sentence in another
    language or in a cipher must not keep a reader from the rest. By the function words of the whole, or of one sentence."""
    sample = text[:SAMPLE].lower()
    sentences = (_WORD.findall(sentence) for sentence in _SENTENCE_END.split(sample))
    return _function_share(_WORD.findall(sample)) >= ENGLISH or any(
        len(words) >= FEWEST_WORDS and _function_share(words) >= ENGLISH_SENTENCE for words in sentences
    )


def _function_share(words: list[str]) -> float:
    return sum(word in _function_words() for word in words) / max(len(words), 1)


def _romanised_hindi(text: str) -> bool:
    words = _WORD.findall(text[:SAMPLE].lower())
    if not _HINDI_ALONE.intersection(words):
        return False
    return sum(word in _HINDI for word in words) >= ROMANISED * len(words)


@cache
def _function_words() -> frozenset[str]:
    text = (Path(__file__).parent.parent / "corpus" / "stop_words.txt").read_text("utf-8")
    return frozenset(word for word in text.split() if len(word) > 1)


@cache
def _detector() -> LanguageDetector:
    from lingua import Language, LanguageDetectorBuilder

    names = (
        "ENGLISH SPANISH FRENCH GERMAN PORTUGUESE HINDI CHINESE ITALIAN DUTCH POLISH TURKISH RUSSIAN UKRAINIAN JAPANESE"
    )
    names += " KOREAN ARABIC VIETNAMESE INDONESIAN SWEDISH CZECH HEBREW"
    languages = [getattr(Language, name) for name in names.split()]
    return LanguageDetectorBuilder.from_languages(*languages).with_low_accuracy_mode().build()
