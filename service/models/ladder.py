"""From a model's text to data that fits a schema: the rungs of the structured-output ladder that need no model.

The whole ladder: the provider's own schema mode → strict parse → json-repair → one re-ask that names the misfit → the
next model → an error. A reply that was cut off is never repaired into a whole one, unless the caller can use a
beginning: a repaired list of flags would look complete.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from service.models.calls import JsonSchema, Message, Reply

MisfitKind = Literal["empty", "refused", "cut_off", "not_json", "wrong_schema"]
_LONGEST_REASK = 6000
_DECLINES = re.compile(
    r"^\W{0,3}(?:i['’]?m (?:really |very )?sorry|sorry|i apologi[sz]e|i (?:can(?:not|['’]t)|am (?:not able|unable)|won['’]t)"
    r"|as an ai|unfortunately,? i (?:can|am))\b",
    re.I,
)


@dataclass(frozen=True)
class Fitted:
    """Data that fits the schema, and the rung on which it was found: `strict`, `repaired` or `cut_off`."""

    data: Any
    rung: str


class Misfit(Exception):
    """A reply that cannot be used. `problem` says where it fails, without repeating what it says."""

    def __init__(self, kind: MisfitKind, problem: str) -> None:
        super().__init__(problem)
        self.kind: MisfitKind = kind
        self.problem = problem


def fit(reply: Reply, schema: JsonSchema | None, *, cut_off_usable: bool = False) -> Fitted:
    """What `reply` says as data of `schema`; without a schema its text is enough. Raises Misfit."""
    text = reply.text.strip()
    if reply.refusal or reply.finish == "content_filter":
        raise Misfit("refused", "the model refused")
    if not text:
        raise Misfit("empty", "the reply was empty")
    cut_off = reply.finish in ("length", "cut_off")
    if schema is None:
        if cut_off and not cut_off_usable:
            raise Misfit("cut_off", "the reply was cut off")
        return Fitted(None, "text")
    strict = _strictly(text)
    if strict is not None and not cut_off and (problem := misfit_of(strict[0], schema)) is None:
        return Fitted(strict[0], "strict")
    if strict is not None:
        problem = misfit_of(strict[0], schema)
        if problem is None:
            return Fitted(strict[0], "strict")
        raise Misfit("wrong_schema", problem)
    return _repaired(text, schema, cut_off or is_unclosed(text), cut_off_usable)


def _repaired(text: str, schema: JsonSchema, cut_off: bool, cut_off_usable: bool) -> Fitted:
    if "{" not in text:
        kind: MisfitKind = "refused" if _DECLINES.match(text) else "not_json"
        raise Misfit(kind, "the model refused" if kind == "refused" else "the reply was not JSON")
    if cut_off and not cut_off_usable:
        raise Misfit("cut_off", "the reply was cut off before its end")
    import json_repair

    try:
        data = json_repair.loads(text, skip_json_loads=True)
    except (ValueError, RecursionError):
        raise Misfit("not_json", "the reply was not JSON") from None
    if cut_off:
        data = _without_last_item(data)
    problem = misfit_of(data, schema)
    if problem is not None:
        raise Misfit("cut_off" if cut_off else "wrong_schema", problem)
    return Fitted(data, "cut_off" if cut_off else "repaired")


def misfit_of(data: Any, schema: JsonSchema) -> str | None:
    """Where `data` first breaks `schema`, as a path and a rule, never a value; None where it fits."""
    from jsonschema import Draft202012Validator

    error = next(iter(Draft202012Validator(dict(schema)).iter_errors(data)), None)
    if error is None:
        return None
    place = ".".join(str(part) for part in error.absolute_path) or "the reply"
    return f"{place[:120]} breaks the schema's rule `{error.validator}`"


def is_unclosed(text: str) -> bool:
    """Whether the JSON in `text` ends before its last bracket or quote is closed."""
    depth, quoted, escaped = 0, False, False
    for character in text[text.find("{") :]:
        if escaped:
            escaped = False
        elif quoted:
            escaped = character == "\\"
            quoted = character != '"'
        elif character == '"':
            quoted = True
        elif character in "{[":
            depth += 1
        elif character in "}]":
            depth -= 1
            if depth == 0:
                return False
    return depth > 0 or quoted


def reask(messages: tuple[Message, ...], reply: Reply, misfit: Misfit) -> tuple[Message, ...]:
    """The conversation that asks once more, saying what did not fit."""
    said = (Message("assistant", reply.text[:_LONGEST_REASK]),) if reply.text.strip() else ()
    wish = "Be shorter. " if misfit.kind == "cut_off" else ""
    request = (
        f"That reply cannot be used: {misfit.problem}. {wish}Reply again with one whole JSON object of the schema."
    )
    if not said:
        request = "The reply was empty. Reply with one JSON object of the schema and nothing else."
    return (*messages, *said, Message("user", request))


def with_schema(messages: tuple[Message, ...], schema: JsonSchema) -> tuple[Message, ...]:
    """The conversation with the schema in words, for a provider that cannot be given one."""
    text = json.dumps(dict(schema), ensure_ascii=False)
    last = messages[-1]
    told = f"{last.content}\n\nReply with one JSON object that fits this JSON Schema and nothing else:\n{text}"
    return (*messages[:-1], Message(last.role, told))


def _strictly(text: str) -> tuple[Any] | None:
    try:
        return (json.loads(text, parse_constant=_no_constant),)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _without_last_item(data: Any) -> Any:
    """Drops the last item of the longest-open list: it is the one that was being written."""
    if isinstance(data, dict) and data:
        last = next(reversed(data))
        if isinstance(data[last], list) and data[last]:
            return {**data, last: data[last][:-1]}
    return data
