"""OpenAI's moderation categories, mapped honestly: what nothing here reads is said to be false with score 0, and named.

A score is the larger of two: the probability of our flag about the same harm, and that of the general reader
(`flagging/general.py`), which was fitted on texts labelled by these very categories and reads what is no career post.
"""

from __future__ import annotations

from typing import Any

from service.assess_post import Readers, read_flags
from service.flagging import general
from service.intake.post import NewPost

CATEGORIES: dict[str, str | None] = {
    "harassment": "harassment",
    "harassment/threatening": "violence_threat",
    "hate": "hate",
    "hate/threatening": None,
    "illicit": None,
    "illicit/violent": None,
    "self-harm": "self_harm_risk",
    "self-harm/intent": "self_harm_risk",
    "self-harm/instructions": None,
    "sexual": "sexual",
    "sexual/minors": None,
    "violence": "violence_threat",
    "violence/graphic": None,
}
"""OpenAI's category → our flag of the same harm; None: we have none."""


def result_for(readers: Readers, site: str, text: str) -> dict[str, Any]:
    """One entry of `results` for one text. An empty text is clean.

    `flagged` speaks of OpenAI's categories, as its clients expect; what only our policy knows (spam, an off-topic post)
    stands under `answerloop`.
    """
    scores, flagged = dict.fromkeys(CATEGORIES, 0.0), dict.fromkeys(CATEGORIES, False)
    extra: dict[str, Any] = {"flags": [], "route": {"to": "publish", "because": []}, "degraded": False}
    if text.strip():
        post = NewPost.model_construct(
            site=site, external_id="", title="", body=text, format="text", kind="question", tags=[], lang=None
        )
        read = read_flags(readers, post)
        found: dict[str, float] = {flag.category: flag.probability for flag in read.flags}
        readable = read.embedded is not None and read.embedded.model == general.FITTED_ON and not read.limited
        said = general.shipped().read(read.embedded, read.readable.body.text) if readable and read.embedded else {}
        for theirs, ours in CATEGORIES.items():
            ours_says, reader_says = found.get(ours or "", 0.0), said.get(theirs, 0.0)
            if theirs == "harassment/threatening" and "harassment" not in found:
                ours_says = 0.0
            scores[theirs] = round(max(ours_says, reader_says), 6)
            flagged[theirs] = ours_says > 0.0 or (theirs in said and reader_says >= general.cuts()[theirs])
        extra = {
            "flags": [flag.model_dump(mode="json") for flag in read.flags],
            "route": read.route.model_dump(mode="json"),
            "degraded": bool(read.degraded),
            "degraded_because": [d.model_dump(mode="json") for d in read.degraded],
            "general": {name: round(said[name], 4) for name in ("any", "toxic") if name in said},
            "unmapped": [name for name, ours in CATEGORIES.items() if ours is None and name not in general.cuts()],
        }
    return {
        "flagged": any(flagged.values()),
        "categories": flagged,
        "category_scores": scores,
        "category_applied_input_types": {name: ["text"] for name in CATEGORIES},
        "answerloop": extra,
    }
