"""The desk by plain forms, as a browser without JavaScript sends them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from service.corpus.tables import ThreadRow
from service.desk import repository as desk
from service.drafting import repository as drafts
from service.drafting.draft import Dropped, Sentence, WrittenDraft
from service.people import identity
from tests.api.test_desk import change, sentences
from tests.web.test_sign_in import csrf

HOSTILE = "<script>alert(1)</script><svg onload=alert(2)>[x](javascript:alert(3))\u202egnp.exe"
TITLE, BODY = "How do I ask for more?", "They offered less than I hoped for."


def put(service: Any, external_id: str = "q1", title: str = TITLE, body: str = BODY, **more: Any) -> str:
    """A written draft of a post; returns its id."""
    post = service.post(external_id, title, body).json()
    stations = service.stations
    asked = service.call("POST", "/v1/drafts", json={"post_id": post["post_id"]}).json()
    written = {"status": "ready", "kind": "answer", "sentences": sentences(service)} | more
    with stations.database.write() as session:
        drafts.save(session, asked["id"], WrittenDraft(**written), stations.clock())
    return str(asked["id"])


def signed_in(service: Any, role: str = "mentor") -> Any:
    """The browser of somebody who signed in with a key."""
    service.client.cookies.clear()
    assert service.client.post("/sign-in", data={"key": service.keys[role]}).status_code == 200
    return service.client


def fields(client: Any, path: str) -> dict[str, str]:
    """What the form of a draft sends before anybody touches it."""
    text = client.get(path).text
    form = re.search(r'<form[^>]*id="edit".*?</form>', text, re.S)
    assert form is not None
    sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0]))
    sent |= dict(re.findall(r'<input type="radio" name="([^"]+)" value="([^"]+)" checked', form[0]))
    return sent | dict(re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form[0], re.S))


def taken(service: Any, draft: str) -> Any:
    """A mentor's browser that holds the draft."""
    client = signed_in(service)
    client.post(f"/desk/{draft}/claim", data={"csrf": csrf(client.get(f"/desk/{draft}").text)})
    return client


def test_a_mentor_takes_edits_and_publishes_by_forms(service: Any) -> None:
    draft = put(service)
    client = signed_in(service)
    listed = client.get("/desk").text
    assert TITLE in listed and "<strong>1</strong> to edit" in listed
    opened = client.post("/desk/next", data={"csrf": csrf(listed)})
    assert opened.url.path == f"/desk/{draft}" and "the machine&#39;s own opinion" in opened.text
    sent = fields(client, f"/desk/{draft}")
    refused = client.post(f"/desk/{draft}/publish", data=sent | {"text:s3": "Name one number, once."})
    assert refused.status_code == 409 and "judgement" in refused.text and "Name one number, once." in refused.text
    sent = fields(client, f"/desk/{draft}")
    assert sent["text:s3"] == "Name one number, once."
    done = client.post(f"/desk/{draft}/publish", data=sent | {"act:s2": "keep", "new": "Good luck."})
    assert "no site was told" in done.text and "Copy as Markdown" in done.text
    end = service.call("GET", f"/v1/desk/drafts/{draft}", "mentor").json()
    assert end["text"] == "Ask once, in writing. I think waiting is worse. Name one number, once.\n\nGood luck."
    measured = {name: end["end"]["measures"][name] for name in ("kept", "changed", "cut", "added")}
    assert measured == {"kept": 2, "changed": 1, "cut": 0, "added": 1}
    assert "67% (21% to 94%, n 3)" in client.get("/desk").text


@pytest.mark.parametrize(("events", "told"), [([], 2), (["draft.published"], 2), (["draft.ready"], 1)])
def test_publishing_says_how_many_endpoints_are_told(service: Any, events: list[str], told: int) -> None:
    hook = {
        "site": "acme",
        "url": "https://example.com/hook",
        "secret": "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=",
    }
    for more in ({}, {"url": "https://example.com/other", "events": events}):
        assert service.call("POST", "/v1/webhooks", "admin", json=hook | more).status_code == 201
    draft = put(service)
    client = taken(service, draft)
    assert "publishing tells no site" not in client.get(f"/desk/{draft}").text
    done = client.post(f"/desk/{draft}/publish", data=fields(client, f"/desk/{draft}") | {"act:s2": "keep"})
    assert f"Published: the site is told, at {told} webhook endpoint{'s' if told > 1 else ''}." in done.text


def test_without_an_endpoint_it_is_said_that_no_site_is_told(service: Any) -> None:
    draft = put(service)
    client = taken(service, draft)
    assert "publishing tells no site" in client.get(f"/desk/{draft}").text
    client.post(f"/desk/{draft}/release", data=fields(client, f"/desk/{draft}"))
    change(service, draft, "revisions", json={"sentences": [{"id": "s2", "action": "cut"}]})
    assert change(service, draft, "publish").json()["published"]["endpoints"] == 0


def test_the_site_is_told_where_each_sentence_comes_from_and_the_words_are_not_kept(service: Any) -> None:
    draft = put(service)
    shown = service.call("GET", f"/v1/desk/drafts/{draft}", "mentor").json()
    passage = next(p for p in shown["passages"] if "Ask once, in writing" in p["text"])
    point = {"id": "own-1", "action": "add", "text": f"“{passage['points'][0]}” (mentor-1)"}
    edits = [{"id": "s2", "action": "cut"}, point | {"passage_id": passage["passage_id"]}]
    change(service, draft, "revisions", json={"sentences": edits})
    published = change(service, draft, "publish").json()["published"]
    found = [(s["id"], s["action"], [source["quote"] for source in s["sources"]]) for s in published["sentences"]]
    quote = "Ask once, in writing"
    assert found == [("s1", None, [quote]), ("s3", None, [quote]), ("own-1", "add", [passage["points"][0]])]
    source = published["ai_assisted"]["sources"][0]
    with service.stations.database.read() as session:
        thread = session.get(ThreadRow, source["thread_id"])
    assert (source["external_id"], source["title"], source["url"]) == (thread.external_id, thread.title, thread.url)
    assert source["quote"] == quote and thread.external_id
    assert source.keys() == {
        "passage_id", "thread_id", "author", "date", "quote", "external_id", "url", "title",
    }  # fmt: skip
    kept = service.call("GET", f"/v1/desk/drafts/{draft}", "mentor").json()["end"]["ai_assisted"]["sources"][0]
    assert kept.keys() == {"passage_id", "thread_id", "author", "date"}


def test_a_moved_opinion_still_waits_for_the_mentor(service: Any) -> None:
    draft = put(service)
    client = taken(service, draft)
    sent = fields(client, f"/desk/{draft}?as=text")
    text = "Ask once, in writing. Name one number. I think waiting is worse."
    refused = client.post(f"/desk/{draft}/publish", data=sent | {"text": text})
    assert refused.status_code == 409 and "judgement" in refused.text


def test_an_old_form_loses_nothing_and_goes_on_top_when_sent_again(service: Any) -> None:
    draft = put(service)
    client = taken(service, draft)
    old = fields(client, f"/desk/{draft}")
    client.post(f"/desk/{draft}/save", data=old | {"text:s1": "First."})
    late = client.post(f"/desk/{draft}/save", data=old | {"text:s3": "My late words.", "new": "One more."})
    assert late.status_code == 412 and "My late words." in late.text and "One more." in late.text
    shown = re.search(r'<input type="hidden" name="version" value="(\d+)"', late.text)
    assert shown is not None and shown[1] != old["version"]
    client.post(f"/desk/{draft}/save", data=old | {"text:s3": "My late words.", "version": shown[1]})
    made = service.call("GET", f"/v1/drafts/{draft}/revisions", "mentor").json()["data"]
    assert [("First." in r["text"], "My late words." in r["text"]) for r in made] == [(False, True), (True, False)]


def test_saving_what_is_saved_appends_nothing(service: Any) -> None:
    draft = put(service)
    client = taken(service, draft)
    client.post(f"/desk/{draft}/save", data=fields(client, f"/desk/{draft}") | {"act:s1": "cut"})
    client.post(f"/desk/{draft}/save", data=fields(client, f"/desk/{draft}"))
    assert len(service.call("GET", f"/v1/drafts/{draft}/revisions", "mentor").json()["data"]) == 1


def test_a_point_of_the_evidence_is_taken_in_and_named_as_a_source(service: Any) -> None:
    draft = put(service, sentences=[Sentence(id="s1", section="answer", text="Ask.", grounding="judgement")])
    client = taken(service, draft)
    shown = service.call("GET", f"/v1/desk/drafts/{draft}", "mentor").json()
    passage = next(p for p in shown["passages"] if "Ask once, in writing" in p["text"])
    sent = fields(client, f"/desk/{draft}") | {"act:s1": "cut", "point": f"{passage['passage_id']}:0"}
    assert "Taken in" in client.post(f"/desk/{draft}/insert", data=sent).text
    client.post(f"/desk/{draft}/publish", data=fields(client, f"/desk/{draft}"))
    end = service.call("GET", f"/v1/desk/drafts/{draft}", "mentor").json()
    assert end["text"].startswith(f"“{passage['points'][0]}” (mentor-1, staff, 2026")
    assert [s["passage_id"] for s in end["end"]["ai_assisted"]["sources"]] == [passage["passage_id"]]
    made_up = client.post(f"/desk/{draft}/insert", data=sent | {"point": "nothing:0"})
    assert made_up.status_code in (409, 412, 422)


def test_a_text_edited_as_a_whole_is_read_back_into_sentences(service: Any) -> None:
    draft = put(service)
    client = taken(service, draft)
    sent = fields(client, f"/desk/{draft}?as=text")
    text = "First of all, congratulations. Ask once, in writing. I think waiting is worse.\n\nName one number and one reason."
    client.post(f"/desk/{draft}/save", data=sent | {"text": text})
    made = service.call("GET", f"/v1/drafts/{draft}/revisions", "mentor").json()["data"][0]
    assert made["text"] == text
    acts = [(edit["id"], edit["action"]) for edit in made["sentences"]]
    assert acts == [("own-1", "add"), ("s3", "change")]
    page = client.get(f"/desk/{draft}").text
    assert "Back to sentences" in page and "congratulations" in page
    kept = client.post(f"/desk/{draft}/publish", data=fields(client, f"/desk/{draft}") | {"act:s2": "keep"})
    assert "Published" in kept.text


def test_writing_anew_stays_beside_and_can_take_the_place(service: Any) -> None:
    draft = put(service)
    client = taken(service, draft)
    sent = fields(client, f"/desk/{draft}") | {"text:s1": "Mine.", "instruction": "shorter", "form": "scaffold"}
    assert "stays as it is" in client.post(f"/desk/{draft}/regenerate", data=sent).text
    new = service.call("GET", f"/v1/desk/drafts/{draft}", "mentor").json()["anew"][0]["id"]
    service.stations.deep_lane.write_draft(new)
    page = client.get(f"/desk/{draft}").text
    assert "Mine." in page and "Take it in" in page
    written = service.call("GET", f"/v1/drafts/{new}", "mentor").json()
    assert written["kind"] == "scaffold" and written["provenance"].get("model") is None
    listed = service.call("GET", "/v1/desk/drafts", "mentor").json()
    assert [entry["id"] for entry in listed["data"]] == [draft]
    client.post(f"/desk/{new}/claim", data={"csrf": sent["csrf"]})
    client.post(f"/desk/{new}/continue", data=fields(client, f"/desk/{new}"))
    listed = service.call("GET", "/v1/desk/drafts", "mentor").json()
    assert [entry["id"] for entry in listed["data"]] == [new]
    figures = service.call("GET", "/v1/desk/figures", "mentor").json()["own"]
    assert (figures["discarded"], figures["published"]) == (0, 0)


def test_a_sentence_written_anew_takes_the_place_of_the_old_one(service: Any) -> None:
    draft = put(service)
    client = taken(service, draft)
    client.post(f"/desk/{draft}/regenerate", data=fields(client, f"/desk/{draft}") | {"sentence": "s1"})
    anew = service.call("GET", f"/v1/desk/drafts/{draft}", "mentor").json()["anew"][0]
    service.stations.deep_lane.write_draft(anew["id"])
    new = next(s for s in service.call("GET", f"/v1/drafts/{anew['id']}", "mentor").json()["sentences"])
    client.post(f"/desk/{draft}/use", data=fields(client, f"/desk/{draft}") | {"use": f"{anew['id']}:{new['id']}"})
    shown = service.call("GET", f"/v1/desk/drafts/{draft}", "mentor").json()
    assert [(p["action"], p["text"] == new["text"]) for p in shown["pieces"][:2]] == [("cut", False), ("add", True)]


def test_earlier_revisions_are_compared_and_brought_back(service: Any) -> None:
    draft = put(service)
    client = taken(service, draft)
    for text in ("First thought.", "Second thought."):
        client.post(f"/desk/{draft}/save", data=fields(client, f"/desk/{draft}") | {"text:s1": text})
    page = client.get(f"/desk/{draft}/changes?old=1&new=2").text
    assert "<del>First </del><ins>Second </ins>thought." in page
    piece = client.get(f"/desk/{draft}/changes", headers={"HX-Request": "true"}).text
    assert piece.startswith('<div id="changes">') and "<ins>Second thought. </ins>" in piece
    version = fields(client, f"/desk/{draft}")["version"]
    client.post(f"/desk/{draft}/restore", data={"csrf": csrf(page), "version": version, "seq": "1"})
    assert fields(client, f"/desk/{draft}")["text:s1"] == "First thought."


def test_tags_are_kept_from_the_desk_and_lead_to_the_draft(service: Any) -> None:
    draft = put(service)
    client = signed_in(service)
    token = csrf(client.get(f"/desk/{draft}").text)
    sent = {"csrf": token, "tags": ["compensation"], "add_tag": "offer-negotiation"}
    assert "The tags are kept" in client.post(f"/desk/{draft}/tags", data=sent).text
    shown = service.call("GET", f"/v1/desk/drafts/{draft}", "mentor").json()
    assert shown["kept_tags"] == ["compensation", "offer-negotiation"]
    assert client.get("/desk?topic=offer-negotiation").text.count(f'href="/desk/{draft}"') == 1
    assert "Nothing fits" in client.get("/desk?topic=burnout").text
    piece = client.post(f"/desk/{draft}/tags", data=sent | {"add_tag": ""}, headers={"HX-Request": "true"}).text
    assert piece.lstrip().startswith("<form") and "Kept." in piece
    assert client.post(f"/desk/{draft}/tags", data=sent | {"add_tag": "nonsense"}).status_code == 422


def test_the_desk_is_filtered_and_paged_and_knows_a_mentors_own_topics(service: Any) -> None:
    made = [put(service, f"q{n}", f"Question {n}", BODY) for n in range(3)]
    client = signed_in(service)
    first = service.call("GET", "/v1/desk/drafts?limit=2", "mentor").json()
    rest = service.call("GET", f"/v1/desk/drafts?limit=2&cursor={first['next_cursor']}", "mentor").json()
    assert [e["id"] for e in [*first["data"], *rest["data"]]] == made[::-1] and rest["next_cursor"] is None
    oldest = service.call("GET", "/v1/desk/drafts?oldest=true&limit=1", "mentor").json()
    assert oldest["data"][0]["id"] == made[0]
    token = csrf(client.get("/desk").text)
    post_id = service.call("GET", f"/v1/drafts/{made[1]}", "mentor").json()["post_id"]
    service.call("PUT", f"/v1/posts/{post_id}/tags", "mentor", json={"tags": ["visa-immigration"], "by": "mentor"})
    page = client.post("/desk/topics", data={"csrf": token, "topics": ["visa-immigration"]})
    assert page.url.path == "/desk" and page.text.count("data-row>") == 1
    assert client.post("/desk/next", data={"csrf": token}).url.path == f"/desk/{made[1]}"
    assert (
        "Question 1" in client.get("/desk?assigned=me").text
        and "Question 0" not in client.get("/desk?assigned=me").text
    )
    assert "Nothing fits" in client.get("/desk?age=older").text
    assert (
        client.get("/desk?state=nonsense").status_code == 422 and client.get("/desk?cursor=broken").status_code == 422
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_opening_a_draft_puts_it_first_in_the_writing_queue(service: Any) -> None:
    waiting = [service.post(f"p{n}", TITLE, f"{BODY} {n}", draft="async").json()["draft"]["id"] for n in range(3)]
    client = signed_in(service)
    page = client.get(f"/desk/{waiting[0]}").text
    assert "Being written" in page and f'data-live="/v1/drafts/{waiting[0]}/events"' in page
    assert service.stations.deep_lane.write_draft("whichever") == waiting[0]


def test_the_lease_is_renewed_without_a_version(service: Any) -> None:
    draft = put(service)
    change(service, draft, "claim")
    before = service.call("GET", f"/v1/drafts/{draft}", "mentor").headers["ETag"]
    beat = service.call("POST", f"/v1/drafts/{draft}/heartbeat", "mentor")
    assert beat.status_code == 200 and f'"{beat.json()["version"]}"' == before
    assert service.call("POST", f"/v1/drafts/{draft}/heartbeat", "admin").json()["reason"] == "claimed"
    change(service, draft, "release")
    assert service.call("POST", f"/v1/drafts/{draft}/heartbeat", "mentor").json()["reason"] == "not_claimed"


def test_markdown_to_copy_names_its_sources_and_waits_for_what_blocks(service: Any) -> None:
    draft = put(service)
    assert service.call("GET", f"/v1/drafts/{draft}/markdown", "mentor").json()["reason"] == "blocked"
    client = taken(service, draft)
    client.post(f"/desk/{draft}/save", data=fields(client, f"/desk/{draft}") | {"act:s2": "cut"})
    text = service.call("GET", f"/v1/drafts/{draft}/markdown", "mentor").text
    assert (
        text.startswith("Ask once, in writing. Name one number.\n\n---")
        and "- Noor, 2026-01-02: How to negotiate" in text
    )
    page = client.get(f"/desk/{draft}/markdown").text
    sent = dict(re.findall(r'<input type="hidden" name="(version|via)" value="([^"]*)"', page)) | {"csrf": csrf(page)}
    assert "no webhook was sent" in client.post(f"/desk/{draft}/publish", data=sent).text


def test_what_is_dropped_is_shown_struck_out_with_its_reason(service: Any) -> None:
    draft = put(service, dropped=[Dropped(text="Threaten them.", reason="names no source")])
    page = signed_in(service).get(f"/desk/{draft}").text
    assert '<s class="inert">Threaten them.</s><br><small>names no source' in page


def test_a_stale_draft_says_so_and_a_discarded_one_says_why(service: Any) -> None:
    draft = put(service)
    with service.stations.database.write() as session:
        row = drafts.find(session, draft)
        row.stale, row.stale_because = True, "a source was deleted"
    client = taken(service, draft)
    assert "a source was deleted. It cannot be published" in client.get(f"/desk/{draft}").text
    sent = fields(client, f"/desk/{draft}")
    assert client.post(f"/desk/{draft}/discard", data=sent).status_code == 422
    client.post(f"/desk/{draft}/discard", data=sent | {"reason": "not_useful", "note": "thin"})
    assert "it does not help" in client.get(f"/desk/{draft}").text


def test_hostile_text_is_shown_as_text(service: Any) -> None:
    hostile = Sentence(id='"><script>', section="answer", text=HOSTILE, grounding="judgement")
    draft = put(
        service, "h", HOSTILE, f"{BODY} {HOSTILE}", sentences=[hostile], dropped=[Dropped(text=HOSTILE, reason=HOSTILE)]
    )
    client = taken(service, draft)
    for path in ("/desk", f"/desk/{draft}", f"/desk/{draft}?as=text", f"/desk/{draft}/changes"):
        text = client.get(path).text
        assert "<script>alert" not in text and "<svg onload" not in text and 'href="javascript' not in text, path
        assert "&lt;script&gt;" in text, path


def test_a_mentor_of_another_draft_sees_who_works_on_it_and_cannot_edit(service: Any) -> None:
    draft = put(service)
    change(service, draft, "claim", "admin")
    page = signed_in(service).get(f"/desk/{draft}").text
    assert "is working on this" in page and "<textarea" not in page


@pytest.mark.parametrize(
    "action",
    [
        "claim",
        "save",
        "publish",
        "discard",
        "release",
        "regenerate",
        "insert",
        "use",
        "restore",
        "sentences",
        "continue",
        "tags",
    ],
)
def test_a_form_without_the_sessions_token_does_nothing(service: Any, action: str) -> None:
    draft = put(service)
    client = signed_in(service)
    sent = {"csrf": "guessed", "version": "1", "reason": "wrong", "edited": "1", "text:s1": "Not mine."}
    assert client.post(f"/desk/{draft}/{action}", data=sent).status_code == 403
    with service.stations.database.read() as session:
        assert drafts.find(session, draft).claimed_by is None and desk.newest(session, draft) is None


def test_an_admin_reads_everybodys_figures_by_prompt_model_and_thread(service: Any) -> None:
    draft = put(service, provenance={"prompt": {"name": "draft_answer", "version": "1.0.0"}, "model": "large"})
    change(service, draft, "claim")
    change(service, draft, "revisions", json={"sentences": [{"id": "s2", "action": "cut"}]})
    change(service, draft, "publish")
    every = service.call("GET", "/v1/desk/figures", "admin").json()["all"]
    assert [row["group"] for row in every["by_prompt"]] == ["draft_answer 1.0.0"]
    assert every["by_model"][0]["kept"]["n"] == 3 and every["by_thread"][0]["sentences"] == 2
    page = signed_in(service, "admin").get("/desk/figures").text
    assert "How to negotiate a first offer" in page and "draft_answer 1.0.0" in page
    assert "By model" not in signed_in(service).get("/desk/figures").text


def test_topics_are_a_persons_own(service: Any) -> None:
    with service.stations.database.write() as session:
        person = identity.add_person(
            session, "m@example.org", "mentor", "acme", service.stations.clock(), topics=["burnout"]
        )
        secret = identity.create_link(session, person.id, service.stations.clock())
    service.client.cookies.clear()
    page = service.client.get(f"/sign-in/{secret}").text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    service.client.post(f"/sign-in/{secret}", data={"csrf": token[1]} if token else {})
    assert "Your topics: burnout" in service.client.get("/desk").text
    assert service.call("PUT", "/v1/desk/topics", "mentor", json={"topics": []}).json()["reason"] == "no_person"
