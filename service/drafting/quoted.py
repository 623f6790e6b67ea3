"""How near a claim is to the words it quotes: the check of claims that bring their evidence with them.

The support model was fitted on claims beside whole passages; what a capable model writes (one thought, in new words, with the words
it rests on) scores low there though readers find it supported. By then the quote is known to stand in the passage, so what
is left to ask is whether claim and quote speak of the same thing: the cosine of their vectors. Cuts from 240 claims that
two readers judged (decision 0012); claims beside another claim's quote from the same draft are held out by them.
"""

from __future__ import annotations

from collections.abc import Sequence

from service.drafting.draft import Grounding
from service.drafting.sentences import words
from service.drafting.support import FITTED_ON
from service.drafting.support_features import NEGATIONS
from service.models.embedder import Embedder

SUPPORTED, PARTIAL = 0.50, 0.40
"""Cosines from which on a claim counts as supported, and as partly supported."""


def grounding(claim: str, quotes: Sequence[str], embedder: Embedder) -> Grounding | None:
    """What a claim is worth beside its verified quotes; None where they do not speak of the same thing, where there is none,
    and for vectors of another model, whose cosines lie elsewhere.

    Where one of the two denies and the other does not, only what is near counts, and only in part.
    """
    if not quotes or embedder.name != FITTED_ON:
        return None
    one, other = embedder.embed([claim, " … ".join(quotes)])
    near = float(one @ other)
    if near < PARTIAL:
        return None
    if _denies(claim) != any(map(_denies, quotes)):
        return "partial" if near >= SUPPORTED else None
    return "supported" if near >= SUPPORTED else "partial"


def _denies(text: str) -> bool:
    return bool(NEGATIONS.intersection(words(text)))
