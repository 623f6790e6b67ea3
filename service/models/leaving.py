"""What of a call leaves this machine: the same messages with personal information masked, and the way back.

Everything that somebody outside has written stands between fences (see fencing.py); that is masked. A user's message
without any fence is masked whole. System text without fences comes from this project's files and stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from service.models.calls import Message, ModelCall, is_local
from service.models.fencing import FENCED
from service.models.masking import PLACEHOLDER, Masked, mask, unresolved_names


@dataclass(frozen=True)
class Leaving:
    """Masked messages and the way back."""

    messages: tuple[Message, ...]
    masked: Masked

    @cached_property
    def unresolved(self) -> tuple[str, ...]:
        """Words that look like names and were not masked."""
        return tuple(unresolved_names(self.masked.texts))

    def restored(self, data: Any) -> Any:
        """`data` with every placeholder in its strings replaced by what it stood for."""
        return self.masked.restore(data)

    def restored_text(self, text: str, *, as_json: bool = False) -> str:
        """`text` with its placeholders replaced; inside JSON the values are escaped as JSON strings."""
        return PLACEHOLDER.sub(lambda found: self._value(found.group(), as_json), text)

    def restorer(self, *, as_json: bool) -> Callable[[str], str]:
        """A function for pieces of a stream: it holds back what may be the beginning of a placeholder.

        Called with an empty piece it gives out what it still holds.
        """
        held = ""

        def restore(piece: str) -> str:
            nonlocal held
            text = held + piece
            opened = text.rfind("[")
            waits = piece and opened >= 0 and "]" not in text[opened:] and len(text) - opened < 24
            ready, held = (text[:opened], text[opened:]) if waits else (text, "")
            return self.restored_text(ready, as_json=as_json)

        return restore

    def _value(self, placeholder: str, as_json: bool) -> str:
        value = self.masked.table.get(placeholder, placeholder)
        return json.dumps(value, ensure_ascii=False)[1:-1] if as_json else value


def as_shown_outside(call: ModelCall) -> Leaving | None:
    """The call's messages as a model elsewhere may see them; None where all its models are on this machine."""
    if all(map(is_local, call.models)):
        return None
    pieces: list[str] = []
    for message in call.messages:
        pieces.extend(message.content[start:end] for start, end in _from_outside(message))
    masked = mask(pieces)
    rest = iter(masked.texts)
    messages = tuple(_with(message, rest) for message in call.messages)
    return Leaving(messages, masked)


def _from_outside(message: Message) -> list[tuple[int, int]]:
    fenced = [found.span("text") for found in FENCED.finditer(message.content)]
    if fenced or message.role == "system":
        return fenced
    return [(0, len(message.content))]


def _with(message: Message, masked: Any) -> Message:
    parts, done = [], 0
    for start, end in _from_outside(message):
        parts += [message.content[done:start], next(masked)]
        done = end
    return Message(message.role, "".join(parts) + message.content[done:])
