"""Text that addresses a machine reader to change what it does, in so many words; what is hidden or encoded is read by `disguised_text`."""

from __future__ import annotations

import re

from service.flagging.finding import DetectorContext, Finding
from service.intake.normalise import ReadablePost, Reading

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
MOST = 5


def addresses_a_machine(text: str) -> bool:
    """Whether a readable text holds an order to a machine, in so many words."""
    return _ORDERS.search(text) is not None


class PromptInjection:
    """Orders to a machine, wherever they stand."""

    name: str = NAME
    blind_spots: str = "Polite or indirect requests without a machine as addressee; orders spread over sentences; languages without a pattern."

    def detect(self, post: ReadablePost, context: DetectorContext) -> list[Finding]:
        """Every order found, strongest first."""
        found: list[Finding] = []
        for reading in post.fields:
            found += _plain(reading)
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
