"""Inputs made up for a prompt, to see it rendered without a post at hand."""

from __future__ import annotations

from typing import Any

from service.prompting.files import Prompt

_PASSAGE = {
    "id": "p1",
    "author": "Ada",
    "role": "engineer",
    "level": "senior",
    "date": "2026-01-31",
    "thread_title": "How do I ask for more scope?",
    "text": "Ask your manager which problem they would hand over if they had to, and offer to take it.",
    "kind": "answer",
}
_KNOWN: dict[str, Any] = {
    "title": "How do I talk to my manager about a promotion?",
    "body": "I have been at the same level for three years and want to bring it up without sounding ungrateful.",
    "author_line": "role: backend engineer, level: mid, company: Example Ltd",
    "policy": "1.1 off_topic: Not about working life.\nCounts: …\nDoes not count: …",
    "taxonomy": "promotion: Getting to the next level.\nNot this: …",
    "evidence": [_PASSAGE, {**_PASSAGE, "id": "p2", "author": None, "role": None, "level": None, "kind": "question"}],
    "claims": [{"text": "Ask which problem your manager would hand over.", "passages": [_PASSAGE["text"]]}],
    "suggested": ["promotion", "manager-relations"],
    "instruction": "Shorter, please.",
    "today": "2026-11-24",
    "lang": "en",
    "kind": "question",
    "max": 5,
}
_BY_TYPE: dict[str, Any] = {"string": "…", "integer": 1, "array": [], "object": {}}


def example_inputs(prompt: Prompt) -> dict[str, Any]:
    """A value of the right type for every input of `prompt`; the inputs of the shipped prompts get telling ones."""
    return {name: _KNOWN.get(name, _BY_TYPE[kind]) for name, kind in prompt.inputs.items()}
