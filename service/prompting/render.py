"""From a prompt and its inputs to messages: sandboxed, strict, and with outside text behind fences.

What a member wrote is only ever the value of a variable: it is never parsed as a template, cannot start a message and
cannot leave its fence. Jinja's immutable sandbox keeps a prompt file from doing more than text.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from service.errors import InvalidPromptFile
from service.models.calls import Message
from service.models.fencing import fence
from service.prompting.files import InputType, Prompt

__all__ = ["Message", "Rendered", "render"]

ROLES = ("system", "user", "assistant")
_TYPES: dict[InputType, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "array": (list, tuple),
    "object": (Mapping,),
}
_HINT = "`input.schema` names every input and its type"


@dataclass(frozen=True)
class Rendered:
    """The messages of one call. `sha256` covers all of their text, policy and taxonomy included."""

    messages: tuple[Message, ...]
    sha256: str


def render(prompt: Prompt, **inputs: Any) -> Rendered:
    """The prompt with its inputs, exactly those that it names. Raises InvalidPromptFile with the line."""
    _check_inputs(prompt, inputs)
    mark = secrets.token_hex(16)
    roles: list[str] = []

    def role(name: str) -> str:
        if name not in ROLES:
            raise ValueError(f"there is no role {str(name)[:20]!r}")
        roles.append(name)
        return f"\0{mark}\0"

    text = _text(prompt, {**inputs, "role": role, "fence": fence})
    before, *parts = text.split(f"\0{mark}\0")
    if before.strip() or not parts:
        raise prompt.problem(_body_line(prompt), "text before the first role", 'Start with `{{ role("system") }}`')
    messages = tuple(Message(name, part.strip("\n")) for name, part in zip(roles, parts, strict=True))  # type: ignore[arg-type]
    return Rendered(messages, digest_of(messages))


def digest_of(messages: Sequence[Message]) -> str:
    """The SHA-256 that names rendered messages: of their roles and all of their text."""
    content = json.dumps([[message.role, message.content] for message in messages])
    return hashlib.sha256(content.encode()).hexdigest()


def environment() -> jinja2.Environment:
    """The environment every prompt is parsed in."""
    return ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _check_inputs(prompt: Prompt, inputs: Mapping[str, Any]) -> None:
    for name, kind in prompt.inputs.items():
        line = prompt.yaml.line(("input", "schema", name))
        if name not in inputs:
            raise prompt.problem(line, f"the input `{name}` was not given", _HINT)
        value = inputs[name]
        if not isinstance(value, _TYPES[kind]) or isinstance(value, bool):
            raise prompt.problem(line, f"the input `{name}` is {type(value).__name__}, not {kind}", _HINT)
    if unknown := sorted(set(inputs) - set(prompt.inputs)):
        line = prompt.yaml.line(("input", "schema"))
        raise prompt.problem(line, f"there is no input `{unknown[0]}`", _HINT)


def _text(prompt: Prompt, values: Mapping[str, Any]) -> str:
    try:
        return _template(prompt.source).render(values)
    except jinja2.TemplateSyntaxError as error:
        raise prompt.problem(error.lineno, str(error.message), "The body is a Jinja template") from None
    except jinja2.UndefinedError as error:
        raise prompt.problem(_line_of(error), str(error), "Use the variables of `input.schema` only") from None
    except InvalidPromptFile:
        raise
    except Exception as error:
        reason = f"cannot be rendered: {type(error).__name__}"
        if isinstance(error, ValueError | jinja2.exceptions.SecurityError):
            reason = f"cannot be rendered: {str(error)[:120]}"
        raise prompt.problem(_line_of(error), reason, "Only role() and fence() can be called") from None


def _line_of(error: BaseException) -> int:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<template>"]
    return lines[-1] if lines and lines[-1] else 1


def _body_line(prompt: Prompt) -> int:
    return len(prompt.source) - len(prompt.source.lstrip("\n")) + 1


@lru_cache(maxsize=256)
def _template(source: str) -> jinja2.Template:
    return environment().from_string(source)
