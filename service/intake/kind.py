"""What kind of post a title makes it, where the site did not say: an AMA is an announcement."""

from __future__ import annotations

import re

_AMA = re.compile(
    r"\bAMA\b|\b(?i:ask me anything)\b"
    r"|^\W*(?i:ama)(?=\s*[:|]|\s+[–—-]\s|\s+(?i:on|with|by|next|this|today|tonight|tomorrow|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b)"
)
"""In small letters `ama` is also a word of Spanish, Portuguese and Italian: there it has to begin the title and go on as an
invitation does."""
_ASKS = re.compile(
    r"\W*(?:how|what|when|where|which|who|why|is|are|do|does|did|can|could|should|would|will|any|anyone|has|have)\b.*\?\W*",
    re.I | re.S,
)
"""A question about somebody's AMA invites nobody."""


def announces(title: str) -> bool:
    """Whether a title invites questions, as an AMA's does: `AMA: ...`, `..., ask me anything`."""
    return bool(_AMA.search(title)) and not _ASKS.fullmatch(title)
