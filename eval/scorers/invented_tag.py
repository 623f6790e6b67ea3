"""A tag that the site does not have, more tags than it allows, or one that stands there already."""

from __future__ import annotations

from collections.abc import Collection

from eval.metric import Case, Marks, Metric, Output, once
from eval.scorers.wrong_tag import suggested


def metric(vocabulary: Collection[str], most: int = 5) -> Metric:
    """Share of posts whose suggestions keep to the vocabulary and the maximum."""

    def marks(_case: Case, output: Output) -> Marks:
        tags = suggested(output)
        return once(set(tags) <= set(vocabulary) and len(tags) <= most and len(set(tags)) == len(tags))

    return Metric("tags within the vocabulary", "a tag is invented", marks, margin=0.0, target=1.0, by_slice=False)
