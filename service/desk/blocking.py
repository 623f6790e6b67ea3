"""What must be resolved before a draft may be published; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from service.desk.revision import SentenceEdit
from service.errors import Conflict

_TO_NAME = (
    r"(?:name|company|employer|manager|recruiter|date|deadline|role|position|job title|team|department|city|country|location|"
    r"amount|salary|number|figure|link|url|e-?mail|phone|address|signature|example|todo)s?"
)
_NOT_QUOTED = r"(?!(?:at|in|on|from|for|of|to|with|by|a|an|my|our|his|her|its|this|that|another|some|no|see)\b)"
"""What an editor's word in a quotation begins with: `[at another company]` is nothing to fill in."""
_PLACEHOLDER = re.compile(
    r"\[(?P<label>(?-i:[A-Z]{2,}(?:_[A-Z]+)*(?:_\d+)?)"
    r"|(?:insert|add|fill|name|company|date|example|todo)\b[^\[\]\n]{0,60}"
    r"|(?:your|their|the)\b[^\[\]\n]{1,60}"
    rf"|{_NOT_QUOTED}(?:[\w'’/&.-]{{1,30}} ){{0,3}}{_TO_NAME})\](?!\()"
    r"|\{\{[^}\n]{0,80}\}\}|_{4,}|\b(?:TODO|TBD|FIXME|XXX)\b",
    re.IGNORECASE,
)
_FENCED = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.M | re.S)
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)\1(?!`)", re.S)
_DEFINED = re.compile(r"^ {0,3}\[([^\[\]\n]+)\]:[ \t]*(?=\S*[/#:@])\S+", re.M)
_LABEL_AFTER = re.compile(r"\[([^\[\]\n]+)\]")


@dataclass(frozen=True)
class Blocker:
    """One thing to resolve; `sentence_id` where it is a sentence's."""

    kind: Literal["stale", "empty", "placeholder", "judgement", "gap", "source"]
    text: str
    sentence_id: str | None = None


def blockers(
    machine: Sequence[dict[str, Any]], edits: Sequence[SentenceEdit], text: str, *, stale: bool
) -> list[Blocker]:
    """Everything that blocks publishing.

    A stale draft; an empty text; placeholders in the text; an opinion of the machine (`judgement`) that nobody kept,
    changed or cut on purpose; a gap that only a person can fill and that is neither filled nor cut.
    """
    found = [Blocker("stale", "what it rests on changed; have it written again")] if stale else []
    if not text.strip():
        found.append(Blocker("empty", "there is no text"))
    found += [Blocker("placeholder", hit) for hit in placeholders(text)]
    acts = {edit.id: edit.action for edit in edits}
    for sentence in machine:
        act = acts.get(str(sentence["id"]))
        if sentence.get("section") == "gap" and act not in ("change", "cut"):
            found.append(Blocker("gap", str(sentence["text"]), str(sentence["id"])))
        elif sentence.get("grounding") == "judgement" and act is None:
            found.append(Blocker("judgement", str(sentence["text"]), str(sentence["id"])))
    return found


def placeholders(text: str) -> list[str]:
    """Words left for somebody to fill in: `[COMPANY]`, `[name]`, `[your team]`, `[manager's name]`, `{{name}}`, `____`, `TODO`.

    Code is not read, and what Markdown makes a link, a footnote or a checkbox of is none.
    """
    read = _SPAN.sub(" ", _FENCED.sub("\n", text))
    defined = {label.casefold() for label in _DEFINED.findall(read)}
    return [match.group() for match in _PLACEHOLDER.finditer(read) if not _is_reference(match, read, defined)]


def _is_reference(match: re.Match[str], text: str, defined: set[str]) -> bool:
    """Whether a bracket is a link whose address stands elsewhere in the text: `[name]` or `[name][1]`."""
    label, after = match["label"], _LABEL_AFTER.match(text, match.end())
    if label is None:
        return False
    return label.casefold() in defined or (after is not None and after[1].casefold() in defined)


def check(found: Sequence[Blocker]) -> None:
    """Raise Conflict that lists them."""
    if found:
        kinds = ", ".join(dict.fromkeys(blocker.kind for blocker in found))
        raise Conflict(
            f"resolve these before publishing: {kinds}", reason="blocked", blockers=[asdict(b) for b in found]
        )
