"""Whatever the language model does, the post is kept, the draft says what happened, and no route changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from service.app import Adapters
from service.models.scripted import ScriptedBackend
from tests.degraded.conftest import PROMOTION, WritingServer

FAULTS = {
    "silent": "deadline_exceeded",
    "hang": "deadline_exceeded",
    "broken": "model_failed",
    "html": "unusable_reply",
    "closes": "unusable_reply",
    "wrong": "unusable_reply",
    "truncated": "unusable_reply",
    "empty": "unusable_reply",
    "refuses": "model_refused",
}


def draft_of(service: Any, made: dict[str, Any]) -> dict[str, Any]:
    draft: dict[str, Any] = service.call("GET", f"/v1/drafts/{made['draft']['id']}").json()
    return draft


def newest(service: Any, made: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = service.call("GET", f"/v1/posts/{made['post_id']}").json()["assessment"]
    return found


@pytest.mark.parametrize(("model", "reason"), FAULTS.items())
def test_a_model_that_fails_leaves_a_scaffold_and_says_so(
    by_hand: Callable[..., Any], server: WritingServer, model: str, reason: str
) -> None:
    deadline_s = 1.0 if reason == "deadline_exceeded" else 20.0
    service = by_hand(draft_model=f"openai/{model}", model_deadline_s=deadline_s)
    made = service.post("p1", *PROMOTION, draft="async").json()
    assert service.run_jobs() == ["write_draft"]
    draft = draft_of(service, made)
    assert (draft["status"], draft["kind"]) == ("ready", "scaffold")
    assert all(sentence["sources"] for sentence in draft["sentences"] if sentence["section"] == "agree")
    after = newest(service, made)
    assert after["lane"] == "deep" and after["degraded"]
    assert after["degraded_because"] == [{"part": "draft", "reason": reason, "reader": "deep"}]
    assert after["route"] == made["route"] and after["flags"] == made["flags"] and after["tags"] == made["tags"]
    assert service.client.get("/healthz").status_code == 200
    assert service.post("p2", *PROMOTION).status_code == 201


def test_a_model_elsewhere_writes_a_draft_whose_sentences_were_shown_to_it(
    by_hand: Callable[..., Any], server: WritingServer
) -> None:
    service = by_hand(draft_model="openai/writes")
    made = service.post("p1", *PROMOTION, draft="async").json()
    service.run_jobs()
    draft = draft_of(service, made)
    assert (draft["status"], draft["kind"]) == ("ready", "answer")
    assert {source["thread_id"] for s in draft["sentences"] for source in s["sources"]} <= {
        thread["thread_id"] for thread in made["related"]
    }
    after = newest(service, made)
    assert not after["degraded"]
    assert after["provenance"]["models"] == ["openai/writes"]
    used = after["provenance"]["prompts"]
    assert [prompt["name"] for prompt in used] == ["draft_answer"] and used[0]["rendered_sha256"]
    assert after["provenance"]["usage"]["input_tokens"] > 0
    assert server.asked == {"writes": 1}


def test_what_models_took_that_wrote_nothing_usable_stands_in_the_record(by_hand: Callable[..., Any]) -> None:
    backend = ScriptedBackend(["Sure! Here is what I think about it."] * 2)
    service = by_hand(Adapters(completions=backend), draft_model="openai/gpt-4.1-mini")
    made = service.post("p1", *PROMOTION, draft="async").json()
    service.run_jobs()
    told = newest(service, made)["provenance"]
    assert told["usage"]["input_tokens"] == 20 and told["usage"]["cost_usd"] > 0 and told["prompts"] == []
    assert draft_of(service, made)["provenance"]["cost_usd"] == told["usage"]["cost_usd"]


def test_the_second_model_of_a_chain_writes_when_the_first_is_broken(
    by_hand: Callable[..., Any], server: WritingServer
) -> None:
    service = by_hand(draft_model="openai/closes,openai/writes,local/SmolLM2-135M-Instruct", model_deadline_s=10)
    made = service.post("p1", *PROMOTION, draft="async").json()
    service.run_jobs()
    draft = draft_of(service, made)
    assert draft["kind"] == "answer" and draft["provenance"]["model"] == "openai/writes"
    assert not newest(service, made)["degraded"]


def test_the_bundled_model_at_the_end_of_a_chain_gets_its_own_prompt(
    by_hand: Callable[..., Any], server: WritingServer
) -> None:
    service = by_hand(draft_model="openai/closes,openai/refuses,local/SmolLM2-135M-Instruct")
    made = service.post("p1", *PROMOTION, draft="async").json()
    service.run_jobs()
    draft = draft_of(service, made)
    assert draft["status"] == "ready"
    assert draft["provenance"]["model"] == "local/SmolLM2-135M-Instruct"
    assert draft["provenance"]["prompt"]["name"] == "draft_small"
    assert draft["provenance"]["fell_back_because"] == "model_refused"
    assert not newest(service, made)["degraded"]


def test_drafting_that_is_switched_off_leaves_the_post_to_people(by_hand: Callable[..., Any]) -> None:
    service = by_hand(drafts_enabled=False)
    made = service.post("p1", *PROMOTION, draft="async").json()
    assert made["draft"] is None and not service.run_jobs()


def test_the_kill_switch_at_run_time_leaves_a_scaffold_to_people_and_says_so(by_hand: Callable[..., Any]) -> None:
    service = by_hand()
    off = {"on": False, "reason": "invents facts"}
    assert service.call("PUT", "/v1/switches/draft", "admin", json=off).json()["on"] is False
    made = service.post("p1", *PROMOTION, draft="async").json()
    service.run_jobs()
    draft = draft_of(service, made)
    assert draft["kind"] == "scaffold" and any("feature_off" in note for note in draft["notes"])
    after = newest(service, made)
    assert after["degraded_because"] == [{"part": "draft", "reason": "feature_off", "reader": "deep"}]
    assert after["route"] == made["route"]
    service.call("PUT", "/v1/switches/draft", "admin", json={"on": True, "reason": "mended"})
    again = service.post("p2", *PROMOTION, draft="async").json()
    service.run_jobs()
    assert not newest(service, again)["degraded"]
