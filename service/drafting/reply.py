"""A model's reply as claims: whole, or sentence by sentence while it is still being written."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from service.drafting.verify import Claim
from service.retrieval.evidence import EvidencePassage

_LIST = re.compile(r'"sentences"\s*:\s*\[')
_FORM = re.compile(r'"form"\s*:\s*"(\w+)"')


class Incoming:
    """The sentences of a JSON reply as they are completed. `form` is None until it is known."""

    def __init__(self) -> None:
        self._text = ""
        self._at: int | None = None
        self.form: str | None = None

    def add(self, piece: str) -> list[dict[str, Any]]:
        """Take a piece of the reply; the entries it completes."""
        self._text += piece
        if self._at is None:
            begin = _LIST.search(self._text)
            if begin is None:
                return []
            self._at = begin.end()
            form = _FORM.search(self._text)
            self.form = form[1] if form else None
        found: list[dict[str, Any]] = []
        while True:
            start = re.compile(r"[\s,]*").match(self._text, self._at)
            place = start.end() if start else self._at
            if not self._text.startswith("{", place):
                return found
            try:
                entry, self._at = json.JSONDecoder().raw_decode(self._text, place)
            except ValueError:
                return found
            found.append(entry)


def claim_of(entry: Any, shown: Sequence[EvidencePassage], small: bool) -> Claim | None:
    """One entry of a reply as a claim; None for one without text. The bundled model numbers passages."""
    if not isinstance(entry, Mapping):
        return None
    text = str(entry.get("text", "")).strip()
    if not text:
        return None
    if small:
        number = entry.get("source")
        if not isinstance(number, int):
            return Claim(text, "answer", False, ())
        id_ = shown[number - 1].id if 1 <= number <= len(shown) else f"number {number}"
        return Claim(text, "answer", False, ((id_, None),))
    sources = entry.get("sources")
    pairs = tuple(
        (str(s.get("passage_id", "")), str(s.get("quote", "")))
        for s in (sources if isinstance(sources, list) else [])
        if isinstance(s, Mapping)
    )
    return Claim(text, str(entry.get("section", "answer")), entry.get("kind") == "judgement", pairs)


def claims_of(data: Mapping[str, Any], shown: Sequence[EvidencePassage], small: bool) -> list[Claim]:
    """Every claim of a whole reply, each text once: as it stood first, which is how it was checked while it was streamed."""
    entries = data.get("sentences")
    claims = [claim_of(entry, shown, small) for entry in (entries if isinstance(entries, list) else [])]
    first: dict[str, Claim] = {}
    for claim in claims:
        if claim is not None:
            first.setdefault(claim.text, claim)
    return list(first.values())


def narrowed(schema: Mapping[str, Any] | None, ids: Sequence[str], small: bool) -> dict[str, Any]:
    """The reply schema with the passage id (or number) narrowed to what is shown."""
    closed: dict[str, Any] = copy.deepcopy(dict(schema or {}))
    item = closed["properties"]["sentences"]["items"]["properties"]
    if small:
        item["source"]["maximum"] = len(ids)
    else:
        item["sources"]["items"]["properties"]["passage_id"] = {"type": "string", "enum": list(ids)}
    return closed


def accepted(schema: Mapping[str, Any] | None, small: bool) -> dict[str, Any]:
    """The reply schema without what costs one sentence and not the reply: how many there are, and which passage each cites."""
    open_: dict[str, Any] = copy.deepcopy(dict(schema or {}))
    entries = open_["properties"]["sentences"]
    entries.pop("maxItems", None)
    if small:
        entries["items"]["properties"]["source"] = {"type": "integer"}
    return open_


def most_of(schema: Mapping[str, Any] | None) -> int | None:
    """How many sentences a reply schema asks for at most; None where it does not say."""
    most: int | None = (schema or {})["properties"]["sentences"].get("maxItems")
    return most
