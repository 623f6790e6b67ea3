"""A draft whose post or thread moved on is stale, and what is written anew then rests on what is found by then."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.drafting import repository as drafts
from service.errors import StoreUnavailable
from tests.api.conftest import *
from tests.drafting.test_withdrawal import BODY, TITLE, draft_of, drafting, quotes, shown
from tests.furnished import THREADS, thread

__all__ = ["drafting"]
ANSWERED = "the question was answered"
NEW = "Ask your manager for promotion criteria in writing and collect examples of your visibility for every promotion criterion."


def own_thread(*answers: str) -> dict[str, Any]:
    """The member's own question as a thread, with these answers."""
    said = [{"external_id": f"a{n}", "body": body, "author": {"id": f"mentor-{n}"}} for n, body in enumerate(answers)]
    return {"title": TITLE, "body": BODY, "created_at": "2026-03-01T00:00:00Z", "answers": said}


def put(service: Any, external_id: str, sent: dict[str, Any]) -> None:
    assert service.call("PUT", f"/v1/threads/acme/{external_id}", json=sent).status_code in (200, 201)


def new_answer(service: Any) -> None:
    """The thread that drafts of the post quote gets another answer."""
    external_id, title, tags, body, answer = THREADS[0]
    changed = thread(title, tags, body, answer)
    changed["answers"].append({"external_id": "a2", "body": NEW, "author": {"id": "mentor-2", "level": "staff"}})
    put(service, external_id, changed)


def anew(service: Any, draft_id: str, **wish: Any) -> str:
    """A draft written anew beside this one."""
    path, headers = f"/v1/drafts/{draft_id}/regenerate", {"If-Match": str(shown(service, draft_id)["version"])}
    made: str = service.call("POST", path, "mentor", headers=headers, json=wish).json()["id"]
    return made


def test_an_answer_to_the_members_own_question_makes_the_draft_stale(drafting: Any) -> None:
    draft_id = draft_of(drafting)
    put(drafting, "p1", own_thread())
    assert shown(drafting, draft_id)["stale"] is False
    put(drafting, "p1", own_thread("Wait a year."))
    draft = shown(drafting, draft_id)
    assert (draft["stale"], draft["stale_because"]) == (True, ANSWERED)
    blocked = drafting.call("GET", f"/v1/drafts/{draft_id}/markdown", "mentor").json()["blockers"]
    assert "stale" in {b["kind"] for b in blocked}


def test_a_thread_that_comes_with_an_answer_makes_the_draft_stale_and_another_posts_does_not(drafting: Any) -> None:
    draft_id, other = draft_of(drafting), draft_of(drafting, "p2")
    put(drafting, "p1", own_thread("Wait a year."))
    assert shown(drafting, draft_id)["stale_because"] == ANSWERED
    assert shown(drafting, other)["stale"] is False


def test_answers_that_were_there_before_the_draft_leave_it_alone(drafting: Any) -> None:
    put(drafting, "p1", own_thread("Wait a year."))
    draft_id = draft_of(drafting)
    put(drafting, "p1", own_thread("Wait a year.") | {"title": TITLE + " again"})
    assert shown(drafting, draft_id)["stale"] is False


def test_an_import_that_brings_an_answer_makes_the_draft_stale(drafting: Any, tmp_path: Any) -> None:
    draft_id = draft_of(drafting)
    file = tmp_path / "threads.jsonl"
    file.write_text(json.dumps({"external_id": "p1"} | own_thread("Wait a year.")) + "\n", "utf-8")
    stations = drafting.stations
    stations.run_import(stations.start_import("acme", file)["id"])
    assert shown(drafting, draft_id)["stale_because"] == ANSWERED


def test_a_draft_written_anew_beside_a_stale_one_has_the_new_answer_and_is_not_stale(drafting: Any) -> None:
    draft_id = draft_of(drafting)
    new_answer(drafting)
    assert shown(drafting, draft_id)["stale"] is True and NEW not in quotes(shown(drafting, draft_id))
    again = anew(drafting, draft_id)
    assert drafting.stations.deep_lane.write_draft(again) == again
    draft = shown(drafting, again)
    assert draft["status"] == "ready" and NEW in quotes(draft)
    assert (draft["stale"], draft["stale_because"]) == (False, None)
    seen = drafting.call("GET", f"/v1/desk/drafts/{again}", "mentor").json()
    assert NEW in json.dumps(seen["passages"])
    listed = drafting.call("GET", f"/v1/posts/{draft['post_id']}/assessments").json()["data"]
    assert [made["lane"] for made in listed][-2:] == ["deep", "fast"]


def test_a_draft_asked_for_while_the_posts_draft_is_stale_has_the_new_answer_and_is_not_stale(drafting: Any) -> None:
    draft_id = draft_of(drafting)
    new_answer(drafting)
    sent = {"post_id": shown(drafting, draft_id)["post_id"]}
    again = drafting.call("POST", "/v1/drafts", "mentor", json=sent).json()["id"]
    assert drafting.stations.deep_lane.write_draft(again) == again
    assert NEW in quotes(shown(drafting, again)) and shown(drafting, again)["stale"] is False


def test_one_sentence_written_anew_leaves_a_stale_draft_stale(drafting: Any) -> None:
    draft_id = draft_of(drafting)
    new_answer(drafting)
    again = anew(drafting, draft_id, sentence_id=shown(drafting, draft_id)["sentences"][0]["id"])
    drafting.stations.deep_lane.write_draft(again)
    assert shown(drafting, again)["status"] == "ready" and shown(drafting, again)["stale"] is True


def test_where_nothing_can_be_looked_up_the_draft_is_written_and_stays_stale(
    drafting: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft_id = draft_of(drafting)
    new_answer(drafting)
    again = anew(drafting, draft_id)

    def away(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("the vectors are away")

    monkeypatch.setattr(drafting.stations.readers.finder, "find_related", away)
    drafting.stations.deep_lane.write_draft(again)
    assert shown(drafting, again)["status"] == "ready" and shown(drafting, again)["stale"] is True


def test_a_draft_that_waits_when_its_post_is_edited_is_stale_and_written_for_the_new_text(drafting: Any) -> None:
    made = drafting.post("p1", TITLE, BODY, draft="async").json()
    draft_id = made["draft"]["id"]
    drafting.post("p1", "Too tired to open the laptop", "After two years of on-call I want to leave.", draft="none")
    draft = shown(drafting, draft_id)
    assert (draft["status"], draft["stale"], draft["stale_because"]) == ("pending", True, "the post was edited")
    drafting.stations.deep_lane.write_draft(draft_id)
    draft = shown(drafting, draft_id)
    assert draft["stale"] is False and "Take the leave" in quotes(draft) and "Write down" not in quotes(draft)


def test_a_draft_that_abstained_is_stale_when_its_post_is_edited(drafting: Any) -> None:
    asked = {"site": "acme", "kind": "announcement", "draft": "async"}
    draft_id = drafting.post("p1", TITLE, BODY, **asked).json()["draft"]["id"]
    drafting.stations.deep_lane.write_draft(draft_id)
    assert shown(drafting, draft_id)["status"] == "abstained"
    drafting.post("p1", TITLE, BODY + " I have been at this level for five years.", draft="none")
    assert shown(drafting, draft_id)["stale_because"] == "the post was edited"


def test_two_sentences_are_written_anew_at_the_same_time(drafting: Any) -> None:
    draft_id = draft_of(drafting)
    one, two = (anew(drafting, draft_id, sentence_id=s["id"]) for s in shown(drafting, draft_id)["sentences"][:2])
    sent = {"post_id": shown(drafting, draft_id)["post_id"]}
    whole = drafting.call("POST", "/v1/drafts", "mentor", json=sent).json()["id"]
    assert [shown(drafting, id_)["status"] for id_ in (one, two, whole)] == ["pending"] * 3
    for _ in range(3):
        drafting.stations.deep_lane.write_draft("")
    assert [shown(drafting, id_)["status"] for id_ in (one, two, whole)] == ["ready"] * 3


def test_a_post_shows_its_own_draft_and_not_the_one_beside_it(drafting: Any) -> None:
    draft_id = draft_of(drafting)
    post_id = shown(drafting, draft_id)["post_id"]
    beside = anew(drafting, draft_id)
    shows = drafting.call("GET", f"/v1/posts/{post_id}").json()["assessment"]["draft"]
    assert shows["id"] == draft_id
    drafting.stations.deep_lane.write_draft(beside)
    headers = {"If-Match": str(shown(drafting, beside)["version"])}
    assert drafting.call("POST", f"/v1/drafts/{beside}/continue", "mentor", headers=headers).status_code == 200
    assert drafting.call("GET", f"/v1/posts/{post_id}").json()["assessment"]["draft"]["id"] == beside
    with drafting.stations.database.read() as session:
        assert drafts.newest_for_post(session, post_id).id == beside


def test_what_a_writer_sent_that_did_not_get_to_the_end_is_withdrawn(drafting: Any) -> None:
    draft_id = drafting.post("p1", TITLE, BODY, draft="async").json()["draft"]["id"]
    with drafting.stations.database.write() as session:
        drafts.add_event(session, draft_id, "sentence", {"id": "s1", "text": "Half a draft."})
    assert drafting.stations.deep_lane.write_draft(draft_id) == draft_id
    with drafting.stations.database.read() as session:
        sent = [event.event for event in drafts.events_after(session, draft_id, 0)]
    assert sent[:2] == ["sentence", "withdrawn"] and "withdrawn" not in sent[2:]
