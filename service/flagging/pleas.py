"""A member's own verdict on the post: "please don't call this spam". It is no evidence of what the post is."""

from __future__ import annotations

import re

_CONCERN = (
    r"(?:low[- ]?effort|spam\w*|off[- ]?topic|self[- ]?promo\w*|promotional|promotion post|an? (?:ad|advert\w*|duplicate|cross[- ]?post)"
    r"|harassment|hate(?: speech)?|abus(?:e|ive)|a threat|threatening|inappropriate|against the rules|a violation|a leak|confidential"
    r"|dangerous|flagged|removed)"
)
_NOT_TO = r"(?:\b(?:not|never|no reason to|nothing to|rather than|instead of|without|stop|refrain from|avoid)|n['’]t)\b"
_JUDGE = (
    r"\b(?:call|flag|mark|label|treat|tag|count|tak(?:e|ing)|judg|classif|categori[sz]|consider|dismiss|report|filter|rat(?:e|ing)|see|read"
    r"|fil(?:e|ing)|hold|remov|delet|hid)\w*\b"
)
_THE_POST = r"\b(?:this|it|my (?:post|question)|the (?:post|question) (?:here|below|above))"
_IS_NOT = r"(?: is|['’]s| was)?(?: really| definitely| clearly| surely)?(?: not\b|n['’]t\b)"
_PLEA = re.compile(
    rf"{_NOT_TO}[^.!?\n]{{0,24}}{_JUDGE}[^.!?\n]{{0,40}}\b{_CONCERN}|{_THE_POST}{_IS_NOT}[^.!?\n]{{0,16}}\b{_CONCERN}",
    re.I,
)


def pleads(text: str) -> bool:
    """Whether a sentence says what the post it stands in should not be taken for."""
    return _PLEA.search(text) is not None
