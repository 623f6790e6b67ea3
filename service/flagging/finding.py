"""What a detector returns: one piece of evidence for one category, with the words it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from service.flagging.flag import Category
from service.intake.normalise import Field, ReadablePost, Reading, Span
from service.intake.post import Kind, NewPost


@dataclass(frozen=True)
class Finding:
    """One concern as one detector sees it.

    `probability` is the strength of this evidence alone, 0 to 1, before any calibration. `spans` are in code points of
    the field as sent, the decisive one first; empty only where the post as a whole is the evidence. `detector` is the
    detector's name, `detail` the kind of thing found, a short constant such as `phone` or `third_person`: it may be
    counted, logged and used as a feature, and never holds the member's words.
    """

    category: Category
    probability: float
    spans: tuple[tuple[Field, Span], ...]
    detector: str
    detail: str


@dataclass(frozen=True)
class DetectorContext:
    """What is known beside the text: the kind of post, what the site told of its author, and of itself.

    `regions` are ISO 3166 countries whose way of writing phone numbers is tried for numbers without a country code.
    `public_domains` are mail domains whose addresses are public by nature (the site's own).
    """

    kind: Kind = "question"
    company: str | None = None
    role: str | None = None
    level: str | None = None
    regions: tuple[str, ...] = ("US", "GB", "DE", "FR", "ES", "BR", "IN")
    public_domains: frozenset[str] = frozenset()

    @classmethod
    def of(cls, post: NewPost, public_domains: frozenset[str] = frozenset()) -> DetectorContext:
        """The context of a post as a site sent it."""
        author = post.author
        return cls(post.kind, author.company, author.role, author.level, public_domains=public_domains)


class Detector(Protocol):
    """A deterministic reader for one kind of concern. Stateless; linear in the length of the post; never raises on any
    text `NewPost` accepts."""

    @property
    def name(self) -> str:
        """How it appears in `found_by`, as `detector:<name>`."""

    @property
    def blind_spots(self) -> str:
        """What it cannot see, in a sentence or two."""

    def detect(self, post: ReadablePost, context: DetectorContext) -> list[Finding]:
        """Everything found, strongest first."""


def located(reading: Reading, start: int, end: int) -> tuple[Field, Span]:
    """`reading.text[start:end]` as a span of the field as sent; `start < end`."""
    return reading.field, reading.span(start, end)
