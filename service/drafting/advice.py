"""What a sentence of a past answer does: whether it advises, and which way. Pure, by words alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from service.drafting.reading import stem
from service.drafting.sentences import sentences, words

VERBS = frozenset(Path(__file__).with_name("advice_verbs.txt").read_text("utf-8").split())
"""Verbs with which mentors give advice, in their plain form."""

OPPOSITES = (
    ("stay", "keep", "remain"), ("leave", "quit", "resign", "switch", "withdraw"),
    ("accept", "take", "join", "sign", "agree"), ("decline", "refuse", "reject", "skip"),
    ("wait", "postpone", "delay", "park"), ("start", "begin", "push"),
    ("tell", "disclose", "mention", "share", "say", "report", "escalate", "raise"), ("hide", "mute"),
    ("specialise", "specialize", "focus"), ("generalise", "broaden", "diversify"),
    ("fight", "appeal", "contest", "argue", "defend"), ("drop", "forget", "ignore"),
)  # fmt: skip
"""Groups of verbs in pairs: to advise one of a pair is to advise against the other."""
_GROUP = {verb: number for number, group in enumerate(OPPOSITES) for verb in group}

_LEAD = r"(?:(?:and|but|so|then|also|first|second|next|instead|now|please|always|just|only|otherwise|therefore|still|yes|no)[,:]?\s+){0,3}"
_ADVISED = re.compile(
    rf"(?:^|[.;:!?,]\s+|\b(?:and|but|then)\s+){_LEAD}"
    r"(?P<no>(?:don['’]?t|do not|never|please don['’]?t|no need to)\s+(?:ever\s+|just\s+)?)?(?P<verb>[a-z]+)\b", re.I
)  # fmt: skip
_TOLD = re.compile(
    r"\b(?:(?:you|one)\s+(?:should|must|would|need to|have to|ought to|had better)|i\s+would)\s+"
    r"(?P<no>not\s+|never\s+|neither\s+)?(?:rather\s+|also\s+|still\s+|probably\s+|first\s+|always\s+|at least\s+)?(?P<verb>[a-z]+)\b"
    r"|\b(?:i|you|one|we)\s+(?P<no2>wouldn['’]?t|shouldn['’]?t|mustn['’]?t|would not|should not|must not|needn['’]?t)"
    r"\s+(?:just\s+)?(?P<verb2>[a-z]+)\b"
    r"|\bi['’]d\s+(?P<no3>not\s+|never\s+|neither\s+)?(?:rather\s+|also\s+|still\s+|probably\s+)?(?P<verb3>[a-z]+)\b"
    r"|\b(?P<no4>avoid|stop|refuse to|resist)\s+(?P<verb4>[a-z]+ing)\b|\bbetter (?:to )?(?P<verb5>[a-z]+)\b", re.I
)  # fmt: skip
_STORY = re.compile(
    r"^\W*(?:(?:and|but|so|then|in \d{4}|when|after|once|years? ago|last year)[, ]+)*(?:i|we|my|our|she|he|they|her|his|their)\b"
    r"(?!['’]d\b)(?! would| wouldn| should| suggest| recommend| always tell)",
    re.I,
)
_PAST = re.compile(
    r"\b(?:was|were|had|did|went|got|came|took|said|told|made|left|knew|thought|\w{3,}ed)\b(?!\s+(?:on|in|to)\s+you)",
    re.I,
)
_YOU = re.compile(r"\b(?:you|your|yours|you['’](?:re|ll|ve|d))\b", re.I)
_RULE = re.compile(
    r"\b(?:always|never|best|worst|rule|key|most important|what (?:works|helps|matters)|the (?:trick|point|mistake|answer|fix|cure|reason)"
    r"|is (?:better|worth|enough|not)|"
    r"beats|matters|costs|instead|unless|if you|when you|only if|depends)\b", re.I
)  # fmt: skip
_DANGLING = re.compile(
    r"^\W*(?:and|but|so|or|because|that|this|it|they|he|she|his|her|their|which|also|then|these|those|both|neither|either|mine|same|such|there|"
    r"yes|no|sure|well|of course|that['’]s|it['’]s|the (?:first|second|third|other|last|latter|former|same) (?:one|two|was|is)?)\b", re.I
)  # fmt: skip
_BOUND = re.compile(
    r"\boption (?:[a-d]|\d|one|two|three)\b|\b(?:this|fair|good|great) thread\b|\bas .{2,20} (?:said|wrote)\b"
    r"|\b(?:the|your|that) \d[\d.,]*\s?(?:%|k\b)"
    r"|\bone of (?:the|those|these) (?:two|three|four)\b|\bthe (?:first|second|third|other) (?:one|offer|option|answer|refusal)\b"
    r"|\bon (?:monday|tuesday|wednesday|thursday|friday)\b|\b\d{1,2} (?:january|february|march|april|may|june|july|august|september|"
    r"october|november|december)\b|^\W*(?:january|february|march|april|may|june|july|august|september|october|november|december):", re.I
)  # fmt: skip
"""What binds a sentence to the thread it stood in, so that it says little elsewhere."""
_SOMEBODY = re.compile(r"\b(?:he|she|him)\b", re.I)
_NAMED = re.compile(
    r"\b(?:manager|boss|lead|director|colleague|peer|mentor|mentee|junior|senior|person|someone|somebody|vp|cto|ceo|em|recruiter|engineer|developer|report)\b",
    re.I,
)


@dataclass(frozen=True)
class Stance:
    """One thing that is advised (`toward`) or advised against, and the words it is about."""

    verb: str
    toward: bool
    about: frozenset[str]


def advises(sentence: str) -> float:
    """How far a sentence is advice that stands alone rather than a story or a remark, about −0.5 to 1."""
    found = stances(sentence)
    value = 0.55 if found else 0.0
    value += 0.15 if _YOU.search(sentence) else 0.0
    value += 0.15 if _RULE.search(sentence) else 0.0
    value += 0.1 if re.search(r"\d|[\"“]", sentence) else 0.0
    if _STORY.match(sentence) and not found:
        value -= 0.25
    if not found and len(_PAST.findall(sentence)) >= 2:
        value -= 0.15
    if _DANGLING.match(sentence):
        value -= 0.25
    if _BOUND.search(sentence) or (_SOMEBODY.search(sentence) and not _NAMED.search(sentence)):
        value -= 0.3
    if sentence.rstrip("\"”' )").endswith("?"):
        value -= 0.2
    return value


@lru_cache(maxsize=256)
def stances(text: str) -> tuple[Stance, ...]:
    """What a text advises and advises against, in order. The last texts are remembered: a draft looks at each several times."""
    found: list[Stance] = []
    for sentence in sentences(text):
        for match in _ADVISED.finditer(sentence):
            verb = match["verb"].lower()
            if verb in VERBS and not _subject(sentence[match.end() : match.end() + 12]):
                found.append(Stance(verb, match["no"] is None, _about(sentence[match.end() :])))
        for match in _TOLD.finditer(sentence):
            verb = next(v for v in (match["verb"], match["verb2"], match["verb3"], match["verb4"], match["verb5"]) if v)
            verb = _plain(verb.lower())
            no = match["no"] or match["no2"] or match["no3"] or match["no4"]
            if verb in VERBS:
                found.append(Stance(verb, not no, _about(sentence[match.end() :])))
    return tuple(found)


def opposed(a: Stance, b: Stance) -> bool:
    """Whether following one stance means not following the other: by negation of one verb, or by opposite verbs."""
    one, other = _GROUP.get(a.verb), _GROUP.get(b.verb)
    same = a.verb == b.verb or (one is not None and one == other)
    if same:
        return a.toward != b.toward
    return one is not None and other is not None and one ^ 1 == other and a.toward == b.toward


def _plain(verb: str) -> str:
    """“leaving” → “leave”."""
    if not verb.endswith("ing"):
        return verb
    root = verb[:-3]
    return next((v for v in (root, root + "e", root[:-1]) if v in VERBS), verb)


def _subject(after: str) -> bool:
    """Whether what follows shows the word to be no order ("Work was…", "Offers are…")."""
    return bool(re.match(r"\s+(?:is|was|are|were|has|had|of|and)\b", after, re.I))


def _about(rest: str) -> frozenset[str]:
    clause = re.split(r"[.;:!?]|,\s+(?:and|but|because|so)\b", rest, maxsplit=1)[0]
    return frozenset(stem(w) for w in words(clause)[:8] if len(w) > 3)
