"""A scaffold: what past mentors said, each point quoted and credited, and what to ask the member first.

Nothing here is generated: every point is a sentence of a past answer, chosen by how near it is to the question and by
how much it says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from service.clock import new_id
from service.drafting.draft import Sentence, Source
from service.drafting.sentences import sentences, words
from service.models.embedder import Embedder
from service.retrieval.evidence import Evidence, EvidencePassage

POINTS = 6
PER_AUTHOR = 2
_ADVICE = re.compile(
    r"\b(?:ask|write|tell|say|start|stop|try|do not|don't|never|always|first|instead|should|would|make|pick|set|keep|"
    r"offer|name|send|agree|decide|take|leave|show|find|give|list|wait|schedule|prepare|negotiate)\b", re.I
)  # fmt: skip
_DANGLING = re.compile(
    r"^(?:and|but|so|or|because|that|this|it|they|he|she|which|also|then|these|those|both|neither)\b", re.I
)


@dataclass(frozen=True)
class Point:
    """One sentence of a past answer and how well it serves, higher is better."""

    text: str
    passage: EvidencePassage
    value: float
    vector: Any


def build(question: str, evidence: Evidence, embedder: Embedder, today: date, old_after_days: int) -> list[Sentence]:
    """The sentences of a scaffold, best first within each section; empty where no past answer has a usable sentence."""
    chosen = choose(question, evidence, embedder)
    made = [
        Sentence(id=new_id(), section="agree", text=said(point), grounding="supported", sources=[credit(point)])
        for point in chosen
    ]
    if not made:
        return []
    for text in questions_for(question):
        made.append(Sentence(id=new_id(), section="ask", text=text, grounding="judgement"))
    made.append(Sentence(id=new_id(), section="gap", text=GAP, grounding="judgement"))
    return made


GAP = "Only you can say what you have seen work in a team like this one; add it, or cut this line."


def choose(question: str, evidence: Evidence, embedder: Embedder) -> list[Point]:
    """The most useful sentences of the answers found: near the question, advice rather than story, not repeating each other."""
    pool: list[tuple[str, EvidencePassage]] = []
    for passage in evidence.passages:
        if passage.field == "answer":
            pool += [(s, passage) for s in sentences(passage.text) if 7 <= len(words(s)) <= 45 and not s.endswith(":")]
    if not pool:
        return []
    pool = pool[:120]
    vectors = embedder.embed([text for text, _ in pool] + [question])
    nearness = vectors[:-1] @ vectors[-1]
    points = [
        Point(text, passage, float(near) + value_of(text) + 0.35 * passage.score, vector)
        for (text, passage), near, vector in zip(pool, nearness, vectors[:-1], strict=True)
    ]
    chosen: list[Point] = []
    by_author: dict[str, int] = {}
    for point in sorted(points, key=lambda p: -p.value):
        author = point.passage.author or point.passage.id
        if by_author.get(author, 0) >= PER_AUTHOR or any(float(point.vector @ c.vector) > 0.8 for c in chosen):
            continue
        chosen.append(point)
        by_author[author] = by_author.get(author, 0) + 1
        if len(chosen) == POINTS:
            break
    return chosen


def value_of(text: str) -> float:
    """How much a sentence says by itself: advice and particulars raise it, a dangling beginning lowers it."""
    advice = min(len(_ADVICE.findall(text)), 3) * 0.06
    particular = 0.05 if re.search(r"\d|\"|“", text) else 0.0
    dangling = -0.12 if _DANGLING.match(text) else 0.0
    return advice + particular + dangling


def said(point: Point) -> str:
    """The point with its credit: who said it, as what, when."""
    passage = point.passage
    who = passage.author_level or passage.author_role or "a mentor"
    year = f", {passage.date:%Y}" if passage.date else ""
    return f"“{point.text}” ({passage.author or 'a member'}, {who}{year})"


def credit(point: Point) -> Source:
    """The source of a point."""
    passage = point.passage
    when = passage.date.date().isoformat() if passage.date else None
    return Source(
        passage_id=passage.id, thread_id=passage.thread_id, quote=point.text, author=passage.author, date=when
    )


_ASKED = (
    (
        re.compile(r"\bmanager|boss|lead\b", re.I),
        "What did your manager say, in their own words, when you last raised this?",
    ),
    (
        re.compile(r"\bpromot|level|senior|staff\b", re.I),
        "Which level are you at, and what does your ladder ask for at the next one?",
    ),
    (
        re.compile(r"\boffer|salary|comp|pay\b", re.I),
        "By when must you decide, and what is your alternative if the answer is no?",
    ),
    (re.compile(r"\bburn|exhaust|tired|stress\b", re.I), "What could be taken off your plate this week, and by whom?"),
    (re.compile(r"\bteam|colleague|coworker|peer\b", re.I), "How large is the team, and who else sees the same thing?"),
    (
        re.compile(r"\bjob|interview|leave|quit|switch\b", re.I),
        "What would have to change within three months for you to stay?",
    ),
)


def questions_for(question: str) -> list[str]:
    """What to ask the member before answering, by what the post speaks of; two at most."""
    return [ask for pattern, ask in _ASKED if pattern.search(question)][:2] or [
        "What have you tried so far, and what happened?"
    ]


def staleness_note(evidence_dates: list[date], today: date, old_after_days: int) -> str | None:
    """Said where even the newest source is older than the site's age."""
    if not evidence_dates:
        return None
    newest = max(evidence_dates)
    if (today - newest).days <= old_after_days:
        return None
    return f"The newest of these answers is from {newest:%B %Y}; check whether it still holds."
