"""Versions of a site's tagger over the API: listed, gated as a job, moved and moved back."""

from __future__ import annotations

from typing import Any

from service import taggers
from service.tagging import versions
from tests.tagging.test_tagger import NOW, TINY

PATH = "/v1/taggers/acme"


def made(service: Any, version: str = "1.0.0", site: str = "acme") -> int:
    """The number of a new candidate."""
    taxonomy = TINY.model_copy(update={"version": version})
    report = {"posts": 30, "p_at_1": 0.8, "tags": {"soup": {"n": 9}}}
    with service.stations.database.write() as session:
        return versions.add(session, site, taxonomy, b"", "x", report, None, NOW).number


def moved(service: Any, number: int | None) -> Any:
    """The answer to a move of production."""
    return service.call("POST", f"{PATH}/promote", "admin", json={"number": number, "reason": "try"})


def test_a_candidate_is_gated_and_moved_and_back_is_immediate(service: Any) -> None:
    stations = service.stations
    for _ in range(2):
        made(service)
    made(service, site="elsewhere")
    assert moved(service, 1).json()["production"] == 1
    refused = moved(service, 2)
    assert refused.status_code == 409 and refused.json()["reason"] == "gate"
    asked = service.call("POST", f"{PATH}/2/gate", "admin")
    assert asked.status_code == 202 and asked.json()["gate"] == {"verdict": "running"}
    taggers.gate(
        stations.database, stations.settings.data_dir, "acme", 2, stations.clock, lambda *_: {"verdict": "passed"}
    )
    assert moved(service, 2).status_code == 200
    found = service.call("GET", PATH, "admin").json()
    assert found["production"] == 2 and [move["number"] for move in found["moves"]] == [2, 1]
    assert [row["number"] for row in found["data"]] == [2, 1]
    newest = found["data"][0]
    assert newest["vocabulary"] == {"name": "kitchen", "version": "1.0.0", "tags": 3}
    assert newest["report"] == {"posts": 30, "p_at_1": 0.8}
    assert newest["gate"]["verdict"] == "passed" and newest["gate"]["against"] == 1
    assert moved(service, 1).json()["production"] == 1
    assert moved(service, None).json()["production"] is None
    assert moved(service, 7).status_code == 404


def test_a_gate_needs_production_of_the_same_vocabulary(service: Any) -> None:
    made(service)
    answer = service.call("POST", f"{PATH}/1/gate", "admin")
    assert answer.status_code == 409 and answer.json()["reason"] == "not_comparable"
    moved(service, made(service, "1.1.0"))
    assert service.call("POST", f"{PATH}/1/gate", "admin").status_code == 409
    assert service.call("POST", f"{PATH}/9/gate", "admin").status_code == 404


def test_the_job_of_a_gate_keeps_its_verdict(service: Any, monkeypatch: Any) -> None:
    made(service)
    moved(service, 1)
    made(service)
    said = {"verdict": "unmeasured", "because": "the gate did not run: X"}
    monkeypatch.setattr(taggers, "in_own_process", lambda *_, **__: dict(said))
    assert taggers.run_gate(service.stations, "acme", 2) == "unmeasured"
    kept = service.call("GET", PATH, "admin").json()["data"][0]["gate"]
    assert said.items() <= kept.items()
