from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from service.corpus.tables import PassageRow
from service.drafting import repository as drafts
from service.drafting.draft import Sentence, Source, WrittenDraft
from service.integrations.tables import WebhookDeliveryRow
from tests.api.conftest import Service


def sentences(service: Service) -> list[Sentence]:
    """Three sentences, two of which rest on an answer that is in the corpus."""
    with service.stations.database.read() as session:
        row = session.scalars(sa.select(PassageRow).where(PassageRow.text.contains("Ask once, in writing"))).first()
    assert row is not None
    source = Source(
        passage_id=row.id, thread_id=row.thread_id, quote="Ask once, in writing", author="Noor", date="2026-01-02"
    )
    return [
        Sentence(id="s1", section="answer", text="Ask once, in writing.", grounding="supported", sources=[source]),
        Sentence(id="s2", section="answer", text="I think waiting is worse.", grounding="judgement"),
        Sentence(id="s3", section="answer", text="Name one number.", grounding="supported", sources=[source]),
    ]


@pytest.fixture
def draft(service: Service) -> str:
    """The id of a draft that waits on the desk."""
    post = service.post("q1", "How do I ask for more?", "They offered less than I hoped for.").json()
    stations, made = service.stations, sentences(service)
    with stations.database.write() as session:
        draft_id = drafts.open_draft(session, post["post_id"], "acme", post["id"], stations.clock())
        drafts.save(session, draft_id, WrittenDraft(status="ready", kind="answer", sentences=made), stations.clock())
    return draft_id


def change(service: Service, draft: str, what: str, role: str = "mentor", **sent: Any) -> Any:
    """A change that names the version the draft has now."""
    etag = service.call("GET", f"/v1/drafts/{draft}", role).headers["ETag"]
    return service.call("POST", f"/v1/drafts/{draft}/{what}", role, headers={"If-Match": etag}, **sent)


def test_a_mentor_claims_edits_and_publishes_and_the_site_is_told(service: Service, draft: str) -> None:
    hook = {
        "site": "acme",
        "url": "https://example.com/hook",
        "secret": "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=",
    }
    assert service.call("POST", "/v1/webhooks", "admin", json=hook).status_code == 201
    assert change(service, draft, "claim").status_code == 200
    blocked = change(service, draft, "publish")
    assert blocked.status_code == 409
    assert [b["kind"] for b in blocked.json()["blockers"]] == ["judgement"]
    edits = [{"id": "s2", "action": "cut"}, {"id": "s3", "action": "change", "text": "Name one number and one reason."}]
    revised = change(service, draft, "revisions", json={"sentences": edits})
    assert revised.status_code == 201
    assert revised.json()["text"] == "Ask once, in writing. Name one number and one reason."
    done = change(service, draft, "publish").json()
    assert done["status"] == "published"
    assert done["published"]["external_id"] == "q1"
    assert done["published"]["ai_assisted"]["sources"][0]["author"] == "Noor"
    assert (done["published"]["ai_assisted"]["edit"]["kept"], done["published"]["ai_assisted"]["edit"]["cut"]) == (1, 1)
    figures = service.call("GET", "/v1/desk/figures", "mentor").json()
    assert figures["own"]["published"] == 1
    assert figures["all"] is None
    with service.stations.database.read() as session:
        sent = session.scalars(sa.select(WebhookDeliveryRow.event)).all()
    assert sent.count("draft.published") == 1


def test_an_old_version_is_refused_and_nothing_is_lost(service: Service, draft: str) -> None:
    path = f"/v1/drafts/{draft}/revisions"
    first = service.call("GET", f"/v1/drafts/{draft}", "mentor").headers["ETag"]
    sent = {"text": "My own words.", "sentences": [{"id": "s1", "action": "keep"}]}
    assert service.call("POST", path, "mentor", headers={"If-Match": first}, json=sent).status_code == 201
    late = service.call("POST", path, "mentor", headers={"If-Match": first}, json={"text": "Later."})
    assert (late.status_code, late.json()["code"]) == (412, "stale_version")
    assert service.call("POST", path, "mentor", json={"text": "No version."}).status_code == 422
    kept = service.call("GET", path, "mentor").json()["data"]
    assert [r["text"] for r in kept] == ["My own words."]


@pytest.mark.parametrize("version", ["²", "1²", "-1", "*", "abc", "1" + 20 * "0"])
def test_a_version_that_no_draft_can_have_is_refused_by_name(service: Service, draft: str, version: str) -> None:
    headers = {"If-Match": f'"{version}"'.encode("latin-1")}
    refused = service.call_raw("POST", f"/v1/drafts/{draft}/claim", "mentor", headers)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, "invalid_input", "If-Match")


def test_two_mentors_never_hold_one_draft(service: Service, draft: str) -> None:
    assert change(service, draft, "claim").status_code == 200
    other = change(service, draft, "claim", "admin")
    assert (other.status_code, other.json()["reason"]) == (409, "claimed")
    assert change(service, draft, "release").status_code == 200
    assert change(service, draft, "claim", "admin").status_code == 200


def test_writing_anew_opens_a_draft_beside_and_leaves_revisions_alone(service: Service, draft: str) -> None:
    change(service, draft, "revisions", json={"text": "Mine."})
    anew = change(service, draft, "regenerate", json={"instruction": "shorter", "sentence_id": "s1"})
    assert anew.status_code == 202
    assert anew.json()["id"] != draft
    assert anew.json()["of"] == draft
    assert service.call("GET", f"/v1/drafts/{draft}/revisions", "mentor").json()["data"][0]["text"] == "Mine."
    assert change(service, draft, "regenerate", json={"sentence_id": "nobody"}).status_code == 404


def test_a_stale_draft_is_not_published_and_a_discarded_one_is_closed(service: Service, draft: str) -> None:
    with service.stations.database.write() as session:
        drafts.find(session, draft).stale = True
    change(service, draft, "claim")
    assert "stale" in [b["kind"] for b in change(service, draft, "publish").json()["blockers"]]
    assert (
        change(service, draft, "discard", json={"reason": "not_useful", "note": "thin"}).json()["status"] == "discarded"
    )
    assert change(service, draft, "claim").status_code == 409


def test_a_moderator_may_not_edit_and_a_placeholder_blocks(service: Service, draft: str) -> None:
    assert change(service, draft, "claim", "admin").status_code == 200
    refused = service.call("POST", f"/v1/drafts/{draft}/claim", "moderator", headers={"If-Match": '"1"'})
    assert refused.status_code == 403
    edits = [{"id": "s2", "action": "keep"}]
    revised = change(service, draft, "revisions", "admin", json={"text": "Dear [your name], ask.", "sentences": edits})
    assert [b["kind"] for b in revised.json()["blockers"]] == ["placeholder"]
