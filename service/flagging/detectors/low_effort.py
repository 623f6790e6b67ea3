"""Posts with too little to answer: measured by what is left of them, never by how well they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.flagging.finding import DetectorContext, Finding, located
from service.intake.normalise import ReadablePost

NAME = "low_effort"
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_FILLER = frozenset(
    ["hi", "hello", "hey", "dear", "all", "everyone", "everybody", "anyone", "anybody", "someone", "guys", "folks", "team", "sir", "madam", "please", "pls", "plz", "help", "thanks", "thank", "thx", "ty", "you", "cheers", "good", "morning", "evening", "afternoon", "day", "test", "testing", "asdf", "qwerty", "lol", "ok", "okay", "title", "says", "it", "see", "above", "as", "per", "question", "in", "the", "subject", "tia", "regards", "thoughts", "idea", "ideas", "any", "advice", "hola", "buenas", "alguien", "ayuda", "gracias", "saludos", "bonjour", "salut", "quelqu", "aide", "merci", "coucou", "hallo", "moin", "servus", "frage", "steht", "im", "titel", "danke", "bitte", "oi", "olá", "alguém", "ajuda", "obrigado", "bom", "dia", "po", "hii", "yo", "sup", "hmm", "um", "just", "asking", "for", "a", "friend", "hey", "how", "what", "which", "why", "bump", "up", "first", "post", "new", "here"]
)  # fmt: skip
_VAGUE = re.compile(
    r"^\W*(?:how (?:do|can|to|should) (?:i |one |you )?(?:grow|improve|get (?:a )?job|get (?:better|promoted|rich|hired)|learn|start|succeed|become (?:better|senior|good))|is (?:my|this) (?:salary|offer|cv|resume|job) (?:ok|okay|good|fair)|what (?:should i (?:do|learn)|to do)|any (?:tips|advice|thoughts)|thoughts|help|job|career|please help|need (?:help|job|advice)|agree|mindset is everything)\W*$",
    re.I,
)
_NOISE = re.compile(r"(.)\1{6,}|(?:asdf|qwer|zxcv|hjkl|jkl;|lorem ipsum)", re.I)
_DANGER = re.compile(
    r"\b(?:die|dying|dead|kill|hurt|end it|suicid\w*|can'?t (?:go on|anymore|breathe)|scared|afraid|hopeless|alone|help me)\b|死|自杀|morir|sterben|mourir|morrer|मर",
    re.I,
)


@dataclass(frozen=True)
class LowEffort:
    """Greetings, one vague line, keyboard noise. A short clear question is none, and a short sign of distress never is."""

    name: str = NAME
    blind_spots: str = "Long posts that say nothing, copied text, and vagueness in words it does not know."

    def detect(self, post: ReadablePost, context: DetectorContext) -> list[Finding]:
        """At most one finding, over the body or else the title."""
        text = post.text
        if len(text) > 400 or _DANGER.search(text) or (context.kind == "announcement" and len(text) > 120):
            return []
        words = [word.lower() for word in _WORD.findall(text)]
        wide = len(_WIDE.findall(text))
        telling = len({word for word in words if word not in _FILLER and not _WIDE.search(word)}) + wide / 2
        asks = "?" in text or "？" in text or "؟" in text
        probability, detail = _judged(text, telling, asks, bool(_NOISE.search(text)))
        if probability == 0:
            return []
        reading = post.body if post.body.text.strip() else post.title
        end = len(reading.text.rstrip())
        start = len(reading.text) - len(reading.text.lstrip())
        return [
            Finding("low_effort", probability, (located(reading, start, end),) if end > start else (), NAME, detail)
        ]


def _judged(text: str, telling: float, asks: bool, noise: bool) -> tuple[float, str]:
    lines = [line for line in text.split("\n") if line.strip()]
    vague = [line for line in lines if _VAGUE.match(line)]
    if telling <= 1:
        return 0.92, "nothing"
    if noise and telling <= 6:
        return 0.85, "noise"
    if vague and telling <= 8:
        return 0.8, "vague"
    if telling <= 3:
        return (0.75 if asks else 0.85), "few_words"
    if telling <= 5:
        return (0.35 if asks else 0.65), "few_words"
    if telling <= 9 and not asks:
        return 0.35, "no_question"
    return 0.0, ""
