"""Drafts of a whole service: what is stale, what is withdrawn, what a reconnecting client gets, what a rewrite leaves alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from service.app import Adapters
from service.desk import repository as desk
from service.desk.revision import NewRevision, SentenceEdit
from service.desk.tables import DeskTextRow
from service.drafting import repository as drafts
from service.intake.normalise import normalise
from service.models.scripted import ScriptedBackend
from tests.api.conftest import *

TITLE, BODY = "Passed over for promotion", "My manager says I lack visibility. How do I get promoted?"


@pytest.fixture
def drafting(start: Any) -> Any:
    """A service without a model, so that drafts are scaffolds; and a draft, written."""
    return start(Adapters(completions=ScriptedBackend()), draft_model="")


def draft_of(service: Any, external_id: str = "p1") -> str:
    made = service.post(external_id, TITLE, BODY, draft="async").json()
    draft_id: str = made["draft"]["id"]
    assert service.stations.deep_lane.write_draft(draft_id) == draft_id
    return draft_id


def shown(service: Any, draft_id: str) -> dict[str, Any]:
    found: dict[str, Any] = service.call("GET", f"/v1/drafts/{draft_id}", "mentor").json()
    return found


def events(service: Any, draft_id: str, last: str | None = None) -> list[tuple[int, str, dict[str, Any]]]:
    headers = {"Last-Event-ID": last} if last else {}
    text = service.call("GET", f"/v1/drafts/{draft_id}/events", "mentor", headers=headers).text
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
    return found


def quotes(draft: dict[str, Any]) -> str:
    return json.dumps(draft["sentences"])


def test_a_draft_quotes_past_answers(drafting: Any) -> None:
    draft = shown(drafting, draft_of(drafting))
    assert draft["status"] == "ready" and "Write down what changed" in quotes(draft) and draft["stale"] is False


@pytest.mark.parametrize("how", ["delete", "opt out"])
def test_a_withdrawn_source_leaves_the_draft_at_once(drafting: Any, how: str) -> None:
    draft_id = draft_of(drafting)
    if how == "delete":
        assert drafting.call("DELETE", "/v1/threads/acme/t-promo").status_code == 204
    else:
        drafting.stations.set_reuse("acme", "mentor-1", "opted_out")
    draft = shown(drafting, draft_id)
    assert draft["stale"] is True and draft["stale_because"]
    assert "Write down" not in quotes(draft)
    assert "Write down" not in json.dumps(events(drafting, draft_id)) and "Write down" not in json.dumps(
        draft["dropped"]
    )


def test_a_new_answer_makes_the_draft_stale_and_keeps_its_words(drafting: Any) -> None:
    draft_id = draft_of(drafting)
    external_id, title, tags, body, answer = THREADS[0]
    changed = thread(title, tags, body, answer)
    changed["answers"].append(
        {
            "external_id": "a2",
            "body": "Wait a year.",
            "author": {"id": "mentor-2"},
            "created_at": "2026-02-02T00:00:00Z",
        }
    )
    assert drafting.call("PUT", f"/v1/threads/acme/{external_id}", json=changed).status_code == 200
    draft = shown(drafting, draft_id)
    assert draft["stale"] is True and "Write down what changed" in quotes(draft)


def test_an_edited_post_makes_its_draft_stale(drafting: Any) -> None:
    draft_id = draft_of(drafting)
    drafting.post("p1", TITLE, BODY + " I have been at this level for five years.", draft="none")
    draft = shown(drafting, draft_id)
    assert draft["stale"] is True and draft["stale_because"] == "the post was edited"


def test_what_is_withdrawn_between_retrieval_and_writing_is_not_quoted(drafting: Any) -> None:
    made = drafting.post("p1", TITLE, BODY, draft="async").json()
    assert drafting.call("DELETE", "/v1/threads/acme/t-promo").status_code == 204
    drafting.stations.deep_lane.write_draft(made["draft"]["id"])
    assert "Write down" not in quotes(shown(drafting, made["draft"]["id"]))


def test_what_is_withdrawn_while_a_draft_is_written_is_not_kept(drafting: Any) -> None:
    made = drafting.post("p1", TITLE, BODY, draft="async").json()
    lane = drafting.stations.deep_lane
    found = lane._fast(made["id"])
    written = lane.drafter.write(
        found.post, normalise(found.post), found.evidence, found.made.route,
        today=drafting.stations.clock().date(),
    )  # fmt: skip
    assert any("Write down" in s.text for s in written.sentences)
    drafting.call("DELETE", "/v1/threads/acme/t-promo")
    with drafting.stations.database.write() as session:
        drafts.save(session, made["draft"]["id"], written, drafting.stations.clock())
    draft = shown(drafting, made["draft"]["id"])
    assert draft["stale"] is True and "Write down" not in quotes(draft)


def test_a_client_that_reconnects_gets_the_rest_and_nothing_twice(drafting: Any) -> None:
    draft_id = draft_of(drafting)
    everything = events(drafting, draft_id)
    assert [number for number, _, _ in everything] == list(range(1, len(everything) + 1))
    assert {name for _, name, _ in everything[:-1]} == {"sentence"} and everything[-1][1] == "ready"
    assert [data["text"] for _, name, data in everything if name == "sentence"] == [
        s["text"] for s in shown(drafting, draft_id)["sentences"]
    ]
    assert events(drafting, draft_id, last="2") == everything[2:]
    assert events(drafting, draft_id, last=str(len(everything))) == []
    assert events(drafting, draft_id, last="nonsense") == everything


def test_one_sentence_written_anew_leaves_the_draft_and_its_edits_alone(drafting: Any) -> None:
    draft_id = draft_of(drafting)
    before = shown(drafting, draft_id)
    quoted = next(s for s in before["sentences"] if s["sources"])
    with drafting.stations.database.write() as session:
        row, now = drafts.find(session, draft_id), drafting.stations.clock()
        desk.claim(session, row, "mentor-9", now)
        desk.revise(
            session,
            row,
            "mentor-9",
            NewRevision(sentences=[SentenceEdit(id=quoted["id"], action="change", text="Mine.")]),
            now,
        )
        new_id = desk.regenerate(session, row, "mentor-9", "shorter", quoted["id"], now)
    drafting.stations.deep_lane.write_draft(new_id)
    old, new = shown(drafting, draft_id), shown(drafting, new_id)
    assert old["sentences"] == before["sentences"] and old["status"] == "ready"
    others = [s for s in before["sentences"] if s["id"] != quoted["id"]]
    assert all(s in new["sentences"] for s in others) and len(new["sentences"]) == len(before["sentences"])
    with drafting.stations.database.read() as session:
        kept = session.scalars(sa.select(DeskTextRow)).one()
    assert kept.sentences[0]["text"] == "Mine."
