"""Topic tags of career posts: the first tag, the first three, calibration, coverage."""

from __future__ import annotations

from eval.metric import Metric
from eval.reading import labelled, read_posts
from eval.scorers import invented_tag, missed_tag, wrong_tag
from eval.subjects import REPOSITORY
from eval.suite import Section, Suite
from eval.suites.tags_external import SECTIONS as EXTERNAL
from eval.suites.with_model import check_tags, section


def vocabulary() -> tuple[str, ...]:
    """The closed vocabulary as shipped."""
    from service.tagging.taxonomy import load_taxonomy

    folder = REPOSITORY / "prompts" / "taxonomy" / "tech-career"
    return tuple(load_taxonomy(sorted(folder.glob("*.yaml"))[-1]).names)


def metrics(margin: float, targets: bool) -> tuple[Metric, ...]:
    """The figures of one group of voices."""
    tags = vocabulary()
    return (
        *wrong_tag.metrics(tags, margin=margin, targets=targets),
        missed_tag.metric(3, margin=margin, target=0.75 if targets else None),
        missed_tag.metric(5),
        invented_tag.metric(tags),
    )


SUITE = Suite(
    "tags",
    1,
    "tags suggested for career posts",
    (
        Section(
            "held_out", "voices that no weight was fitted on", labelled(True, lambda row: bool(row.tags)), read_posts,
            metrics(0.03, True), shares_reading=True,
        ),
        Section(
            "fitted", "voices that are not held out, most of them fitted on: for regressions, not for quality",
            labelled(False, lambda row: bool(row.tags)), read_posts, metrics(0.02, False), shares_reading=True,
        ),
        section("held-out voices, checked by TAG_MODEL as well", check_tags, metrics(0.03, True)),
        *EXTERNAL,
    ),
)  # fmt: skip
