"""Prompts in the browser: what differs, moving a label through its gate, an override, the way back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.prompting.conftest import second
from tests.prompting.test_promoting import NAME, judged, run_gates
from tests.web.test_sign_in import csrf

__all__ = ["judged"]
PAGE = f"/prompts/{NAME}"


def admin_of(service: Any) -> Any:
    """The browser of an admin."""
    assert service.client.post("/sign-in", data={"key": service.keys["admin"]}).status_code == 200
    return service.client


def moved(client: Any, version: str, **more: str) -> Any:
    """The answer to the form that moves `production`."""
    return client.post(PAGE, data={"csrf": csrf(client.get(PAGE).text), "version": version} | more)


def test_versions_are_listed_and_what_differs_is_marked(judged: Callable[..., Any], folder: Path) -> None:
    version = second(folder, NAME)
    service, _ = judged("passed")
    admin = admin_of(service)
    assert f'href="{PAGE}"' in admin.get("/prompts").text
    text = admin.get(PAGE).text
    assert "One more sentence." in text and "not released" not in text
    assert f"<ins>{version.split('.')[1]}</ins>" in text, "the version line differs in one number"
    assert '<tr class="new">' in text and "Be kind." in text
    assert "Nothing differs" in admin.get(f"{PAGE}?old=1.0.0&new=1.0.0").text
    assert "Be kind." in admin.get(f"{PAGE}?read={version}").text.partition('id="text"')[2]
    assert admin.get(f"{PAGE}?old=1.0.0&new=9.9.9").status_code == 404
    assert admin.get("/prompts/nothing").status_code == 404


def test_production_waits_for_its_gate_and_goes_back_at_once(judged: Callable[..., Any], folder: Path) -> None:
    version = second(folder, NAME)
    service, _ = judged("passed")
    admin = admin_of(service)
    waits = moved(admin, version, reason="kinder")
    assert "A gate run" in waits.text and 'hx-trigger="every 5s"' in waits.text
    assert service.stations.labels.live(NAME) == "1.0.0"
    twice = moved(admin, version)
    assert twice.status_code == 409 and "under way" in twice.text
    run_gates(service)
    after = admin.get(PAGE).text
    assert "✓ passed" in after and "it was said so" in after and "hx-trigger" not in after
    assert service.stations.labels.live(NAME) == version
    assert "points to 1.0.0" in moved(admin, "1.0.0").text
    assert service.stations.labels.live(NAME) == "1.0.0"


def test_an_override_is_offered_where_nothing_was_measured_and_wants_a_reason(
    judged: Callable[..., Any], folder: Path
) -> None:
    version = second(folder, NAME)
    service, _ = judged("unmeasured")
    admin = admin_of(service)
    assert 'name="override"' not in admin.get(PAGE).text
    moved(admin, version)
    run_gates(service)
    text = admin.get(PAGE).text
    assert "✗ unmeasured" in text and f"Move production to {version} although" in text
    refused = moved(admin, version, override="yes")
    assert refused.status_code == 422 and "needs a reason" in refused.text
    assert service.stations.labels.live(NAME) == "1.0.0"
    assert f"points to {version}" in moved(admin, version, override="yes", reason="read twenty by hand").text
    assert "override: read twenty by hand" in admin.get(PAGE).text


def test_a_candidate_moves_at_once_and_its_shadow_is_shown(judged: Callable[..., Any], folder: Path) -> None:
    version = second(folder, NAME)
    service, _ = judged("passed")
    admin = admin_of(service)
    assert "No candidate beside production" in admin.get(PAGE).text
    assert f"candidate of {NAME} points to {version}" in moved(admin, version, label="candidate").text
    text = admin.get(PAGE).text
    assert f"{version} against 1.0.0" in text and "unknown: no post was read by both" in text


@pytest.mark.parametrize("sent", [{"version": "9.9.9"}, {"version": ""}, {"version": "1.0.0", "label": "No Label"}])
def test_a_move_to_nowhere_is_refused_on_the_page(judged: Callable[..., Any], sent: dict[str, str]) -> None:
    service, _ = judged("passed")
    admin = admin_of(service)
    answer = admin.post(PAGE, data={"csrf": csrf(admin.get(PAGE).text)} | sent)
    assert answer.status_code in (404, 422) and "Not moved:" in answer.text


def test_a_moved_policy_says_on_its_page_that_a_restart_is_needed(judged: Callable[..., Any], folder: Path) -> None:
    page = "/prompts/policy/tech-career"
    version = second(folder, "policy/tech-career")
    service, _ = judged("passed")
    service.stations.labels.move("policy/tech-career", "production", version, by="ada", reason="newer")
    admin = admin_of(service)
    assert "Restart needed:" in admin.get(page).text and "restart needed" in admin.get("/prompts").text
    sent = {"csrf": csrf(admin.get(page).text), "version": "1.0.0"}
    back = admin.post(page, data=sent).text
    assert "points to 1.0.0." in back and "Restart" not in back
    assert "points to 1.1.0. Restart the service" in admin.post(page, data=sent | {"version": version}).text
