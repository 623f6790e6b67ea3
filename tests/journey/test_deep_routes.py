"""A route that only the deep reading raises stops drafts: those still to be written, those ready, those written anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from service.app import Adapters
from service.drafting import repository as drafts
from service.drafting.draft import Sentence, WrittenDraft
from service.models.scripted import ScriptedBackend
from tests.api.conftest import service, start
from tests.degraded.conftest import by_hand

__all__ = ["by_hand", "service", "start"]
QUIET = ("Passed over for promotion", "My manager says I lack visibility. How do I get promoted?")
SEEN_FIRST = "somebody must look at this post first"
FLAG = {"clause": "", "quotes": ["lack visibility"], "reason": "r", "counter_reading": "c", "probability": 0.99}
RAISED = {"urgent_review": "self_harm_risk", "hold": "harassment"}


def reading(by_hand: Callable[..., Any], to: str | None) -> Any:
    """A service whose flag model raises the route of every post `to` this; its drafts are assembled without a model."""
    flags = [FLAG | {"category": RAISED[to]}] if to else []
    backend = ScriptedBackend([{"flags": flags, "summary": "s"}])
    return by_hand(Adapters(completions=backend), flag_model="openai/gpt-4.1-mini", draft_model="")


def posted(service: Any) -> tuple[str, str]:
    """The ids of a post of which the fast lane says nothing urgent, and of its draft."""
    made = service.post("p1", *QUIET, draft="async").json()
    assert made["route"]["to"] == "review"
    return made["id"], made["draft"]["id"]


def shown(service: Any, draft_id: str) -> dict[str, Any]:
    found: dict[str, Any] = service.call("GET", f"/v1/drafts/{draft_id}", "mentor").json()
    return found


def told(service: Any) -> list[tuple[str, dict[str, Any]]]:
    """What the site is told from now on."""
    said: list[tuple[str, dict[str, Any]]] = []
    lane = service.stations.deep_lane
    object.__setattr__(lane, "announce", lambda _session, _site, event, data: said.append((event, data)))
    return said


@pytest.mark.parametrize("to", RAISED)
def test_a_draft_that_waits_abstains_when_the_deep_reading_raises_the_route(
    by_hand: Callable[..., Any], to: str
) -> None:
    service = reading(by_hand, to)
    made, draft_id = posted(service)
    said = told(service)
    service.stations.deep_lane.read_deep(made)
    draft = shown(service, draft_id)
    assert (draft["status"], draft["abstained_because"]) == ("abstained", SEEN_FIRST)
    assert [data["status"] for event, data in said if event == "draft.ready"] == ["abstained"]
    service.run_jobs()
    assert shown(service, draft_id)["status"] == "abstained" and shown(service, draft_id)["sentences"] == []


def test_a_draft_that_is_ready_may_not_be_published_when_the_deep_reading_raises_the_route(
    by_hand: Callable[..., Any],
) -> None:
    service = reading(by_hand, "urgent_review")
    made, draft_id = posted(service)
    lane = service.stations.deep_lane
    lane.write_draft(draft_id)
    assert shown(service, draft_id)["status"] == "ready"
    lane.read_deep(made)
    draft = shown(service, draft_id)
    assert (draft["status"], draft["stale"], draft["stale_because"]) == ("ready", True, SEEN_FIRST)
    blocked = service.call("GET", f"/v1/drafts/{draft_id}/markdown", "mentor").json()["blockers"]
    assert "stale" in {b["kind"] for b in blocked}


@pytest.mark.parametrize("whole", [True, False])
def test_nothing_is_written_anew_once_the_deep_reading_raised_the_route(
    by_hand: Callable[..., Any], whole: bool
) -> None:
    service = reading(by_hand, "urgent_review")
    made, draft_id = posted(service)
    lane = service.stations.deep_lane
    lane.write_draft(draft_id)
    lane.read_deep(made)
    draft = shown(service, draft_id)
    wish = {} if whole else {"sentence_id": draft["sentences"][0]["id"]}
    path, headers = f"/v1/drafts/{draft_id}/regenerate", {"If-Match": str(draft["version"])}
    anew = service.call("POST", path, "mentor", headers=headers, json=wish).json()["id"]
    lane.write_draft(anew)
    found = shown(service, anew)
    assert (found["status"], found["abstained_because"], found["sentences"]) == ("abstained", SEEN_FIRST, [])


def test_the_route_that_was_raised_counts_also_where_the_draft_was_opened_on_an_earlier_assessment(
    by_hand: Callable[..., Any],
) -> None:
    service = reading(by_hand, "urgent_review")
    made, draft_id = posted(service)
    lane, stations = service.stations.deep_lane, service.stations
    lane.read_deep(made)
    with stations.database.write() as session:
        row = drafts.find(session, draft_id)
        again = drafts.open_draft(session, row.post_id, "acme", made, stations.clock())
    lane.write_draft(again)
    assert shown(service, again)["abstained_because"] == SEEN_FIRST


def test_what_was_being_written_when_the_route_was_raised_is_not_kept_and_not_told(by_hand: Callable[..., Any]) -> None:
    service = reading(by_hand, "urgent_review")
    made, draft_id = posted(service)
    lane, said = service.stations.deep_lane, told(service)
    written = WrittenDraft(
        status="ready", kind="answer",
        sentences=[Sentence(id="s1", section="answer", text="Be patient.", grounding="judgement")],
    )  # fmt: skip

    def meanwhile(*_: Any, **given: Any) -> WrittenDraft:
        given["listener"].sentence(written.sentences[0])
        lane.read_deep(made)
        given["listener"].sentence(written.sentences[0])
        return written

    lane.drafter.write = meanwhile
    lane.write_draft(draft_id)
    assert (shown(service, draft_id)["status"], shown(service, draft_id)["sentences"]) == ("abstained", [])
    assert [data["status"] for event, data in said if event == "draft.ready"] == ["abstained"]
    with service.stations.database.read() as session:
        events = [row.event for row in drafts.events_after(session, draft_id, 0)]
    assert events[:3] == ["sentence", "withdrawn", "abstained"] and "sentence" not in events[3:]


def test_a_deep_reading_that_raises_nothing_leaves_drafts_alone(by_hand: Callable[..., Any]) -> None:
    service = reading(by_hand, None)
    made, draft_id = posted(service)
    lane = service.stations.deep_lane
    lane.write_draft(draft_id)
    lane.read_deep(made)
    draft = shown(service, draft_id)
    assert draft["status"] == "ready" and draft["stale"] is False and draft["sentences"]
