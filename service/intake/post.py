"""A post as a site sends it, with the limits that hold everywhere."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from service.intake.kind import announces

TITLE_LIMIT = 300
BODY_LIMIT = 100_000

Format = Literal["markdown", "html", "text"]
Kind = Literal["question", "discussion", "announcement"]
KIND_UNSAID = "Where it is left out, an announcement if the title is that of an AMA, else a question."


def clean_text(value: str) -> str:
    """Refuse what no store and no browser can carry: lone surrogates and NUL."""
    if "\x00" in value:
        raise ValueError("holds a NUL character")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("holds a lone surrogate") from None
    return value


Text = Annotated[str, AfterValidator(clean_text)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(clean_text)]
SiteName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Tag = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(clean_text)]


class Author(BaseModel):
    """Who wrote something, as far as the site tells."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Name
    role: Annotated[str, Field(max_length=200), AfterValidator(clean_text)] | None = None
    level: Annotated[str, Field(max_length=100), AfterValidator(clean_text)] | None = None
    company: Annotated[str, Field(max_length=200), AfterValidator(clean_text)] | None = None


class NewPost(BaseModel):
    """What `POST /v1/posts` takes, without the wish for a draft. Title or body must say something."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    site: SiteName
    external_id: Name
    title: Annotated[Text, Field(max_length=TITLE_LIMIT)] = ""
    body: Annotated[Text, Field(max_length=BODY_LIMIT)] = ""
    format: Format = "markdown"
    kind: Annotated[Kind, Field(description=KIND_UNSAID)] = "question"
    author: Author = Author(id="unknown")
    url: Annotated[str, Field(max_length=2000), AfterValidator(clean_text)] | None = None
    created_at: AwareDatetime | None = None
    lang: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] | None = None
    tags: Annotated[list[Tag], Field(max_length=20)] = []

    @model_validator(mode="before")
    @classmethod
    def _kind_by_title(cls, sent: Any) -> Any:
        """A kind that was sent stands; an AMA is known by its title."""
        if isinstance(sent, dict) and "kind" not in sent and announces(str(sent.get("title", ""))):
            return sent | {"kind": "announcement"}
        return sent

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.title.strip() and not self.body.strip():
            raise ValueError("title and body are both empty")
        return self

    @property
    def content_digest(self) -> str:
        """SHA-256 over what the readers read: the same content gives the same digest."""
        content = [self.title, self.body, self.format, self.kind]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


class Post(NewPost):
    """A post with the identity this service gave it."""

    id: str
    received_at: datetime
    revision: int = 1
    key_id: str | None = Field(default=None, exclude=True)
    """The API key it came with, whose budget pays for what models are asked about it."""


def payer_of(post: NewPost) -> str | None:
    """The key that a post came with, where one is known."""
    return post.key_id if isinstance(post, Post) else None
