"""A mapping file: which field of foreign JSONL becomes which field of a thread. TOML, or the same tables as JSON.

    [thread]
    external_id = "id"                     # a field of the row; `a.b` looks into an object
    body = ["body_html", "body"]           # the first of these that has a value
    format = { value = "html" }            # the same for every row
    created_at = { from = "date", as = "date" }      # a date, a date and time without a zone, or Unix seconds: taken as UTC
    "author.id" = "user.name"

    [answers]
    from = "answers"                       # the list in the row
    external_id = "id"

Numbers become text where a thread wants text. Fields that no rule names are left out.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from service.corpus.thread import Answer, Thread
from service.errors import InvalidInput
from service.intake.post import Author

_TEXT = {"external_id", "title", "body", "url", "topic", "author.id", "author.role", "author.level", "author.company"}


class Rule(BaseModel):
    """Where one value comes from."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    source: Annotated[list[str], BeforeValidator(lambda v: [v] if isinstance(v, str) else v)] = Field([], alias="from")
    value: Any = None
    convert: Literal["plain", "date"] = Field("plain", alias="as")


_RULES: TypeAdapter[dict[str, str | list[str] | Rule]] = TypeAdapter(dict[str, str | list[str] | Rule])


@dataclass(frozen=True)
class Mapping:
    """The rules of one mapping file."""

    thread: dict[str, Rule]
    answers: dict[str, Rule]
    answers_from: str

    def apply(self, row: dict[str, Any]) -> dict[str, Any]:
        """A thread's values, with `external_id`, from one foreign row; whether they fit is checked by the thread."""
        values = _mapped(self.thread, row)
        answers = _look(row, self.answers_from) if self.answers_from else None
        if isinstance(answers, list):
            values["answers"] = [
                _mapped(self.answers, answer) if isinstance(answer, dict) else answer for answer in answers
            ]
        return values


def load_mapping(path: Path) -> Mapping:
    """Read and check a mapping file. Raises InvalidInput that says which rule is wrong and which names are allowed."""
    try:
        text = path.read_text("utf-8")
        tables = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as refused:
        raise InvalidInput(f"{path.name}: {refused}", field="mapping") from None
    if not isinstance(tables, dict) or set(tables) - {"thread", "answers"} or "thread" not in tables:
        raise InvalidInput(f"{path.name}: needs a table [thread] and at most one more, [answers]", field="mapping")
    answers = dict(tables.get("answers", {}))
    origin = answers.pop("from", "answers" if answers else "")
    if not isinstance(origin, str):
        raise InvalidInput(f"{path.name}: answers.from must be the name of a field", field="mapping")
    author = {f"author.{name}" for name in Author.model_fields}
    allowed = ({"external_id", *Thread.model_fields} - {"answers", "author"}) | author
    allowed_answers = (set(Answer.model_fields) - {"author"}) | author
    return Mapping(
        _rules(path, "thread", tables["thread"], allowed), _rules(path, "answers", answers, allowed_answers), origin
    )


def _rules(path: Path, table: str, given: Any, allowed: set[str]) -> dict[str, Rule]:
    try:
        rules = _RULES.validate_python(given)
    except ValidationError as refused:
        place = ".".join(map(str, refused.errors()[0]["loc"][:2]))
        raise InvalidInput(
            f"{path.name}: [{table}] {place}: must be a field name, a list of them, or a rule", field="mapping"
        ) from None
    for name in rules:
        if name not in allowed:
            names = ", ".join(sorted(allowed))
            raise InvalidInput(f"{path.name}: [{table}] has no field {name!r}; there are {names}", field="mapping")
    return {name: _rule(rule) for name, rule in rules.items()}


def _rule(given: str | list[str] | Rule) -> Rule:
    if isinstance(given, Rule):
        return given
    return Rule(source=[given] if isinstance(given, str) else given)


def _mapped(rules: dict[str, Rule], row: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, rule in rules.items():
        found = next((v for v in (_look(row, source) for source in rule.source) if v not in (None, "")), rule.value)
        if found is None:
            continue
        if rule.convert == "date":
            found = _moment(found)
        elif name in _TEXT and isinstance(found, int) and not isinstance(found, bool):
            found = str(found)
        first, _, second = name.partition(".")
        if second:
            values.setdefault(first, {})[second] = found
        else:
            values[first] = found
    return values


def _look(row: Any, place: str) -> Any:
    for part in place.split("."):
        if not isinstance(row, dict):
            return None
        row = row.get(part)
    return row


def _moment(value: Any) -> Any:
    """A moment in UTC; what cannot be read is handed on, and refused with its field's name."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        moment = datetime.fromisoformat(value)
    except (ValueError, TypeError, OverflowError, OSError):
        return value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
