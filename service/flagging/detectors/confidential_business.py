"""Secrets by their shape (keys, tokens, connection strings) and words that say that something is not public."""

from __future__ import annotations

import math
import re
from collections import Counter

from service.flagging.finding import DetectorContext, Finding, located
from service.intake.normalise import ReadablePost

NAME = "confidential_business"
_SECRETS = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}\b|\bglpat-[\w-]{16,}|\bsk_(?:live|test)_[A-Za-z0-9]{12,}|\bsk-[A-Za-z0-9_-]{20,}"
    r"|\bxox[abprs]-[\w-]{10,}|\bAIza[\w-]{30,}|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,}"
    r"|\b[a-z][a-z0-9+]{2,15}://[^\s:@/]{1,60}:[^\s@/]{3,80}@[\w.-]+"
)
_ASSIGNED = re.compile(
    r"\b[\w.-]{0,40}(?:password|passwd|secret|token|api[_-]?key|pwd)[\w.-]{0,20}\s{0,3}[:=]\s{0,3}[\"']?([^\s\"'<>]{8,120})",
    re.I,
)
_WORDS = re.compile(
    r"\b(?:under (?:an? )?nda|not (?:yet )?(?:public|announced)|unannounced|unreleased|before (?:the|it'?s|it is) (?:announce\w*|public)|"
    r"(?:strictly|highly|company) confidential|confidential (?:client|deal|roadmap|number|figure)s?|internal[- ]only|embargo\w*|"
    r"(?:do not|don'?t|please don'?t) (?:share|quote|repost) (?:this|outside)|code ?name[sd]?|off the record|hasn'?t been announced|"
    r"nobody outside (?:knows|is supposed to)|not supposed to (?:say|tell|know)|incident (?:we|they) (?:never|didn'?t) (?:report|disclose)\w*)\b",
    re.I,
)
_PLACEHOLDER = re.compile(
    r"(?i)^(?:x{3,}|\*+|<.*>|\$\{?\w+\}?|your[_-]?\w*|example\w*|changeme|redacted|\.{3,}|process\.env\S*|os\.environ\S*)"
)
LEAST_ENTROPY = 2.8
MOST = 5


class ConfidentialBusiness:
    """Keys and words of secrecy."""

    name: str = NAME
    blind_spots: str = (
        "A code name or a number that only insiders know to be secret; secrets in words without a marker."
    )

    def detect(self, post: ReadablePost, context: DetectorContext) -> list[Finding]:
        """Every secret and marker found, strongest first."""
        found: list[Finding] = []
        for reading in post.fields:
            for match in _SECRETS.finditer(reading.text):
                found.append(
                    Finding("confidential_business", 0.93, (located(reading, *match.span()),), NAME, "credential")
                )
            for match in _ASSIGNED.finditer(reading.text):
                value = match[1]
                if not _PLACEHOLDER.match(value) and entropy(value) >= LEAST_ENTROPY:
                    found.append(
                        Finding(
                            "confidential_business", 0.85, (located(reading, *match.span()),), NAME, "assigned_secret"
                        )
                    )
            for match in _WORDS.finditer(reading.text):
                found.append(Finding("confidential_business", 0.62, (located(reading, *match.span()),), NAME, "marker"))
        return sorted(found, key=lambda finding: -finding.probability)[:MOST]


def entropy(text: str) -> float:
    """Shannon entropy of the characters, in bits a character."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
