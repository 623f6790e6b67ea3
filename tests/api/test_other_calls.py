from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from service.people import identity


def test_related_threads_while_somebody_types(service: Any) -> None:
    found = service.call(
        "POST", "/v1/related", json={"site": "acme", "title": "offer was low, can I negotiate", "k": 2}
    ).json()
    assert found["related"][0]["external_id"] == "t-offer"
    assert len(found["related"]) <= 2 and found["related"][0]["why"]


def test_a_deleted_thread_is_never_found_again(service: Any) -> None:
    ask = {"site": "acme", "title": "Too tired to open the laptop"}
    assert service.call("POST", "/v1/related", json=ask).json()["related"][0]["external_id"] == "t-burn"
    assert service.call("DELETE", "/v1/threads/acme/t-burn").status_code == 204
    assert "t-burn" not in service.call("POST", "/v1/related", json=ask).text
    assert service.call("DELETE", "/v1/threads/acme/t-burn").status_code == 404


def test_a_private_thread_is_never_found(service: Any) -> None:
    hidden = {
        "title": "Too tired, privately",
        "created_at": "2026-01-01T00:00:00Z",
        "visibility": "private",
        "body": "laptop tired",
    }
    service.call("PUT", "/v1/threads/acme/t-hidden", json=hidden)
    assert (
        "t-hidden"
        not in service.call("POST", "/v1/related", json={"site": "acme", "title": "Too tired, privately"}).text
    )


def test_what_an_opted_out_author_wrote_is_never_shown(service: Any) -> None:
    ask = {"site": "acme", "title": "Ask once, in writing, with one number and one reason?"}
    assert "one number and one reason" in service.call("POST", "/v1/related", json=ask).text
    assert service.call("PUT", "/v1/authors/acme/mentor-1", json={"reuse": "opted_out"}).status_code == 200
    assert "one number and one reason" not in service.call("POST", "/v1/related", json=ask).text


def test_a_thread_that_asks_the_same_is_a_likely_duplicate_with_answers_or_without(service: Any) -> None:
    title, body = (
        "Two offers and one deadline",
        "One expires on Friday, the other comes a week later. May I ask for time?",
    )
    thread = {"title": title, "body": body, "created_at": "2026-01-01T00:00:00Z"}
    assert service.call("PUT", "/v1/threads/acme/t-same", json=thread).status_code in (200, 201)
    found = service.call("POST", "/v1/related", json={"site": "acme", "title": title, "body": body}).json()["related"]
    assert found[0]["external_id"] == "t-same" and found[0]["duplicate_probability"] > 0.9
    assert all(thread["duplicate_probability"] < 0.3 for thread in found[1:])


def test_present_tags_are_not_suggested_again(service: Any) -> None:
    ask = {"site": "acme", "title": "How do I get promoted to senior?", "present": ["promotion"], "max": 3}
    tags = [t["tag"] for t in service.call("POST", "/v1/tags/suggest", json=ask).json()["tags"]]
    assert "promotion" not in tags and len(tags) <= 3
    vocabulary = {t["tag"] for t in service.call("GET", "/v1/tags").json()["tags"]}
    assert set(tags) <= vocabulary and len(vocabulary) == 41


def test_an_import_runs_as_a_job_and_reports_bad_lines(start: Callable[..., Any]) -> None:
    service = start(jobs=True)
    good = {"external_id": "i1", "title": "Imported question about layoffs", "created_at": "2026-01-01T00:00:00Z"}
    raw = json.dumps(good) + "\nnot json\n" + json.dumps({"external_id": "i2"}) + "\n"
    begun = service.call("POST", "/v1/imports?site=acme", content=raw.encode())
    assert begun.status_code == 202
    state = begun.json()
    for _ in range(100):
        state = service.call("GET", f"/v1/imports/{state['id']}").json()
        if state["state"] == "done":
            break
        time.sleep(0.1)
    assert state["report"]["imported"] == 1 and state["report"]["refused"] == 2
    assert [b["line"] for b in state["report"]["bad"]] == [2, 3]
    found = service.call("POST", "/v1/related", json={"site": "acme", "title": "Imported question about layoffs"})
    assert found.json()["related"][0]["external_id"] == "i1"


def test_an_import_without_a_site_is_one_of_the_keys_own(service: Any) -> None:
    begun = service.call("POST", "/v1/imports", role="stranger", content=b"")
    assert (begun.status_code, begun.json()["site"]) == (202, "elsewhere")
    assert service.call("POST", "/v1/imports", role="mentor", content=b"").status_code == 403
    with service.stations.database.write() as session:
        service.keys["every"] = identity.create_key(session, "admin", "*", service.stations.clock())
    unsaid = service.call("POST", "/v1/imports", role="every", content=b"")
    assert (unsaid.status_code, unsaid.json()["field"]) == (422, "site")


def test_the_official_client_reads_moderations(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    import openai
    import uvicorn

    config = uvicorn.Config(service.client.app, host="127.0.0.1", port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=service.keys["site"]) as client:
            answer = client.moderations.create(input=["I want to end my life.", "How do I ask for a raise?"])
    finally:
        server.should_exit = True
        thread.join()
    assert answer.results[0].flagged and answer.results[0].categories.self_harm
    assert not answer.results[1].flagged
    assert answer.results[0].category_scores.self_harm > 0.5 > answer.results[1].category_scores.self_harm
    assert answer.results[1].category_scores.hate < 0.1 and not answer.results[1].categories.hate


def test_what_only_our_policy_knows_is_beside_openais_categories(service: Any) -> None:
    asked = {
        "input": "Join my crypto course, 5000 dollars a week! https://bit.ly/x https://bit.ly/y use code RICH now!!!"
    }
    result = service.call("POST", "/v1/moderations", json=asked).json()["results"][0]
    assert not result["flagged"] and not any(result["categories"].values())
    assert "spam_promotion" in {flag["category"] for flag in result["answerloop"]["flags"]}


def test_health_names_its_parts(service: Any) -> None:
    assert service.call("GET", "/healthz", role=None).json() == {"status": "ok"}
    ready = service.call("GET", "/readyz", role=None)
    assert ready.status_code == 200 and ready.json()["parts"] == {"database": "ok", "vectors": "ok", "embedder": "ok"}


def test_every_call_is_documented(service: Any) -> None:
    paths = service.call("GET", "/openapi.json", role=None).json()["paths"]
    for path in (
        "/v1/posts",
        "/v1/related",
        "/v1/tags/suggest",
        "/v1/moderations",
        "/v1/drafts",
        "/v1/imports",
        "/v1/webhooks",
    ):
        assert path in paths
