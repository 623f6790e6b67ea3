from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from service.app import Adapters
from service.models.scripted import ScriptedBackend
from tests.degraded.conftest import PROMOTION
from tests.furnished import THREADS, thread
from tests.prompting.conftest import second
from tests.prompting.test_shadowing import MODEL, writes

NO_FLAGS = {"flags": [], "summary": "A question about a promotion."}


def replayed(service: Any, assessment: str, **more: Any) -> Any:
    return service.call("POST", "/v1/prompts/replay", role="admin", json={"assessment": assessment} | more)


def assessed(service_on: Callable[..., Any], *lines: Any) -> tuple[Any, dict[str, Any]]:
    service = service_on(Adapters(completions=ScriptedBackend(lines)), draft_model=MODEL, flag_model=MODEL)
    made = service.post("p1", *PROMOTION, draft="async").json()
    assert service.run_jobs() == ["read_deep", "write_draft"]
    return service, service.call("GET", f"/v1/posts/{made['post_id']}").json()["assessment"]


def test_every_model_call_of_an_assessment_is_made_anew_with_the_same_words(service_on: Callable[..., Any]) -> None:
    service, made = assessed(service_on, NO_FLAGS, writes)
    calls = replayed(service, made["id"]).json()["calls"]
    assert [(call["prompt"], call["same"]) for call in calls] == [("flag_post", True), ("draft_answer", True)]
    assert all(call["recorded_sha256"] == call["rendered_sha256"] for call in calls)
    assert PROMOTION[0] in calls[1]["messages"][-1]["content"]
    assert replayed(service, made["post_id"]).json()["assessment_id"] == made["id"]


def test_a_replay_follows_the_recorded_version_and_evidence_not_the_present_ones(
    service_on: Callable[..., Any], folder: Path
) -> None:
    service, made = assessed(service_on, NO_FLAGS, writes)
    version = second(folder, "draft_answer")
    service.stations.labels.move("draft_answer", "production", version, by="ada", reason="newer")
    external_id, title, tags, body, answer = THREADS[0]
    assert service.call(
        "PUT", f"/v1/threads/acme/{external_id}", json=thread(title, tags, body, answer + " Be kind.")
    ).is_success
    calls = replayed(service, made["id"]).json()["calls"]
    assert [(call["version"], call["same"]) for call in calls] == [("1.0.0", True), ("1.0.0", True)]


def test_a_deleted_source_is_sent_to_no_model_again(service_on: Callable[..., Any]) -> None:
    service, made = assessed(service_on, NO_FLAGS, writes)
    assert "Write down what changed" in json.dumps(replayed(service, made["id"]).json())
    service.call("DELETE", "/v1/threads/acme/t-promo")
    calls = replayed(service, made["id"]).json()["calls"]
    assert calls[1]["same"] is not True and "Write down what changed" not in json.dumps(calls)


def test_a_changed_file_is_seen(service_on: Callable[..., Any], folder: Path) -> None:
    service, made = assessed(service_on, NO_FLAGS, writes)
    path = folder / "draft_answer" / "1.0.0.md"
    path.write_text(path.read_text("utf-8").replace("Write the draft.", "Write the draft now."), "utf-8")
    calls = replayed(service, made["id"]).json()["calls"]
    assert [call["same"] for call in calls] == [True, False]
    path.unlink()
    gone = replayed(service, made["id"]).json()["calls"][1]
    assert gone["same"] is None and "is gone" in gone["because"]


def test_a_replay_can_ask_again(service_on: Callable[..., Any]) -> None:
    service, made = assessed(service_on, NO_FLAGS, writes, NO_FLAGS)
    calls = replayed(service, made["id"], ask=True).json()["calls"]
    assert '"summary": "A question about a promotion."' in calls[0]["reply"]
    assert '"form": "answer"' in calls[1]["reply"]  # the same question was kept


def test_an_erased_post_cannot_be_replayed(service_on: Callable[..., Any]) -> None:
    service, made = assessed(service_on, NO_FLAGS, writes)
    service.call("DELETE", f"/v1/posts/{made['post_id']}")
    assert replayed(service, made["id"]).status_code == 404
    assert service.call("POST", "/v1/prompts/replay", role="moderator", json={"assessment": "x"}).status_code == 403


def written_anew(service: Any, draft: str, **wish: Any) -> dict[str, Any]:
    """The newest assessment of the post after a draft was written anew beside `draft`."""
    etag = service.call("GET", f"/v1/drafts/{draft}", "mentor").headers["etag"]
    anew = service.call("POST", f"/v1/drafts/{draft}/regenerate", "mentor", json=wish, headers={"If-Match": etag})
    assert anew.status_code == 202 and service.run_jobs() == ["write_draft"]
    found: dict[str, Any] = service.call("GET", f"/v1/posts/{anew.json()['post_id']}").json()["assessment"]
    return found


def test_drafts_written_anew_are_asked_for_with_the_same_words(service_on: Callable[..., Any]) -> None:
    service, made = assessed(service_on, NO_FLAGS, writes, writes, writes)
    draft = made["draft"]["id"]
    written_anew(service, draft, form="answer", instruction="shorter")
    first = service.call("GET", f"/v1/drafts/{draft}", "mentor").json()["sentences"][0]
    after = written_anew(service, draft, sentence_id=first["id"], instruction="kinder")
    calls = replayed(service, after["id"]).json()["calls"][1:]
    assert [call["same"] for call in calls] == [True] * 3
    assert "Write an answer, not a scaffold. shorter" in calls[1]["messages"][-1]["content"]
    assert first["text"] in calls[2]["messages"][-1]["content"] and "kinder" in calls[2]["messages"][-1]["content"]


def test_a_danger_found_after_the_draft_was_written_does_not_hide_what_was_asked(
    service_on: Callable[..., Any],
) -> None:
    danger = {
        "category": "self_harm_risk", "clause": "5.1", "quotes": ["How do I write that down?"], "reason": "r",
        "counter_reading": "c", "probability": 0.99,
    }  # fmt: skip
    lines = writes, {"flags": [danger], "summary": "s"}
    service = service_on(Adapters(completions=ScriptedBackend(lines)), draft_model=MODEL, flag_model=MODEL)
    made = service.post("p1", *PROMOTION, draft="async").json()
    service.jobs.waiting.reverse()
    assert service.run_jobs() == ["write_draft", "read_deep"]
    after = service.call("GET", f"/v1/posts/{made['post_id']}").json()["assessment"]
    assert after["route"]["to"] == "urgent_review"
    calls = replayed(service, after["id"]).json()["calls"]
    assert [(call["prompt"], call["same"]) for call in calls] == [("draft_answer", True), ("flag_post", True)]


def supports(request: Any) -> dict[str, Any]:
    """A second reader that believes every claim."""
    count = request.messages[-1].content.count("<<<claim") or 9
    return {"verdicts": [{"claim": n, "reason": "r", "verdict": "supported"} for n in range(1, count + 1)]}


def test_the_second_reader_of_a_draft_stands_in_the_record_with_what_it_cost(service_on: Callable[..., Any]) -> None:
    lines = writes, supports
    service = service_on(Adapters(completions=ScriptedBackend(lines)), draft_model=MODEL, nli_model=MODEL)
    made = service.post("p1", *PROMOTION, draft="async").json()
    service.run_jobs()
    after = service.call("GET", f"/v1/posts/{made['post_id']}").json()["assessment"]
    draft = service.call("GET", f"/v1/drafts/{made['draft']['id']}", "mentor").json()
    assert draft["assessment_id"] == made["id"]
    used, second = draft["provenance"], draft["provenance"]["second_reader"]
    assert [prompt["name"] for prompt in after["provenance"]["prompts"]] == ["draft_answer", "check_support"]
    assert second["input_tokens"] == 10 and second["cost_usd"] > 0
    usage = after["provenance"]["usage"]
    assert usage["cost_usd"] == used["cost_usd"] + second["cost_usd"] and usage["input_tokens"] == 20
    assert "second_reader" in after["provenance"]["ms"]
    told = replayed(service, after["id"]).json()["calls"][1]
    assert told["same"] is None and "is not kept" in told["because"]
