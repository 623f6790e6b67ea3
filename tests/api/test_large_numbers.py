"""Numbers that no database holds are refused by name, never a 500."""

from __future__ import annotations

from typing import Any

import pytest

from tests.furnished import THREADS, thread

HUGE = 10**40


@pytest.mark.parametrize("field", ["score", "views", "comments"])
def test_a_thread_with_a_number_no_database_holds_is_refused(service: Any, field: str) -> None:
    external_id, title, tags, body, answer = THREADS[0]
    sent = thread(title, tags, body, answer)
    assert service.call("PUT", f"/v1/threads/acme/{external_id}", json=sent | {field: HUGE}).status_code == 422
    sent["answers"][0]["score"] = 2**31
    assert service.call("PUT", f"/v1/threads/acme/{external_id}", json=sent).status_code == 422


def test_a_version_or_a_bound_out_of_range_is_refused(service: Any) -> None:
    for step in ("shadow", "gate"):
        assert service.call("POST", f"/v1/thresholds/acme/{HUGE}/{step}", "admin").status_code == 422
    assert service.call("POST", f"/v1/taggers/acme/{HUGE}/gate", "admin").status_code == 422
    for percent in (0, 1e-300, 99.999, 100):
        sent = {"miss": {"hate": percent}}
        assert service.call("POST", "/v1/thresholds/acme/fit", "admin", json=sent).status_code == 422
