"""Words that a person would not see or could not read, in a post for people: hidden characters, comments, encodings, disguised letters.

The learned reader sees none of them, so what is found here stands for itself beside its answer. A stretch counts where it
decodes to words; what it says decides how sure the finding is.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from service.flagging.detectors.prompt_injection import addresses_a_machine
from service.flagging.finding import DetectorContext, Finding
from service.intake.disguise import IGNORABLE
from service.intake.normalise import ReadablePost, Reading, Span

NAME = "disguised_text"
MOST = 5
ORDER, OF_THE_SITE, WORDS = 0.95, 0.85, 0.7
"""Decoded text that gives a machine an order, that speaks of what the site's machines do, that is words at all."""

_SITE = re.compile(
    r"\b(?:tag(?:s|ged|ger)?|label\w*|topics?|flag(?:s|ged)?|rout(?:e|ed|ing)|publish\w*|moderat\w*|classif\w*|categor\w+|review(?:er|ers|ed)?|"
    r"approv\w*|readers?|bots?|crawler|models?|assistants?|ai|llm|prompts?|instructions?|polic(?:y|ies)|filter\w*|scores?|verdict|safe|clean|"
    r"harmless|index(?:er)?|queue|answer|recommend\w*|draft|repeat|system)\b|https?:|\.(?:com|net|org|io|example)\b",
    re.I,
)
_COMMON = frozenset(
    ["the", "of", "and", "to", "in", "is", "it", "this", "that", "for", "on", "as", "are", "be", "not", "no", "with", "at", "by", "an", "or", "from", "all", "any", "but", "so",
     "if", "you", "your", "do", "must", "let", "add", "set", "give", "put", "post", "text", "tag", "tags", "label", "flag", "flags", "topic", "list", "nothing", "pass", "please", "publish",
     "review", "safe", "here", "there", "what", "answer", "only", "me", "my", "we", "its", "his", "her", "have", "has", "was", "were", "will", "can", "should"]
)  # fmt: skip
_NOT_SHOWN = re.compile(
    r"<[a-z]{1,10}\s(?:[^<>]{0,200}[\s\"';])?(?:hidden|display\s?:\s?none|visibility\s?:\s?hidden|font-size\s?:\s?0)\b[^<>]{0,100}>([^<]{3,400})", re.I
)  # fmt: skip
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e007a]{2,6}\U000e007f")
_TAG_RUN = re.compile("[\U000e0000-\U000e007f]{2,}")
_BETWEEN = re.compile(f"(?:[^\\W{IGNORABLE}][{IGNORABLE}]{{1,3}}[ {IGNORABLE}]{{0,4}}){{6,}}\\w?")
_LINE = re.compile(r"[^\n.!?]{8,400}")
_WORD = re.compile(r"[A-Za-z]+")
_MIXED = re.compile(r"\b(?=\w*[A-Za-z])(?=\w*\d)\w{2,}\b|\b[A-Za-z]+\b|\b\d+\b", re.ASCII)
_ROT13 = str.maketrans(
    "ABCDEFGHIJKLMabcdefghijklmNOPQRSTUVWXYZnopqrstuvwxyz", "NOPQRSTUVWXYZnopqrstuvwxyzABCDEFGHIJKLMabcdefghijklm"
)
_LEET = str.maketrans("0134578", "oieastb")
_STYLED = "\uff01-\uff5e\U0001d400-\U0001d7ff\u24b6-\u24e9\U0001f130-\U0001f149"
_WIDE = re.compile(f"[{_STYLED}]{{4,}}(?:[\u3000 ]+[{_STYLED}]+){{0,60}}")
_MORSE = dict(
    zip(
        ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --..".split(),
        "abcdefghijklmnopqrstuvwxyz",
        strict=True,
    )
)


def _base32(text: str) -> bytes:
    return base64.b32decode(text + "=" * (-len(text) % 8))


def _base64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _binary(text: str) -> bytes:
    return bytes(int(octet, 2) for octet in text.split())


def _morse(text: str) -> bytes:
    return "".join(" " if sign == "/" else _MORSE.get(sign, "?") for sign in text.split()).encode()


_CODES: tuple[tuple[re.Pattern[str], Callable[[str], bytes]], ...] = (
    (re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{20,4000}(?![A-Za-z0-9+/])"), _base64),
    (re.compile(r"(?<![A-Z2-7])[A-Z2-7]{16,4000}(?![A-Z2-7])"), _base32),
    (re.compile(r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{2} ?){7,2000}(?![0-9A-Fa-f])"), bytes.fromhex),
    (re.compile(r"(?:%[0-9A-Fa-f]{2}){6,2000}"), lambda text: bytes.fromhex(text.replace("%", ""))),
    (re.compile(r"(?<!\d)[01]{8}(?: [01]{8}){3,2000}(?!\d)"), _binary),
    (re.compile(r"(?<![.\-\w])[.\-]{1,4}(?: (?:[.\-]{1,4}|/)){7,2000}(?![.\-\w])"), _morse),
)


@dataclass(frozen=True)
class Disguised:
    """A stretch of a field as sent and what it says."""

    span: Span
    says: str
    how: str


@dataclass(frozen=True)
class DisguisedText:
    """Hidden characters, comments with orders, text in codes, letters in disguise."""

    name: str = NAME
    blind_spots: str = (
        "Codes it does not know, keys, pictures of text, acrostics, disguised words of other languages than English."
    )

    def detect(self, post: ReadablePost, context: DetectorContext) -> list[Finding]:
        """What decodes to words, strongest first."""
        found = []
        for reading in post.fields:
            for disguised in _all(reading):
                span = ((reading.field, disguised.span),)
                found.append(Finding("prompt_injection", _sure(disguised.says), span, NAME, disguised.how))
        return sorted(found, key=lambda finding: -finding.probability)[:MOST]


def _sure(says: str) -> float:
    return ORDER if addresses_a_machine(says) else OF_THE_SITE if _SITE.search(says) else WORDS


def _all(reading: Reading) -> Iterator[Disguised]:
    yield from _comments(reading)
    yield from _unseen(reading)
    yield from _codes(reading.source)
    yield from _lines(reading)


def _comments(reading: Reading) -> Iterator[Disguised]:
    """Comments and elements that a browser does not show, where they speak of the site's machines."""
    spans = [span for span in reading.hidden if span.end - span.start > 1]
    spans += [Span(match.start(1), match.end(1)) for match in _NOT_SHOWN.finditer(reading.source)]
    for span in spans:
        says = reading.source[span.start : span.end]
        if addresses_a_machine(says) or _SITE.search(says):
            yield Disguised(span, says, "comment")


def _unseen(reading: Reading) -> Iterator[Disguised]:
    """Tag characters that are not a flag, and letters held apart by characters of no width."""
    if not any(span.end - span.start == 1 for span in reading.hidden):
        return
    flags = {n for m in _FLAG.finditer(reading.source) for n in range(m.start(), m.end())}
    for match in _TAG_RUN.finditer(reading.source):
        if match.start() not in flags:
            says = "".join(chr(ord(c) - 0xE0000) for c in match[0])
            yield Disguised(Span(match.start(), match.end()), says, "hidden_characters")
    for match in _BETWEEN.finditer(reading.source):
        if sum(c.isascii() and c.isalpha() for c in match[0]) >= 6:
            says = "".join(c for c in match[0] if c.isalnum() or c == " ")
            yield Disguised(Span(match.start(), match.end()), says, "hidden_characters")


def _codes(source: str) -> Iterator[Disguised]:
    """Stretches in a code for bytes or letters that are words when decoded."""
    for pattern, decode in _CODES:
        for match in pattern.finditer(source):
            try:
                says = decode(match[0]).decode("utf-8").strip()
            except (binascii.Error, ValueError):
                continue
            if _are_words(says):
                yield Disguised(Span(match.start(), match.end()), says, "encoded")


def _are_words(text: str) -> bool:
    letters = sum(c.isalpha() or c == " " for c in text)
    return len(text) >= 4 and text.isprintable() and letters >= 0.75 * len(text) and len(set(text.lower())) >= 4


def _lines(reading: Reading) -> Iterator[Disguised]:
    """Sentences that are English when each letter is turned, the whole is read backwards, or digits are read as letters."""
    text = reading.text
    for match in _LINE.finditer(text):
        line = match[0]
        if not line.isascii():
            continue
        plain = _share(line)
        for how, says, enough in (("turned", line.translate(_ROT13), 0.3), ("backwards", line[::-1], 0.4)):
            if plain < 0.15 and _share(says) >= enough:
                yield Disguised(reading.span(match.start(), match.end()), says, how)
        mixed = [word for word in _MIXED.findall(line) if not word.isalpha() and not word.isdigit()]
        if len(mixed) >= 3 and _share(says := line.translate(_LEET)) >= 0.4 and plain < 0.25:
            yield Disguised(reading.span(match.start(), match.end()), says, "digits_for_letters")
    for match in _WIDE.finditer(reading.source):
        says = unicodedata.normalize("NFKC", match[0])
        if _SITE.search(says) and _share(says) >= 0.3:
            yield Disguised(Span(match.start(), match.end()), says, "wide_letters")


def _share(line: str) -> float:
    """Of its words, how many are among the commonest of English; 0 for fewer than four."""
    words = _WORD.findall(line)
    return sum(word.lower() in _COMMON for word in words) / len(words) if len(words) >= 4 else 0.0
