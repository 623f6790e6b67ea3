"""The deep lane on career posts: what a language model adds to flags and tags. Skipped where no model is named.

`python -m eval run flags tags --flag-model … --tag-model …` needs that model's recordings or its answers to a batch file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from eval.loading import NotThere
from eval.metric import Case, Output
from eval.reading import as_output, labelled
from eval.subjects import NOW, World, as_new_post
from eval.suite import Section, Subject
from service.assess_post import ReadPost
from service.intake.post import NewPost, Post
from service.models.gateway import Completion, Gateway, ModelCall
from service.shadowing import with_labels


class Again:
    """A gateway whose calls carry the number of the repeat, so that each is a request of its own."""

    def __init__(self, gateway: Gateway, repeat: int) -> None:
        self._gateway = gateway
        self._repeat = repeat

    def complete(self, call: ModelCall) -> Completion:
        """As the gateway. Raises ModelFailed."""
        return self._gateway.complete(replace(call, repeat=self._repeat))


def read_flags(world: World, _cases: Sequence[Case]) -> Subject:
    """Flags and route of both lanes, merged as the deep lane does. Raises NotThere without FLAG_MODEL."""
    stations = world.stations
    reader = stations.deep_lane.deep_reader
    if reader is None:
        raise NotThere("no model reads flags; name one with --flag-model")

    def subject(case: Case) -> Output:
        sent = as_new_post(case.row)
        fast = world.read(sent)
        again = with_labels(reader, stations.labels, Again(stations.gateway, case.repeat))
        deep = again.read(sent, fast.readable, fast.flags, fast.route, person_has_seen=False)
        output = as_output(_changed(fast, flags=deep.flags, route=deep.route))
        return {**output, "fast": as_output(fast)["flags"], "unfounded": deep.unfounded}

    return subject


def check_tags(world: World, _cases: Sequence[Case]) -> Subject:
    """Tags as the model leaves them. Raises NotThere without TAG_MODEL."""
    stations = world.stations
    checker = stations.deep_lane.tag_checker
    if checker is None:
        raise NotThere("no model checks tags; name one with --tag-model")

    def subject(case: Case) -> Output:
        sent = as_new_post(case.row)
        fast = world.read(sent)
        again = with_labels(checker, stations.labels, Again(stations.gateway, case.repeat))
        checked = again.check(_as_post(sent), fast.readable, fast.tags)
        return {**as_output(_changed(fast, tags=checked.tags)), "fast": [[t.tag, t.probability] for t in fast.tags]}

    return subject


def section(what: str, subject: object, metrics: tuple[object, ...]) -> Section:
    """The held-out voices, read with a model."""
    keep = (lambda row: bool(row.tags)) if subject is check_tags else (lambda _row: True)
    return Section(
        "with_model", what, labelled(True, keep), subject, metrics, external=True, asks_model=True,  # type: ignore[arg-type]
        shares_reading=True,
    )  # fmt: skip


def _changed(read: ReadPost, **parts: object) -> ReadPost:
    return ReadPost(**{**vars(read), **parts})


def _as_post(sent: NewPost) -> Post:
    values = {name: getattr(sent, name) for name in NewPost.model_fields}
    return Post.model_construct(**values, id=sent.external_id, received_at=NOW, revision=1)
