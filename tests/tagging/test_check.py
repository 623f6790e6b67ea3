"""The model that checks tags is given the vocabulary of the post's site."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from service.app import Adapters
from service.intake.normalise import normalise
from service.intake.post import Author, Post
from service.models.embedder import BundledEmbedder
from service.models.scripted import ScriptedBackend
from service.shadowing import with_labels
from service.tagging import versions
from service.tagging.fit_site import fit_texts
from tests.degraded.conftest import *
from tests.tagging.test_tagger import NOW, TINY, texts

MODEL = "openai/gpt-4.1-mini"
KNIFE = ("A dull blade", "Should I use a whetstone for honing the steel edge?")


def says(*tags: str) -> dict[str, Any]:
    return {"tags": [{"tag": tag, "keep": True, "reason": "It is the topic.", "probability": 0.7} for tag in tags]}


def asked(backend: ScriptedBackend, number: int) -> str:
    return "\n".join(message.content for message in backend.requests[number].messages)


def enum(backend: ScriptedBackend, number: int) -> list[str]:
    schema: Any = backend.requests[number].schema
    return list(schema["properties"]["tags"]["items"]["properties"]["tag"]["enum"])


@pytest.fixture
def kitchen(by_hand: Callable[..., Any], embedder: BundledEmbedder) -> Callable[..., tuple[Any, ScriptedBackend]]:
    """Starts a service where the site `acme` has a vocabulary of its own."""
    made = fit_texts(texts(), TINY, embedder, origin={})

    def run(*lines: Any) -> tuple[Any, ScriptedBackend]:
        backend = ScriptedBackend(lines)
        service = by_hand(Adapters(completions=backend), tag_model=MODEL)
        with service.stations.database.write() as session:
            row = versions.add(session, "acme", TINY, made.weights, "x", made.report, None, NOW)
            versions.move(session, "acme", row.number, "x", "first", NOW)
        return service, backend

    return run


def test_a_site_with_its_own_vocabulary_has_its_tags_checked_against_it(kitchen: Callable[..., Any]) -> None:
    service, backend = kitchen(says("knives", "soup"))
    made = service.post("p1", *KNIFE).json()
    assert service.run_jobs() == ["read_deep"]
    assert enum(backend, 0) == ["bread", "soup", "knives"]
    assert "Questions about bread" in asked(backend, 0) and "offer-negotiation" not in asked(backend, 0)
    newest = service.call("GET", f"/v1/posts/{made['post_id']}").json()["assessment"]
    assert {tag["tag"] for tag in newest["tags"]} >= {"knives", "soup"}
    replayed = service.call("POST", "/v1/prompts/replay", role="admin", json={"assessment": newest["id"]})
    assert [(call["prompt"], call["same"]) for call in replayed.json()["calls"]] == [("check_tags", True)]


def test_a_copy_of_the_checker_and_a_site_without_a_vocabulary(kitchen: Callable[..., Any]) -> None:
    service, backend = kitchen(says("bread"), says("burnout"))
    checker = with_labels(service.stations.deep_lane.tag_checker, service.stations.labels)
    for site, tag in (("acme", "bread"), ("elsewhere", "burnout")):
        post = Post(
            id=site, site=site, external_id="p", title=KNIFE[0], body=KNIFE[1], author=Author(id="a"), received_at=NOW
        )
        assert [found.tag for found in checker.check(post, normalise(post), []).tags] == [tag]
    assert enum(backend, 0) == ["bread", "soup", "knives"]
    assert "offer-negotiation" in enum(backend, 1) and "Questions about bread" not in asked(backend, 1)
