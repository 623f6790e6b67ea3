"""A small served community in which every page has something to show, on a clock of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from service import editing
from service.desk.revision import NewRevision, SentenceEdit
from service.drafting.tables import DraftRow
from service.integrations.tables import WebhookDeliveryRow
from service.people import identity
from tests.browser.addresses import items
from tests.browser.conftest import Site
from tests.browser.drafts import answer, put_draft, put_threads
from tests.review.conftest import Clock

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
SOLD = (
    ("My course pays for itself", "I earn ${} a week with this course. Click https://bit.ly/x and use my referral code RICH to join now!!!"),
    ("We are hiring, remote", "We are hiring {} senior engineers. Apply at https://jobs.example.com or send your CV to us, great pay!!!"),
    ("Weekend football", "Who watches the match on Saturday? I made ${} on the last one. Click https://bit.ly/y to bet with my code!!!"),
)  # fmt: skip
ASKED = (
    ("First time leading a project", "I have four people and three months. What do you wish somebody had told you before your first one?"),
    ("Two offers, one week", "One pays more, the other has people I could learn from. How did you decide, and do you regret it?"),
    ("How do I ask for feedback?", "My manager is remote and we speak once a month. I would like to hear what to work on before the review."),
    ("Back after a year away", "I took a year off to care for my father. How do I speak about it in interviews?"),
)  # fmt: skip
ROLES = (("m-1", "Backend Engineer", "junior"), ("m-2", "Data Analyst", "mid"), ("m-3", "QA Engineer", "senior"))
CHANGES = [
    SentenceEdit(id="s1", action="keep"),
    SentenceEdit(id="s2", action="keep"),
    SentenceEdit(id="s3", action="change", text="Once you have signed, ask for an early review instead."),
    SentenceEdit(id="own-1", action="add", text="Sleep on it before you write."),
]
ENDING = [SentenceEdit(id="s1", action="keep"), SentenceEdit(id="s2", action="cut")]
PEOPLE: tuple[dict[str, Any], ...] = (
    {"email": "grace@example.org", "role": "mentor", "name": "Grace", "topics": ["compensation", "offer-negotiation"]},
    {"email": "linus@example.org", "role": "moderator", "name": "Linus"},
)


@dataclass(frozen=True)
class Community:
    """The service and the ids that the pictures are of."""

    site: Site
    post: str
    item: str
    grave: str
    draft: str
    changed: str
    endpoint: str

    def new_link(self) -> str:
        """The path of a sign-in link that nobody has used."""
        sent = {"email": "ada@example.org", "role": "moderator", "site": "acme", "name": "Ada"}
        return urlsplit(self.site.api("POST", "/v1/people", "admin", sent)["sign_in_link"]).path


def furnish(site: Site, clock: Clock) -> Community:
    """Fill the service: posts, decisions, drafts in every state, people, deliveries, a version of the thresholds."""
    for listed in items(site):
        if listed["external_id"] in ("hostile-1", "long-1"):
            site.api("DELETE", f"/v1/posts/{listed['post_id']}", "site")
    hook = {"site": "acme", "url": "https://community.example.org/hooks/answerloop", "secret": SECRET}
    endpoint = str(site.api("POST", "/v1/webhooks", "site", hook)["id"])
    for person in PEOPLE:
        site.api("POST", "/v1/people", "admin", person | {"site": "acme"})
    _decide(site, clock)
    put_threads(site)
    ended = put_draft(site, "ended", "When is it too late to ask?", sentences=answer(site)[:2])
    _edit(site, clock, ended, ENDING, publish=True)
    changed = put_draft(site, "changed", "More, without losing the offer", sentences=answer(site)[:3])
    _edit(site, clock, changed, CHANGES)
    draft = put_draft(site, "shown")
    clock.now += timedelta(minutes=95)
    put_draft(site, "shown-2", "Three managers in one year", "Nobody knows what I did. How do I get a fair review?")
    _ask(site, clock)
    cuts = {"changes": {"spam_promotion": {"high": 0.9}}, "reason": "Fewer alarms about referral codes"}
    site.api("POST", "/v1/thresholds/acme", "admin", cuts)
    site.api("POST", "/v1/thresholds/acme/1/shadow", "admin")
    site.api("POST", "/v1/cases/export", "admin", {})
    site.api("PUT", "/v1/sites/acme/settings", "admin", {"answer_age_days": 600})
    _deliver(site)
    spam = next(item for item in items(site) if item["title"] == "Earn money from home")
    grave = next(item for item in items(site) if item["external_id"] == "crisis-1")
    return Community(site, spam["post_id"], spam["id"], grave["id"], draft, changed, endpoint)


def _decide(site: Site, clock: Clock) -> None:
    """Decisions and kept tags, so that the figures have something to count."""
    tags = (["compensation"], ["job-search"], [])
    for number in range(24):
        title, body = SOLD[number % 3]
        asked = " How do I ask for a raise?" if number % 4 == 0 else ""
        site.send(f"more-{number}", title, body.format(1000 + number) + asked)
        clock.now += timedelta(minutes=3 + number)
        item = next((i for i in items(site) if i["external_id"] == f"more-{number}"), None)
        if item is not None:
            sent = {
                "assessment_id": item["assessment_id"], "verdict": "dismiss" if number % 5 == 0 else "agree",
                "reason": "it sells", "tags": tags[number % 3],
            }  # fmt: skip
            site.api("POST", f"/v1/review/items/{item['id']}/decide", "moderator", sent)


def _ask(site: Site, clock: Clock) -> None:
    """Ordinary questions of members."""
    for number, (title, body) in enumerate(ASKED):
        author, role, level = ROLES[number % len(ROLES)]
        sent = {"site": "acme", "external_id": f"q-{number}", "title": title, "body": body, "draft": "none"}
        site.api("POST", "/v1/posts", "site", sent | {"author": {"id": author, "role": role, "level": level}})
        clock.now += timedelta(minutes=11)


def _edit(site: Site, clock: Clock, draft: str, edits: list[SentenceEdit], *, publish: bool = False) -> None:
    """What a mentor does to a draft."""
    stations = site.stations
    with stations.database.read() as session:
        mentor = identity.authenticate_key(session, site.keys["mentor"])
        version = session.get_one(DraftRow, draft).version
    made = editing.claim(stations, mentor, draft, version)
    made = editing.revise(stations, mentor, draft, made.version, NewRevision(sentences=edits))
    clock.now += timedelta(minutes=8)
    if publish:
        editing.publish(stations, mentor, draft, made.version, "webhook")


def _deliver(site: Site) -> None:
    """Deliveries that arrived, one that failed, one still to be sent."""
    with site.stations.database.write() as session:
        rows = session.scalars(sa.select(WebhookDeliveryRow).order_by(WebhookDeliveryRow.id.desc()))
        for number, row in enumerate(rows):
            if number:
                row.state, row.attempts, row.delivered_at = "delivered", 1, row.created_at
            if number == 2:
                row.state, row.attempts, row.last_error = "failed", 8, "the endpoint answered 503"
