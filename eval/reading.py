"""What the fast lane made of a post, as the output of a case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from eval.loading import held_out_voices, shipped
from eval.metric import Case, Output
from eval.subjects import World, as_new_post
from eval.suite import Loaded, Subject, cases_of

if TYPE_CHECKING:
    from service.assess_post import ReadPost


KNOWN_VOICES = 4
"""Of the voices that the weights know, every so many-th is read."""


def as_output(read: ReadPost) -> Output:
    """Tags, flags, route, related threads, what failed and how long it took."""
    return {
        "route": read.route.to,
        "because": list(read.route.because),
        "withheld": read.route.withhold,
        "tags": [[tag.tag, tag.probability] for tag in read.tags],
        "flags": [_flag(flag) for flag in read.flags],
        "related": [thread.external_id for thread in read.evidence.related],
        "limited": read.limited,
        "degraded": [f"{d.part}: {d.reason}" for d in read.degraded],
        "ms": round(sum(read.ms.values()), 2),
    }


def read_posts(world: World, cases: Sequence[Case]) -> Subject:
    """The subject of labelled posts: `read_post` as the API calls it, after the posts that they repeat."""
    world.remember_earlier([case.row for case in cases])

    def subject(case: Case) -> Output:
        return as_output(world.read(as_new_post(case.row)))

    return subject


def labelled(held_out: bool | None = None, keep: Callable[[Any], bool] = lambda _row: True) -> Callable[[], Loaded]:
    """Loads labelled posts: those of held-out voices, all of them, or (`False`) those of some of the other voices,
    which is enough to see a regression on what the weights know."""

    def load() -> Loaded:
        data, outside = shipped("posts/voices_*"), held_out_voices()
        known = set(sorted({row.voice for row in data.rows} - outside)[::KNOWN_VOICES])
        wanted = {True: outside, False: known}.get(held_out)  # type: ignore[arg-type]
        rows = [row for row in data.rows if (wanted is None or row.voice in wanted) and keep(row)]
        return Loaded(cases_of(rows), data.version)

    return load


def _flag(flag: Any) -> dict[str, Any]:
    return {
        "category": flag.category, "probability": flag.probability, "band": flag.band, "calibrated": flag.calibrated,
        "found_by": list(flag.found_by),
        "quotes": [{"field": q.field, "start": q.start, "end": q.end, "text": q.text} for q in flag.quotes],
    }  # fmt: skip
