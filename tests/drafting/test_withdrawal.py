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
from service.drafting.draft import Dropped, Sentence, Source, WrittenDraft
from service.intake.normalise import normalise
from service.models.scripted import ScriptedBackend
from tests.api.conftest import *
from tests.furnished import THREADS, thread

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
    headers = {"Last-Event-ID": last.encode("latin-1")} if last else {}
    text = service.call_raw("GET", f"/v1/drafts/{draft_id}/events", "mentor", headers).text
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
    return found


def quotes(draft: dict[str, Any]) -> str:
    return json.dumps(draft["sentences"])


@pytest.mark.parametrize("last", ["²", "1²", "-1", "0x1", "10000000000", "1" + 20 * "0"])
def test_an_event_id_that_no_event_can_have_counts_as_none(drafting: Any, last: str) -> None:
    draft_id = draft_of(drafting)
    every = events(drafting, draft_id)
    assert every and events(drafting, draft_id, last) == events(drafting, draft_id, "0") == every
    assert events(drafting, draft_id, "1") == every[1:]


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


def test_a_withdrawal_keeps_why_earlier_sentences_were_dropped(drafting: Any) -> None:
    made = drafting.post("p1", TITLE, BODY, draft="async").json()
    lane, draft_id = drafting.stations.deep_lane, made["draft"]["id"]
    found = lane._fast(made["id"])
    today = drafting.stations.clock().date()
    written = lane.drafter.write(found.post, normalise(found.post), found.evidence, found.made.route, today=today)
    here = next(p for p in found.evidence.passages if "Write down what changed" in p.text)
    there = next((p for p in found.evidence.passages if p.thread_id != here.thread_id), None)
    gone = Source(passage_id=here.id, thread_id=here.thread_id, quote="")
    dropped = [
        Dropped(text="Words of what goes.", reason="its source does not say that", sources=[gone]),
        Dropped(text="Words of nobody.", reason="names no source"),
    ]
    if there is not None:
        stays = Source(passage_id=there.id, thread_id=there.thread_id, quote="")
        dropped.append(Dropped(text="Words of what stays.", reason="its quote is not in the passage", sources=[stays]))
    with drafting.stations.database.write() as session:
        drafts.save(session, draft_id, written.model_copy(update={"dropped": dropped}), drafting.stations.clock())
    drafting.call("DELETE", "/v1/threads/acme/t-promo")
    now = [(d["text"], d["reason"]) for d in shown(drafting, draft_id)["dropped"]]
    expected = [("", "its source does not say that"), ("", "names no source")]
    expected += [("Words of what stays.", "its quote is not in the passage")] if there is not None else []
    assert now[: len(expected)] == expected
    assert {reason for _, reason in now[len(expected) :]} == {drafts.WITHDRAWN}


def test_a_draft_that_only_dropped_what_goes_loses_the_words_and_is_not_stale(drafting: Any) -> None:
    made = drafting.post("p1", TITLE, BODY, draft="async").json()
    found = drafting.stations.deep_lane._fast(made["id"])
    here = next(p for p in found.evidence.passages if "Write down what changed" in p.text)
    dropped = Dropped(
        text="Words of what goes.", reason="its source does not say that",
        sources=[Source(passage_id=here.id, thread_id=here.thread_id, quote="")],
    )  # fmt: skip
    own = Sentence(id="s1", section="answer", text="Be patient.", grounding="judgement")
    with drafting.stations.database.write() as session:
        written = WrittenDraft(status="ready", kind="answer", sentences=[own], dropped=[dropped])
        drafts.save(session, made["draft"]["id"], written, drafting.stations.clock())
    drafting.call("DELETE", "/v1/threads/acme/t-promo")
    draft = shown(drafting, made["draft"]["id"])
    assert draft["stale"] is False and [d["text"] for d in draft["dropped"]] == [""]
    assert draft["dropped"][0]["reason"] == "its source does not say that"


def test_a_point_that_a_mentor_took_in_goes_with_its_source(drafting: Any) -> None:
    draft_id = draft_of(drafting)
    seen = drafting.call("GET", f"/v1/desk/drafts/{draft_id}", "mentor").json()
    passage = next(p for p in seen["passages"] if "Write down what changed" in p["text"])
    add = {"id": "own-1", "action": "add", "text": f"“{passage['points'][0]}”", "passage_id": passage["passage_id"]}
    path, headers = f"/v1/drafts/{draft_id}/revisions", {"If-Match": str(seen["version"])}
    sent = {"sentences": [add, {"id": "own-2", "action": "add", "text": "My own words."}]}
    assert drafting.call("POST", path, "mentor", headers=headers, json=sent).status_code == 201
    drafting.call("DELETE", "/v1/threads/acme/t-promo")
    kept = json.dumps(drafting.call("GET", path, "mentor").json())
    assert passage["points"][0] not in kept and "My own words." in kept
    blocked = drafting.call("GET", f"/v1/drafts/{draft_id}/markdown", "mentor").json()["blockers"]
    assert {"stale", "source"} <= {b["kind"] for b in blocked}


@pytest.mark.parametrize("how", ["delete", "opt out"])
@pytest.mark.parametrize("whole", [True, False])
def test_what_a_mentor_saved_loses_the_words_of_a_withdrawn_source_and_keeps_their_own(
    drafting: Any, how: str, whole: bool
) -> None:
    draft_id = draft_of(drafting)
    seen = drafting.call("GET", f"/v1/desk/drafts/{draft_id}", "mentor").json()
    quoted = [s for s in seen["sentences"] if s["sources"]]
    said = [source["quote"] for s in quoted for source in s["sources"]]
    assert any("Write down what changed" in quote for quote in said)
    headers = {"If-Match": f'"{seen["version"]}"'}
    claimed = drafting.call("POST", f"/v1/drafts/{draft_id}/claim", "mentor", headers=headers).json()
    path, headers = f"/v1/drafts/{draft_id}/revisions", {"If-Match": str(claimed["version"])}
    mine = f"My own words, as Noor said: “{said[0]}” And mine again."
    sent: dict[str, Any] = {"text": f"{claimed['text']}\n\n{mine}"}
    if not whole:
        change = {"id": quoted[0]["id"], "action": "change", "text": mine}
        sent = {"sentences": [change, {"id": quoted[-1]["id"], "action": "keep"}]}
    assert drafting.call("POST", path, "mentor", headers=headers, json=sent).status_code == 201
    if how == "delete":
        drafting.call("DELETE", "/v1/threads/acme/t-promo")
    else:
        drafting.stations.set_reuse("acme", "mentor-1", "opted_out")
    saved = drafting.call("GET", path, "mentor").json()["data"]
    desk_now = drafting.call("GET", f"/v1/desk/drafts/{draft_id}", "mentor").json()
    gone = [quote for quote in said if "promotion" in quote or "Write down" in quote or "Ask your manager" in quote]
    for told in (json.dumps(saved, ensure_ascii=False), json.dumps(desk_now, ensure_ascii=False)):
        assert not [quote for quote in gone if quote in told]
        assert "My own words, as Noor said:" in told and "And mine again." in told
    again = {"text": saved[0]["text"], "sentences": saved[0]["sentences"]}
    headers = {"If-Match": str(desk_now["version"])}
    assert drafting.call("POST", path, "mentor", headers=headers, json=again).status_code == 201
