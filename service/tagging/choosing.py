"""From probabilities to the list that is suggested: what a site may be given, and never more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service.tagging.taxonomy import Taxonomy

THRESHOLD = 0.2
"""A tag less likely than this is not suggested; every suggestion carries its probability, so a site may ask for more."""


def choose(
    probabilities: Mapping[str, float],
    taxonomy: Taxonomy,
    present: Sequence[str],
    maximum: int,
    threshold: float = THRESHOLD,
) -> list[str]:
    """Tags to suggest, most probable first.

    Only tags of the vocabulary, none that is present, none that excludes one present or chosen before it; with those
    present at most `maximum`. What a chosen tag implies is chosen with it where there is room. May be empty.
    """
    room = maximum - len(set(present))
    taken = set(present)
    chosen: list[str] = []
    implied = {tag.tag: tag.implies for tag in taxonomy.tags if tag.implies}
    ranked = sorted((t for t in taxonomy.names if t in probabilities), key=lambda t: -probabilities[t])
    for tag in ranked:
        if probabilities[tag] < threshold or len(chosen) >= room:
            break
        for name in (tag, *implied.get(tag, ())):
            if len(chosen) < room and name not in taken and not (taxonomy.excluded[name] & taken):
                taken.add(name)
                chosen.append(name)
    return chosen
