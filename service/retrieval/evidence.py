"""What was found for a post: related threads and the passages that make them so."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict


class EvidencePassage(BaseModel):
    """One passage that was found: its text as it was then, who wrote it, when, and how near it is (cosine, −1 to 1)."""

    model_config = ConfigDict(frozen=True)

    id: str
    thread_id: str
    answer_id: str | None
    field: Literal["title", "question", "answer"]
    text: str
    score: float
    author: str | None = None
    author_role: str | None = None
    author_level: str | None = None
    date: datetime | None = None
    accepted: bool = False
    votes: int | None = None


class RelatedThread(BaseModel):
    """A related thread, as the API shows it.

    `score` says how alike the two are in themselves, 0 to 1; the order of a list is the ranking model's and need not be
    that of the scores.
    """

    model_config = ConfigDict(frozen=True)

    thread_id: str
    site: str
    external_id: str
    title: str
    url: str | None
    score: float
    duplicate_probability: float
    passage: str
    passage_id: str
    why: str
    shared_tags: list[str] = []
    tags: list[str] = []
    created_at: datetime | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None
    answers: int = 0
    old: bool = False
    disagreement: bool = False


class Evidence(BaseModel):
    """All that retrieval found for one post at one moment: threads best first, passages best first."""

    model_config = ConfigDict(frozen=True)

    related: list[RelatedThread] = []
    passages: list[EvidencePassage] = []
    index_version: str = ""
