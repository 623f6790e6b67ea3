"""Passwords, keys, tokens and connection strings: by their known shapes, by the word before them, and by entropy."""

from __future__ import annotations

import base64
import math
import re
from collections import Counter
from dataclasses import dataclass

from service.flagging.finding import DetectorContext, Finding, located
from service.intake.normalise import ReadablePost

NAME = "credentials"
_SHAPES: tuple[tuple[str, float, re.Pattern[str]], ...] = (
    ("private_key", 0.97, re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[^-]{0,4000}-----END)?")),
    ("cloud_key", 0.96, re.compile(r"\b(?:AKIA|ASIA|AGPA|AIDA)[A-Z0-9]{16}\b|\bAIza[\w-]{35}\b")),
    ("token", 0.95, re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|sk-(?:proj-|ant-)?[\w-]{20,}|[sr]k_(?:live|test|prod)_\w{10,}|hv[sb]\.[\w-]{12,}|npm_\w{20,}|pypi-\w{20,}|dop_v1_\w{20,}|SG\.[\w-]{16,}\.[\w-]{16,}|ya29\.[\w-]{20,}|AC[a-f0-9]{32})")),
    ("jwt", 0.85, re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{8,}")),
    ("connection", 0.95, re.compile(r"\b[a-z][a-z0-9+.-]{2,20}://[\w.%+-]{1,64}:[^\s@/:'\"<>]{3,80}@[\w.-]{2,100}(?::\d{2,5})?(?:/[\w./?=&%-]{0,80})?", re.I)),
    ("webhook", 0.9, re.compile(r"https://(?:hooks\.slack\.com/services|discord(?:app)?\.com/api/webhooks|[\w-]{1,40}\.webhook\.office\.com)/[\w/@-]{20,}")),
)  # fmt: skip
_TOLD = re.compile(
    r"(?<![A-Za-z])(?:\w{0,30}[_-])?(?:pass(?:word|wd|phrase|code)?|pwd|pw|secret|token|api[_-]?key|access[_-]?key(?:[_-]id)?|secret[_-]?(?:access[_-]?)?key|private[_-]?key|client[_-]?secret|auth[_-]?key|signing[_-]?key|credentials?|passwort|kennwort|"
    r"contraseña|clave|senha|mot de passe|mdp|hasło|haslo|parola|combo|pin|root|key share \d|hmac secret|clé(?: [\w-]+){0,3}|string)\b(?: (?:is|was|to|for|of|on|do|de|ist|es|est|é)(?: (?:the|all|\w+)){0,3})?[ \t]{0,4}(?:=|:|is|:=|=>|»|,|to)?[ \t]{0,4}"
    r"([\"'`«“][^\s\"'`»”]{5,120}[\"'`»”]|[^\s\"'`,;()<>]{6,120})",
    re.I,
)
_QUOTED_NEAR = re.compile(
    r"\b(?:password|passphrase|passwort|contraseña|senha|mot de passe|secret|token|hasło|haslo|pw|pass|signed with the string)\b[^\n`\"']{0,80}?[`\"']([^\s`\"']{6,80})[`\"']",
    re.I,
)
_LONG = re.compile(r"(?<![\w/+.=:-])[A-Za-z0-9_+/=.-]{28,120}(?![\w/+=])")
_PLACEHOLDER = re.compile(
    r"^[\"'`<\[{$%]*(?:x{3,}|\*{3,}|\.{3,}|•+|<[^>]*>?|your[\w-]*|my[-_]?(?:password|secret|token|key)|example\w*|changeme|change_me|placeholder|redacted|\[?redacted\]?|dummy\w*|fake\w*|test(?:ing)?|foo(?:bar)?|secret|password\d{0,3}|token|hunter2|abc123|"
    r"none|null|true|false|undefined|os\.environ\S*|process\.env\S*|getenv\S*|env\S*|vault\S*|\$\{?\w+\}?|%\w+%|{{.*|0x0\S*|\{0x\S*|manager\S*|manage\w*|based|auth\w*|rotation|policy|reset\w*)[\"'`>\]}]*$",
    re.I,
)
_HASH_BEFORE = re.compile(
    r"(?:sha-?\d{0,3}|md5|commit|hash|digest|checksum|integrity|etag|uuid|guid|trace|request|decode|base64|follow|version|https?://\S{0,80}|[/@])[^\n]{0,24}$",
    re.I,
)
_EXAMPLE = re.compile(
    r"\b(?:example|sample|dummy|fake|documented|from the (?:docs|documentation)|made[- ]up|invented|already (?:rotated|revoked|redacted)|test vector)\b",
    re.I,
)


@dataclass(frozen=True)
class Credentials:
    """Secrets that open something. Found in code as well as in prose; placeholders and hashes are left aside."""

    name: str = NAME
    blind_spots: str = (
        "Passwords made of ordinary words without the word 'password' near, secrets in pictures, keys split over lines."
    )

    def detect(self, post: ReadablePost, context: DetectorContext) -> list[Finding]:
        """`confidential_business`, surest first."""
        found: list[Finding] = []
        for reading in post.fields:
            text = reading.text
            taken: list[tuple[int, int]] = []
            for start, end, detail, probability in _pieces(text):
                if any(start < b and a < end for a, b in taken):
                    continue
                taken.append((start, end))
                if _EXAMPLE.search(text, max(0, start - 60), end + 40):
                    probability *= 0.5
                found.append(
                    Finding("confidential_business", probability, (located(reading, start, end),), NAME, detail)
                )
        return sorted(found, key=lambda finding: -finding.probability)


def entropy(value: str) -> float:
    """Shannon entropy of the characters of `value`, in bits a character."""
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())


def _pieces(text: str) -> list[tuple[int, int, str, float]]:
    pieces = [(m.start(), m.end(), name, p) for name, p, pattern in _SHAPES for m in pattern.finditer(text)]
    for pattern in (_TOLD, _QUOTED_NEAR):
        for match in pattern.finditer(text):
            start, end = match.span(1)
            while start < end and text[start] in "\"'`«“":
                start += 1
            while start < end and text[end - 1] in "\"'`»”.,:!?)":
                end -= 1
            value = text[start:end]
            if end - start >= 6 and not _PLACEHOLDER.match(value):
                strength = _secretness(value)
                if strength:
                    pieces.append((start, end, "password", strength))
    for match in _LONG.finditer(text):
        value = match[0]
        if (
            entropy(value) >= 4.2
            and _mixed(value) == 3
            and not _HASH_BEFORE.search(text[max(0, match.start() - 100) : match.start()])
        ):
            pieces.append((match.start(), match.end(), "high_entropy", 0.5))
    return sorted(pieces, key=lambda piece: -piece[3])


def _mixed(value: str) -> int:
    return sum((any(map(str.islower, value)), any(map(str.isupper, value)), any(map(str.isdigit, value))))


def _hides_text(value: str) -> bool:
    """Whether it is readable text in Base64: hidden words are the matter of another detector."""
    try:
        raw = base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except ValueError:
        return False
    return raw.isascii() and raw.decode("ascii").isprintable()


def _secretness(value: str) -> float:
    """How much a value told to be a secret looks like one; 0 for an ordinary word, a path or a call."""
    if (
        value.startswith(("http", "/", "./", "--"))
        or value.endswith(("(", "()", ";"))
        or re.fullmatch(r"[\w.]+\([^)]*\)?", value)
    ):
        return 0.0
    special = any(not c.isalnum() and c not in "-_." for c in value)
    if re.fullmatch(r"[A-Za-zÀ-ÿ'’-]+", value):
        return 0.0
    digits = any(map(str.isdigit, value))
    if not digits and not special:
        return 0.0
    if value.replace("-", "").replace(".", "").replace(":", "").isdigit():
        return 0.55 if len(value) >= 6 and "-" in value else 0.0
    return 0.92 if entropy(value) >= 3.0 or (digits and special) else 0.75
