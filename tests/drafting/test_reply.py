"""Claims of a reply, as they are read at once and while the reply is streamed."""

from __future__ import annotations

import json
from typing import Any

from service.drafting.reply import Incoming, claim_of, claims_of
from tests.drafting.conftest import evidence, passage


def entry(text: str, passage_id: str) -> dict[str, Any]:
    source = {"passage_id": passage_id, "quote": "which two people"}
    return {"section": "answer", "kind": "claim", "text": text, "sources": [source]}


def test_a_text_said_twice_counts_as_it_stood_first_whole_or_streamed() -> None:
    shown = evidence(passage("Ask which two people.", 1), passage("Ask which two people.", 2)).passages
    data = {"form": "answer", "sentences": [entry("Ask who.", "p1"), entry("Wait.", "p2"), entry("Ask who.", "p2")]}
    whole = claims_of(data, shown, small=False)
    assert [(claim.text, claim.sources[0][0]) for claim in whole] == [("Ask who.", "p1"), ("Wait.", "p2")]
    incoming, streamed = Incoming(), []
    for letter in json.dumps(data):
        streamed += [claim_of(found, shown, False) for found in incoming.add(letter)]
    assert streamed[:2] == whole
