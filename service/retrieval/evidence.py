"""What was found for a post: related threads and the passages that make them so."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
    that of the scores. `shared_tags` are those of its tags that the post has or is offered.
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


class EarlierPost(BaseModel):
    """An earlier post of the site that is probably the same, with how probable that is (0 to 1)."""

    model_config = ConfigDict(frozen=True)

    post_id: str
    external_id: str
    probability: float
    same_author: bool


class Evidence(BaseModel):
    """All that retrieval found for one post at one moment: threads best first, passages best first."""

    model_config = ConfigDict(frozen=True)

    related: list[RelatedThread] = []
    passages: list[EvidencePassage] = []
    earlier: EarlierPost | None = None
    index_version: str = ""


def sharing(related: Sequence[RelatedThread], tags: Collection[str]) -> list[RelatedThread]:
    """The threads, each with those of its tags that are among a post's `tags`, in the thread's order."""
    return [
        thread.model_copy(update={"shared_tags": [tag for tag in thread.tags if tag in tags]}) for thread in related
    ]
