"""OpenAI's moderation categories, mapped honestly from ours: what we do not read is said to be false with score 0."""

from __future__ import annotations

from typing import Any

from service.assess_post import Readers, read_post
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
"""OpenAI's category → ours; None: we have no reader for it. A score is the probability of our flag."""


def result_for(readers: Readers, site: str, text: str) -> dict[str, Any]:
    """One entry of `results` for one text. An empty text is clean."""
    scores = dict.fromkeys(CATEGORIES, 0.0)
    extra: dict[str, Any] = {"flags": [], "route": {"to": "publish", "because": []}, "degraded": False}
    if text.strip():
        post = NewPost.model_construct(
            site=site, external_id="", title="", body=text, format="text", kind="question", tags=[], lang=None
        )
        read = read_post(readers, post)
        by_category = {flag.category: flag for flag in read.flags}
        for theirs, ours in CATEGORIES.items():
            if ours in by_category:
                scores[theirs] = by_category[ours].probability
        if "harassment" not in by_category:
            scores["harassment/threatening"] = 0.0
        extra = {
            "flags": [flag.model_dump(mode="json") for flag in read.flags],
            "route": read.route.model_dump(mode="json"),
            "degraded": bool(read.degraded),
            "degraded_because": [d.model_dump(mode="json") for d in read.degraded],
            "unmapped": [theirs for theirs, ours in CATEGORIES.items() if ours is None],
        }
    flagged = {name: score > 0.0 for name, score in scores.items()}
    return {
        "flagged": any(flagged.values()) or bool(extra["flags"]),
        "categories": flagged,
        "category_scores": scores,
        "category_applied_input_types": {name: ["text"] for name in CATEGORIES},
        "answerloop": extra,
    }
