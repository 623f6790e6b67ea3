"""A scaffold: what past mentors said, each point quoted and credited, where they differ, and what to ask the member first.

Nothing here is generated: every point is a sentence of a past answer, verbatim, with who said it, as what, where and when.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from service.clock import new_id
from service.drafting.asking import questions_for
from service.drafting.conflict import opposition
from service.drafting.draft import Section, Sentence, Source
from service.drafting.points import Point, choose
from service.models.embedder import Embedder
from service.retrieval.evidence import Evidence

FEWEST = 4
"""Points of a scaffold that was wished for shorter."""
QUOTED: tuple[Section, ...] = ("agree", "differ", "resource")
GAP = "Only you can say what you have seen work for somebody in this place; add it, or cut this line."
_YOUNG, _DISTANT = ("intern", "junior", "mid"), ("principal", "director", "executive")
_READING = re.compile(
    r"\b(?:the book|read (?:the|a|up)|chapters?|podcast|course|a talk by|template|checklist|workbook)\b", re.I
)
_SHORTER = re.compile(r"\b(?:short\w*|brief\w*|less|concise|kürzer|fewer)\b", re.I)


def build(
    title: str, body: str, evidence: Evidence, embedder: Embedder, level: str | None = None, instruction: str = ""
) -> list[Sentence]:
    """The sentences of a scaffold, best first within each section; empty where no past answer has a usable sentence."""
    question = f"{title}\n{body}"
    points = choose(question, evidence, embedder, level)
    if not points:
        return []
    if _SHORTER.search(instruction):
        points = points[:FEWEST]
    titles = {thread.thread_id: thread.title for thread in evidence.related}
    differing = _differing(points, title)
    made = [_judgement("ask", text) for text in questions_for(question, level)]
    for section in QUOTED:
        made += [quoted(p, section, titles) for p in _of(section, points, differing)]
    return [*made, _judgement("gap", gap_for(points, level))]


def gap_for(points: Sequence[Point], level: str | None) -> str:
    """What only the answering mentor can add; says so where the advice comes from far above the member."""
    distant = [p for p in points if (p.passage.author_level or "") in _DISTANT]
    if level in _YOUNG and 2 * len(distant) > len(points):
        return f"Most of this comes from people far above this member's level; say what a {level} can do of it."
    return GAP


def staleness_note(evidence_dates: Sequence[date], today: date, old_after_days: int) -> str | None:
    """Said where even the newest source is older than the site's age."""
    if not evidence_dates:
        return None
    newest = max(evidence_dates)
    if (today - newest).days <= old_after_days:
        return None
    return f"The newest of these answers is from {newest:%B %Y}; check whether it still holds."


def _differing(points: Sequence[Point], title: str) -> list[Point]:
    """Points of different authors that advise against each other, each pair side by side."""
    pairs: list[Point] = []
    for i, one in enumerate(points):
        for other in points[i + 1 :]:
            apart = one.author != other.author and one not in pairs and other not in pairs
            if apart and opposition(one.text, other.text, title) is not None:
                pairs += [one, other]
    return pairs


def _of(section: Section, points: Sequence[Point], differing: Sequence[Point]) -> list[Point]:
    if section == "differ":
        return list(differing)
    rest = [p for p in points if p not in differing]
    return [p for p in rest if bool(_READING.search(p.text)) == (section == "resource")]


def _judgement(section: Section, text: str) -> Sentence:
    return Sentence(id=new_id(), section=section, text=text, grounding="judgement")


def quoted(point: Point, section: Section, titles: dict[str, str]) -> Sentence:
    """A point as a sentence of a draft: in quotation marks, with its credit."""
    passage = point.passage
    when = passage.date.date().isoformat() if passage.date else None
    source = Source(
        passage_id=passage.id, thread_id=passage.thread_id, quote=point.text, author=passage.author, date=when,
        level=passage.author_level or passage.author_role, thread_title=titles.get(passage.thread_id),
    )  # fmt: skip
    text = f"“{point.text}” ({credit(source)})"
    return Sentence(id=new_id(), section=section, text=text, grounding="supported", sources=[source])


def credit(source: Source) -> str:
    """Author, level, year: “mentor-hamid-n, staff, 2024”."""
    year = (source.date or "")[:4]
    return ", ".join(part for part in (source.author or "a member", source.level, year) if part)
