"""The deep flag reader: a language model reads the post against the policy; a flag whose quote is not in the post is dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from service.flagging.detectors.ownership import owner
from service.flagging.flag import Category, Flag, Route
from service.flagging.merge import Concern, merge_deep
from service.flagging.policy import Policy
from service.flagging.routing import after_failure, route, stronger
from service.flagging.thresholds import Thresholds
from service.flagging.versions import LiveThresholds
from service.intake.normalise import Field, ReadablePost, Span
from service.intake.post import NewPost, payer_of
from service.models.calls import ModelCall
from service.models.counters import UNFOUNDED
from service.models.gateway import Gateway, model_list
from service.prompting.files import load_prompt
from service.prompting.labels import Labels
from service.prompting.render import render
from service.settings import Settings

PROMPT = "flag_post"


@dataclass(frozen=True)
class DeepRead:
    """What a model's reading came to. `unfounded` counts its flags whose quotes are not in the post."""

    flags: list[Flag]
    route: Route
    provenance: dict[str, Any]
    unfounded: int = 0


class DeepReader:
    """Asks the models of `FLAG_MODEL`."""

    def __init__(
        self,
        gateway: Gateway,
        labels: Labels,
        prompts_dir: Path,
        policy: Policy,
        thresholds: Thresholds,
        settings: Settings,
        live: LiveThresholds | None = None,
    ) -> None:
        self._gateway = gateway
        self._labels = labels
        self._prompts_dir = prompts_dir
        self._policy = policy
        self._thresholds = thresholds
        self._live = live
        self._settings = settings

    def read(
        self, post: NewPost, readable: ReadablePost, fast: Sequence[Flag], fast_route: Route, *, person_has_seen: bool
    ) -> DeepRead:
        """The flags of both lanes and the route they propose. Raises ModelFailed."""
        prompt = load_prompt(self._prompts_dir, PROMPT, self._labels.live(PROMPT))
        author = ", ".join(part for part in (post.author.role, post.author.level, post.author.company) if part)
        rendered = render(
            prompt, title=post.title, body=post.body, policy=self._policy.as_text, lang=readable.lang, kind=post.kind,
            author_line=author,
        )  # fmt: skip
        call = ModelCall(
            feature="flags", models=model_list(self._settings.flag_model), messages=tuple(rendered.messages),
            schema=narrowed(prompt.output_schema, self._policy), temperature=float(prompt.config.get("temperature", 0.0)),
            max_output_tokens=int(prompt.config.get("max_output_tokens", 1500)), key_id=payer_of(post),
        )  # fmt: skip
        done = self._gateway.complete(call)
        told = done.data.get("flags", []) if isinstance(done.data, dict) else []
        concerns = [concern for entry in told if (concern := self._concern(entry, post, prompt.version)) is not None]
        unfounded = len(told) - len(concerns)
        UNFOUNDED.labels("flags").inc(unfounded)
        thresholds = self._thresholds if self._live is None else self._live.of(post.site)
        flags = merge_deep(fast, concerns, self._policy, thresholds, readable, seen=person_has_seen)
        proposed = route(flags, self._policy, thresholds, degraded=False, limited=False, unread_language="publish")
        if person_has_seen:
            proposed = stronger(fast_route, proposed)
        provenance = {
            "prompt": {"name": prompt.name, "version": prompt.version, "sha256": prompt.sha256},
            "model": done.model, "input_tokens": done.input_tokens, "output_tokens": done.output_tokens,
            "cost_usd": done.cost_usd, "rendered_sha256": rendered.sha256, "ms": {"flag_model": round(done.ms, 1)},
            "unfounded": unfounded,
        }  # fmt: skip
        return DeepRead(flags, proposed, provenance, unfounded)

    def route_after_failure(self, flags: Sequence[Flag], fast: Route) -> Route:
        """The route where the model gave nothing usable."""
        return after_failure(flags, fast)

    def _concern(self, entry: dict[str, Any], post: NewPost, version: str) -> Concern | None:
        category: Any = entry.get("category")
        spans = tuple(span for quote in entry.get("quotes", []) for span in find_quote(str(quote), post))
        if category not in get_args(Category) or not spans:
            return None
        return Concern(
            category=category, probability=min(max(float(entry.get("probability", 0.5)), 0.0), 1.0), calibrated=False,
            spans=spans, found_by=(f"prompt:{PROMPT}@{version}",), reason=str(entry.get("reason") or "") or None,
            counter_reading=str(entry.get("counter_reading") or "") or None,
            clause=str(entry.get("clause") or "") or None, exposed=_exposed(category, spans, post),
        )  # fmt: skip


def narrowed(schema: Mapping[str, Any] | None, policy: Policy) -> Mapping[str, Any] | None:
    """A reply's schema without the categories that the policy has switched off; unchanged where it has all of them.

    The clause stays free: one that is not of the category is set right when the reply is read.
    """
    if schema is None or not policy.switched_off:
        return schema
    made = deepcopy(dict(schema))
    category = made["properties"]["flags"]["items"]["properties"]["category"]
    category["enum"] = [name for name in category["enum"] if policy.active(name)] or category["enum"]
    return made


def _exposed(category: str, spans: Sequence[tuple[Field, Span]], post: NewPost) -> bool:
    """Whether the private data that a model quotes are, by the words before them, another person's."""
    texts = {"title": post.title, "body": post.body}
    return category == "personal_information" and any(
        owner(texts[field], span.start, span.end) == "other" for field, span in spans
    )


def find_quote(quote: str, post: NewPost) -> list[tuple[Field, Span]]:
    """Where a quote stands in the post letter by letter: its first place, or nothing."""
    fields: tuple[tuple[Field, str], ...] = (("title", post.title), ("body", post.body))
    for field, text in fields:
        start = text.find(quote) if quote.strip() else -1
        if start >= 0:
            return [(field, Span(start, start + len(quote)))]
    return []
