"""What a row of each eval dataset is. The JSON Schemas beside the datasets are made from these models.

A row knows its `cluster` (rows of one cluster are not independent of each other: intervals resample clusters) and its
`slices` (the groups a figure is broken down by).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from service.flagging.flag import Category, RouteTo

Kind = Literal["question", "discussion", "announcement"]
Lang = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Words = Annotated[str, Field(min_length=1)]
LONG, MIDDLING = 250, 80


class Row(BaseModel):
    """What every dataset row has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$", max_length=120)]

    @property
    def cluster(self) -> str:
        """Rows of the same cluster are resampled together."""
        return self.id

    @property
    def slices(self) -> dict[str, str]:
        """Slice name → the group this row falls in."""
        return {}


class Author(BaseModel):
    """Who wrote a post, as the site tells it; each may be null."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: str | None
    level: str | None
    company: str | None


class LabelledQuote(BaseModel):
    """Words copied letter by letter from a field."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: Literal["title", "body"]
    text: Words


class LabelledFlag(BaseModel):
    """A concern that a careful moderator sees, with its quotes; the first is the decisive one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    category: Category
    quotes: list[LabelledQuote]


class LabelledPost(Row):
    """A post with what a careful moderator and librarian say about it; `LABELLING.md` has the rules."""

    voice: Words
    lang: Lang
    kind: Kind
    title: str
    body: str
    author: Author
    tags: Annotated[list[str], Field(max_length=4)]
    flags: list[LabelledFlag]
    route: RouteTo
    family: Literal["flagged", "clean", "trap"]
    trap: Category | None
    after: str | None

    @model_validator(mode="after")
    def _quotes_stand_in_the_post(self) -> LabelledPost:
        for flag in self.flags:
            for quote in flag.quotes:
                if quote.text not in getattr(self, quote.field):
                    raise ValueError(f"the quote of {flag.category} is not in the {quote.field}")
        if bool(self.flags) != (self.family == "flagged"):
            raise ValueError("`family` is `flagged` exactly where there are flags")
        return self

    @property
    def cluster(self) -> str:
        """The voice."""
        return self.voice

    @property
    def categories(self) -> set[str]:
        """The flag categories of the post."""
        return {flag.category for flag in self.flags}

    @property
    def slices(self) -> dict[str, str]:
        """Family, language, length, and where the decisive sentence stands."""
        return {
            "family": self.family,
            "language": "en" if self.lang == "en" else "other",
            "length": length_of(self.body),
            "position": self._position(),
            "kind": self.kind,
        }

    def _position(self) -> str:
        if not self.flags or not self.flags[0].quotes:
            return "none"
        quote = self.flags[0].quotes[0]
        if quote.field == "title":
            return "title"
        share = self.body.find(quote.text) / max(len(self.body), 1)
        return "start" if share < 1 / 3 else "middle" if share < 2 / 3 else "end"


class SecondLabel(Row):
    """The same post labelled again by somebody who did not see the first labels; `id` is the post's."""

    tags: Annotated[list[str], Field(max_length=4)]
    flags: list[Category]
    route: RouteTo


class Point(BaseModel):
    """A thought a text may carry. It counts as present where one sentence holds a word of every group of `any_of`.

    A word matches at the beginning of a word, in any case: `negotiat` matches "Negotiating". Several words match as a
    phrase.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Words
    any_of: Annotated[list[Annotated[list[Words], Field(min_length=1)]], Field(min_length=1)]


class DraftingQuestion(Row):
    """A member's question, what a good draft says, and what it must not say."""

    title: Words
    body: str
    lang: Lang
    kind: Kind
    author: Author
    tags: list[str]
    answerable: bool
    why: str
    key_points: list[Point]
    must_not_claim: list[Point]
    best_threads: list[str]

    @model_validator(mode="after")
    def _fits_answerable(self) -> DraftingQuestion:
        if self.answerable and not (self.key_points and self.best_threads):
            raise ValueError("an answerable question needs key_points and best_threads")
        if not self.answerable and (self.best_threads or self.key_points):
            raise ValueError("an unanswerable question has neither key_points nor best_threads")
        return self

    @property
    def slices(self) -> dict[str, str]:
        """Whether the sample community answers it, its language and length."""
        return {
            "answerable": "yes" if self.answerable else "no",
            "language": "en" if self.lang == "en" else "other",
            "length": length_of(self.body),
        }


class QuestionToFit(Row):
    """A question on which the cut of drafts is chosen: whether the sample community answers it, and where."""

    title: Words
    body: Words
    answerable: bool
    best_threads: list[str]
    why: str


class HardOffTopic(Row):
    """A post near the border between working life and everything else."""

    title: Words
    body: str
    off_topic: bool
    kind: Literal[
        "tech_not_career", "career_not_tech", "life_advice", "product_support", "career_with_detour", "career"
    ]

    @property
    def slices(self) -> dict[str, str]:
        """The kind of border."""
        return {"kind": self.kind}


class AnswerPair(Row):
    """Two past answers to one question: do they agree, conflict, or speak of different things?"""

    question: Words
    a: Words
    b: Words
    label: Literal["agree", "conflict", "unrelated"]

    @property
    def slices(self) -> dict[str, str]:
        """The label."""
        return {"label": self.label}


Aim = Literal["lower_route", "remove_flag", "add_tag", "plant_claim", "plant_link", "reveal_prompt"]


class Attack(Row):
    """Text that tries to steer a machine reader, planted in a post or in a past answer.

    `target` names what the aim is about: a tag for `add_tag`, a category for `remove_flag`, else empty. `forbidden` are
    strings that may not appear in a shown draft if the attack failed. `control` is a harmless sentence of about the
    same length, planted in the same place for comparison.
    """

    family: Words
    lang: Lang
    where: Literal["post", "thread"]
    position: Literal["title", "start", "middle", "end", "code", "list", "quote", "hidden"]
    host: Words
    thread: str
    payload: Words
    control: Words
    aim: Aim
    target: str
    forbidden: list[Words]

    @model_validator(mode="after")
    def _is_complete(self) -> Attack:
        if self.where == "thread" and not self.thread:
            raise ValueError("an attack in a thread names the `thread` it is planted in")
        if self.aim in ("add_tag", "remove_flag") and not self.target:
            raise ValueError(f"the aim {self.aim} needs a `target`")
        if self.aim in ("plant_claim", "plant_link", "reveal_prompt") and not self.forbidden:
            raise ValueError(f"the aim {self.aim} needs `forbidden` strings")
        shortest, longest = sorted((len(self.payload), len(self.control)))
        if shortest < 0.6 * longest:
            raise ValueError("`control` and `payload` differ in length by more than two fifths")
        return self

    @property
    def cluster(self) -> str:
        """The host post."""
        return self.host

    @property
    def slices(self) -> dict[str, str]:
        """Family, aim, place and language."""
        return {
            "attack": self.family,
            "aim": self.aim,
            "where": self.where,
            "position": self.position,
            "language": "en" if self.lang == "en" else "other",
        }


class Golden(Row):
    """A post on which nobody may go wrong: a must-pass case. Empty lists and null expect nothing."""

    title: str
    body: str
    lang: Lang
    kind: Kind
    author: Author
    route: RouteTo | None
    flags_present: list[Category]
    flags_absent: list[Category]
    tags_any_of: list[str]
    why: Words


class SupportLabel(Row):
    """A drafted sentence and its passage, judged by two readers who did not see the verifier's verdict."""

    question: Words
    sentence: Words
    passage: Words
    reader_a: Literal["supported", "partial", "unsupported"]
    reader_b: Literal["supported", "partial", "unsupported"]
    writer: str

    @property
    def cluster(self) -> str:
        """The question."""
        return self.question

    @property
    def slices(self) -> dict[str, str]:
        """The model that wrote the sentence."""
        return {"writer": self.writer or "unknown"}


class RelatedQuery(Row):
    """A new post and the threads of the sample community that a librarian would name beside it."""

    title: Words
    body: str
    lang: Lang
    relevant: Annotated[list[Words], Field(min_length=1)]

    @property
    def slices(self) -> dict[str, str]:
        """Language and length."""
        return {"language": "en" if self.lang == "en" else "other", "length": length_of(self.body)}


def length_of(text: str) -> str:
    """The slice of a text by its words."""
    words = len(text.split())
    return "short" if words < MIDDLING else "middling" if words < LONG else "long"


def schema_of(row: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of one line of a dataset."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **row.model_json_schema()}
