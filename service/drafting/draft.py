"""The machine's suggested answer: sentences with sources, or a scaffold, or an abstention with its reason."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

DraftStatus = Literal["pending", "ready", "abstained", "failed", "published", "discarded"]
DraftKind = Literal["answer", "scaffold"]
Section = Literal["answer", "ask", "agree", "differ", "gap", "resource"]
Grounding = Literal["supported", "partial", "judgement"]


class Source(BaseModel):
    """Where a sentence comes from: a passage shown in this run and the words of it."""

    model_config = ConfigDict(frozen=True)

    passage_id: str
    thread_id: str
    quote: str
    author: str | None = None
    level: str | None = None
    thread_title: str | None = None
    date: str | None = None


class Sentence(BaseModel):
    """One sentence of a draft."""

    model_config = ConfigDict(frozen=True)

    id: str
    section: Section
    text: str
    grounding: Grounding
    sources: list[Source] = []


class Dropped(BaseModel):
    """A sentence that did not survive the check, why, and what it named as its sources (without their words)."""

    model_config = ConfigDict(frozen=True)

    text: str
    reason: str
    sources: list[Source] = []


class WrittenDraft(BaseModel):
    """What the drafting station made of a post and its evidence, before it is stored."""

    model_config = ConfigDict(frozen=True)

    status: Literal["ready", "abstained", "failed"]
    kind: DraftKind | None = None
    sentences: list[Sentence] = []
    dropped: list[Dropped] = []
    abstained_because: str | None = None
    notes: list[str] = []
    failed_because: str | None = None
    """The code of the error where no model gave anything usable, also when a scaffold took its place."""
    provenance: dict[str, Any] = {}
