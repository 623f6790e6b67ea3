"""Where posts go, and the posts on which nobody may go wrong."""

from __future__ import annotations

from collections.abc import Sequence

from eval.loading import shipped
from eval.metric import Case, Metric, Output
from eval.reading import as_output, labelled, read_posts
from eval.scorers import false_alarm, misplaced_route, slow_or_dear
from eval.subjects import SITE, World
from eval.suite import Loaded, Section, Subject, Suite, cases_of
from service.intake.post import Author, NewPost


def load_golden() -> Loaded:
    """The must-pass cases."""
    data = shipped("golden")
    return Loaded(cases_of(data.rows, must_pass=True), data.version)


def read_golden(world: World, _cases: Sequence[Case]) -> Subject:
    """`read_post` on a golden post."""

    def subject(case: Case) -> Output:
        row = case.row
        author = Author(id="golden", role=row.author.role, level=row.author.level, company=row.author.company)
        return as_output(
            world.read(
                NewPost(site=SITE, external_id=row.id, title=row.title, body=row.body, kind=row.kind, author=author)
            )
        )

    return subject


SUITE = Suite(
    "routing",
    1,
    "routes of career posts, without any LLM",
    (
        Section(
            "golden", "posts on which nobody may go wrong", load_golden, read_golden,
            (Metric("golden", "a plain case goes wrong", misplaced_route.expected, margin=0.0, target=1.0),),
            shares_reading=True,
        ),
        Section(
            "held_out", "voices that no rule and no weight saw", labelled(True), read_posts,
            (
                *misplaced_route.metrics(margin=0.03), false_alarm.clean_published(margin=0.03),
                slow_or_dear.own_ms(),
            ),
            shares_reading=True,
        ),
        Section(
            "fitted", "voices that are not held out, most of them fitted on: for regressions, not for quality", labelled(False), read_posts,
            (*misplaced_route.metrics(margin=0.02), false_alarm.clean_published(margin=0.02, target=None)),
            shares_reading=True,
        ),
    ),
)  # fmt: skip
