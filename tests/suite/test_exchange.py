"""Completions from disk: replayed, recorded, exchanged as a batch; never asked of a network behind one's back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval import results
from eval.__main__ import main
from eval.batch import InvalidBatch, read_results, request_line, write_requests
from eval.gate import BROKEN
from eval.recordings import InvalidRecordings, Recording, RecordingBackend, Recordings, folders
from service.models.calls import BackendFailure, BackendRequest, Message
from service.models.prices import Price
from service.models.scripted import ScriptedBackend
from tests.suite import tiny


@pytest.fixture(autouse=True)
def _reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "REPORTS", tmp_path / "reports")


def test_a_miss_names_its_case_and_asks_nobody(tmp_path: Path) -> None:
    backend = RecordingBackend(Recordings([tmp_path]))
    result = tiny.run(tmp_path / "run", tiny.asking(backend))
    assert {miss.case for miss in backend.misses.values()} == {case.id for case in tiny.CASES}
    errors = [case.error or "" for case in result.sections[0].cases]
    assert all(f"no recording of openai/tiny for case case-{i}" in error for i, error in enumerate(errors))


def test_a_recorded_run_replays_word_for_word_with_what_it_took(tmp_path: Path) -> None:
    script = ScriptedBackend(["yes", "no"] * 5)
    recorded = RecordingBackend(Recordings([], tmp_path / "kept"), "record", script)
    first = tiny.run(tmp_path / "one", tiny.asking(recorded), jobs=1)
    replayed = RecordingBackend(Recordings([tmp_path / "kept"]))
    second = tiny.run(tmp_path / "two", tiny.asking(replayed), jobs=4)
    assert not replayed.misses and len(script.requests) == 10
    assert [c.output for c in first.sections[0].cases] == [c.output for c in second.sections[0].cases]
    assert second.usage["calls"] == 10 and second.usage["input_tokens"] == 100
    assert second.usage["model_ms"] == pytest.approx(first.usage["model_ms"])


@pytest.mark.parametrize(
    "changed",
    [
        {"model": "openai/other"}, {"messages": (Message("user", "?"),)}, {"schema": {"type": "object"}},
        {"temperature": 0.1}, {"max_output_tokens": 6}, {"repeat": 1},
    ],
)  # fmt: skip
def test_a_recording_answers_its_own_request_alone(tmp_path: Path, changed: dict[str, Any]) -> None:
    asked = tiny.request_of(tiny.CASES[0])
    other = BackendRequest(**{**asked.__dict__, **changed})
    assert other.sha256 != asked.sha256
    patient = BackendRequest(**{**asked.__dict__, "timeout_s": 1.0, "native_schema": False})
    assert patient.sha256 == asked.sha256  # neither can change the answer


def test_live_asks_again_and_keeps_nothing(tmp_path: Path) -> None:
    script = ScriptedBackend(["yes"] * 20)
    live = RecordingBackend(Recordings([], tmp_path / "kept"), "live", script)
    for name in ("one", "two"):
        tiny.run(tmp_path / name, tiny.asking(live), jobs=1)
    assert len(script.requests) == 20 and not (tmp_path / "kept").exists()


def answer(line: dict[str, Any], text: str) -> dict[str, Any]:
    """One line of a batch endpoint's result file."""
    usage = {"prompt_tokens": 12, "completion_tokens": 3}
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    body = {"model": line["body"]["model"], "choices": [choice], "usage": usage}
    return {"custom_id": line["custom_id"], "response": {"status_code": 200, "body": body}, "error": None}


def test_a_batch_goes_out_and_comes_back(tmp_path: Path) -> None:
    asked = RecordingBackend(Recordings([tmp_path]))
    tiny.run(tmp_path / "one", tiny.asking(asked))
    out, back = tmp_path / "requests.jsonl", tmp_path / "results.jsonl"
    assert write_requests(out, asked.misses.values()) == 10
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert {line["url"] for line in lines} == {"/v1/chat/completions"}
    assert lines[0]["body"]["messages"][0] == {"role": "system", "content": "Say yes or no."}
    back.write_text("".join(json.dumps(answer(line, "yes")) + "\n" for line in reversed(lines)), "utf-8")
    recordings = Recordings([], tmp_path / "kept")
    taken = read_results(back, recordings)
    assert (taken.kept, taken.failed) == (10, [])
    replayed = RecordingBackend(Recordings([tmp_path / "kept"]))
    result = tiny.run(tmp_path / "one", tiny.asking(replayed))
    assert not replayed.misses
    assert result.sections[0].figure("right").value == 1.0 and result.usage["output_tokens"] == 30


def test_a_failed_line_stays_a_miss_and_a_broken_file_says_where(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    lines = [request_line(tiny.request_of(case)) for case in tiny.CASES[:2]]
    failed = {"custom_id": lines[1]["custom_id"], "response": None, "error": {"message": "expired"}}
    path.write_text(json.dumps(answer(lines[0], "no")) + "\n" + json.dumps(failed) + "\n", "utf-8")
    taken = read_results(path, Recordings([]))
    assert (taken.kept, taken.failed) == (1, [lines[1]["custom_id"]])
    path.write_text(json.dumps({"custom_id": "x", "response": {"status_code": 200, "body": {}}}) + "\n", "utf-8")
    with pytest.raises(InvalidBatch, match=r"results\.jsonl:1"):
        read_results(path, Recordings([]))


def test_a_schema_goes_out_as_a_strict_response_format() -> None:
    request = BackendRequest("openai/m", (Message("user", "?"),), {"type": "object"}, 0.2, 9, 5.0, repeat=3)
    body = request_line(request)["body"]
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"} and body["seed"] == 3


def test_a_request_names_the_model_as_its_provider_does_and_the_answer_is_kept_as_we_do(tmp_path: Path) -> None:
    asked = RecordingBackend(Recordings([]))
    tiny.run(tmp_path / "one", tiny.asking(asked))
    out, back = tmp_path / "requests.jsonl", tmp_path / "results.jsonl"
    write_requests(out, asked.misses.values())
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert {line["body"]["model"] for line in lines} == {"tiny"}
    answers = [answer(line, "yes") for line in lines]
    for row in answers:
        row["response"]["body"]["model"] = "tiny-2026-01-31"
    stranger = {**answers[0], "custom_id": "somebody-elses"}
    back.write_text("".join(json.dumps(row) + "\n" for row in [*answers, stranger]), "utf-8")
    recordings = Recordings([])
    taken = read_results(back, recordings, AnyPrice())
    assert (taken.kept, taken.failed, taken.unknown) == (11, [], ["somebody-elses"])
    own = recordings.find(lines[0]["custom_id"])
    assert own is not None and own.model == "openai/tiny" and own.cost_usd == pytest.approx(15e-6)
    other = recordings.find("somebody-elses")
    assert other is not None and other.model == "tiny-2026-01-31" and other.cost_usd == 0.0


class AnyPrice:
    """A price for the model as it was asked, none for a dated one."""

    def of(self, model: str) -> Price | None:
        return Price(1.0, 1.0) if model == "openai/tiny" else None


@pytest.mark.parametrize(
    ("model", "sent"),
    [("openai/gpt-x", "gpt-x"), ("hosted_vllm/org/model", "org/model"), ("offline-strong", "offline-strong")],
)
def test_the_provider_is_no_part_of_the_model_that_is_sent(model: str, sent: str) -> None:
    request = BackendRequest(model, (Message("user", "?"),), None, 0.0, 5, 5.0)
    assert request_line(request)["body"]["model"] == sent


def test_what_was_missed_is_not_kept_and_what_was_answered_otherwise_is_asked_again(tmp_path: Path) -> None:
    def silent(case: Any) -> str:
        try:
            return tiny.asking(backend)(case)
        except BackendFailure:
            return "nothing"

    def run(completions: RecordingBackend) -> list[str]:
        found = tiny.run(tmp_path / "run", silent, completions=completions, jobs=1).sections[0]
        return [str((case.output or {})["text"]) for case in found.cases]

    known = Recordings([])
    backend = RecordingBackend(known)
    assert run(backend) == ["nothing"] * 10
    for case in tiny.CASES:
        known.keep(Recording(tiny.request_of(case).sha256, "openai/tiny", "no"))
    assert run(backend) == ["no"] * 10
    known.keep(Recording(tiny.request_of(tiny.CASES[4]).sha256, "openai/tiny", "yes"))
    assert run(backend) == ["no"] * 4 + ["yes"] + ["no"] * 5


def test_a_call_that_failed_is_made_again_by_the_next_run(tmp_path: Path) -> None:
    def silent(case: Any) -> str:
        try:
            return tiny.asking(backend)(case)
        except BackendFailure:
            return "nothing"

    script = ScriptedBackend([BackendFailure("server_error", "500"), *["yes"] * 10])
    backend = RecordingBackend(Recordings([]), "record", script)
    for expected in (["nothing"] + ["yes"] * 9, ["yes"] * 10):
        found = tiny.run(tmp_path / "run", silent, completions=backend, jobs=1, mode="record").sections[0]
        assert [str((case.output or {})["text"]) for case in found.cases] == expected
    assert len(script.requests) == 11


def test_repeats_are_recordings_of_their_own_and_a_missing_one_names_its_case(tmp_path: Path) -> None:
    known = Recordings([])
    tiny.run(tmp_path / "one", tiny.asking(RecordingBackend(known, "record", ScriptedBackend(["yes", "no"] * 10))),
             repeats=2, jobs=1)  # fmt: skip
    assert len(known) == 20
    replay = RecordingBackend(known)
    again = tiny.run(tmp_path / "two", tiny.asking(replay), repeats=2)
    assert not replay.misses and again.sections[0].figure("right").value == 0.5
    tiny.run(tmp_path / "three", tiny.asking(replay), repeats=3)
    assert {miss.case for miss in replay.misses.values()} == {f"case-{i}#3" for i in range(10)}


def test_a_line_cut_off_by_a_kill_is_dropped_and_the_next_one_stands_by_itself(tmp_path: Path) -> None:
    kept = Recordings([], tmp_path)
    kept.keep(Recording("a", "m", "one"))
    path = tmp_path / "m.jsonl"
    path.write_text(path.read_text("utf-8") + '{"sha256": "b", "model": "m", "te', "utf-8")
    known = Recordings([tmp_path], tmp_path)
    assert len(known) == 1
    known.keep(Recording("c", "m", "three"))
    again = Recordings([tmp_path])
    assert len(again) == 2 and again.find("c") is not None and again.find("b") is None
    path.write_text("{\n" + path.read_text("utf-8"), "utf-8")
    with pytest.raises(InvalidRecordings, match=r"m\.jsonl:1"):
        Recordings([tmp_path])


def test_a_plain_run_reads_what_was_recorded_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVAL_RECORDINGS", raising=False)
    own, committed = folders()
    assert own == tmp_path / "reports" / "recordings" and (committed / "offline-strong").is_dir()
    monkeypatch.setenv("EVAL_RECORDINGS", str(tmp_path / "mine"))
    assert folders()[-1] == tmp_path / "mine"


def test_a_batch_file_that_is_not_there_is_no_verdict(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["run", "drafting", "--batch-in", str(tmp_path / "none.jsonl")]) == BROKEN
    assert capsys.readouterr().err == f"error: there is no file {tmp_path / 'none.jsonl'}\n"
