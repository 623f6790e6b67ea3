"""What of past answers may be shown to a model or quoted: sentences that give orders to a machine, or that plant a link
or a contact, are left out. A passage is data; what it tells a machine to do is neither followed nor repeated.
"""

from __future__ import annotations

import re

from service.drafting.by_digest import by_digest
from service.drafting.not_advice import is_english, notation, speaks_for_others, unreadable
from service.drafting.sentences import spans
from service.flagging.detectors.planted_task import planted_probability
from service.flagging.detectors.prompt_injection import addresses_a_machine
from service.retrieval.evidence import Evidence, EvidencePassage

PLANTED = 0.8
"""From this probability on a sentence counts as planted: a task that is foreign to the text around it."""
"""Passages whose planted sentences are remembered: digests and places, no text."""

_MACHINE = re.compile(
    r"\b(?:ai|llms?|gpt|chat ?bots?|assistants?|language models?|summari[sz]ers?|drafting (?:tool|model|system|bot))\b[^.\n]{0,40}"
    r"\b(?:must|should|shall|has to|have to|please|include|mention|recommend|cite|link|output)\b"
    r"|\b(?:every|each|any|all|this|the|your)\s+(?:\w+\s+)?(?:drafts?|repl(?:y|ies)|answers?|responses?|summar(?:y|ies)|outputs?)\s+"
    r"(?:must|should|shall|has to|have to|needs? to)\s+(?:also\s+|always\s+)?"
    r"(?:mention|recommend|include|say|state|tell|end|begin|start|link|contain|cite|add|name|promote)\b"
    r"|\b(?:include|mention|recommend|add|insert|append|cite|promote|link(?: to)?|repeat|output|reply|respond|answer|end|begin|start)\b"
    r"[^.\n]{0,40}\b(?:in|with|to|at the (?:end|start) of)\s+(?:your|the|every|each|any|all)\s+(?:\w+\s+)?"
    r"(?:answers?|repl(?:y|ies)|drafts?|responses?|outputs?|summar(?:y|ies))\b"
    r"|\b(?:previous|prior|above|earlier|these|your)\s+(?:instructions?|guidelines|prompts?)\b|\bsystem (?:prompt|override)\b", re.I
)  # fmt: skip
_SHOWN_HOW = re.compile(
    r"\b(?:example|sample|model|ideal|good|correct) (?:drafts?|repl(?:y|ies)|answers?|responses?|outputs?|summar(?:y|ies))\s*:"
    r"|(?:^|[.!?\n]\s*)(?:(?:first|second|next|then|last|lastly|finally|now),? )?(?:"
    r"(?:conclude|infer|deduce) that\b|(?:conclude|report|output|print|emit|state)\s*[:,]?\s*[\"“«])",
    re.I,
)
"""What a machine is shown or told to say: an example of an answer, a conclusion or a sentence in quotation marks to give out."""
_POINTER = re.compile(
    r"https?://|\bwww\.|\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev|ai|co|app|gg|ly|me|xyz|info|example|biz|shop|site)\b"
    r"|\b[\w-]{3,}\s?[(\[]?\s?\bdot\b\s?[)\]]?\s?(?:com|org|net|io|dev|ai|co|app|academy|[a-z]{2,3})\b|[\w.+-]+@[\w-]+\.\w"
    r"|(?<!\w)@\w{3,}|\+?\d[\d ()-]{8,}\d",
    re.I,
)
_ADVERT = re.compile(
    r"\b(?:promo|discount|coupon|referral) codes?\b|\b(?:sign up|register|subscribe|book a (?:call|session)|buy) "
    r"(?:here|now|at|through|via|my)\b"
    r"|\b(?:dm|message|contact|whatsapp|telegram) me\b", re.I
)  # fmt: skip


@by_digest
def plants(sentence: str) -> bool:
    """Whether a sentence by itself orders a machine about, shows it what to say, or carries a link, a contact or an advertisement."""
    orders = (_MACHINE, _SHOWN_HOW, _POINTER, _ADVERT)
    return any(pattern.search(sentence) for pattern in orders) or addresses_a_machine(sentence)


def without_planted(text: str) -> str:
    """`text` without the sentences that plant something and the space before them; the others stay as they are, letter by
    letter."""
    kept: list[str] = []
    last = 0
    for start, end in _planted(text):
        kept.append(text[last:start].rstrip())
        last = end
    return "".join(kept) + text[last:] if last else text


@by_digest
def _planted(text: str) -> tuple[tuple[int, int], ...]:
    """Where the planted sentences of a text stand."""
    probability, begin, stop = planted_probability(text)
    foreign = (begin, stop) if probability >= PLANTED else (0, 0)
    english, blocks = is_english(text), [*notation(text), foreign]
    return tuple(
        (start, end) for start, end in spans(text)
        if any(min(end, stop) - max(start, begin) > 0.5 * (end - start) for begin, stop in blocks)
        or plants(text[start:end]) or speaks_for_others(text[start:end]) or (english and unreadable(text[start:end]))
    )  # fmt: skip


def trusted(evidence: Evidence) -> Evidence:
    """The evidence without what is planted; passages of which nothing is left are gone."""
    passages = [_cleaned(p) for p in evidence.passages]
    return evidence.model_copy(update={"passages": [p for p in passages if p.text.strip()]})


def _cleaned(passage: EvidencePassage) -> EvidencePassage:
    text = without_planted(passage.text)
    return passage if text == passage.text else passage.model_copy(update={"text": text.strip()})
