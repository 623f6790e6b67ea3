"""What happens when a part fails: the post is kept, the failure is told, and nothing failed becomes a verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eval.metric import Case, Output
from eval.scorers import lost_post
from eval.subjects import NOW, SITE, World
from eval.suite import Loaded, Section, Subject, Suite
from eval.suites.failing_models import REPLIES, Failing
from service.errors import ModelFailed, StoreUnavailable
from service.flagging.flag import Route
from service.intake.normalise import normalise
from service.intake.post import NewPost

CLEAN = "How do I tell my manager that I want to move to another team without burning the bridge? We get on well."
URGENT = "My performance review was unfair, and I have been thinking about how to end my life since Friday."


@dataclass(frozen=True)
class Fault:
    """A part of the fast lane that raises."""

    part: str
    error: Callable[[], Exception]


FAULTS = {
    "embedder": Fault("embedder", lambda: ModelFailed("the embedding model failed")),
    "vectors": Fault("finder", lambda: StoreUnavailable("the vectors cannot be read")),
    "tagger": Fault("tagger", lambda: RuntimeError("broken")),
    "flag_reader": Fault("flag_reader", lambda: RuntimeError("broken")),
    "finder_bug": Fault("finder", lambda: KeyError("thread")),
}
READ_WITH = {"finder": "find_related", "tagger": "suggest", "flag_reader": "read", "embedder": "embed_parts"}


class Broken:
    """Stands in for a part; everything but the method that fails is the part's own."""

    def __init__(self, whole: Any, method: str, error: Callable[[], Exception]) -> None:
        self._whole, self._method, self._error = whole, method, error

    def __getattr__(self, name: str) -> Any:
        if name == self._method:
            return self._fail
        return getattr(self._whole, name)

    def _fail(self, *_args: Any, **_kwargs: Any) -> Any:
        raise self._error()


def load_readers() -> Loaded:
    """Every fault with a clean and an urgent post."""
    cases = [Case(f"{name}-{kind}", (FAULTS[name], kind), name) for name in FAULTS for kind in ("clean", "urgent")]
    return Loaded(cases, "1")


def break_readers(world: World, _cases: Sequence[Case]) -> Subject:
    """`assess_post` with a broken part."""
    from service.assess_post import assess_post

    def subject(case: Case) -> Output:
        fault, kind = case.row
        readers = world.stations.readers
        broken = Broken(getattr(readers, fault.part), READ_WITH[fault.part], fault.error)
        changed: dict[str, Any] = {fault.part: broken}
        readers = replace(readers, **changed)
        text = CLEAN if kind == "clean" else URGENT
        post = NewPost(site=SITE, external_id=f"fault-{case.id}", title="A question", body=text)
        began = time.monotonic()
        made = assess_post(readers, post, "none", lambda *_: None, lambda *_: None)
        flags_read = not any(d.part == "flags" for d in made.assessment.degraded_because)
        to = made.assessment.route.to
        return {
            "kept": bool(made.post.id), "told": made.assessment.degraded,
            "no_verdict": (to != "publish" if not flags_read else True) and (kind == "clean" or to != "publish"),
            "in_time": time.monotonic() - began < 5, "route": to,
            "because": [f"{d.part}: {d.reason}" for d in made.assessment.degraded_because],
        }  # fmt: skip

    return subject


def load_models() -> Loaded:
    """Every way in which a model fails, while drafting and while reading flags."""
    return Loaded([Case(f"{name}-{task}", (name, task), name) for name in REPLIES for task in ("draft", "flags")], "1")


def break_models(world: World, _cases: Sequence[Case]) -> Subject:
    """Drafter and deep reader with a model that fails."""
    backend = Failing()
    settings = world.settings(
        world.scratch("fault"), draft_model="openai/failing", flag_model="openai/failing", model_deadline_s=3.0
    )
    lane = world.build(settings, backend).deep_lane
    post = NewPost(site=SITE, external_id="fault", title="Moving teams", body=CLEAN)
    evidence = world.read(post).evidence

    def subject(case: Case) -> Output:
        name, task = case.row
        began = time.monotonic()
        with backend.failing(name):
            if task == "draft":
                draft = lane.drafter.write(post, normalise(post), evidence, Route(to="publish"), today=NOW.date())
                told = draft.status != "ready" or bool(draft.notes)
                invented = any(s.grounding == "supported" and not s.sources for s in draft.sentences)
                return {
                    "kept": True,
                    "told": told,
                    "no_verdict": not invented,
                    "in_time": time.monotonic() - began < 4.5,
                }
            assert lane.deep_reader is not None
            fast = Route(to="review", because=["crisis_distress"])
            try:
                read = lane.deep_reader.read(post, normalise(post), [], fast, person_has_seen=False)
                told, kept_route = name in ("no_flags",), read.route
            except ModelFailed:
                told, kept_route = True, lane.deep_reader.route_after_failure([], fast)
            seconds = time.monotonic() - began
            return {"kept": True, "told": told, "no_verdict": kept_route.to == "review", "in_time": seconds < 4.5}

    return subject


SUITE = Suite(
    "fault",
    1,
    "parts that fail",
    (
        Section("readers", "a reader of the fast lane fails", load_readers, break_readers, lost_post.metrics()),
        Section("models", "a language model fails", load_models, break_models, lost_post.metrics()),
    ),
)
