"""A deleted thread, an author who opted out, an erased post: their words stand in no table afterwards."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from service import assessment as assessments
from service.app import Adapters
from service.drafting.tables import DraftRow
from service.intake import repository as posts
from service.migrations.tables import metadata
from service.models import cache
from service.models.cache import ReplyCache
from service.models.calls import Reply
from service.models.scripted import ScriptedBackend
from service.models.tables import ModelReplyRow, ModelUsageRow
from tests.api.conftest import Service
from tests.furnished import THREADS, thread

SAID = "Write down what changed"
ASKED = "zebra crossings are where I think best"
TITLE, BODY = "Passed over for promotion", f"My manager says I lack visibility, and {ASKED}. How do I get promoted?"
OF_THE_CORPUS = {"threads", "answers", "passages"}


@pytest.fixture
def drafted(start: Any) -> tuple[Service, str]:
    """A service whose drafts are scaffolds, and a post with one draft written and another written anew."""
    service: Service = start(Adapters(completions=ScriptedBackend()), draft_model="")
    made = service.post("p1", TITLE, BODY, draft="async").json()
    for _ in range(2):
        with service.stations.database.read() as session:
            draft_id = session.scalar(sa.select(DraftRow.id).order_by(DraftRow.id.desc()).limit(1))
        assert draft_id is not None
        service.stations.deep_lane.write_draft(draft_id)
        service.call("POST", f"/v1/drafts/{draft_id}/regenerate", "mentor", json={"instruction": "shorter"})
    with service.stations.database.read() as session:
        found = assessments.get(session, made["id"]).related
    replies = ReplyCache(service.stations.database, service.stations.clock)
    replies.keep("0" * 64, Reply(f"{SAID}; {ASKED}"), (made["post_id"], *(r.thread_id for r in found)))
    return service, made["post_id"]


def tables_with(service: Service, words: str) -> set[str]:
    """The tables in which `words` stand anywhere."""
    found = set()
    with service.stations.database.read() as session:
        for table in metadata.sorted_tables:
            if any(words in repr(tuple(row)) for row in session.execute(sa.select(table))):
                found.add(table.name)
    return found


@pytest.mark.parametrize("how", ["delete", "opt out", "private"])
def test_a_withdrawn_thread_is_in_no_snapshot_draft_or_reply(drafted: tuple[Service, str], how: str) -> None:
    service, _ = drafted
    assert tables_with(service, SAID) >= {"assessment_texts", "draft_texts", "model_replies"}
    external_id, title, tags, body, answer = THREADS[0]
    if how == "delete":
        assert service.call("DELETE", f"/v1/threads/acme/{external_id}").status_code == 204
        assert tables_with(service, SAID) == set()
    elif how == "opt out":
        service.stations.set_reuse("acme", "mentor-1", "opted_out")
        assert tables_with(service, SAID) <= OF_THE_CORPUS
    else:
        sent = thread(title, tags, body, answer) | {"visibility": "private"}
        assert service.call("PUT", f"/v1/threads/acme/{external_id}", json=sent).status_code == 200
        assert tables_with(service, SAID) <= OF_THE_CORPUS


def test_assessments_can_be_read_after_a_source_is_gone(drafted: tuple[Service, str]) -> None:
    service, post_id = drafted
    before = service.call("GET", f"/v1/posts/{post_id}/assessments").json()["data"]
    service.call("DELETE", "/v1/threads/acme/t-promo")
    after = service.call("GET", f"/v1/posts/{post_id}/assessments").json()["data"]
    assert [a["id"] for a in after] == [a["id"] for a in before]
    named = [{r["external_id"] for r in a["related"]} for a in after]
    assert all("t-promo" not in ids for ids in named) and any(ids for ids in named)


def test_an_erased_post_is_in_no_reply_of_a_model(drafted: tuple[Service, str]) -> None:
    service, post_id = drafted
    assert service.call("DELETE", f"/v1/posts/{post_id}", "admin").status_code == 204
    assert tables_with(service, ASKED) == set()


def test_a_reply_kept_too_long_goes_without_another_call(drafted: tuple[Service, str]) -> None:
    service, _ = drafted
    with service.stations.database.write() as session:
        assert cache.forget_old(session, service.stations.clock()) == 0
        assert cache.forget_old(session, service.stations.clock() + cache.KEPT + timedelta(seconds=1)) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(ModelReplyRow)) == 0


def test_a_model_call_is_paid_by_the_key_the_post_came_with(start: Any) -> None:
    backend = ScriptedBackend([{"flags": []}, {"flags": []}])
    service: Service = start(
        Adapters(completions=backend), draft_model="", flag_model="openai/gpt-4.1-mini", key_budget_usd=1.0
    )
    made = service.post("p1", TITLE, BODY).json()
    service.stations.deep_lane.read_deep(made["id"])
    with service.stations.database.read() as session:
        key = posts.get(session, made["post_id"]).key_id
        paid = session.scalars(sa.select(ModelUsageRow.key_id)).all()
    assert (
        key is not None and set(paid) == {key} and service.stations.gateway._asking.ledger.spent_usd(f"key:{key}") > 0
    )
    assert "key_id" not in service.call("GET", f"/v1/posts/{made['post_id']}").json()


def test_a_thread_that_an_import_finds_deleted_is_in_no_snapshot_draft_or_reply(start: Any, tmp_path: Path) -> None:
    service: Service = start(Adapters(completions=ScriptedBackend()), draft_model="")
    assert service.call("DELETE", "/v1/threads/acme/t-promo").status_code == 204
    assert service.call("PUT", "/v1/threads/acme/42", json=thread(*THREADS[0][1:])).status_code == 201
    made = service.post("p1", TITLE, BODY, draft="async").json()
    service.stations.deep_lane.write_draft(made["draft"]["id"])
    assert tables_with(service, SAID) >= {"assessment_texts", "draft_texts"}
    topic = tmp_path / "42.json"
    topic.write_text(
        json.dumps({"id": 42, "title": "gone", "deleted_at": "2026-03-01T00:00:00Z", "post_stream": {"posts": []}})
    )
    begun = service.stations.start_import("acme", topic, "discourse", keep=True)
    service.stations.run_import(begun["id"])
    report = service.stations.import_state(begun["id"])["report"]
    assert report["gone"] == 1 and tables_with(service, SAID) == set()
    assert service.call("GET", f"/v1/drafts/{made['draft']['id']}", "mentor").json()["stale"] is True
