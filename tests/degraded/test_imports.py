"""A bulk import ends, whatever happens to it: as done, or as failed with a reason that quotes nobody."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service import import_job
from service.errors import InvalidInput, StoreUnavailable
from tests.corpus.importers.sources import QUESTIONS, write_jsonl


def send(service: Any, content: bytes) -> dict[str, Any]:
    """Upload to be imported, and what is known of the import at once."""
    answer = service.call("POST", "/v1/imports", params={"site": "acme"}, content=content)
    assert answer.status_code == 202
    return dict(answer.json())


def state(service: Any, import_id: str) -> dict[str, Any]:
    return dict(service.call("GET", f"/v1/imports/{import_id}").json())


def uploads(service: Any) -> list[Path]:
    return list(service.stations.uploads.folder.iterdir())


def run_waiting(service: Any) -> list[float | None]:
    """Run the import jobs that wait, and those they put on the queue; how long each was to wait."""
    waited = []
    while service.jobs.waiting:
        job, _key, arguments, delay = service.jobs.waiting.pop(0)
        assert job == "run_import"
        service.stations.run_import(*arguments)
        waited.append(delay)
    return waited


def test_an_upload_that_is_done_is_counted_and_removed(by_hand: Callable[..., Any], tmp_path: Path) -> None:
    service = by_hand()
    sent = send(service, write_jsonl(tmp_path).read_bytes())
    assert run_waiting(service) == [None]
    found = state(service, sent["id"])
    assert (found["state"], found["report"]["imported"], found["report"]["refused"]) == ("done", QUESTIONS, 3)
    assert uploads(service) == []


def test_what_is_no_json_lines_fails_with_a_reason_and_is_removed(by_hand: Callable[..., Any]) -> None:
    service = by_hand()
    sent = send(service, gzip.compress(b'{"external_id": "secret"}'))
    run_waiting(service)
    found = state(service, sent["id"])
    assert found["state"] == "failed" and "is not JSON lines" in found["report"]["reason"]
    assert "secret" not in json.dumps(found["report"]) and uploads(service) == []
    service.stations.run_import(sent["id"])
    assert state(service, sent["id"])["state"] == "failed"


def test_an_unexpected_error_fails_the_import_without_its_words(
    by_hand: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_arguments: Any, **_named: Any) -> None:
        raise ValueError("what a member wrote")

    monkeypatch.setattr(import_job, "import_file", breaks)
    service = by_hand()
    sent = send(service, write_jsonl(tmp_path).read_bytes())
    assert run_waiting(service) == [None]
    found = state(service, sent["id"])
    assert (found["state"], found["report"]["reason"]) == ("failed", "an unexpected ValueError")


def away(times: int, work: Callable[..., Any]) -> Callable[..., Any]:
    """`work`, unavailable at its first calls."""
    left = [times]

    def call(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            raise StoreUnavailable("the vector store does not answer: ConnectError")
        return work(*arguments, **named)

    return call


def test_a_store_that_is_away_for_a_while_only_delays_an_import(
    by_hand: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = by_hand()
    monkeypatch.setattr(service.stations.vectors, "upsert", away(2, service.stations.vectors.upsert))
    sent = send(service, write_jsonl(tmp_path).read_bytes())
    assert run_waiting(service) == [None, *import_job.RETRY_AFTER_S[:2]]
    found = state(service, sent["id"])
    assert (found["state"], found["report"]["imported"], found["report"]["refused"]) == ("done", QUESTIONS, 3)
    assert service.stations.index.waiting("acme") == 0 and uploads(service) == []


def test_a_store_that_stays_away_fails_it_and_a_local_file_is_kept(
    by_hand: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = by_hand()
    path = write_jsonl(tmp_path)
    monkeypatch.setattr(service.stations.vectors, "upsert", away(99, service.stations.vectors.upsert))
    sent = service.stations.start_import("acme", path, keep=True)
    assert run_waiting(service) == [None, *import_job.RETRY_AFTER_S]
    found = state(service, sent["id"])
    assert found["state"] == "failed" and "does not answer" in found["report"]["reason"]
    assert found["report"]["imported"] == QUESTIONS and path.exists()


def test_how_far_it_is_and_how_it_was_asked_for_is_kept_while_it_runs(
    by_hand: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = by_hand()
    path, mapping = write_jsonl(tmp_path), tmp_path / "mapping.toml"
    mapping.write_text('[fields]\nexternal_id = "external_id"\n', "utf-8")
    seen: list[dict[str, Any]] = []

    def importing(*_arguments: Any, progress: Any, **_named: Any) -> None:
        progress(7, 23, "importing")
        seen.append(state(service, sent["id"]))

    monkeypatch.setattr(import_job, "import_file", importing)
    sent = service.stations.start_import("acme", path, mapping=mapping, keep=True)
    run_waiting(service)
    report = seen[0]["report"]
    assert (report["done"], report["total"], report["doing"]) == (7, 23, "importing")
    assert (report["keep"], report["mapping"]) == (True, str(mapping)) and seen[0]["state"] == "running"


def test_a_database_that_is_away_for_a_moment_does_not_keep_a_job_from_ending(
    by_hand: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    service = by_hand()
    monkeypatch.setattr(import_job, "PAUSES_S", (0.0, 0.0))
    read, left = import_job._read, [2]

    def locked(*arguments: Any) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            raise OperationalError("SELECT", {}, Exception("database is locked"))
        return read(*arguments)

    monkeypatch.setattr(import_job, "_read", locked)
    sent = send(service, b"\x1f\x8b")
    run_waiting(service)
    assert state(service, sent["id"])["state"] == "failed"


def test_a_format_that_is_unknown_is_refused_at_once(by_hand: Callable[..., Any], tmp_path: Path) -> None:
    service = by_hand()
    with pytest.raises(InvalidInput, match="stackexchange") as refused:
        service.stations.start_import("acme", write_jsonl(tmp_path), "nonsense")
    assert refused.value.field == "format"
    asked = {"site": "acme", "format": "nonsense", "path": str(tmp_path / "threads.jsonl")}
    answer = service.call("POST", "/v1/imports/local", role="admin", json=asked)
    assert (answer.status_code, answer.json()["field"]) == (422, "format") and not service.jobs.waiting
