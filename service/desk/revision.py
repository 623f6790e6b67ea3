"""What a mentor does to a draft, sentence by sentence; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service.errors import InvalidInput
from service.intake.post import clean_text

Action = Literal["keep", "change", "cut", "add"]
DiscardReason = Literal["wrong", "unsafe", "not_useful", "own_words", "not_needed", "written_anew", "other"]
DISCARD_REASONS: tuple[str, ...] = get_args(DiscardReason)
TEXT_LIMIT = 20_000
OWN = "own"
"""The section of what a mentor added at the top or at the end."""


class SentenceEdit(BaseModel):
    """One sentence: kept, changed or cut by its id in the draft, or added (any new id). Unnamed sentences are untouched.

    An added one stands after the sentence `after` names (`""`: at the top; None: at the end); `passage_id` is the
    passage of the evidence that it was taken from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(min_length=1, max_length=60)]
    action: Action
    text: Annotated[str, Field(max_length=5_000), AfterValidator(clean_text)] = ""
    after: Annotated[str, Field(max_length=60)] | None = None
    passage_id: Annotated[str, Field(max_length=36)] | None = None


class NewRevision(BaseModel):
    """What was done to each sentence, and the whole text as it reads now.

    Without `text` it is what the sentences make; without `sentences` they are read back from the text, in which those
    of `confirmed` were confirmed beside it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Annotated[str, Field(max_length=TEXT_LIMIT), AfterValidator(clean_text)] | None = None
    sentences: Annotated[list[SentenceEdit], Field(max_length=300)] | None = None
    confirmed: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=300)] = []


@dataclass(frozen=True)
class Piece:
    """A sentence as the mentor has it now, in its place: one of the draft (`machine` is it), or an added one."""

    id: str
    section: str
    text: str
    action: Action | None
    machine: dict[str, Any] | None = None
    edit: SentenceEdit | None = None


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
        if edit.action != "add" and (edit.after is not None or edit.passage_id is not None):
            raise InvalidInput("only an added sentence has a place or a passage", field=f"sentences.{index}")
        seen.add(edit.id)


HEADINGS = {
    "ask": "**Before I answer, may I ask:**",
    "agree": "**What others here have said:**",
    "differ": "**Where they differ:**",
    "resource": "**To read:**",
}


def pieces(machine: Sequence[dict[str, Any]], edits: Sequence[SentenceEdit] = ()) -> list[Piece]:
    """Every sentence in its place: those of the draft in order (cut ones too), each followed by what was added after it."""
    by_id, placed = {edit.id: edit for edit in edits}, {str(s["id"]): str(s.get("section", "answer")) for s in machine}
    adds: dict[str | None, list[SentenceEdit]] = {}
    for edit in edits:
        if edit.action == "add":
            here = edit.after if edit.after in placed or edit.after == "" else None
            adds.setdefault(here, []).append(edit)
            placed[edit.id] = placed.get(here or "", OWN)

    def added(after: str | None) -> list[Piece]:
        found = []
        for edit in adds.pop(after, []):
            found += [Piece(edit.id, placed[edit.id], edit.text, "add", None, edit), *added(edit.id)]
        return found

    made = added("")
    for sentence in machine:
        id_, done = str(sentence["id"]), by_id.get(str(sentence["id"]))
        text = done.text if done is not None and done.action == "change" else str(sentence["text"])
        made.append(Piece(id_, placed[id_], text, done.action if done else None, sentence, done))
        made += added(id_)
    return made + added(None)


def as_text(machine: Sequence[dict[str, Any]], edits: Sequence[SentenceEdit] = ()) -> str:
    """The Markdown that the sentences make. Sentences of an answer run on as prose; other sections become a heading with
    a list; what a mentor added at the top or the end is a paragraph of its own.
    """
    sections: list[tuple[str, list[str]]] = []
    for piece in pieces(machine, edits):
        if piece.action == "cut":
            continue
        if not sections or sections[-1][0] != piece.section or piece.section == OWN:
            sections.append((piece.section, []))
        if piece.text.strip():
            sections[-1][1].append(piece.text.strip())
    return "\n\n".join(_section(name, lines) for name, lines in sections if lines)


def _section(name: str, lines: list[str]) -> str:
    if name not in HEADINGS:
        return " ".join(lines)
    return "\n".join([HEADINGS[name], "", *(f"- {line}" for line in lines)])
