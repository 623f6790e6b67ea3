"""Advertising: shortened or referral links, codes, calls and price talk, the same line again and again, and what is counted
in `bait.py`: asking, promising, leading elsewhere."""

from __future__ import annotations

import re
from collections import Counter

from service.flagging.detectors import bait
from service.flagging.finding import DetectorContext, Finding, located
from service.intake.normalise import ReadablePost

NAME = "spam_promotion"
_CUES: tuple[tuple[str, float, re.Pattern[str]], ...] = (
    ("shortener", 0.75, re.compile(r"\b(?:bit\.ly|t\.me|tinyurl\.com|goo\.gl|wa\.me|discord\.gg|cutt\.ly|is\.gd|linktr\.ee)/\S+", re.I)),
    ("referral", 0.75, re.compile(r"\bhttps?://\S{1,200}[?&](?:ref|aff|utm_campaign|promo|coupon)=\S+", re.I)),
    ("code", 0.8, re.compile(r"\b(?:use|with|enter)\s+(?:my\s+|the\s+|promo\s+|discount\s+)?code\s+[A-Z0-9]{4,}\b|\b\d{1,2}\s?% off\b", re.I)),
    ("call", 0.72, re.compile(
        r"\b(?:sign up (?:now|today|here)|enrol+ (?:now|today)|limited (?:seats|spots|time)|only \d+ (?:seats|spots) left|dm me for|"
        r"link in (?:my )?bio|join (?:my|our) (?:telegram|whatsapp|discord|channel|group|newsletter|community)|subscribe to my|check out my "
        r"(?:channel|course|newsletter|bootcamp|e-?book)|guaranteed (?:job|placement|offer|returns?)|100\s?% (?:job|placement|refund))\b", re.I)),
    ("coin", 0.75, re.compile(r"\b(?:airdrop|presale|guaranteed returns?|double your|passive income|forex signals?)\b", re.I)),
)  # fmt: skip
_LINK = re.compile(r"https?://\S{4,400}", re.I)
_ASKED = re.compile(r"\b(?:should i|is it worth|anyone (?:tried|taken)|scam\??|has anybody|did you take)\b", re.I)
MOST = 5
LEAST_BAIT = 0.2


class SpamPromotion:
    """Cues of advertising; several together weigh more."""

    name: str = NAME
    blind_spots: str = "Advertising told as a personal story without link, code or call; most languages but English."

    def detect(self, post: ReadablePost, context: DetectorContext) -> list[Finding]:
        """Every cue found; a post that asks about an offer weighs less."""
        found: list[Finding] = []
        for reading in post.fields:
            for detail, probability, pattern in _CUES:
                for match in pattern.finditer(reading.text):
                    found.append(
                        Finding("spam_promotion", probability, (located(reading, *match.span()),), NAME, detail)
                    )
                    break
            probability, start, end = bait.strongest(reading)
            if probability >= LEAST_BAIT:
                start += len(reading.text[start:end]) - len(reading.text[start:end].lstrip())
                span = (located(reading, start, start + len(reading.text[start:end].rstrip())),)
                found.append(Finding("spam_promotion", probability, span, NAME, "bait"))
        body = post.body.text
        links = Counter(_LINK.findall(body))
        if links and max(links.values()) >= 3:
            first = _LINK.search(body)
            if first:
                found.append(
                    Finding("spam_promotion", 0.8, (located(post.body, *first.span()),), NAME, "repeated_link")
                )
        kinds = {finding.detail for finding in found}
        factor = 0.6 if _ASKED.search(post.text) else 1.0
        lifted = min(0.97, max((f.probability for f in found), default=0.0) + 0.1 * (len(kinds) - 1)) * factor
        ordered = sorted(found, key=lambda finding: -finding.probability)[:MOST]
        return [Finding(f.category, lifted, f.spans, NAME, f.detail) for f in ordered]
