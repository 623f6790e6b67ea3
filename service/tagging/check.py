"""The deep lane's check of tags: a configured model drops what does not fit and adds what is missing."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.errors import UnusableReply
from service.intake.normalise import ReadablePost
from service.intake.post import Post, payer_of
from service.models.calls import ModelCall, model_list
from service.models.gateway import Gateway
from service.prompting.files import Prompt, load_prompt
from service.prompting.labels import Labels
from service.prompting.render import render
from service.settings import Settings
from service.tagging.choosing import choose
from service.tagging.suggestion import TagSuggestion
from service.tagging.taxonomy import Taxonomy

PROMPT = "check_tags"
MAXIMUM = 5


@dataclass(frozen=True)
class CheckedTags:
    """Tags as the model left them, best first, and what made them."""

    tags: list[TagSuggestion]
    provenance: dict[str, Any] = field(default_factory=dict)


class TagChecker:
    """Asks the models of `TAG_MODEL`. A reply never brings a tag from outside the vocabulary of the post's site."""

    def __init__(
        self, gateway: Gateway, labels: Labels, prompts_dir: Path, taxonomy_of: Callable[[str], Taxonomy],
        settings: Settings,
    ) -> None:  # fmt: skip
        self._gateway = gateway
        self._labels = labels
        self._prompts_dir = prompts_dir
        self._taxonomy_of = taxonomy_of
        self._settings = settings

    def check(self, post: Post, readable: ReadablePost, tags: Sequence[TagSuggestion]) -> CheckedTags:
        """The tags kept and added, at most five with those the author set. Raises ModelFailed and its kinds."""
        taxonomy = self._taxonomy_of(post.site)
        prompt = load_prompt(self._prompts_dir, PROMPT, self._labels.live(PROMPT))
        rendered = render(
            prompt, title=readable.title.text, body=readable.body.text, taxonomy=taxonomy.as_text,
            suggested=[t.tag for t in tags], max=MAXIMUM,
        )  # fmt: skip
        call = ModelCall(
            feature="tags",
            models=model_list(self._settings.tag_model),
            messages=tuple(rendered.messages),
            schema=narrowed(prompt, taxonomy.names),
            temperature=float(prompt.config.get("temperature", 0.0)),
            max_output_tokens=int(prompt.config.get("max_output_tokens", 900)),
            subjects=(post.id,),
            key_id=payer_of(post),
        )
        completion = self._gateway.complete(call)
        if not isinstance(completion.data, dict) or not isinstance(completion.data.get("tags"), list):
            raise UnusableReply("the reply holds no list of tags")
        return CheckedTags(
            merge(completion.data["tags"], tags, taxonomy, post.tags),
            {
                "prompt": {"name": prompt.name, "version": prompt.version, "sha256": prompt.sha256},
                "model": completion.model,
                "input_tokens": completion.input_tokens,
                "output_tokens": completion.output_tokens,
                "cost_usd": completion.cost_usd,
                "ms": {"tag_model": completion.ms},
                "rendered_sha256": rendered.sha256,
                "parameters": {"temperature": call.temperature, "max_output_tokens": call.max_output_tokens},
                "rungs": list(completion.rungs),
            },
        )


def narrowed(prompt: Prompt, names: Sequence[str]) -> dict[str, Any]:
    """The reply's schema with the site's vocabulary as the only tags."""
    schema: dict[str, Any] = copy.deepcopy(dict(prompt.output_schema or {}))
    schema["properties"]["tags"]["items"]["properties"]["tag"] = {"enum": list(names)}
    return schema


def merge(
    reply: Sequence[dict[str, Any]], suggested: Sequence[TagSuggestion], taxonomy: Taxonomy, present: Sequence[str]
) -> list[TagSuggestion]:
    """What the model kept, under the rules that hold for every suggestion; tags it did not speak of stay."""
    before = {t.tag: t for t in suggested}
    probabilities = {t.tag: t.probability for t in suggested}
    for row in reply:
        tag = str(row.get("tag"))
        if tag not in taxonomy.names:
            continue
        if not row.get("keep"):
            probabilities.pop(tag, None)
            continue
        said = row.get("probability")
        value = float(said) if isinstance(said, int | float) else 0.5
        probabilities[tag] = min(1.0, max(0.0, value))
    chosen = choose(probabilities, taxonomy, present, MAXIMUM, threshold=0.0)
    return [
        TagSuggestion(
            tag=tag,
            probability=round(probabilities[tag], 4),
            because=before[tag].because if tag in before else [],
        )
        for tag in chosen
    ]
