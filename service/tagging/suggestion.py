"""A suggested tag."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class TagSuggestion(BaseModel):
    """A tag of the vocabulary, its calibrated probability, and the ids of the threads it rests on."""

    model_config = ConfigDict(frozen=True)

    tag: str
    probability: float
    because: list[str] = []
