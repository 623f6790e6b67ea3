from __future__ import annotations

from typing import Any

import pytest

from eval.loading import shipped as dataset
from service.flagging.detectors.named_beside import NamedBeside
from service.flagging.detectors.personal_information import PersonalInformation, exposes_somebody
from service.flagging.finding import DetectorContext, Finding
from service.flagging.policy import Policy
from service.flagging.reader import FlagReader, ReadFlags
from service.flagging.routing import route
from service.flagging.thresholds import shipped
from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.intake.windows import embed_post
from service.retrieval.evidence import Evidence

ROUTING: dict[str, Any] = {"degraded": False, "limited": False, "unread_language": "publish"}
BESIDE = "I work on a payments team. My colleague Priya Raman earns 140k and I make 90k for the same level. How do I raise it?"


def read(policy: Policy, embedder: Any, body: str) -> ReadFlags:
    """The flags of the shipped readers."""
    post = NewPost(site="s", external_id="1", title="A question about my team", body=body)
    readable = normalise(post)
    return FlagReader(policy, shipped()).read(post, readable, embed_post(readable, embedder, adapted=True), Evidence())


@pytest.mark.parametrize(
    ("body", "to"),
    [
        ("He lives at 48 Harbour Street, Apt 3, Leeds. Go and tell him what you think of his reviews.", "urgent_review"),
        ("Her private number is 020 7946 0018 and her mail lena.brandt77@webmail.de, ask her yourself.", "urgent_review"),
        ("Write to me at lena.brandt77@webmail.de or call my cell, 303-555-0126, I am up late.", "review"),
        ("This is the head of my CV.\n\nHeike Brandewinder\nheike.brandewinder@gmx-mail.example\n\nIs it too long?", "review"),
    ],
)  # fmt: skip
def test_only_another_persons_private_data_bring_somebody_at_once(
    policy: Policy, embedder: Any, body: str, to: str
) -> None:
    flags = read(policy, embedder, body).flags
    assert route(flags, policy, shipped(), **ROUTING).to == to


def test_what_is_surely_private_and_somebody_elses_exposes() -> None:
    def finding(detail: str, probability: float = 0.9) -> Finding:
        return Finding("personal_information", probability, (), "personal_information", detail)

    assert exposes_somebody(finding("other:phone"))
    assert not any(map(exposes_somebody, (finding("own:phone"), finding("phone"), finding("other:ip"))))
    assert not exposes_somebody(finding("other:address", 0.72))


def test_no_clean_post_and_no_trap_is_exposed_or_names_somebody_beside_an_accusation() -> None:
    exposed, named = set(), set()
    for row in dataset("posts/voices_*").rows:
        post = NewPost(site="s", external_id=row.id, title=row.title, body=row.body)
        readable, context = normalise(post), DetectorContext.of(post)
        if any(map(exposes_somebody, PersonalInformation().detect(readable, context))):
            exposed.add((row.id, row.family))
        if NamedBeside().detect(readable, context):
            named.add((row.id, row.family))
    assert {row_id for row_id, family in exposed | named if family != "flagged"} == set()
    assert len(exposed) >= 35


def test_a_name_beside_a_salary_waits_in_the_middle_band(policy: Policy, embedder: Any) -> None:
    found = read(policy, embedder, BESIDE)
    (flag,) = found.flags
    assert (flag.category, flag.band) == ("identifying_detail", "middle")
    assert [quote.text for quote in flag.quotes] == ["Priya Raman", "earns 140k"]
    assert route(found.flags, policy, shipped(), **ROUTING).to == "publish"
