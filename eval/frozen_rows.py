"""What a row of the frozen evidence is: written by `python -m eval freeze`, checked like every dataset."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from eval.cases import Row, Words


class FrozenThread(BaseModel):
    """A related thread as it was when the evidence was frozen; `RelatedThread` of the service says what each key is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    thread_id: Words
    site: Words
    external_id: Words
    title: str
    url: str | None
    score: float
    duplicate_probability: float
    passage: str
    passage_id: Words
    why: str
    shared_tags: list[str]
    tags: list[str]
    created_at: datetime | None
    answered_at: datetime | None
    answered_by: str | None
    answers: int
    old: bool
    disagreement: bool


class FrozenQuestion(Row):
    """What retrieval found for a drafting question: threads, and (id, score) of passages, each best first."""

    index: Words
    threads: list[FrozenThread]
    passages: list[tuple[Words, float]]


class FrozenPassage(BaseModel):
    """A passage of the frozen evidence. `id` is `<thread>#<answer or q>#<ordinal>`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Words
    thread: Words
    answer: str | None
    field: Literal["title", "question", "answer"]
    text: Words
    author: str | None
    role: str | None
    level: str | None
    date: datetime | None
    accepted: bool
    votes: int | None
