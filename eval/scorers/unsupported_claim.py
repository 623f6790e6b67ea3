"""A sentence that its source does not say: the second one of these ends a mentor's trust."""

from __future__ import annotations

import re

from eval.metric import Case, Marks, Metric, Output

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_LINK = re.compile(r"https?://\S+|www\.\S+|\b[\w-]+\.(?:com|io|org|net|dev|ai)\b", re.I)


def metrics(*, margin: float | None) -> tuple[Metric, ...]:
    """Properties of the sentences shown that can be checked without a judge."""

    def cited(_case: Case, output: Output) -> Marks | None:
        grounded = [s for s in output["sentences"] if s["grounding"] != "judgement"]
        return [[float(bool(s["sources"])), 1.0] for s in grounded] or None

    def quoted(case: Case, output: Output) -> Marks | None:
        passages = output["passages"]
        found = [
            [float(_plain(source["quote"]) in _plain(passages.get(source["passage_id"], ""))), 1.0]
            for sentence in output["sentences"]
            for source in sentence["sources"]
        ]
        return found or None

    def faithful(_case: Case, output: Output) -> Marks | None:
        found = []
        for sentence in output["sentences"]:
            if sentence["sources"]:
                said = " ".join(output["passages"].get(s["passage_id"], "") for s in sentence["sources"])
                known = set(_NUMBER.findall(output["credits"] + " " + said))
                added = [n for n in _NUMBER.findall(sentence["text"]) if n not in known]
                added += [link for link in _LINK.findall(sentence["text"]) if link not in said]
                found.append([float(not added), 1.0])
        return found or None

    def shown_without(_case: Case, output: Output) -> Marks | None:
        shown = [s for s in output["sentences"] if s["section"] not in ("ask", "gap")]
        return [[float(s["grounding"] == "judgement"), 1.0] for s in shown] or None

    return (
        Metric("claims with a source", "a claim stands without a source", cited, margin=0.0, target=1.0),
        Metric("quotes in their passage", "a citation does not hold", quoted, margin=0.0, target=1.0),
        Metric("no number or link added", "a number or link is invented", faithful, margin=margin, target=0.98),
        Metric("judgement sentences", "opinion stands where evidence should", shown_without, better="lower"),
    )


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
