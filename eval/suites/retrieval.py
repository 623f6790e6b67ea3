"""Related threads: what is found, and how high it stands."""

from __future__ import annotations

from collections.abc import Sequence

from eval.loading import NotThere, shipped
from eval.metric import Case, Output
from eval.scorers import buried_thread, slow_or_dear
from eval.subjects import SITE, World
from eval.suite import Loaded, Section, Subject, Suite, cases_of
from eval.suites.retrieval_external import SECTIONS as EXTERNAL
from service.intake.post import NewPost


def load_queries() -> Loaded:
    """Posts with the sample threads a librarian would name beside them."""
    data = shipped("related_queries")
    return Loaded(cases_of(data.rows), data.version)


def load_questions() -> Loaded:
    """Answerable drafting questions and the threads their drafts should rest on."""
    data = shipped("drafting_questions")
    rows = [row for row in data.rows if row.answerable]
    if not rows:
        raise NotThere("no drafting question is answerable")
    return Loaded(cases_of(rows), data.version)


def find(world: World, _cases: Sequence[Case]) -> Subject:
    """`find_related` as `read_post` calls it, over the index of the sample community."""

    def subject(case: Case) -> Output:
        read = world.read(NewPost(site=SITE, external_id=case.id, title=case.row.title, body=case.row.body))
        return {
            "related": [thread.external_id for thread in read.evidence.related],
            "scores": [round(thread.score, 4) for thread in read.evidence.related],
            "ms": read.ms.get("retrieve"),
        }

    return subject


METRICS = (*buried_thread.metrics(margin=0.02), slow_or_dear.own_ms())

SUITE = Suite(
    "retrieval",
    1,
    "related threads through the real index",
    (
        Section("sample", "posts against the sample community", load_queries, find, METRICS),
        Section("questions", "drafting questions and the threads they rest on", load_questions, find, METRICS),
        *EXTERNAL,
    ),
)
