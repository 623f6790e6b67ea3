"""A past thread with its answers, as `PUT /v1/threads/{site}/{external_id}` and the importers take it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from service.intake.post import BODY_LIMIT, TITLE_LIMIT, Author, Format, Kind, Name, Tag, Text, clean_text

Count = Annotated[int, Field(ge=-(2**31), lt=2**31)]
"""A number that both databases can hold."""


class Answer(BaseModel):
    """One answer of a thread."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    external_id: Name
    body: Annotated[Text, Field(max_length=BODY_LIMIT)]
    author: Author
    score: Count | None = None
    accepted: bool = False
    created_at: AwareDatetime | None = None


class Link(BaseModel):
    """A relation people made to another thread of the same site."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    external_id: Name
    kind: Annotated[str, Field(max_length=40)]


class Thread(BaseModel):
    """One thread as a site or an importer gives it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Annotated[Text, Field(max_length=TITLE_LIMIT)]
    body: Annotated[Text, Field(max_length=BODY_LIMIT)] = ""
    format: Format = "markdown"
    author: Author | None = None
    tags: Annotated[list[Tag], Field(max_length=20)] = []
    url: Annotated[str, Field(max_length=2000), AfterValidator(clean_text)] | None = None
    created_at: AwareDatetime
    visibility: Literal["public", "private"] = "public"
    answers: Annotated[list[Answer], Field(max_length=500)] = []
    kind: Kind = "question"
    score: Count | None = None
    views: Count | None = None
    comments: Count | None = None
    closed: bool = False
    links: Annotated[list[Link], Field(max_length=500)] = []
    topic: Annotated[str, Field(max_length=200), AfterValidator(clean_text)] | None = None


@dataclass(frozen=True)
class Passage:
    """A piece of a thread: the unit that is embedded and cited. `text` is readable text without markup."""

    id: str
    thread_id: str
    answer_id: str | None
    ordinal: int
    text: str
    field: Literal["title", "question", "answer"]
    author_id: str | None
    author_role: str | None
    author_level: str | None
    written_at: datetime | None


@dataclass(frozen=True)
class AnswerView:
    """What a list shows of an answer."""

    id: str
    external_id: str
    author: dict[str, Any]
    author_id: str
    score: int | None
    accepted: bool
    created_at: datetime | None


@dataclass(frozen=True)
class ThreadView:
    """What a list shows of a thread: everything but the texts. Answers come oldest first."""

    id: str
    site: str
    external_id: str
    title: str
    author: dict[str, Any] | None
    tags: list[str]
    url: str | None
    created_at: datetime
    kind: str
    score: int | None
    views: int | None
    comments: int | None
    closed: bool
    topic: str | None
    answers: tuple[AnswerView, ...]
