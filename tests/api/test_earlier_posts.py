"""The same question sent again: as another post, by the same or another member, and what is not the same."""

from __future__ import annotations

from typing import Any

import pytest

TITLE = "Should I tell my new manager about the reorg rumour?"
BODY = (
    "I run a team of four on the billing platform in Leeds. Last week our director hinted at a reorg over lunch and asked "
    "me to keep it quiet. My new manager starts on Monday and will plan our whole quarter. Do I warn her, or wait?"
)
AGAIN = (
    "Posting here as well because the other section was quiet. I lead four people on the billing platform in Leeds. Over "
    "lunch last week the director hinted at a reorg and asked me to keep it quiet, and my new manager, who starts Monday, "
    "will plan our whole quarter. Should I warn her, or wait?"
)
OTHERS = [
    ("o-1", "How do I negotiate a second offer?", "A startup raised its offer once. Is asking again rude?"),
    (
        "o-2",
        "On-call every second week",
        "Five of us share the pager and two are leaving. How do I say no to more shifts?",
    ),
    (
        "o-3",
        "Switching from QA to backend",
        "Six years of test automation, and recruiters only see a tester. What shows more?",
    ),
]


@pytest.fixture
def asked(service: Any) -> Any:
    """A service that has read a few posts, one of them about the rumour."""
    for external_id, title, body in OTHERS:
        service.post(external_id, title, body)
    assert service.post("q-1", TITLE, BODY, author={"id": "m-1"}).status_code == 201
    return service


def duplicate(answer: Any) -> dict[str, Any] | None:
    assert answer.status_code in (200, 201)
    return next((flag for flag in answer.json()["flags"] if flag["category"] == "duplicate_crosspost"), None)


def test_the_same_question_as_another_post_is_a_crosspost(asked: Any) -> None:
    found = duplicate(asked.post("q-2", f"Again: {TITLE}", AGAIN, author={"id": "m-1"}))
    assert found is not None and found["found_by"] == ["retrieval:earlier_posts"]
    assert "q-1, by the same member" in found["reason"] and found["probability"] >= 0.5


def test_the_same_text_under_another_name_is_a_crosspost(asked: Any) -> None:
    found = duplicate(asked.post("q-3", TITLE, BODY, author={"id": "m-2"}))
    assert found is not None and "by another member" in found["reason"]


@pytest.mark.parametrize(
    ("title", "body", "quoted"),
    [
        (TITLE, BODY, ("title", TITLE)),
        ("", BODY, ("body", "I run a team of four on the billing platform in Leeds.")),
        (f"  {TITLE} ", f"{BODY} Write to jo.doe@gmail.com.", ("title", TITLE)),
        ("\u200b", f"<p>\n{BODY}</p>", ("body", "I run a team of four on the billing platform in Leeds.")),
    ],
)
def test_every_flag_of_a_crosspost_quotes_words_of_it(
    asked: Any, title: str, body: str, quoted: tuple[str, str]
) -> None:
    made = asked.post("q-7", title, body, author={"id": "m-1"})
    found, sent = duplicate(made), {"title": title, "body": body}
    assert found is not None and [(quote["field"], quote["text"]) for quote in found["quotes"]] == [quoted]
    for flag in made.json()["flags"]:
        assert flag["quotes"]
        assert all(sent[q["field"]][q["start"] : q["end"]] == q["text"] for q in flag["quotes"])


def test_a_crosspost_without_a_full_stop_is_quoted_in_part(asked: Any) -> None:
    endless = " ".join(BODY.replace(".", "").replace("?", "").split() * 3)
    assert asked.post("q-8", "", endless, author={"id": "m-2"}).status_code == 201
    found = duplicate(asked.post("q-9", "", endless, author={"id": "m-3"}))
    assert found is not None and [quote["text"] for quote in found["quotes"]] == [endless[:300]]


def test_a_thread_that_asks_the_same_is_a_crosspost_that_quotes_its_title(service: Any) -> None:
    thread = {"title": TITLE, "body": BODY, "created_at": "2026-01-01T00:00:00Z"}
    assert service.call("PUT", "/v1/threads/acme/t-same", json=thread).status_code in (200, 201)
    found = duplicate(service.post("q-10", TITLE, BODY))
    assert found is not None and found["found_by"] == ["retrieval:duplicates"]
    assert [quote["text"] for quote in found["quotes"]] == [TITLE]


def test_an_edit_of_a_post_is_not_a_crosspost_of_itself(asked: Any) -> None:
    assert duplicate(asked.post("q-1", TITLE, f"{BODY} Edit: thanks, I will wait.", author={"id": "m-1"})) is None


def test_another_question_of_the_same_member_is_not_a_crosspost(asked: Any) -> None:
    body = "My new manager moved our standup to seven in the morning and two people have small children. How do I raise it?"
    assert duplicate(asked.post("q-4", "Standup at seven", body, author={"id": "m-1"})) is None


def test_an_erased_post_is_not_compared_with(asked: Any) -> None:
    first = asked.call("POST", "/v1/posts", json={"site": "acme", "external_id": "q-1", "title": TITLE, "body": BODY,
                                                  "author": {"id": "m-1"}, "draft": "none"}).json()["post_id"]  # fmt: skip
    assert asked.call("DELETE", f"/v1/posts/{first}").status_code == 204
    assert duplicate(asked.post("q-5", TITLE, BODY, author={"id": "m-1"})) is None


def test_a_store_that_cannot_be_written_costs_the_comparison_and_not_the_post(
    asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from service.errors import StoreUnavailable

    def broken(*_: object) -> None:
        raise StoreUnavailable("no vectors")

    monkeypatch.setattr(asked.stations.index, "add_post", broken)
    assert asked.post("q-6", "Another matter", "Is a title change worth a pay cut?").status_code == 201
