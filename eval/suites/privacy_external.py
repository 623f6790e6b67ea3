"""Spans of personal information in EVAL_DATA."""

from __future__ import annotations

from collections.abc import Sequence

from eval.loading import external_rows, version_of
from eval.metric import Case, Output
from eval.scorers import leaked_private_data
from eval.subjects import World
from eval.suite import Loaded, Section, Subject

KIND_OF = {
    "EMAIL_ADDRESS": "email", "EMAIL": "email", "PHONE_NUMBER": "phone", "CREDIT_CARD": "card", "IBAN_CODE": "iban",
    "IBAN": "iban", "US_SSN": "national_id", "IP_ADDRESS": "ip",
}  # fmt: skip


def load() -> Loaded:
    """Synthetic sentences with spans."""
    rows = external_rows("pii.jsonl")
    return Loaded([Case(f"pii-{i}", row, f"pii-{i}") for i, row in enumerate(rows)], version_of(["pii"]))


def find(_world: World, _cases: Sequence[Case]) -> Subject:
    """The patterns that flag and mask."""
    from service.models.private_data import find_private_data

    def subject(case: Case) -> Output:
        text, spans = case.row["text"], {}
        found = [(d.kind, d.start, d.end) for d in find_private_data(text) if d.strength >= 0.5]
        wanted = [(KIND_OF[s["type"]], s["start"], s["end"]) for s in case.row["spans"] if s["type"] in KIND_OF]
        for kind in {k for k, *_ in [*found, *wanted]}:
            mine, theirs = [f for f in found if f[0] == kind], [w for w in wanted if w[0] == kind]
            hit = sum(any(a < d and c < b for _, c, d in mine) for _, a, b in theirs)
            right = sum(any(a < d and c < b for _, c, d in theirs) for _, a, b in mine)
            spans[kind] = [[float(hit), float(len(mine) - right), float(len(theirs) - hit)]]
        return {"spans": spans}

    return subject


SECTIONS = (
    Section(
        "external", "spans of personal information", load, find,
        tuple(leaked_private_data.found(k, target=0.9) for k in ("email", "phone", "card", "iban", "national_id", "ip")),
        external=True,
    ),
)  # fmt: skip
