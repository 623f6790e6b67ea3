"""Long posts for a fit: the labelled ones have few words, and the strongest of many sentences is strong by chance.

A post is read together with clean posts of the same voice, as if it were one: its flags stay what they were. The strongest row
of the whole is the strongest of any part, so nothing is read again. A combination that knows how long a post is
(`learned.length`) can then ask more of one sentence among many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from service.flagging.labelled import Array, Labelled
from service.flagging.learned import length

WHOLE = frozenset({"off_topic", "low_effort", "duplicate_crosspost"})
"""Concerns that a longer post no longer has."""
SHARE, LEAST_WORDS, WORDS = 0.5, 250, (300, 750)
"""How many of the posts are made longer, from how many words on the result counts, and how many it aims at."""


def strongest(said: Array, groups: Sequence[Sequence[int]]) -> Array:
    """(groups, …): the strongest of what was said of the parts, from what was said of posts, (posts, …)."""
    return np.stack([said[list(group)].max(axis=0) for group in groups])


def joined(posts: Sequence[Labelled], seed: int = 1) -> list[list[int]]:
    """Which posts are read as one: the first has the flags, the others are clean and of the same voice and language."""
    rng = np.random.default_rng(seed)
    clean: dict[tuple[str, str], list[int]] = {}
    for number, post in enumerate(posts):
        if post.clean and post.known is None:
            clean.setdefault((post.group, post.lang), []).append(number)
    words = [sum(len(sentence.split()) for sentence in post.sentences) for post in posts]
    found = []
    for number, post in enumerate(posts):
        if post.known is not None or WHOLE & set(post.quoted_windows) or rng.random() > SHARE:
            continue
        parts, wanted = [number], rng.uniform(*WORDS)
        for other in rng.permutation([n for n in clean.get((post.group, post.lang), []) if n != number]):
            if sum(words[n] for n in parts) >= wanted:
                break
            parts.append(int(other))
        if len(parts) > 1 and sum(words[n] for n in parts) >= LEAST_WORDS:
            found.append(parts)
    return found


def as_posts(posts: Sequence[Labelled], groups: Sequence[Sequence[int]]) -> list[Labelled]:
    """What combinations and cuts need to know of them; none is typical, since the length is in the probability."""
    found = []
    for group in groups:
        sentences = tuple(sentence for n in group for sentence in posts[n].sentences)
        detected = np.max([posts[n].detected for n in group], axis=0)
        found.append(replace(posts[group[0]], sentences=sentences, detected=detected, typical=False))
    return found


def lengths(posts: Sequence[Labelled]) -> Array:
    """(posts,): `learned.length` of each."""
    return np.array([length(len(post.sentences)) for post in posts])
