"""A judge: a pinned model and prompt that compares two texts, asked twice with their order swapped.

A verdict counts where both orders give the same one (Zheng et al. 2023 on position bias); else it is `undecided`, which
agrees with nobody. Requests go through the world's gateway, so that they replay, record and travel in a batch as any other.
"""

from __future__ import annotations

from dataclasses import dataclass

from eval.loading import NotThere
from eval.subjects import REPOSITORY, World
from service.errors import ModelFailed
from service.models.calls import ModelCall
from service.prompting.files import load_prompt
from service.prompting.render import render

PROMPT, VERSION = "judge_answers", "1.0.0"
UNDECIDED = "undecided"
RELATIONS = ("agree", "conflict", "unrelated", UNDECIDED)
LEAST_KAPPA = 0.6
"""Below it a judge does not say what people say, and its figures are refused."""


@dataclass(frozen=True)
class Verdict:
    """What the judge said of both orders, why, and what counts."""

    relation: str
    said: tuple[str, str]
    reasons: tuple[str, str]


class Judge:
    """Asks one model about pairs of answers."""

    def __init__(self, world: World) -> None:
        if not world.judge_model:
            raise NotThere("no --judge-model; everything that is guarded is scored without one")
        self._world = world
        self._prompt = load_prompt(REPOSITORY / "prompts", PROMPT, VERSION)

    def relation(self, question: str, a: str, b: str) -> Verdict:
        """How `a` and `b` relate. Raises ModelFailed once both orders were asked, so that a batch holds both."""
        asked, failures = [], []
        for pair in ((a, b), (b, a)):
            try:
                asked.append(self._ask(question, *pair))
            except ModelFailed as failure:
                failures.append(failure)
        if failures:
            raise failures[0]
        said, reasons = (asked[0][0], asked[1][0]), (asked[0][1], asked[1][1])
        return Verdict(said[0] if said[0] == said[1] else UNDECIDED, said, reasons)

    def _ask(self, question: str, first: str, second: str) -> tuple[str, str]:
        rendered = render(self._prompt, question=question, first=first, second=second)
        call = ModelCall(
            feature="judge", models=(self._world.judge_model,), messages=tuple(rendered.messages),
            schema=self._prompt.output_schema, temperature=float(self._prompt.config["temperature"]),
            max_output_tokens=int(self._prompt.config["max_output_tokens"]),
        )  # fmt: skip
        data = self._world.deep.gateway.complete(call).data
        return str(data["relation"]), str(data["reason"])
