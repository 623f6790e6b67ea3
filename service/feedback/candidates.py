"""Which outcomes are worth a case, and the case itself; pure. The dangerous error comes first: a person at risk, missed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from service.feedback.judged import Judged
from service.feedback.pseudonyms import disguise
from service.feedback.tables import OutcomeRow
from service.flagging.policy import Policy
from service.flagging.routing import PERSON_AT_RISK, STRENGTH
from service.intake.post import NewPost

STRATA = (
    "missed_person_at_risk", "missed", "false_urgent", "overturned", "false_alarm", "confirmed_at_risk", "confirmed",
    "clean",
)  # fmt: skip
CaseKind = Literal["decision", "audit", "appeal", "second", "golden"]
KINDS: tuple[CaseKind, ...] = get_args(CaseKind)
"""Kinds of outcomes that may be the final word on a post."""
NEAR = 0.5
"""From this share of common shingles on, two posts are the same case (Broder 1997: resemblance)."""
_SHINGLE = 4


def final_words(rows: Iterable[OutcomeRow]) -> list[Judged]:
    """The final word on each post, from outcomes that stand, whatever their order: the newest, be it a blind second one.
    A golden item has one where exactly the known categories were upheld; else it says something of a person alone."""
    newest = {row.post_id: row for row in sorted(rows, key=lambda row: row.id) if _is_final(row)}
    return [Judged(row, row.sampled_with) for row in newest.values()]


def _is_final(row: OutcomeRow) -> bool:
    if row.kind == "golden":
        return {str(flag["category"]) for flag in row.flags if flag["agree"]} == set(row.expected or ())
    return row.kind in KINDS


def stratum_of(post: Judged) -> str:
    """The stratum of a judged post."""
    missed, upheld = post.upheld - post.seen, post.upheld
    if not post.routed and upheld:
        missed = upheld
    if missed & PERSON_AT_RISK:
        return "missed_person_at_risk"
    if missed:
        return "missed"
    if not upheld and post.outcome.route in ("urgent_review", "hold"):
        return "false_urgent"
    if post.outcome.kind == "appeal" and not upheld:
        return "overturned"
    if post.routed and post.seen - upheld:
        return "false_alarm"
    if upheld & PERSON_AT_RISK:
        return "confirmed_at_risk"
    return "confirmed" if upheld else "clean"


def in_turn(posts: Sequence[Judged], limit: int) -> list[Judged]:
    """The order in which posts become cases: every miss of a person at risk, then the strata in turn, and within each
    stratum the categories in turn, so that no frequent kind crowds out the others."""
    strata: dict[str, dict[str, list[Judged]]] = {name: {} for name in STRATA}
    for post in sorted(posts, key=lambda p: p.outcome.id, reverse=True):
        category = min(post.upheld or post.seen, default="none")
        strata[stratum_of(post)].setdefault(category, []).append(post)
    queues = {name: _round_robin(list(groups.values())) for name, groups in strata.items()}
    first = queues.pop(STRATA[0])
    return [*first, *_round_robin(list(queues.values()))][:limit]


def _round_robin(queues: list[list[Judged]]) -> list[Judged]:
    longest = max((len(queue) for queue in queues), default=0)
    return [queue[index] for index in range(longest) for queue in queues if index < len(queue)]


@dataclass(frozen=True)
class Candidate:
    """A masked row of labelled posts, and the words in it that may still name somebody."""

    content: dict[str, Any]
    look_at: list[str]


def candidate(
    case_id: str, voice: str, lang: str, post: NewPost, judged: Judged, quotes: Sequence[dict[str, str]], policy: Policy,
    kept_tags: Sequence[str] | None = None,
) -> Candidate:  # fmt: skip
    """The case of a post. `quotes`: `[{category, field, text}]` of the machine's flags as it named them; `kept_tags`: those
    that somebody kept last, where anybody did."""
    upheld = sorted(judged.upheld)
    renamed = {str(f["seen_as"]): str(f["category"]) for f in judged.outcome.flags if f["agree"] and f["seen_as"]}
    wanted = [q for q in quotes if q["category"] in renamed and q["text"]]
    tags = list(judged.outcome.kept_tags or []) if kept_tags is None else list(kept_tags)
    hidden = disguise([post.title, post.body, *(q["text"] for q in wanted)])
    title, body = hidden.texts[:2]
    flags: dict[str, list[dict[str, str]]] = {category: [] for category in upheld}
    for quote, text in zip(wanted, hidden.texts[2:], strict=True):
        if text and text in {"title": title, "body": body}[quote["field"]]:
            flags[renamed[quote["category"]]].append({"field": quote["field"], "text": text})
    rejected = sorted(judged.seen - judged.upheld)
    family = "flagged" if upheld else "trap" if rejected else "clean"
    content: dict[str, Any] = {
        "id": case_id, "voice": voice, "lang": lang, "kind": post.kind, "title": title, "body": body,
        "author": {"role": None, "level": None, "company": None}, "tags": tags[:4],
        "flags": [{"category": category, "quotes": found} for category, found in flags.items()],
        "route": right_route(upheld, policy), "family": family, "trap": rejected[0] if family == "trap" else None,
        "after": None,
    }  # fmt: skip
    return Candidate(content, hidden.look_at)


def right_route(categories: Sequence[str], policy: Policy) -> str:
    """Where a post with these categories belongs by the policy; a person at risk outranks `hold`."""
    routes = []
    for category in categories:
        if policy.active(category):
            clause = policy.clause_of(category)
            routes.append(clause.usual_route or clause.route)
    if "urgent_review" in routes and set(categories) & PERSON_AT_RISK:
        return "urgent_review"
    return max(routes, key=lambda route: STRENGTH[route], default="publish")


def shingles(text: str) -> list[str]:
    """Digests of every four words in a row, for telling near-duplicates without keeping the text."""
    words = re.findall(r"\w+", text.lower())
    runs = {" ".join(words[i : i + _SHINGLE]) for i in range(max(1, len(words) - _SHINGLE + 1))}
    return sorted(hashlib.sha256(run.encode()).hexdigest()[:12] for run in runs)


def near(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two posts say nearly the same."""
    first, second = set(one), set(other)
    return bool(first and second) and len(first & second) / len(first | second) >= NEAR
