"""What to ask the member before answering: what would change the advice and the post does not say."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST = 2


@dataclass(frozen=True)
class _Question:
    """Asked where `speaks_of` is in the post and `told` is not."""

    speaks_of: re.Pattern[str]
    told: re.Pattern[str]
    text: str


def _question(speaks_of: str, told: str, text: str) -> _Question:
    return _Question(re.compile(rf"\b(?:{speaks_of})", re.I), re.compile(rf"\b(?:{told})", re.I), text)


_QUESTIONS = (
    _question(r"offers?\b|counter.?offer|negotiat|salary|compensation|raise\b|equity|underpaid",
              r"deadline|by (?:monday|tuesday|wednesday|thursday|friday|next|the end)|until (?:the|next|end)|days? to (?:decide|answer)",
              "By when do you have to decide, and what do you do if the answer is no?"),
    _question(r"promot|next level|senior title|staff (?:role|engineer)|passed over|calibration|review cycle|rating\b",
              r"(?:he|she|they|manager|director|boss|lead) (?:said|told|says|wrote|answered)|feedback was|his words|her words",
              "What exactly did your manager say was missing, in their words?"),
    _question(r"manager|boss|lead\b|director", r"(?:told|asked|talked to|spoke with|said to) "
        r"(?:him|her|them|my (?:manager|boss|lead))|1:1|one.on.one",
              "Have you said this to your manager in so many words, and what came back?"),
    _question(r"quit|leave\b|leaving|resign|switch|new job|job hunt|interview", r"savings|runway|months of|notice period|other offer",
              "How long could you go without income, and is there another offer?"),
    _question(r"burn.?out|exhaust|tired|overwork|stress|sleep|on.?call", r"since|for (?:\w+ )?(?:weeks|months|years)|sleep",
              "How long has it been like this, and what could be taken off you this week?"),
    _question(r"colleague|co.?worker|peer\b|teammate|report\b|direct reports?|junior", r"(?:i|we) (?:told|asked|talked|spoke|raised)",
              "Have you raised it with the person yourself, and how did they take it?"),
    _question(r"learn|course|degree|bootcamp|certif|stack|language|framework", r"hours? (?:a|per) week|evenings?|weekends?",
              "How many hours a week do you have for it, and by when should it pay off?"),
    _question(r"visa|relocat|abroad|work permit", r"citizen|passport|permit|germany|india|usa?\b|uk\b|canada|europe",
              "In which country do you work now, and what does your permit depend on?"),
)  # fmt: skip
_OTHERWISE = "What have you tried so far, and what happened?"
_LEVEL = "What is your level now, and how long have you been at it?"


def questions_for(post: str, level: str | None = None) -> list[str]:
    """At most two questions; nothing is asked that the post or the member's profile already tells."""
    found = [q.text for q in _QUESTIONS if q.speaks_of.search(post) and not q.told.search(post)]
    if level is None and not re.search(r"\b(?:junior|mid|senior|staff|principal|\d+ (?:years|yrs|yoe))\b", post, re.I):
        found.append(_LEVEL)
    return found[:MOST] or [_OTHERWISE]
