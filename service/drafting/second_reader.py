"""A second reader of citations: the models of `NLI_MODEL` judge each claim of a draft beside the passages it cites.

What it says takes the place of the built-in support check, both ways; what other checks dropped (a quote that is not
there, a detail of nobody's, a planted link) it never sees. Where it fails, the built-in check stands and the draft says so.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from service.drafting.verify import Verdict
from service.errors import AnswerloopError, UnusableReply
from service.models.calls import ModelCall, model_list, used_by
from service.models.gateway import Gateway
from service.prompting import library
from service.prompting.files import load_prompt
from service.prompting.labels import PRODUCTION, Labels
from service.prompting.render import render
from service.settings import Settings

PROMPT = "check_support"
FEATURE = "support"
"""Its kill switch and its line in the ledger."""


class SecondReader:
    """Asked once a draft, and made for one, which must be ready by `ends` (of the monotonic clock).

    `provenance` says what read, or what was used in vain; `failed` is the code of the error where nothing did.
    """

    def __init__(
        self, gateway: Gateway, labels: Labels, settings: Settings, prompts_dir: Path, ends: float,
        subjects: tuple[str, ...], key_id: str | None = None,
    ) -> None:  # fmt: skip
        self._gateway = gateway
        self._labels = labels
        self._settings = settings
        self._prompts_dir = prompts_dir
        self._ends = ends
        self._subjects = subjects
        self._key_id = key_id
        self.provenance: dict[str, Any] = {}
        self.failed: str | None = None

    def __call__(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[Verdict | None]:
        """What it thinks of each claim beside its passages; None where it has nothing usable to say."""
        if not pairs:
            return []
        try:
            return self._ask(pairs)
        except AnswerloopError as failure:
            self.failed = failure.code
            self.provenance = self.provenance or used_by(failure)
            return [None] * len(pairs)

    def _ask(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[Verdict | None]:
        version = self._labels.find(PROMPT, PRODUCTION) or library.versions(self._prompts_dir, PROMPT)[-1]
        prompt = load_prompt(self._prompts_dir, PROMPT, version)
        rendered = render(prompt, claims=[{"text": text, "passages": list(passages)} for text, passages in pairs])
        call = ModelCall(
            feature=FEATURE, models=model_list(self._settings.nli_model), messages=tuple(rendered.messages),
            schema=prompt.output_schema, temperature=float(prompt.config.get("temperature", 0.0)),
            max_output_tokens=int(prompt.config.get("max_output_tokens", 900)), deadline_s=max(1.0, self._ends - time.monotonic()),
            subjects=self._subjects, key_id=self._key_id,
        )  # fmt: skip
        completion = self._gateway.complete(call)
        self.provenance = {
            "prompt": {"name": prompt.name, "version": prompt.version, "sha256": prompt.sha256},
            "model": completion.model, "input_tokens": completion.input_tokens, "output_tokens": completion.output_tokens,
            "cost_usd": completion.cost_usd, "rendered_sha256": rendered.sha256,
            "ms": {"second_reader": round(completion.ms, 1)},
        }  # fmt: skip
        rows = completion.data.get("verdicts") if isinstance(completion.data, dict) else None
        if not isinstance(rows, list):
            raise UnusableReply("the reply holds no verdicts")
        said = {row.get("claim"): row.get("verdict") for row in rows if isinstance(row, dict)}
        return [_known(said.get(number)) for number in range(1, len(pairs) + 1)]


def _known(said: object) -> Verdict | None:
    return next((verdict for verdict in ("supported", "partial", "unsupported") if said == verdict), None)
