"""A flag: one named concern about a post, with the words it rests on and the reading in which it is harmless."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

Category = Literal[
    "off_topic", "spam_promotion", "recruiter_solicitation", "harassment", "hate", "sexual", "violence_threat",
    "self_harm_risk", "crisis_distress", "personal_information", "identifying_detail", "confidential_business",
    "legal_advice_needed", "medical_advice_needed", "immigration_status_exposure", "discrimination_report",
    "interview_leak", "prompt_injection", "low_effort", "duplicate_crosspost", "minor_safety",
]  # fmt: skip
Band = Literal["low", "middle", "high"]
RouteTo = Literal["publish", "review", "urgent_review", "hold"]


class Quote(BaseModel):
    """A verbatim slice [start, end) of a field as it was sent, in code points."""

    model_config = ConfigDict(frozen=True)

    field: Literal["title", "body"]
    start: int
    end: int
    text: str


class Care(BaseModel):
    """The care route of a flag: which kind, and the id of the card or note in the policy."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["redaction", "resource", "note", "person_first"]
    id: str


class Flag(BaseModel):
    """One concern. `probability` is calibrated where `calibrated` says so; `band` compares it with the thresholds file."""

    model_config = ConfigDict(frozen=True)

    id: str
    category: Category
    clause: str
    probability: float
    calibrated: bool
    band: Band
    severity: Literal["low", "medium", "high", "critical"]
    care: Care
    quotes: list[Quote]
    reason: str
    counter_reading: str
    found_by: list[str]


class Route(BaseModel):
    """Where a post should go, and the categories that say so.

    `withhold`: the site should not show it until someone looked. Always so of `hold`; of `urgent_review` where another
    concern alone would have held the post.
    """

    model_config = ConfigDict(frozen=True)

    to: RouteTo
    because: list[str] = []
    withhold: bool = False

    @model_validator(mode="before")
    @classmethod
    def _held_is_withheld(cls, given: Any) -> Any:
        return {**given, "withhold": True} if isinstance(given, dict) and given.get("to") == "hold" else given


class Degradation(BaseModel):
    """A part that failed, and why; never a verdict."""

    model_config = ConfigDict(frozen=True)

    part: Literal["related", "tags", "flags", "draft"]
    reason: str
    reader: Literal["fast", "deep"]
