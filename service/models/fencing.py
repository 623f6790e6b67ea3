"""Fences around text that somebody outside has written, so that a model can tell material from instruction.

The code in the markers is a digest of the text, hence stable between runs (recordings are found again) and unknown to
whoever wrote the text: a text cannot hold its own digest. Anything marker-shaped inside is made harmless as well.
Method: spotlighting by delimiting (Hines et al. 2024, "Defending against indirect prompt injection").
"""

from __future__ import annotations

import hashlib
import re

CODE_LENGTH = 12
_LABEL = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_OPENING_INSIDE = re.compile(r"<<<(?=\s{0,4}[^\s<>]{1,40}\s{1,4}[0-9a-fA-F]{4,64}\b)")
_CLOSING_INSIDE = re.compile(r"(?<![0-9a-zA-Z])([0-9a-fA-F]{4,64}\s{0,4})>>>")
FENCED = re.compile(
    r"<<<(?P<label>[a-z][a-z0-9_-]{0,30}) (?P<code>[0-9a-f]{12})\n(?P<text>.*?)\n(?P=label) (?P=code)>>>", re.S
)
"""Finds what stands between fences in a rendered message."""


def fence(text: str, label: str) -> str:
    """`text` between two marker lines that name `label` and share a code.

    `label` is a short lower-case word; raises ValueError otherwise. Only marker-shaped runs in `text` are changed
    (their angle brackets become single guillemets), so that quotes stay verbatim.
    """
    if not _LABEL.fullmatch(label):
        raise ValueError(f"a fence's label is a lower-case word, not {label[:40]!r}")
    code = hashlib.sha256(f"{label}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()[:CODE_LENGTH]
    return f"<<<{label} {code}\n{neutralised(text)}\n{label} {code}>>>"


def neutralised(text: str) -> str:
    """`text` with every run that looks like a fence's marker made harmless."""
    text = _OPENING_INSIDE.sub("‹‹‹", text)
    return _CLOSING_INSIDE.sub(r"\1›››", text)
