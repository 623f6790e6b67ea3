"""Thresholds are changed only after their effect on past posts was shown."""

from __future__ import annotations

import re
from typing import Any

import pytest

from service import tuning
from tests.review.conftest import CALM, PRIVATE, SPAM, desk, open_desk
from tests.web.test_review_pages import signed_in
from tests.web.test_sign_in import csrf

__all__ = ["desk", "open_desk"]
NO_SPAM = {"spam_promotion.middle": "1", "spam_promotion.high": "1"}


def sent(client: Any, path: str, **more: str) -> Any:
    """The answer to a form of the thresholds' pages."""
    token = csrf(client.get("/settings/thresholds").text)
    return client.post(f"/settings/thresholds/{path}", data={"csrf": token, "site": "acme"} | more)


def cell(text: str, row: str, column: int) -> str:
    """The words in a cell of a table, by the name of its row."""
    line = text[text.index(f'<th scope="row">{row}</th>') :].partition("</tr>")[0]
    return re.sub(r"<[^>]+>", "", re.findall(r"<td[^>]*>(.*?)</td>", line, re.S)[column]).strip()


def test_the_effect_is_shown_before_anything_is_kept(desk: Any) -> None:
    upheld, fine = desk.send("a", SPAM), desk.send("b", (SPAM[0], SPAM[1].replace("5000", "9000")))
    desk.decide(desk.item_of(upheld), "agree")
    desk.decide(desk.item_of(fine), "dismiss")
    desk.send("c", (SPAM[0], SPAM[1].replace("5000", "7000")))
    desk.send("d", CALM)
    desk.send("e", PRIVATE)
    admin = signed_in(desk, "admin")
    answer = sent(admin, "preview", **NO_SPAM)
    assert answer.status_code == 200 and "Of the newest 5 posts of acme, <strong>3</strong>" in answer.text
    assert [cell(answer.text, "because of spam promotion", n).split()[0] for n in (0, 1)] == ["3", "0"]
    assert cell(answer.text, "would be looked at less", 0) == "1: these would be missed"
    assert [cell(answer.text, "would be looked at less", n) for n in (1, 2)] == ["1", "1"]
    assert "Fewer than 20" in answer.text and answer.text.count("hold → ") == 3
    assert desk.call("GET", "/v1/thresholds/acme", "admin").json()["data"] == []


def test_a_kept_version_waits_for_its_shadow_and_its_gate(desk: Any) -> None:
    for number in range(21):
        desk.send(f"p{number}", (CALM[0], f"{CALM[1]} Number {number}."))
    admin = signed_in(desk, "admin")
    assert "no cut was changed" in sent(admin, "preview", **{"off_topic.high": ""}).text
    refused = sent(admin, "keep", **NO_SPAM)
    assert (
        refused.status_code == 422
        and "reason" in refused.text
        and 'name="spam_promotion.high" value="1"' in refused.text
    )
    kept = sent(admin, "keep", reason="our members sell nothing", **NO_SPAM)
    assert "Version 1 is kept" in kept.text and "0 of 21 past posts" in kept.text
    assert "Move production here" not in kept.text
    early = sent(admin, "promote", number="1", reason="now")
    assert early.status_code == 409 and "gate has not passed" in early.text
    tuning.gate(desk.service.stations, "acme", 1, judge=lambda *_: {"verdict": "passed"})
    assert "Move production here" in admin.get("/settings/thresholds?site=acme").text
    assert "acme now uses version 1" in sent(admin, "promote", number="1", reason="it passed").text
    assert "spam_promotion" not in desk.service.post("s1", *SPAM).json()["route"]["because"]
    assert "the shipped thresholds" in sent(admin, "promote", number="", reason="too bold").text
    assert "spam_promotion" in desk.service.post("s2", *SPAM).json()["route"]["because"]
    version = desk.call("GET", "/v1/thresholds/acme", "admin").json()["data"][0]
    assert version["made_from"] == "person" and version["report"]["reason"] == "our members sell nothing"


@pytest.mark.parametrize("value", ["1.5", "-1", "much", "nan"])
def test_what_is_no_probability_is_refused_and_named(desk: Any, value: str) -> None:
    answer = sent(signed_in(desk, "admin"), "preview", **{"off_topic.high": value})
    assert answer.status_code == 422 and "off_topic" in answer.text.partition("<h2>")[0]


def test_the_api_previews_what_the_page_shows(desk: Any) -> None:
    desk.send("a", SPAM)
    body = {"changes": {"spam_promotion": {"middle": 1.0, "high": 1.0}}}
    found = desk.call("POST", "/v1/thresholds/acme/preview", "admin", json=body).json()
    assert (found["n"], found["changed"], found["production"], found["candidate"]) == (
        1,
        1,
        {"hold": 1},
        {"publish": 1},
    )
    assert found["people_said"]["no_longer"] == {"upheld": 0, "dismissed": 0, "undecided": 1}
    none = desk.call("POST", "/v1/thresholds/acme/preview", "admin", json={"changes": {"off_topic": {}}})
    assert none.status_code == 422 and none.json()["field"] == "changes"


def test_the_page_takes_a_bound_of_one_category_and_keeps_what_was_written(desk: Any) -> None:
    admin = signed_in(desk, "admin")
    usual = {"missed": "10", "clean_flagged": "5", "days": "90"}
    answer = sent(admin, "fit", **usual, **{"miss.confidential_business": "7.5"})
    assert answer.status_code == 422
    said = "confidential_business, at most 7.5 % of true posts missed: 0 true labels, 13 needed"
    assert said in answer.text
    assert 'name="miss.confidential_business" value="7.5"' in answer.text and 'name="days" value="90"' in answer.text
    assert "<details open>" in answer.text
    both = sent(admin, "fit", **usual, **{"miss.hate": "5", "flag.hate": "5"})
    assert both.status_code == 422 and "hate can have one bound" in both.text
    wrong = sent(admin, "fit", **usual, **{"flag.hate": "much"})
    assert wrong.status_code == 422 and "flag.hate" in wrong.text.partition("<h2>")[0]


def test_a_fitted_version_says_which_bounds_it_was_asked_to_keep(open_desk: Any) -> None:
    desk = open_desk(audit_share=1.0)
    for number in range(10):
        desk.decide(desk.item_of(desk.send(f"c{number}", (CALM[0], f"{CALM[1]} Number {number}."))), "dismiss")
    admin = signed_in(desk, "admin")
    usual = {"missed": "10", "clean_flagged": "5", "days": "90"}
    answer = sent(admin, "fit", **usual, **{"flag.low_effort": "10"})
    assert "Version 1 was fitted from 10 judged posts" in answer.text
    assert "low effort: at most 10 % of clean posts flagged" in answer.text
