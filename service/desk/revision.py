"""What a mentor does to a draft, sentence by sentence; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service.errors import InvalidInput
from service.intake.post import clean_text

Action = Literal["keep", "change", "cut", "add"]
DiscardReason = Literal["wrong", "unsafe", "not_useful", "own_words", "not_needed", "other"]
DISCARD_REASONS: tuple[str, ...] = get_args(DiscardReason)
TEXT_LIMIT = 20_000


class SentenceEdit(BaseModel):
    """One sentence: kept, changed or cut by its id in the draft, or added (any new id). Unnamed sentences are untouched."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(min_length=1, max_length=60)]
    action: Action
    text: Annotated[str, Field(max_length=5_000), AfterValidator(clean_text)] = ""


class NewRevision(BaseModel):
    """What was done to each sentence, and the whole text as it reads now; without it, the text the sentences make."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Annotated[str, Field(max_length=TEXT_LIMIT), AfterValidator(clean_text)] | None = None
    sentences: Annotated[list[SentenceEdit], Field(max_length=300)] = []


def check(edits: Sequence[SentenceEdit], machine: Sequence[dict[str, Any]]) -> None:
    """Raise InvalidInput where an edit names a sentence that the draft does not have, or names one twice."""
    known = {str(sentence["id"]) for sentence in machine}
    seen: set[str] = set()
    for index, edit in enumerate(edits):
        if edit.id in seen:
            raise InvalidInput("this sentence is named twice", field=f"sentences.{index}.id")
        if (edit.action == "add") == (edit.id in known):
            problem = (
                "a sentence of the draft cannot be added" if edit.id in known else "the draft has no such sentence"
            )
            raise InvalidInput(problem, field=f"sentences.{index}.id")
        seen.add(edit.id)


_HEADINGS = {
    "ask": "**Before I answer, may I ask:**",
    "agree": "**What others here have said:**",
    "differ": "**Where they differ:**",
    "resource": "**To read:**",
}


def as_text(machine: Sequence[dict[str, Any]], edits: Sequence[SentenceEdit] = ()) -> str:
    """The Markdown that the sentences make: those of the draft in order, edited, then those added.

    Sentences of an answer run on as prose; other sections become a heading with a list.
    """
    by_id = {edit.id: edit for edit in edits}
    sections: list[tuple[str, list[str]]] = []
    for sentence in machine:
        edit = by_id.get(str(sentence["id"]))
        if edit is not None and edit.action == "cut":
            continue
        text = edit.text if edit is not None and edit.action == "change" else str(sentence["text"])
        section = str(sentence.get("section", "answer"))
        if not sections or sections[-1][0] != section:
            sections.append((section, []))
        if text.strip():
            sections[-1][1].append(text.strip())
    parts = [_section(name, lines) for name, lines in sections if lines]
    return "\n\n".join(parts + [edit.text.strip() for edit in edits if edit.action == "add" and edit.text.strip()])


def _section(name: str, lines: list[str]) -> str:
    if name not in _HEADINGS:
        return " ".join(lines)
    return "\n".join([_HEADINGS[name], "", *(f"- {line}" for line in lines)])
