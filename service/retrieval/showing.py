"""How what was found is shown: each thread with its reasons, and the passages a draft may rest on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from service.retrieval.candidates import Candidate
from service.retrieval.disagreement import disagree
from service.retrieval.evidence import EvidencePassage, RelatedThread
from service.retrieval.ranking import TITLE_VIEW, WHOLE_VIEW
from service.retrieval.reads import KnownThread, ShownPassage
from service.retrieval.why import why

WHOLE_THREADS, PASSAGES_OF_BEST = 3, 4
"""Of so many threads all answers are evidence, at most so many passages of each."""


def as_related(
    words: Sequence[str], candidate: Candidate, score: float, duplicate: float, thread: KnownThread,
    texts: list[ShownPassage], site: str, old_before: datetime,
) -> RelatedThread:  # fmt: skip
    """A thread as the API shows it. `words` are the post's telling words, `texts` the thread's passages, at least one."""
    by_id = {p.id: p for p in texts}
    nearest = candidate.best
    passage = by_id.get(nearest.passage_id) if nearest else None
    if passage is None or passage.field == "title":
        passage = next((p for p in texts if p.field == "question"), texts[0])
    answers: dict[str, list[ShownPassage]] = defaultdict(list)
    for p in texts:
        if p.answer_id:
            answers[p.answer_id].append(p)
    firsts = [parts[0] for parts in answers.values()]
    best = max(firsts, key=lambda p: (p.accepted, p.votes or 0), default=None)
    dated = [p.date for p in firsts if p.date is not None]
    title = candidate.similarity(TITLE_VIEW, ("title",), 0.0)
    question = candidate.similarity(WHOLE_VIEW, ("question", "title"), 0.0)
    return RelatedThread(
        thread_id=thread.id,
        site=site,
        external_id=thread.external_id,
        title=thread.title,
        url=thread.url,
        score=round(score, 4),
        duplicate_probability=round(duplicate, 4),
        passage=passage.text,
        passage_id=passage.id,
        why=why(words, thread.title, passage, title, question),
        tags=list(thread.tags),
        created_at=thread.created_at,
        answered_at=(best.date if best and best.date else None) or max(dated, default=None),
        answered_by=_called(best.author) if best else None,
        answers=len(answers),
        old=bool(dated) and max(dated) < old_before,
        disagreement=disagree([p.text for p in firsts]),
    )


def _called(author: dict[str, str | None]) -> str | None:
    return author.get("role") or author.get("id")


def as_evidence(chosen: list[tuple[Candidate, list[ShownPassage]]], most: int) -> list[EvidencePassage]:
    """The best threads with all that was answered there, the others with what was found of them; best first.

    How alike the questions are says more about an answer's use than how alike answer and question are, so the order is
    that of the threads; only within a thread the nearest passage comes first.
    """
    answers: list[EvidencePassage] = []
    asked: list[EvidencePassage] = []
    for rank, (candidate, texts) in enumerate(chosen):
        near: dict[str, float] = {}
        for view in candidate.near.values():
            for nearest in view.values():
                near[nearest.passage_id] = max(nearest.score, near.get(nearest.passage_id, -1.0))
        lowest = min(near.values(), default=0.0)
        given = [p for p in texts if p.field == "answer" and (rank < WHOLE_THREADS or p.id in near)]
        if not given:
            given = [p for p in texts if p.field == "answer"]
        given.sort(key=lambda p: (-near.get(p.id, -1.0), not p.accepted, -(p.votes or 0), p.ordinal))
        kept = given[: PASSAGES_OF_BEST if rank < WHOLE_THREADS else 1]
        answers += [_passage(p, near.get(p.id, lowest)) for p in kept]
        asked += [_passage(p, near[p.id]) for p in texts if p.field == "question" and p.id in near]
    return [*answers, *asked][:most]


def _passage(p: ShownPassage, score: float) -> EvidencePassage:
    return EvidencePassage(
        id=p.id, thread_id=p.thread_id, answer_id=p.answer_id, field=p.field, text=p.text,
        score=round(score, 4), author=p.author.get("id"), author_role=p.author.get("role"),
        author_level=p.author.get("level"), date=p.date, accepted=p.accepted, votes=p.votes,
    )  # fmt: skip
