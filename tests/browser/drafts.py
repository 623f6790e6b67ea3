"""A small community with answers to rest on, and drafts for the desk, some of them hostile."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from service.corpus.tables import PassageRow
from service.drafting import repository as drafts
from service.drafting.draft import Dropped, Sentence, Source, WrittenDraft
from tests.browser.conftest import HOSTILE, Site

ASKED = "Offer in hand: do I ask for more?"
BODY = (
    "I have my first written offer after two years as a support engineer. It is a little below what I had hoped for. "
    "I am afraid they will take it back if I ask. How would you go about it, and when is it too late?"
)
THREADS: list[dict[str, Any]] = [
    {
        "external_id": "t-ask", "title": "How to negotiate a first offer", "tags": ["offer-negotiation", "compensation"],
        "body": "They offered less than I hoped. Can I ask for more without losing it?", "created_at": "2025-02-01T00:00:00Z",
        "answers": [
            {"external_id": "a1", "author": {"id": "noor-k", "role": "engineering manager", "level": "manager"}, "accepted": True,
             "created_at": "2025-02-03T00:00:00Z",
             "body": "Ask once, in writing, with one number and one reason. In nine years of hiring I never saw an offer "
                     "withdrawn because somebody asked politely. Ask before you sign, because afterwards nobody has a reason to move."},
            {"external_id": "a2", "author": {"id": "piet-v", "role": "recruiter", "level": "senior"},
             "created_at": "2025-02-04T00:00:00Z",
             "body": "Do not ask in writing before you have spoken to a person. Call the recruiter, say that you are glad, and ask "
                     "what room there is in the number."},
        ],
    },
    {
        "external_id": "t-late", "title": "Signed, and then a better offer came", "tags": ["offer-negotiation"],
        "body": "I signed last week. Is it too late to ask?", "created_at": "2024-06-01T00:00:00Z",
        "answers": [
            {"external_id": "a1", "author": {"id": "ines-m", "role": "staff engineer", "level": "staff"},
             "created_at": "2024-06-02T00:00:00Z",
             "body": "After you have signed, ask for something that is not salary: a later start, a review after six months, a "
                     "budget for courses. I got the early review and it was worth more than the raise."},
        ],
    },
]  # fmt: skip


def put_threads(site: Site) -> None:
    """Give the community something to rest answers on."""
    for thread in THREADS:
        sent = {name: value for name, value in thread.items() if name != "external_id"}
        site.api("PUT", f"/v1/threads/acme/{thread['external_id']}", "site", sent)


def put_draft(site: Site, external_id: str, title: str = ASKED, body: str = BODY, **more: Any) -> str:
    """A post with a draft that is written; returns the draft's id."""
    post_id = site.send(external_id, title, body)
    asked = site.api("POST", "/v1/drafts", "site", {"post_id": post_id})
    written = {"status": "ready", "kind": "answer", "sentences": answer(site), "dropped": DROPPED} | more
    stations = site.stations
    with stations.database.write() as session:
        drafts.save(session, asked["id"], WrittenDraft(**written), stations.clock())
    return str(asked["id"])


def answer(site: Site) -> list[Sentence]:
    """Five sentences: two with a source, one opinion, one placeholder, one gap."""
    return [
        Sentence(id="s1", section="answer", grounding="supported", text="Ask once, in writing, with one number and one reason.",
                 sources=[source(site, "Ask once, in writing", "noor-k", "manager", "2025-02-03")]),
        Sentence(id="s2", section="answer", grounding="judgement", text="A polite question rarely costs anybody an offer."),
        Sentence(id="s3", section="answer", grounding="partial", text="Once you have signed, ask [COMPANY] for an early review instead.",
                 sources=[source(site, "ask for something that is not salary", "ines-m", "staff", "2024-06-02")]),
        Sentence(id="s4", section="gap", grounding="judgement", text="Only you can say what you have seen work; add it, or cut this line."),
    ]  # fmt: skip


def source(site: Site, quote: str, author: str, level: str, date: str) -> Source:
    """A source that quotes an answer of the community."""
    with site.stations.database.read() as session:
        row = session.scalars(sa.select(PassageRow).where(PassageRow.text.contains(quote))).first()
    assert row is not None
    return Source(passage_id=row.id, thread_id=row.thread_id, quote=quote, author=author, level=level, date=date)


DROPPED = [Dropped(text="Most companies add ten per cent if you insist.", reason="its source does not say that")]


def put_hostile_draft(site: Site) -> str:
    """A draft whose every word tries to be markup."""
    bad = f"{HOSTILE} [x](javascript:window.hacked=4) \u202egnp.exe"
    sentence = Sentence(id='"><b id=x>', section="answer", text=bad, grounding="judgement")
    long = Sentence(id="long", section="answer", text="wordwithoutanend" * 200, grounding="judgement")
    return put_draft(
        site, "hostile-draft", HOSTILE, f"{BODY} {bad}", sentences=[sentence, long],
        dropped=[Dropped(text=bad, reason=bad)], notes=[bad],
    )  # fmt: skip
