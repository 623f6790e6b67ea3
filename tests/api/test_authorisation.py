"""Every route with every role and with none. The list comes from the app itself: a route without a rule here fails."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.routing import APIRoute

from service.app import routers
from service.web import pages

ROLES = {"s": "site", "t": "mentor", "m": "moderator", "a": "admin"}
OPEN = "anybody"
POST = {"site": "acme", "external_id": "x", "title": "How do I ask for feedback?", "draft": "none"}
THREAD = {"title": "x", "created_at": "2026-01-01T00:00:00Z"}
HOOK = {"site": "acme", "url": "https://example.com/hook", "secret": "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="}
DECISION = {"assessment_id": "x", "verdict": "dismiss"}

RULES: dict[str, tuple[str, Any]] = {
    "POST /v1/posts": ("sa", POST),
    "GET /v1/posts/{post_id}": ("stma", None),
    "GET /v1/posts/{post_id}/assessments": ("stma", None),
    "DELETE /v1/posts/{post_id}": ("sa", None),
    "PUT /v1/posts/{post_id}/tags": ("stma", {"tags": []}),
    "POST /v1/posts/{post_id}/reports": ("sma", {"reporter_id": "x"}),
    "POST /v1/posts/{post_id}/appeals": ("sma", {}),
    "POST /v1/related": ("sa", {"site": "acme", "title": "x"}),
    "POST /v1/tags/suggest": ("sa", {"site": "acme", "title": "x"}),
    "GET /v1/tags": ("sa", None),
    "POST /v1/moderations": ("sa", {"input": "x"}),
    "POST /v1/drafts": ("sta", {"post_id": "x"}),
    "GET /v1/drafts": ("sta", None),
    "GET /v1/drafts/{draft_id}": ("sta", None),
    "GET /v1/drafts/{draft_id}/events": ("sta", None),
    "POST /v1/drafts/{draft_id}/claim": ("ta", None),
    "POST /v1/drafts/{draft_id}/release": ("ta", None),
    "POST /v1/drafts/{draft_id}/revisions": ("ta", {"sentences": []}),
    "GET /v1/drafts/{draft_id}/revisions": ("ta", None),
    "POST /v1/drafts/{draft_id}/regenerate": ("ta", {}),
    "POST /v1/drafts/{draft_id}/publish": ("ta", None),
    "POST /v1/drafts/{draft_id}/discard": ("ta", {"reason": "wrong"}),
    "POST /v1/drafts/{draft_id}/heartbeat": ("ta", None),
    "POST /v1/drafts/{draft_id}/continue": ("ta", None),
    "GET /v1/drafts/{draft_id}/diff": ("ta", None),
    "GET /v1/drafts/{draft_id}/markdown": ("ta", None),
    "GET /v1/desk/figures": ("ta", None),
    "GET /v1/desk/drafts": ("ta", None),
    "GET /v1/desk/drafts/{draft_id}": ("ta", None),
    "GET /v1/desk/next": ("ta", None),
    "GET /v1/desk/topics": ("ta", None),
    "PUT /v1/desk/topics": ("ta", {"topics": []}),
    "GET /desk": ("ta", None),
    "GET /desk/figures": ("ta", None),
    "GET /desk/{draft_id}": ("ta", None),
    "GET /desk/{draft_id}/changes": ("ta", None),
    "GET /desk/{draft_id}/markdown": ("ta", None),
    "GET /v1/review/items": ("ma", None),
    "GET /v1/review/next": ("ma", None),
    "GET /v1/review/wellbeing": ("ma", None),
    "PUT /v1/review/wellbeing": ("ma", {}),
    "GET /v1/review/agreement": ("ma", None),
    "POST /v1/review/golden": ("a", {"post_id": "x", "verdict": "dismiss"}),
    "GET /v1/review/items/{item_id}": ("ma", None),
    "POST /v1/review/items/{item_id}/heartbeat": ("ma", None),
    "POST /v1/review/items/{item_id}/claim": ("ma", None),
    "POST /v1/review/items/{item_id}/release": ("ma", None),
    "POST /v1/review/items/{item_id}/decide": ("ma", DECISION),
    "POST /v1/review/items/{item_id}/undo": ("ma", None),
    "POST /v1/review/items/{item_id}/reopen": ("ma", {}),
    "POST /v1/review/items/{item_id}/escalate": ("ma", {}),
    "POST /v1/review/decisions": ("ma", {"items": [{"item_id": "x", **DECISION}]}),
    "GET /v1/outcomes": ("ma", None),
    "GET /v1/quality": ("ma", None),
    "POST /v1/cases/export": ("ma", {}),
    "GET /v1/cases": ("ma", None),
    "GET /v1/cases/accepted.jsonl": ("ma", None),
    "POST /v1/cases/{case_id}/accept": ("ma", {}),
    "POST /v1/cases/{case_id}/reject": ("ma", {"reason": "x"}),
    "GET /v1/thresholds/{site}": ("a", None),
    "POST /v1/thresholds/{site}/fit": ("a", {}),
    "POST /v1/thresholds/{site}/preview": ("a", {"changes": {"off_topic": {"high": 0.9}}}),
    "POST /v1/thresholds/{site}": ("a", {"changes": {"off_topic": {"high": 0.9}}, "reason": "x"}),
    "POST /v1/thresholds/{site}/promote": ("a", {"number": 1, "reason": "x"}),
    "POST /v1/thresholds/{site}/{number}/shadow": ("a", None),
    "POST /v1/thresholds/{site}/{number}/gate": ("a", None),
    "GET /v1/taggers/{site}": ("a", None),
    "POST /v1/taggers/{site}/promote": ("a", {"number": 1, "reason": "x"}),
    "POST /v1/taggers/{site}/{number}/gate": ("a", None),
    "GET /v1/audit": ("a", None),
    "GET /v1/audit/verify": ("a", None),
    "GET /v1/audit/posts/{post_id}": ("a", None),
    "GET /v1/people": ("a", None),
    "POST /v1/people": ("a", {"email": "a@example.org", "role": "mentor", "site": "acme"}),
    "DELETE /v1/people/{person_id}": ("a", None),
    "POST /v1/people/{person_id}/sign-out": ("a", None),
    "GET /v1/keys": ("a", None),
    "POST /v1/keys": ("a", {"role": "site", "site": "acme"}),
    "DELETE /v1/keys/{key_id}": ("a", None),
    "PUT /v1/threads/{site}/{external_id}": ("sa", THREAD),
    "DELETE /v1/threads/{site}/{external_id}": ("sa", None),
    "PUT /v1/authors/{site}/{author_id}": ("sa", {"reuse": "allowed"}),
    "POST /v1/imports": ("sa", None),
    "GET /v1/imports/{import_id}": ("sa", None),
    "POST /v1/webhooks": ("sa", HOOK),
    "GET /v1/webhooks": ("sa", None),
    "DELETE /v1/webhooks/{endpoint_id}": ("sa", None),
    "GET /v1/webhooks/{endpoint_id}/deliveries": ("sa", None),
    "POST /v1/webhooks/deliveries/{delivery_id}/replay": ("sa", None),
    "GET /v1/prompts": ("a", None),
    "POST /v1/prompts/replay": ("a", {"assessment": "x"}),
    "GET /v1/prompts/gates/{gate_id}": ("a", None),
    "GET /v1/prompts/{name:path}/labels": ("a", None),
    "GET /v1/prompts/{name:path}/diff": ("a", None),
    "GET /v1/prompts/{name:path}/history": ("a", None),
    "GET /v1/prompts/{name:path}/versions/{version}": ("a", None),
    "GET /v1/prompts/{name:path}/shadow": ("a", None),
    "POST /v1/prompts/{name:path}/labels/{label}": ("a", {"version": "1.0.0"}),
    "GET /v1/sites": ("stma", None),
    "GET /v1/sites/{site}/settings": ("a", None),
    "PUT /v1/sites/{site}/settings": ("a", {"answer_age_days": 730}),
    "GET /v1/switches": ("a", None),
    "PUT /v1/switches/{feature}": ("a", {"on": True, "reason": "x"}),
    "GET /v1/care/{card_id}": ("stma", None),
    "POST /v1/try": ("tma", {"site": "acme", "title": "x"}),
    "POST /v1/imports/local": ("a", {"site": "acme", "format": "jsonl", "path": "/nowhere"}),
    "POST /v1/index/reindex": ("a", {"site": "acme"}),
    "POST /v1/index/check": ("a", {"site": "acme"}),
    "GET /healthz": (OPEN, None),
    "GET /readyz": (OPEN, None),
    "GET /metrics": (OPEN, None),
    "GET /": (OPEN, None),
    "GET /sign-in/{secret}": (OPEN, None),
    "POST /sign-in/{secret}": (OPEN, None),
    "POST /sign-in": (OPEN, {"key": "x"}),
    "GET /posts": ("tma", None),
    "GET /posts/{post_id}": ("tma", None),
    "GET /review": ("ma", None),
    "GET /review/{item_id}": ("ma", None),
    "GET /quality": ("ma", None),
    "GET /quality/cases": ("ma", None),
    "GET /settings": ("a", None),
    "GET /settings/audit": ("a", None),
    "GET /settings/thresholds": ("a", None),
    "GET /settings/webhooks/{endpoint_id}": ("a", None),
    "GET /try": ("tma", None),
    "GET /prompts": ("a", None),
    "GET /prompts/{name:path}": ("a", None),
}
FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "POST /review/next": ("ma", {}),
    "POST /review/wellbeing": ("ma", {"distress_in_row": "1", "break_after_minutes": "30"}),
    "POST /review/bulk": ("ma", {"verdict": "dismiss"}),
    "POST /review/{item_id}/claim": ("ma", {}),
    "POST /review/{item_id}/release": ("ma", {}),
    "POST /review/{item_id}/skip": ("ma", {}),
    "POST /review/{item_id}/decide": ("ma", DECISION),
    "POST /review/{item_id}/escalate": ("ma", {"reason": "x"}),
    "POST /review/{item_id}/undo": ("ma", {}),
    "POST /review/{item_id}/reopen": ("ma", {"reason": "x"}),
    "POST /desk/next": ("ta", {}),
    "POST /desk/topics": ("ta", {}),
    "POST /desk/{draft_id}/claim": ("ta", {}),
    "POST /desk/{draft_id}/tags": ("ta", {}),
    "POST /desk/{draft_id}/{action}": ("ta", {}),
    "POST /quality/cases/export": ("ma", {}),
    "POST /quality/cases/{case_id}/accept": ("ma", {}),
    "POST /quality/cases/{case_id}/reject": ("ma", {"reason": "x"}),
    "POST /try": ("tma", {"site": "acme", "title": "x", "kind": "question", "format": "text"}),
    "POST /prompts/{name:path}": ("a", {"version": "1.0.0", "label": "candidate"}),
    "POST /settings/sites": ("a", {"site": "acme", "answer_age_days": "730"}),
    "POST /settings/switches": ("a", {"feature": "draft", "on": "yes", "reason": "x"}),
    "POST /settings/people": ("a", {"email": "x@example.org", "role": "mentor", "site": "acme"}),
    "POST /settings/people/{person_id}/disable": ("a", {}),
    "POST /settings/people/{person_id}/sign-out": ("a", {}),
    "POST /settings/keys": ("a", {"role": "mentor", "site": "acme"}),
    "POST /settings/keys/{key_id}/revoke": ("a", {}),
    "POST /settings/webhooks": ("a", HOOK),
    "POST /settings/webhooks/{endpoint_id}/replay": ("a", {"delivery": "x"}),
    "POST /settings/webhooks/{endpoint_id}/remove": ("a", {}),
    "POST /settings/thresholds/preview": ("a", {"site": "acme", "off_topic.high": "0.9"}),
    "POST /settings/thresholds/keep": ("a", {"site": "acme", "off_topic.high": "0.9", "reason": "x"}),
    "POST /settings/thresholds/fit": ("a", {"site": "acme", "missed": "5", "clean_flagged": "5", "days": "90"}),
    "POST /settings/thresholds/promote": ("a", {"site": "acme", "number": "1", "reason": "x"}),
    "POST /settings/thresholds/{number}/shadow": ("a", {"site": "acme"}),
    "POST /settings/thresholds/{number}/gate": ("a", {"site": "acme"}),
}
"""Forms of the pages; each is also refused without the session's token."""
ELSEWHERE = {
    "GET /v1/review/events": "follows the queue for ten minutes; its permission is asked before the stream begins",
    "POST /sign-out": "everybody may end their own session; tests/web/test_sign_in.py",
    "POST /sign-out/everywhere": "everybody may end their own sessions; tests/web/test_sign_in.py",
}
QUERIES = {"POST /v1/imports": "?site=acme", "GET /v1/prompts/{name:path}/diff": "?old=1.0.0&new=1.0.1"}


def every_route() -> list[str]:
    """Each route of the app as `METHOD /path`."""
    found = [r for router in [*routers(), *(m.router for m in pages.MODULES)] for r in router.routes]
    return sorted(f"{method} {r.path}" for r in found if isinstance(r, APIRoute) for method in r.methods)


def test_every_route_has_a_rule_and_every_rule_a_route() -> None:
    routes, ruled = every_route(), {*RULES, *FORMS, *ELSEWHERE}
    assert [route for route in routes if route not in ruled] == []
    assert sorted(ruled - set(routes)) == []


def address(route: str) -> str:
    """The address of a route with names that stand for nothing."""
    path = route.partition(" ")[2].replace("{site}", "acme").replace("{number}", "1")
    return re.sub(r"\{[^}]+\}", "nothing", path) + QUERIES.get(route, "")


def ask(service: Any, route: str, role: str | None) -> int:
    """The status of a call with names that stand for nothing."""
    method, path = route.partition(" ")[0], address(route)
    body = RULES[route][1]
    service.client.cookies.clear()
    if not path.startswith("/v1"):
        if role is not None:
            service.client.post("/sign-in", data={"key": service.keys[role]}, follow_redirects=False)
        sent = {"data": body} if body else {}
        return int(service.client.request(method, path, follow_redirects=False, **sent).status_code)
    more = {"json": body} if body is not None else {}
    return int(service.call(method, path, role, **more).status_code)


@pytest.mark.parametrize("role", [None, *ROLES.values()])
def test_a_role_can_do_what_its_rules_say_and_nothing_else(service: Any, role: str | None) -> None:
    wrong = {}
    for route, (allowed, _) in RULES.items():
        status = ask(service, route, role)
        is_page = not route.partition(" ")[2].startswith("/v1")
        may = allowed == OPEN or (role is not None and role in {ROLES[letter] for letter in allowed})
        if allowed == OPEN:
            fine = (status < 500 and status != 403) or route == "GET /readyz"
        elif may:
            fine = status < 500 and status not in (401, 403)
        elif role is None or (role == "site" and is_page):
            fine = status == (303 if is_page else 401)
        else:
            fine = status == 403
        if not fine:
            wrong[route] = status
    assert wrong == {}


@pytest.mark.parametrize("role", [None, *ROLES.values()])
def test_a_form_works_for_its_roles_and_with_the_sessions_token_alone(service: Any, role: str | None) -> None:
    client = service.client
    if role is not None:
        client.post("/sign-in", data={"key": service.keys[role]}, follow_redirects=False)
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/posts").text)
    assert (found is None) == (role in (None, "site"))
    wrong = {}
    for route, (allowed, body) in FORMS.items():
        guessed = client.post(address(route), data=body | {"csrf": "guessed"}, follow_redirects=False).status_code
        if found is None:
            fine = guessed == 303
            status = guessed
        else:
            sent = client.post(address(route), data=body | {"csrf": found[1]}, follow_redirects=False)
            status, may = sent.status_code, role in {ROLES[letter] for letter in allowed}
            fine = guessed == 403 and (status < 500 and status not in (401, 403) if may else status == 403)
        if not fine:
            wrong[route] = (guessed, status)
    assert wrong == {}
