"""From claims as a model wrote them to checked sentences, or the reason each was dropped.

Steps, cheapest first: the cited passage was shown; the quote stands in it; details stand in it; the claim is supported by the
passage, or is near to the words it quotes (`quoted.py`). A claim whose sources advise against each other is supported in part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast, get_args

import numpy as np

from service.clock import new_id
from service.drafting import quoted
from service.drafting.citations import check_details, stands_in
from service.drafting.conflict import at_odds
from service.drafting.draft import Dropped, Grounding, Section, Sentence, Source
from service.drafting.reading import ReadText, read_texts
from service.drafting.sentences import plain, spans, words
from service.drafting.support import shipped
from service.drafting.trusted import plants
from service.models.embedder import Embedder
from service.retrieval.evidence import Evidence, EvidencePassage

Verdict = Literal["supported", "partial", "unsupported"]
SecondOpinion = Callable[[Sequence[tuple[str, Sequence[str]]]], Sequence[Verdict | None]]
"""(claim, the passages it cites) for each → a verdict for each, or None where there is none."""
FEWEST_QUOTED_WORDS = 3
"""A quote of fewer words is in every passage and shows nothing."""


@dataclass(frozen=True)
class Claim:
    """A sentence as a model wrote it. `sources` are (passage id, quote or None)."""

    text: str
    section: str
    judgement: bool
    sources: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Shown:
    """What a model was shown in one run, and its reading; made while the model writes."""

    passages: dict[str, EvidencePassage]
    readings: dict[str, ReadText]
    titles: dict[str, str]
    today: date | None = None


@dataclass(frozen=True)
class _Cited:
    claim: Claim
    section: Section
    passages: list[EvidencePassage]
    quotes: list[str | None]


def read_shown(
    passages: Sequence[EvidencePassage], evidence: Evidence, embedder: Embedder, today: date | None = None
) -> Shown:
    """Read the passages that a model is shown, and the day that it is told."""
    readings = read_texts([p.text for p in passages], embedder)
    by_id = {p.id: p for p in passages}
    titles = {thread.thread_id: thread.title for thread in evidence.related}
    return Shown(by_id, dict(zip(by_id, readings, strict=True)), titles, today)


def verify(
    claims: Sequence[Claim], shown: Shown, embedder: Embedder, second: SecondOpinion | None = None
) -> list[Sentence | Dropped]:
    """Check claims against what was shown in this run; one result a claim, in order. What `second` says of a claim that
    passed every other check takes the place of the built-in support check."""
    looked = [_look(claim, shown) for claim in claims]
    cited = [found for found in looked if isinstance(found, _Cited)]
    readings = read_texts([found.claim.text for found in cited], embedder) if cited else []
    verdicts: Sequence[Verdict | None] = [None] * len(cited)
    if second is not None:
        verdicts = second([(found.claim.text, [p.text for p in found.passages]) for found in cited])
    weighed = iter(
        _weigh(found, read, shown, embedder, verdict)
        for found, read, verdict in zip(cited, readings, verdicts, strict=True)
    )
    return [next(weighed) if isinstance(found, _Cited) else found for found in looked]


def _look(claim: Claim, shown: Shown) -> _Cited | Sentence | Dropped:
    """Every step that needs no model: a judgement passes here, a claim goes on to be weighed."""
    section = cast(Section, claim.section if claim.section in get_args(Section) else "answer")
    cited = _named(claim, shown)
    if plants(claim.text):
        return Dropped(text=claim.text, reason="holds a link, a contact or an order to a machine", sources=cited)
    if claim.judgement and not claim.sources:
        problem = check_details(claim.text, [], known="")
        if problem:
            return Dropped(text=claim.text, reason=f"a judgement that {problem}")
        return Sentence(id=new_id(), section=section, text=claim.text, grounding="judgement")
    if not claim.sources:
        return Dropped(text=claim.text, reason="names no source")
    passages: list[EvidencePassage] = []
    for passage_id, quote in claim.sources:
        passage = shown.passages.get(passage_id)
        if passage is None:
            return Dropped(text=claim.text, reason="cites a passage that was not shown", sources=cited)
        if quote is not None and (len(words(quote)) < FEWEST_QUOTED_WORDS or not stands_in(quote, passage.text)):
            return Dropped(text=claim.text, reason="its quote is not in the passage", sources=cited)
        passages.append(passage)
    problem = check_details(claim.text, passages, known_of(passages, shown.titles), ages_of(passages, shown.today))
    if problem:
        return Dropped(text=claim.text, reason=problem, sources=cited)
    return _Cited(claim, section, passages, [quote for _, quote in claim.sources])


def surplus(claims: Sequence[Claim], shown: Shown) -> list[Dropped]:
    """Claims beyond those that were asked for; they are not checked."""
    because = "one sentence more than was asked for"
    return [Dropped(text=claim.text, reason=because, sources=_named(claim, shown)) for claim in claims]


def _named(claim: Claim, shown: Shown) -> list[Source]:
    """The passages that a claim names and that were shown, without words: what is dropped goes when they go."""
    passages = [shown.passages[id_] for id_, _ in claim.sources if id_ in shown.passages]
    return [Source(passage_id=p.id, thread_id=p.thread_id, quote="", author=p.author) for p in passages]


def _weigh(
    cited: _Cited, read: ReadText, shown: Shown, embedder: Embedder, verdict: Verdict | None
) -> Sentence | Dropped:
    grounding = _grounding(cited, read, shown, embedder) if verdict is None else None
    if verdict in ("supported", "partial"):
        grounding = verdict
    if grounding is None:
        sources = _named(cited.claim, shown)
        return Dropped(text=cited.claim.text, reason="its source does not say that", sources=sources)
    sources = [
        Source(
            passage_id=p.id, thread_id=p.thread_id, author=p.author, level=p.author_level or p.author_role,
            quote=quote if quote is not None else nearest_sentence(read, shown.readings[p.id]),
            thread_title=shown.titles.get(p.thread_id), date=p.date.date().isoformat() if p.date else None,
        )
        for p, quote in zip(cited.passages, cited.quotes, strict=True)
    ]  # fmt: skip
    if cited.section != "differ" and at_odds(sources):  # that section says itself that they do
        grounding = "partial"
    return Sentence(id=new_id(), section=cited.section, text=cited.claim.text, grounding=grounding, sources=sources)


def _grounding(cited: _Cited, read: ReadText, shown: Shown, embedder: Embedder) -> Grounding | None:
    """What the built-in check makes of a claim; None: its source does not say that."""
    model = shipped()
    score = model.score(read, [shown.readings[p.id] for p in cited.passages], embedder.name)
    grounding: Grounding | None = (
        "supported" if score >= model.supported else "partial" if score >= model.partial else None
    )
    if grounding != "supported" and all(quote is not None for quote in cited.quotes):
        beside_quotes = quoted.grounding(cited.claim.text, [quote for quote in cited.quotes if quote], embedder)
        grounding = beside_quotes or grounding
    return grounding


def nearest_sentence(claim: ReadText, passage: ReadText) -> str:
    """The sentence of a passage that says most nearly what the claim says, verbatim."""
    found = [plain(passage.text[start:end]) for start, end in spans(passage.text)]
    own = set(claim.stems)

    def value(index: int) -> float:
        here = [n for n, sentence in enumerate(passage.sentence) if sentence == index]
        shared = len(own & {passage.stems[n] for n in here}) / max(len(own), 1)
        if not here or not len(claim.vectors) or not len(passage.vectors):
            return shared
        one, other = claim.vectors.sum(axis=0), passage.vectors[here].sum(axis=0)
        size = float(np.linalg.norm(one) * np.linalg.norm(other))
        return shared + float(one @ other) / max(size, 1e-9)

    best = max(range(min(passage.count, len(found))), key=value, default=None)
    return found[best] if best is not None else passage.text[:300]


def ages_of(passages: Sequence[EvidencePassage], today: date | None) -> set[int]:
    """How many years ago passages were written: whole years, and the next, which “nearly” rounds up to."""
    written = [p.date.date() for p in passages if p.date]
    days = [(today - day).days for day in written] if today else []
    return {years for age in days for years in (int(age / 365.25), int(age / 365.25) + 1)}


def known_of(passages: Sequence[EvidencePassage], titles: dict[str, str]) -> str:
    """What is known of passages beside their text: authors, roles, levels, dates, thread titles."""
    parts = [
        part
        for p in passages
        for part in (
            p.author,
            p.author_role,
            p.author_level,
            titles.get(p.thread_id),
            f"{p.date:%B %Y %d}" if p.date else None,
        )
    ]
    return " ".join(part for part in parts if part)
