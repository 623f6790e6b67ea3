"""A sentence that its source does not say: the second one of these ends a mentor's trust."""

from __future__ import annotations

import re

from eval.metric import Case, Marks, Metric, Output, once

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_LINK = re.compile(r"https?://\S+|www\.\S+|\b[\w-]+\.(?:com|io|org|net|dev|ai)\b", re.I)


_NOT_CARRIED = (
    "names no source", "cites a passage that was not shown", "its quote is not in the passage", "its source does not say that",
    "holds a link that its source does not", "holds contact data that its source does not",
    "holds a number that its source does not", "holds a name that its source does not",
)  # fmt: skip
"""How the reasons begin for which a claim was dropped because what it cites does not carry it."""


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
        *of_citations(),
        Metric("claims with a source", "a claim stands without a source", cited, margin=0.0, target=1.0),
        Metric("quotes in their passage", "a citation does not hold", quoted, margin=0.0, target=1.0),
        Metric("no number or link added", "a number or link is invented", faithful, margin=margin, target=0.98),
        Metric("judgement sentences", "opinion stands where evidence should", shown_without, better="lower"),
    )


def of_citations() -> tuple[Metric, ...]:
    """Citation precision and recall (Gao et al. 2023, ALCE) by the run's own support check, and what it kept back.

    The check gives one verdict on a shown sentence with all that it cites: `supported` counts, `partial` does not. What is
    unsupported as written is what the check dropped. How readers judge what is shown: `support · shown_sentences`.
    """

    def precision(_case: Case, output: Output) -> Marks | None:
        found = [once(_supported(s))[0] for s in output["sentences"] for _ in s["sources"]]
        return found or None

    def recall(_case: Case, output: Output) -> Marks | None:
        shown = [s for s in output["sentences"] if s["section"] not in ("ask", "gap")]
        return [once(bool(s["sources"]) and _supported(s))[0] for s in shown] or None

    def unsupported(_case: Case, output: Output) -> Marks | None:
        shown = sum(s["grounding"] != "judgement" for s in output["sentences"])
        dropped = sum(reason.startswith(_NOT_CARRIED) for _text, reason in output["dropped"])
        return [[float(dropped), float(shown + dropped)]] if shown + dropped else None

    return (
        Metric("citation precision, own check", "a citation does not carry its sentence", precision),
        Metric("citation recall, own check", "a statement stands without a citation that carries it", recall),
        Metric(
            "unsupported as written, own check",
            "a model writes what its sources do not say",
            unsupported,
            better="lower",
        ),
    )


def _supported(sentence: Output) -> bool:
    return bool(sentence["grounding"] == "supported")


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
