"""An Assessment of the deep lane: the one that was the newest, with what was read since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from service.assessment import Assessment, PromptUsed, Provenance, Usage, decision_digest
from service.clock import new_id
from service.flagging.flag import Degradation
from service.intake.post import Post


def deep_version(
    post: Post, made: Assessment, update: Mapping[str, Any], degraded: list[Degradation], used: Sequence[dict[str, Any]],
    now: datetime,
) -> Assessment:  # fmt: skip
    """`made` with the fields of `update`, under an id of its own; `used` are the provenances of what was read."""
    changed = made.model_copy(update=dict(update))
    return changed.model_copy(
        update={
            "id": new_id(), "lane": "deep", "created_at": now, "provenance": _joined(changed.provenance, used),
            "degraded": bool(degraded), "degraded_because": degraded,
            "decision_digest": decision_digest(post.content_digest, changed.flags, changed.route), "draft": None,
        }
    )  # fmt: skip


def _joined(before: Provenance, used: Sequence[dict[str, Any]]) -> Provenance:
    prompts, models, usage, ms = list(before.prompts), list(before.models), before.usage.model_copy(), dict(before.ms)
    for entry in [part for one in used for part in (one, one.get("second_reader") or {})]:
        if entry.get("prompt"):
            prompts.append(PromptUsed(**entry["prompt"], rendered_sha256=entry.get("rendered_sha256", "")))
        if entry.get("model") and entry["model"] not in models:
            models.append(entry["model"])
        usage = Usage(
            input_tokens=usage.input_tokens + entry.get("input_tokens", 0),
            output_tokens=usage.output_tokens + entry.get("output_tokens", 0),
            cost_usd=usage.cost_usd + entry.get("cost_usd", 0.0),
        )
        ms |= entry.get("ms", {})
    unfounded = before.unfounded + sum(entry.get("unfounded", 0) for entry in used)
    update = {"prompts": prompts, "models": models, "usage": usage, "ms": ms, "unfounded": unfounded}
    return before.model_copy(update=update)
