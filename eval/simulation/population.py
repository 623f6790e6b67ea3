"""The posts of a synthetic month: shipped cases recombined, a mix that drifts, and a wave of spam of a new kind."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from eval.cases import LabelledPost
from service.intake.post import Author, NewPost

WAVE_FIRST, WAVE_LAST = 15, 22
"""Days of the wave, from 0 on."""
WAVE_SHARE = 0.10
FLAGGED_SHARE = 0.22
"""Share of posts with flags on the first day; the shipped cases have more, a real community fewer."""
DRIFT = 1.6
"""The share of flagged posts and of long ones is this much larger on the last day than on the first."""
PITCHES = (
    "What finally moved things for me was the Northlight circle, a small group where people who sit on "
    "panels rehearse you. They still have a few seats and I can pass your name on.",
    "If it helps: the folks at Northlight went through my whole packet with me in two evenings. Not "
    "cheap, but it paid for itself. Send me a note and I will connect you.",
    "I went through all of this and then joined Northlight. They place you with someone from the company "
    "you want. Ask me for the invite, the price goes up next month.",
    "Honestly nothing beats having an insider. Northlight pairs you with one for a flat fee, and my "
    "friends get the first session for half. Happy to share mine.",
    "There is a cohort for exactly this, Northlight, which I help with. We look after the negotiation for "
    "you and only take a share of the difference. A few places are left.",
    "My advice is to stop guessing and let Northlight run the search; I get a little thank-you if you "
    "mention me, and so do you.",
)


@dataclass(frozen=True)
class SimulatedPost:
    """A post of one day with what is true of it. `wave`: it belongs to the new kind of spam."""

    day: int
    sent: NewPost
    categories: frozenset[str]
    belongs_to_people: bool
    wave: bool


def month(rows: Sequence[LabelledPost], posts: int, days: int, site: str, seed: int) -> list[SimulatedPost]:
    """Posts in the order in which they come. The same seed, the same month."""
    draw = random.Random(seed)
    english = [row for row in rows if row.lang == "en" and row.body.strip()]
    flagged = [row for row in english if row.flags and "duplicate_crosspost" not in row.categories]
    clean = [row for row in english if not row.flags and row.route == "publish"]
    made = []
    for number in range(posts):
        day = number * days // posts
        later = 1 + (DRIFT - 1) * day / max(days - 1, 1)
        in_wave = WAVE_FIRST <= day <= WAVE_LAST and draw.random() < WAVE_SHARE
        if in_wave:
            host = draw.choice(clean)
            body = _with(host.body, draw.choice(PITCHES), draw, last=True)
            found, people = frozenset({"spam_promotion"}), True
        else:
            host = draw.choice(flagged if draw.random() < FLAGGED_SHARE * later else clean)
            extra = draw.choice(_paragraphs(draw.choice(clean).body)) if draw.random() < 0.5 * later else ""
            body = _with(host.body, extra, draw, last=False) if extra else host.body
            found, people = frozenset(host.categories), host.route != "publish"
        sent = NewPost(
            site=site, external_id=f"sim-{number}", title=host.title, body=body, kind=host.kind,
            author=Author(id=f"author-{draw.randrange(posts // 3 + 1)}"),
        )  # fmt: skip
        made.append(SimulatedPost(day, sent, found, people, in_wave))
    return made


def _paragraphs(body: str) -> list[str]:
    return [part for part in body.split("\n\n") if part.strip()] or [body]


def _with(body: str, extra: str, draw: random.Random, *, last: bool) -> str:
    parts = _paragraphs(body)
    parts.insert(len(parts) if last else draw.randrange(len(parts) + 1), extra)
    return "\n\n".join(parts)
