"""A sentence that gives a machine a task foreign to the post around it: the quiet kind of prompt injection.

Each sentence is described by a few properties (does it command or ask, does it speak of "your response", does it say I or
refer back, how many of its words occur elsewhere in the post), and a logistic regression over them says how likely it is
planted. The weights are in `planted_task.json`, with what they were fitted on and how to refit them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from service.flagging.finding import DetectorContext, Finding, located
from service.intake.normalise import ReadablePost

NAME = "planted_task"
WEIGHTS = Path(__file__).with_name("planted_task.json")
VOCABULARY = Path(__file__).with_name("career_words.txt")
MOST = 400
"""Sentences of one post that are looked at: the first and the last of them."""
FOREIGN, PLAINLY_FOREIGN = 0.7, 0.9
"""Told from the first on, which one in a hundred harmless posts reaches; from the second on a person looks before it is shown."""

LINE = 300
"""Characters of a line that is read as a whole beside its sentences."""

_SENTENCE = re.compile(
    r"[^.!?\n。！？]{0,600}(?:[.!?。！？](?=[a-z0-9])[^.!?\n。！？]{0,600}){0,6}(?:[.!?。！？]{1,4}[\"')\]]{0,2}|\n|$|(?=[^.!?\n。！？]))"
)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_PLEASE = r"^\W{0,4}(?:(?:please|kindly|now|first|then|also|next|can you|could you|would you|will you|i want you to|you (?:must|should|will|need to|have to))[,:]? (?:please )?){0,2}"
_TASK = re.compile(
    _PLEASE + r"(?:explain|write|describe|provide|translate|compose|draft|list|create|generate|summari[sz]e|develop|tell|break down|show|compare|define|convert|calculate|solve|give|name|outline|"
    r"discuss|design|recommend|identify|make|produce|craft|prepare|paraphrase|rewrite|rephrase|classify|analy[sz]e|recite|sing|draw|plan|find|compute|imagine|answer|respond|reply|repeat|say|print|output)\b", re.I,
)  # fmt: skip
_CHANGE = re.compile(
    _PLEASE + r"(?:replace|scramble|misspell|remove|group|substitute|anagram|jumble|capitali[sz]e|reverse|render|use|swap|shuffle|encode|mix|omit|double|combine|rearrange|introduce|spell|insert|format|turn|shift|drop|delete|avoid|start|end|begin|finish|speak|talk|act|pretend|behave)\b", re.I,
)  # fmt: skip
_ADD = re.compile(
    _PLEASE + r"(?:in (?:your|the) (?:response|answer|reply|summary|output|draft)[, ]|add|include|integrate|insert|append|modify|enhance|augment|tease|suggest|promote|mention|highlight|embed|incorporate|weave|slip|attach|place|put|link|advertise|encourage|invite|urge|ask|direct|refer|weave|close|conclude)\b", re.I,
)  # fmt: skip
_ASK = re.compile(
    r"^\W{0,4}(?:what(?:'s| is| are| were| was| does| do)|who(?:'s| is| was| wrote| invented| discovered| painted)?|how (?:do|does|did|many|much|far|long|old|is|are|to|can) |when (?:did|was|is) |where (?:is|are|did|was) |why (?:do|does|did|is|are) |which |can you |could you )",
    re.I,
)
_REPLY = re.compile(
    r"\b(?:your|the|this|my next|every|each|all) (?:\w+ )?(?:response|answer|reply|replies|responses|answers|output|message|completion|summary|draft|text|translation)s?\b",
    re.I,
)
_LETTERS = re.compile(
    r"\b(?:letters?|vowels?|consonants?|words?|spaces?|typos?|misspell\w*|symbols?|numbers|characters?|punctuation|anagram\w*|substitution|emojis?|rhymes?|capital|uppercase|lowercase|every (?:second|third|fourth|other) \w+|accent|rot13|base64|morse|pig latin|cipher|code ?words?)\b",
    re.I,
)
_SELF = re.compile(r"\b(?:i|i'm|i've|i'd|i'll|me|my|mine|we|we're|we've|our|ours|us)\b", re.I)
_BACK = re.compile(
    r"\b(?:this|that|it|its|these|those|they|them|their|he|she|his|her|him|there|such|here|else|same|above|other|another)\b",
    re.I,
)
_YOU = re.compile(r"\b(?:you|your|yours|you've|you're|anyone|anybody|someone)\b", re.I)
_READERS = re.compile(r"\b(?:users?|readers?|visitors?|audience|customers|community|humanity|people)\b", re.I)
_PEERS = re.compile(
    r"\b(?:who here|anyone (?:here|else)|has any(?:one|body)|did any|do (?:you|y'all|u|one|people)|does (?:one|anyone)|would you|have you|you (?:all|guys)|y'all|folks|what'?s your|who'?s your|your (?:team|company|manager|place|honest|experience|own))\b",
    re.I,
)
_BULLET = re.compile(r"^\s{0,6}(?:[-*•|✅✔>#]|\d{1,2}[.)]|[a-z][.)])\s?")
_WORK = re.compile(
    r"\b(?:jobs?|work\w*|career\w*|teams?|manag\w+|boss|lead\w*|engineer\w*|developers?|devs?|seniors?|juniors?|staff|principal|promot\w+|promo|salar\w+|raise|offers?|interview\w*|recruit\w*|hir\w+|compan\w+|"
    r"employ\w+|client\w*|customers?|contract\w*|invoic\w+|start-?ups?|founders?|equity|shares?|business\w*|projects?|colleague\w*|cowork\w*|mentor\w*|meetings?|sprint\w*|on-?call|review\w*|cv|resume|visa|tax\w*|llc|"
    r"invest\w+|profit\w*|budget|product|office|remote|rate|certif\w+|skills?|experience|migration|pipeline|deploy\w*|backend|frontend|internship|bootcamp|meetup|conference|moderators?|forum|post|thread)\b",
    re.I,
)
_URL = re.compile(r"https?://|www\.|\b[\w-]{2,40}\.(?:com|org|net|xyz|io|info|example|co|ru|top|site)\b|@\w", re.I)
_COMMON = frozenset(
    "the a an and or but if of to in on for with at by from as is are was were be been being do does did have has had will would should could can may might must not no yes so than then when where what who why how which "
    "i me my we our you your he she it they them his her its their this that these those there here about into over under up down out more most some any all each other such only own same too very just also please "
    "get got make made use used using want need know like think thing things way one two first good best better new much many really still even now well back lot let us am im dont".split()
)  # fmt: skip

FEATURES = (
    "task", "change", "add", "ask", "reply", "letters", "self", "back", "you", "readers", "url", "question", "quote", "foreign", "foreign_words", "short", "words", "own_line", "edge", "rest",
    "task_foreign", "ask_foreign", "ask_generic", "task_generic", "change_reply", "add_reply", "change_letters", "lone", "strange", "task_strange", "ask_strange", "strange_words", "peers", "bullet", "work", "digits", "only_question", "ask_only",
)  # fmt: skip


@dataclass(frozen=True)
class Sentence:
    """One sentence of a text, where it stands, and what is seen of it (one number per name in FEATURES)."""

    start: int
    end: int
    features: tuple[float, ...]


def planted_probability(text: str) -> tuple[float, int, int]:
    """The likeliest planted sentence: its probability, start and end; (0, 0, 0) where there is none to look at."""
    weights, bias = _weights()
    best = (0.0, 0, 0)
    for sentence in sentences_of(text):
        total = bias + sum(w * f for w, f in zip(weights, sentence.features, strict=True))
        probability = 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
        if probability > best[0]:
            best = (probability, sentence.start, sentence.end)
    return best


def sentences_of(text: str) -> Iterator[Sentence]:
    """The sentences of a text, and its short lines of several sentences, described."""
    spans = [(m.start(), m.end()) for m in _SENTENCE.finditer(text) if m[0].strip()]
    if len(spans) > MOST:
        spans = spans[: MOST // 2] + spans[-MOST // 2 :]
    words = [content_words(text[start:end]) for start, end in spans]
    counts: dict[str, int] = {}
    for group in words:
        for word in group:
            counts[word] = counts.get(word, 0) + 1
    whole = sum(len(group) for group in words)
    for first in range(len(spans)):
        last = first
        yield from _one(text, spans, words, first, last, counts, whole)
        if first and text[spans[first - 1][1] - 1] != "\n":
            continue
        while (
            last + 1 < len(spans) and text[spans[last][1] - 1] != "\n" and spans[last + 1][1] - spans[first][0] <= LINE
        ):
            last += 1
        if last > first:
            yield from _one(text, spans, words, first, last, counts, whole)


def _one(
    text: str,
    spans: list[tuple[int, int]],
    words: list[frozenset[str]],
    first: int,
    last: int,
    counts: dict[str, int],
    whole: int,
) -> Iterator[Sentence]:
    start, end = spans[first][0], spans[last][1]
    group = frozenset().union(*words[first : last + 1])
    if group and end - start >= 8:
        inside = (
            {word: sum(word in words[i] for i in range(first, last + 1)) for word in group} if last > first else None
        )
        foreign = [w for w in group if counts[w] == (inside[w] if inside else 1) and not _other_form(w, counts)]
        edge = first == 0 or last == len(spans) - 1
        others = text.count("?") > text.count("?", start, end)
        yield Sentence(start, end, _described(text, start, end, group, foreign, whole, edge, others))


def _other_form(word: str, counts: dict[str, int]) -> bool:
    return word + "s" in counts or (word.endswith("s") and word[:-1] in counts)


def content_words(sentence: str) -> frozenset[str]:
    """The words of a sentence that carry a subject, in lower case."""
    return frozenset(
        w for w in (m[0].lower() for m in _WORD.finditer(sentence)) if w not in _COMMON and (len(w) > 2 or w > "\u2e80")
    )


def _described(
    text: str, start: int, end: int, group: frozenset[str], foreign: list[str], whole: int, edge: bool, others: bool
) -> tuple[float, ...]:
    sentence = text[start:end].strip()
    rest = min(1.0, (whole - len(group)) / 15)
    share = len(foreign) / len(group) * rest
    unknown = [word for word in foreign if word not in career_words()]
    strange = len(unknown) / len(group) * rest
    task, change, add, ask = (rest * bool(p.search(sentence)) for p in (_TASK, _CHANGE, _ADD, _ASK))
    reply, letters = (rest * bool(p.search(sentence)) for p in (_REPLY, _LETTERS))
    mine, back = bool(_SELF.search(sentence)), bool(_BACK.search(_REPLY.sub("", sentence)))
    generic = (not mine) * (not back) * share
    line = text.rfind("\n", 0, start + 1) >= start - 1 and (
        end >= len(text) or text[end - 1] == "\n" or text[end : end + 1] in ("\n", "")
    )
    return (
        task, change, add, ask, reply, letters, float(mine), float(back), float(bool(_YOU.search(_REPLY.sub("", sentence)))),
        rest * bool(_READERS.search(sentence)), rest * bool(_URL.search(sentence)), float("?" in sentence),
        rest * any(q in sentence for q in "\"'“‘"), share, min(1.0, len(foreign) / 6) * rest, float(len(group) <= 2),
        min(1.0, len(sentence) / 200), rest * line, float(edge), rest, task * share, ask * share, ask * generic, task * generic,
        change * reply, add * reply, change * letters, line * generic, strange, task * strange, ask * strange * (not mine),
        min(1.0, len(unknown) / 4) * rest, float(bool(_PEERS.search(sentence))), float(bool(_BULLET.match(text[start:end]))),
        float(bool(_WORK.search(sentence))), float(bool(re.search(r"\d", sentence))), float("?" in sentence and not others), ask * others,
    )  # fmt: skip


@cache
def career_words() -> frozenset[str]:
    """Words that posts about working life use, in lower case."""
    return frozenset(VOCABULARY.read_text("utf-8").split())


@cache
def _weights() -> tuple[tuple[float, ...], float]:
    data = json.loads(WEIGHTS.read_text("utf-8"))
    if tuple(data["features"]) != FEATURES:
        raise ValueError("planted_task.json was fitted for other features; refit it")
    return tuple(data["weights"]), float(data["bias"])


@dataclass(frozen=True)
class PlantedTask:
    """The likeliest sentence of each field that sets a machine a task foreign to the post."""

    name: str = NAME
    blind_spots: str = "Tasks in other languages than English, tasks about working life, posts of one or two sentences."

    def detect(self, post: ReadablePost, context: DetectorContext) -> list[Finding]:
        """At most one finding in each field."""
        found = []
        for reading in post.fields:
            probability, start, end = planted_probability(reading.text)
            if probability >= FOREIGN:
                told = 0.8 if probability >= PLAINLY_FOREIGN else 0.5
                found.append(Finding("prompt_injection", told, (located(reading, start, end),), NAME, "foreign_task"))
        return found
