"""Every route with every role and with none. The list comes from the app itself: a route without a rule here fails."""

from __future__ import annotations

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
    "GET /v1/desk/figures": ("ta", None),
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
    "POST /v1/thresholds/{site}/promote": ("a", {"number": 1, "reason": "x"}),
    "POST /v1/thresholds/{site}/{number}/shadow": ("a", None),
    "POST /v1/thresholds/{site}/{number}/gate": ("a", None),
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
    "GET /v1/prompts/{name:path}/diff": ("a", None),
    "GET /v1/prompts/{name:path}/history": ("a", None),
    "GET /v1/prompts/{name:path}/versions/{version}": ("a", None),
    "GET /v1/prompts/{name:path}/shadow": ("a", None),
    "POST /v1/prompts/{name:path}/labels/{label}": ("a", {"version": "1.0.0"}),
    "POST /v1/try": ("tma", {"site": "acme", "title": "x"}),
    "POST /v1/imports/local": ("a", {"site": "acme", "format": "jsonl", "path": "/nowhere"}),
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
}
ELSEWHERE = {
    "GET /v1/review/events": "follows the queue for ten minutes; its permission is asked before the stream begins",
    "POST /sign-out": "everybody may end their own session; tests/web/test_sign_in.py",
    "POST /sign-out/everywhere": "everybody may end their own sessions; tests/web/test_sign_in.py",
}
QUERIES = {"POST /v1/imports": "?site=acme", "GET /v1/prompts/{name:path}/diff": "?old=1.0.0&new=1.0.1"}
FORMS_WITH_TESTS = ("/review/", "/settings/", "/quality/")
"""Pages whose forms are refused without the session's token, which tests/web tries one by one."""


def every_route() -> list[str]:
    """Each route of the app as `METHOD /path`."""
    found = [r for router in [*routers(), *(m.router for m in pages.MODULES)] for r in router.routes]
    return sorted(f"{method} {r.path}" for r in found if isinstance(r, APIRoute) for method in r.methods)


def covered(route: str) -> bool:
    """Whether a rule speaks of a route."""
    method, _, path = route.partition(" ")
    form = method == "POST" and path.startswith(FORMS_WITH_TESTS)
    return route in RULES or route in ELSEWHERE or form


def test_every_route_has_a_rule_and_every_rule_a_route() -> None:
    routes = every_route()
    assert [route for route in routes if not covered(route)] == []
    assert sorted({*RULES, *ELSEWHERE} - set(routes)) == []


def ask(service: Any, route: str, role: str | None) -> int:
    """The status of a call with names that stand for nothing."""
    method, _, path = route.partition(" ")
    for name in ("post_id", "draft_id", "item_id", "person_id", "key_id", "external_id", "author_id", "import_id",
                 "endpoint_id", "delivery_id", "case_id", "secret", "gate_id", "name:path", "version", "label"):  # fmt: skip
        path = path.replace("{" + name + "}", "nothing")
    path = path.replace("{site}", "acme").replace("{number}", "1") + QUERIES.get(route, "")
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
