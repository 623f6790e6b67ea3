"""What people said of posts, one entry a post: the last word, beside how the post came to be looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from service.feedback import estimates
from service.feedback.estimates import Figure
from service.feedback.outcomes import VERDICT_KINDS
from service.feedback.tables import OutcomeRow


@dataclass(frozen=True)
class Judged:
    """A post and the last word on it. `sampled_with` is the probability with which an unflagged post was drawn."""

    outcome: OutcomeRow
    sampled_with: float | None

    @property
    def routed(self) -> bool:
        """Whether the machine sent it to people."""
        return self.outcome.route not in ("", "publish")

    @property
    def upheld(self) -> set[str]:
        """The categories that people say the post has."""
        return {str(flag["category"]) for flag in self.outcome.flags if flag["agree"]}

    @property
    def seen(self) -> set[str]:
        """The categories that the machine named."""
        return {str(flag["seen_as"]) for flag in self.outcome.flags if flag["seen_as"]}

    @property
    def slices(self) -> dict[str, str]:
        """Length, language, lane, and the reader behind the strongest flag."""
        flags = [flag for flag in self.outcome.flags if flag["seen_as"]]
        strongest = max(flags, key=lambda f: f["probability"] or 0.0, default=None)
        named = (strongest or {}).get("found_by") or ["nobody"]
        return {**{k: str(v) for k, v in self.outcome.slices.items()}, "found_by": str(named[0])}


def last_words(rows: Iterable[OutcomeRow]) -> list[Judged]:
    """One entry a post from outcomes that stand, whatever their order."""
    newest: dict[str, OutcomeRow] = {}
    drawn: dict[str, float] = {}
    for row in sorted((r for r in rows if r.kind in VERDICT_KINDS), key=lambda r: r.id):
        newest[row.post_id] = row
        if row.kind == "audit" and row.sampled_with:
            drawn[row.post_id] = row.sampled_with
    return [Judged(row, drawn.get(post_id)) for post_id, row in newest.items()]


@dataclass(frozen=True)
class Answered:
    """The share of routed and of sampled posts that people have decided on so far; weights are raised by it."""

    routed: float = 1.0
    sampled: float = 1.0


@dataclass(frozen=True)
class ErrorRates:
    """Both error rates of a group. `flagged` counts flags people judged, `missed` the misses they found."""

    name: str
    precision: Figure
    recall: Figure
    flagged: int
    missed: int
    sampled: int


def error_rates(name: str, group: Sequence[Judged], answered: Answered, category: str | None = None) -> ErrorRates:
    """Precision from decisions on routed posts, recall with the audit sample; of one category, or of being flagged at all."""
    has: Callable[[set[str]], bool] = (lambda found: category in found) if category else bool
    routed = [post for post in group if post.routed]
    flagged = [post for post in routed if has(post.seen)]
    right = sum(_right(post, category) for post in flagged)
    caught = sum(has(post.upheld) and (category is None or has(post.seen)) for post in routed)
    beside = sum(has(post.upheld) and not has(post.seen) for post in routed) if category else 0
    drawn = [(p.sampled_with, has(p.upheld)) for p in group if p.sampled_with and not p.routed]
    unflagged = estimates.sampled(drawn, answered.sampled)
    precision = estimates.share(right, len(flagged), "no flag of it was decided on")
    recall = estimates.recall(caught / answered.routed, beside / answered.routed, unflagged)
    missed = beside + sum(hit for _, hit in drawn)
    return ErrorRates(name, precision, recall, len(flagged), missed, unflagged.n)


def _right(post: Judged, category: str | None) -> bool:
    if category is None:
        return bool(post.upheld)
    return any(f["agree"] and f["category"] == category == f["seen_as"] for f in post.outcome.flags)


def overturned(rows: Iterable[OutcomeRow]) -> Figure:
    """The share of settled appeals in which the first decision fell."""
    appeals = [row for row in rows if row.kind == "appeal"]
    fell = sum(row.verdict in ("dismiss", "misplaced") for row in appeals)
    return estimates.share(fell, len(appeals), "no appeal was settled")


def golden(rows: Iterable[OutcomeRow]) -> Figure:
    """The share of golden items on which exactly the known categories were upheld."""
    known = [row for row in rows if row.kind == "golden" and row.expected is not None]
    right = sum({str(f["category"]) for f in r.flags if f["agree"]} == set(r.expected or ()) for r in known)
    return estimates.share(right, len(known), "no golden item was decided")


def agreement(rows: Sequence[OutcomeRow]) -> list[tuple[str, Figure]]:
    """Kappa of first and blind second decisions, by category."""
    firsts = {row.cause_id: row for row in rows}
    pairs: list[tuple[set[str], set[str]]] = []
    for row in rows:
        first = firsts.get(row.against or "") if row.kind == "second" else None
        if first is not None:
            pairs.append((_upheld(first.flags), _upheld(row.flags)))
    names = sorted(set().union(*(a | b for a, b in pairs))) if pairs else []
    return [
        (
            name,
            estimates.kappa(
                sum(name in a and name in b for a, b in pairs), sum(name in a for a, _ in pairs),
                sum(name in b for _, b in pairs), len(pairs),
            ),
        )
        for name in names
    ]  # fmt: skip


def _upheld(flags: Sequence[dict[str, Any]]) -> set[str]:
    return {str(flag["category"]) for flag in flags if flag["agree"]}
