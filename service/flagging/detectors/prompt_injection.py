"""Text that addresses a machine reader to change what it does: plain, hidden, in code, encoded, in other languages."""

from __future__ import annotations

import base64
import binascii
import re

from service.flagging.finding import DetectorContext, Finding
from service.intake.normalise import ReadablePost, Reading, Span

NAME = "prompt_injection"
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override|skip|bypass)\b[^.\n]{0,40}\b(?:previous|prior|above|earlier|all|any|your|system|other|the)\b"
    r"[^.\n]{0,30}\b(?:instruction\w*|prompt\w*|rule\w*|polic\w+|guideline\w*|direction\w*|context|filters?)\b"
    r"|\bsystem\s*(?:prompt|message|override|note|:)\s*[:\]>-]|<\|(?:im_start|system|assistant)[^>]{0,20}\|?>|\[/?INST\]|<<SYS>>"
    r"|\b(?:note|message|instructions?|attention|memo)\s+(?:to|for)\s+(?:the\s+|any\s+|all\s+)?(?:ai|llm|language model|assistant|model|classifier"
    r"|moderation (?:bot|system|model|tool)|automated (?:reader|system|moderation)|bot|machine reader|summari[sz]er)s?\b"
    r"|\b(?:as an? (?:ai|llm)|you are (?:now|no longer)|act as|pretend (?:to be|you))\b[^.\n]{0,60}\b(?:assistant|model|moderator|mode|unrestricted|admin|dan|filter\w*|rules?)\b"
    r"|\b(?:mark|classify|label|treat|rate|route|tag|approve|flag)\b[^.\n]{0,30}\b(?:this|the)\s+(?:post|text|message|content|thread)\b[^.\n]{0,40}"
    r"\b(?:as|to|with)\s+(?:safe|clean|publish\w*|harmless|approved|benign|not spam|ok(?:ay)?|low risk|verified)\b"
    r"|\b(?:reveal|print|repeat|output|show)\b[^.\n]{0,25}\b(?:your|the)\s+(?:system |hidden |initial |full )?(?:prompt|instructions|policy text)\b"
    r"|\b(?:ignoriere|vergiss)\b[^.\n]{0,40}\b(?:anweisung\w*|regeln|vorgaben)\b|\bignor(?:a|e|ez|en|ar)\b[^.\n]{0,40}\b(?:instruc\w+|reglas|regras|consignes|règles)\b"
    r"|忽略[^。\n]{0,16}(?:指令|指示|规则|提示)|(?:निर्देश|नियम)[^।\n]{0,24}(?:अनदेखा|नज़रअंदाज़)|\bzignoruj\b[^.\n]{0,40}\b(?:instrukcj\w+|polece\w+)",
    re.I,
)
_TALK = re.compile(
    r"\b(?:prompt injections?|red.?team\w*|jailbreak\w*|our (?:chatbot|model|bot)|test (?:case|set|suite)|attack(?:er)?s? (?:that|who|which)|"
    r"e\.g\.|for example|such as|classic|my previous (?:post|message|comment)|interview question|wrote a filter)\b", re.I
)  # fmt: skip
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{24,4000}={0,2}(?![A-Za-z0-9+/=])")
_HIDDEN_RUN = 4
MOST = 5


def addresses_a_machine(text: str) -> bool:
    """Whether a readable text holds an order to a machine, in so many words."""
    return _ORDERS.search(text) is not None


class PromptInjection:
    """Orders to a machine, wherever they stand; hidden text and base64 are read as well."""

    name: str = NAME
    blind_spots: str = "Polite or indirect requests without a machine as addressee; orders spread over sentences; languages without a pattern."

    def detect(self, post: ReadablePost, context: DetectorContext) -> list[Finding]:
        """Every order found, strongest first."""
        found: list[Finding] = []
        for reading in post.fields:
            found += _plain(reading) + _hidden(reading) + _encoded(reading)
        return sorted(found, key=lambda finding: -finding.probability)[:MOST]


def _plain(reading: Reading) -> list[Finding]:
    found = []
    for match in _ORDERS.finditer(reading.text):
        around = reading.text[max(0, match.start() - 160) : match.end() + 120]
        probability = 0.45 if _TALK.search(around) else 0.88
        span = reading.span(match.start(), match.end())
        found.append(Finding("prompt_injection", probability, ((reading.field, span),), NAME, "order"))
        if len(found) == MOST:
            break
    return found


def _hidden(reading: Reading) -> list[Finding]:
    found = []
    invisible = [span for span in reading.hidden if span.end - span.start == 1]
    for span in reading.hidden:
        text = reading.source[span.start : span.end]
        if len(text) > 1 and _ORDERS.search(text):
            found.append(Finding("prompt_injection", 0.93, ((reading.field, span),), NAME, "comment"))
    tags = [s for s in invisible if "\U000e0000" <= reading.source[s.start] <= "\U000e007f"]
    if tags:
        decoded = "".join(chr(ord(reading.source[s.start]) - 0xE0000) for s in tags)
        probability = 0.95 if _ORDERS.search(decoded) else 0.8
        found.append(Finding("prompt_injection", probability, ((reading.field, tags[0]),), NAME, "hidden_characters"))
    elif len(invisible) >= _HIDDEN_RUN and _ORDERS.search(reading.text):
        found.append(Finding("prompt_injection", 0.93, ((reading.field, invisible[0]),), NAME, "hidden_characters"))
    return found


def _encoded(reading: Reading) -> list[Finding]:
    found = []
    for match in _BASE64.finditer(reading.source):
        try:
            decoded = base64.b64decode(match[0] + "=" * (-len(match[0]) % 4), validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            continue
        if decoded.isprintable() and " " in decoded:
            probability = 0.94 if _ORDERS.search(decoded) else 0.7
            span = Span(match.start(), match.end())
            found.append(Finding("prompt_injection", probability, ((reading.field, span),), NAME, "encoded"))
    return found
