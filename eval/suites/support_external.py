"""Claims and evidence in EVAL_DATA, scored out of fold by claim group."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from eval.loading import external
from eval.metric import Case, Marks, Metric, Output, once
from eval.scorers import blurred_score
from eval.subjects import World
from eval.suite import Loaded, Section, Subject
from service.drafting import fit
from service.drafting.support import Floats, shipped

TARGETS = {"wice": 0.80, "begin": 0.965, "expertqa": 0.60}


@dataclass(frozen=True)
class JudgedClaim:
    """One judged claim as a case."""

    id: str
    example: fit.Example
    number: int
    slices: dict[str, str] = field(default_factory=dict)


def _load(name: str) -> Callable[[], Loaded]:
    def load() -> Loaded:
        folder = external(f"ground_{name}.jsonl").parent
        found = enumerate(fit.load(folder))
        rows = [JudgedClaim(f"{name}-{n:04}", e, n) for n, e in found if e.dataset == name]
        return Loaded([Case(r.id, r, r.example.group, r.slices, False) for r in rows], shipped_version())

    return load


def shipped_version() -> str:
    """The digest of the sets that the shipped weights were fitted on."""
    from service.drafting.support import manifest

    return str(manifest()["data_sha256"])[:16]


@functools.cache
def _probabilities(world: World) -> Floats:
    """Every claim of the three sets, scored once in a run; reading them takes some minutes."""
    examples = fit.load(external("ground_wice.jsonl").parent)
    return fit.cross_validated(examples, fit.describe(examples, world.embedder))


def score_claims(world: World, _cases: Sequence[Case]) -> Subject:
    """The support model, fitted without the claim's group."""
    probabilities = _probabilities(world)

    def subject(case: Case) -> Output:
        score = float(probabilities[case.row.number])
        return {"score": score, "label": int(case.row.example.supported), "flagged": score >= shipped().supported}

    return subject


def _precise(_case: Case, output: Output) -> Marks | None:
    return once(output["label"] == 1) if output["flagged"] else None


PRECISION = Metric("precision of `supported`", "an unsupported claim is shown as supported", _precise, by_slice=False)

SECTIONS: tuple[Section, ...] = tuple(
    Section(
        name, f"claims of {name} with their evidence, out of fold", _load(name), score_claims,
        (blurred_score.area(margin=0.01, target=target), blurred_score.recall("recall of `supported`", margin=None), PRECISION),
        external=True,
    )
    for name, target in TARGETS.items()
)  # fmt: skip
