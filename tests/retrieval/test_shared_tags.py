"""Each related thread names the tags that it shares with the post."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from service.app import Adapters
from service.models.scripted import ScriptedBackend
from service.retrieval.evidence import RelatedThread, sharing
from tests.degraded.conftest import *

OFFER = ("How to negotiate a first offer", "They offered less than I hoped. Can I ask for more?")


def shared(related: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {thread["external_id"]: thread["shared_tags"] for thread in related}


def thread(*tags: str) -> RelatedThread:
    return RelatedThread(
        thread_id="1", site="acme", external_id="t", title="T", url=None, score=0.5, duplicate_probability=0.1,
        passage="P", passage_id="p", why="W", tags=list(tags),
    )  # fmt: skip


def test_shared_are_the_threads_tags_that_the_post_has_in_the_threads_order() -> None:
    before = thread("b", "a", "c")
    (after,) = sharing([before], {"a", "b", "d"})
    assert after.shared_tags == ["b", "a"] and before.shared_tags == []


def test_a_post_shares_the_tags_it_brought_and_those_suggested(service: Any) -> None:
    made = service.post("p1", *OFFER, tags=["compensation"]).json()
    assert "offer-negotiation" in {tag["tag"] for tag in made["tags"]}
    assert shared(made["related"])["t-offer"] == ["offer-negotiation", "compensation"]
    assert shared(made["related"]).get("t-burn", []) == []
    again = service.call("GET", f"/v1/posts/{made['post_id']}").json()["assessment"]
    assert shared(again["related"]) == shared(made["related"])


def test_a_tag_that_the_model_drops_is_no_longer_shared(by_hand: Callable[..., Any]) -> None:
    says = {"tags": [{"tag": "offer-negotiation", "keep": False, "reason": "Not the topic.", "probability": 0.1}]}
    service = by_hand(Adapters(completions=ScriptedBackend([says])), tag_model="openai/gpt-4.1-mini")
    made = service.post("p1", *OFFER, tags=["compensation"]).json()
    assert service.run_jobs() == ["read_deep"]
    newest = service.call("GET", f"/v1/posts/{made['post_id']}").json()["assessment"]
    assert newest["lane"] == "deep" and shared(newest["related"])["t-offer"] == ["compensation"]


def test_while_somebody_types_the_tags_chosen_so_far_are_shared(service: Any) -> None:
    ask = {"site": "acme", "title": OFFER[0], "body": OFFER[1]}
    chosen = service.call("POST", "/v1/related", json=ask | {"tags": ["compensation", "burnout"]}).json()["related"]
    assert shared(chosen)["t-offer"] == ["compensation"]
    assert set(map(tuple, shared(service.call("POST", "/v1/related", json=ask).json()["related"]).values())) == {()}
    assert service.call("POST", "/v1/related", json=ask | {"tags": [""]}).status_code == 422
