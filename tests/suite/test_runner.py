"""Runs: resumed after a kill, limited to some cases, the same whatever the number of jobs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eval import baselines, results, stamp
from eval.metric import Case
from eval.runner import Choice
from service.settings import Settings
from tests.suite import tiny


def yes(_case: Case) -> str:
    return "yes"


def outputs(folder: Path) -> Path:
    return folder / "outputs" / "tiny.words.jsonl"


def test_a_killed_run_goes_on_after_its_last_whole_line(tmp_path: Path) -> None:
    asked: list[str] = []

    def dies(case: Case) -> str:
        if len(asked) == 6:
            raise KeyboardInterrupt
        asked.append(case.id)
        return "yes"

    with pytest.raises(KeyboardInterrupt):
        tiny.run(tmp_path, dies, jobs=1)
    kept = outputs(tmp_path).read_text("utf-8")
    assert 1 <= kept.count("\n") - 1 <= 6
    outputs(tmp_path).write_text(kept + '{"id": "case-6", "output": {"te', "utf-8")  # killed while it wrote
    again: list[str] = []

    def counts(case: Case) -> str:
        again.append(case.id)
        return "yes"

    result = tiny.run(tmp_path, counts, jobs=1)
    done = kept.count("\n") - 1
    assert again == [case.id for case in tiny.CASES[done:]]
    assert [case.id for case in result.sections[0].cases] == [case.id for case in tiny.CASES]
    assert result.sections[0].figure("right").value == 1.0


def test_other_data_or_another_version_begins_anew(tmp_path: Path) -> None:
    tiny.run(tmp_path, lambda _: "no")
    assert tiny.run(tmp_path, yes).sections[0].figure("right").value == 0.0  # the same run: kept
    assert tiny.run(tmp_path, yes, data="d2").sections[0].figure("right").value == 1.0
    assert tiny.run(tmp_path, lambda _: "no", data="d2", version=2).sections[0].figure("right").value == 0.0


def test_a_case_that_fails_is_an_error_and_not_a_wrong_answer(tmp_path: Path) -> None:
    def sometimes(case: Case) -> str:
        if case.id == "case-3":
            raise ValueError("no such thing")
        return "yes"

    section = tiny.run(tmp_path, sometimes).sections[0]
    assert section.figure("right").n == 9 and section.figure("right").value == 1.0
    assert "ValueError: no such thing (test_runner.py:" in (section.cases[3].error or "")
    assert tiny.run(tmp_path, yes).sections[0].figure("right").n == 10  # asked again the next time


@pytest.mark.parametrize("jobs", [1, 3, 16])
def test_the_number_of_jobs_changes_nothing(tmp_path: Path, jobs: int) -> None:
    result = tiny.run(tmp_path, lambda case: "yes" if case.id[-1] in "13579" else "no", jobs=jobs)
    assert [c.output["text"] for c in result.sections[0].cases if c.output] == ["no", "yes"] * 5
    right = result.sections[0].figure("right")
    assert right.value == 0.5 and right.by_slice["half"]["first"].value == 0.4


@pytest.mark.parametrize(
    ("choice", "chosen"),
    [
        (Choice(only=("case-7", "case-[12]")), ["case-1", "case-2", "case-7"]),
        (Choice(slices=(("half", "second"),)), [f"case-{i}" for i in range(5, 10)]),
        (Choice(limit=2), ["case-0", "case-1"]),
        (Choice(slices=(("half", "second"),), limit=1), ["case-5"]),
        (Choice(slices=(("half", "third"),)), []),
    ],
)
def test_a_limited_run_has_the_chosen_cases_and_can_be_no_baseline(
    tmp_path: Path, choice: Choice, chosen: list[str]
) -> None:
    result = tiny.run(tmp_path, yes, choice=choice)
    assert [case.id for case in result.sections[0].cases] == chosen
    with pytest.raises(baselines.NotAcceptable, match="limited"):
        baselines.accept(result, tmp_path / "baselines")


def test_a_run_with_errors_can_be_no_baseline(tmp_path: Path) -> None:
    def fails(_case: Case) -> str:
        raise ValueError("x")

    with pytest.raises(baselines.NotAcceptable, match="10 cases of tiny have no output"):
        baselines.accept(tiny.run(tmp_path, fails), tmp_path / "baselines")


def test_a_section_by_name(tmp_path: Path) -> None:
    assert tiny.run(tmp_path, yes, choice=Choice(sections=("w*",))).sections[0].name == "words"
    assert tiny.run(tmp_path, yes, choice=Choice(sections=("other",))).sections == []


def test_scoring_again_asks_nothing(tmp_path: Path) -> None:
    tiny.run(tmp_path, yes)

    def never(_case: Case) -> str:
        raise AssertionError("asked")

    whole = tiny.run(tmp_path / "other", yes)
    result = tiny.run(tmp_path, never, scores=whole)
    assert result.sections[0].figure("right").value == 1.0 and not any(c.error for c in result.sections[0].cases)


def test_scoring_a_section_that_was_never_run_skips_it(tmp_path: Path) -> None:
    other = tiny.run(tmp_path / "other", yes)
    assert tiny.run(tmp_path, yes, scores=other).sections[0].skipped == "the run holds no output of it"


def test_scoring_again_keeps_errors_and_limits_and_needs_the_same_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sometimes(case: Case) -> str:
        if case.id == "case-3":
            raise ValueError("no such thing")
        return "yes"

    before = tiny.run(tmp_path, sometimes, choice=Choice(limit=5))
    monkeypatch.setattr(stamp, "of_code", lambda: "other scorers")
    again = tiny.run(tmp_path, yes, scores=before)
    assert again.limited and again.sections[0].limited
    assert again.sections[0].figure("right").n == 4
    assert "no such thing" in (again.sections[0].cases[3].error or "")
    other = tiny.run(tmp_path, yes, scores=before, data="d2").sections[0]
    assert "another version of the suite or its data" in (other.skipped or "")
    assert outputs(tmp_path).is_file()


def test_other_code_other_settings_or_another_mode_begin_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def right(answer: str, **more: Any) -> float:
        return tiny.run(tmp_path, lambda _: answer, **more).sections[0].figure("right").value

    assert right("no") == 0.0 and right("yes") == 0.0
    assert right("yes", mode="live") == 1.0 and right("no", mode="live") == 1.0
    monkeypatch.setattr(stamp, "of_code", lambda: "other code")
    assert right("no", mode="live") == 0.0
    monkeypatch.setenv("FLAG_MODEL", "openai/other")
    assert right("yes", mode="live") == 1.0


def test_the_stamp_knows_code_weights_word_lists_and_prompts(tmp_path: Path) -> None:
    places = (
        "service/a.py",
        "service/part/weights.npz",
        "service/part/words.txt",
        "eval/suites/s.py",
        "eval/scorers/x.py",
    )
    for place in places:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("one", "utf-8")
    seen = {stamp.of_code.__wrapped__(tmp_path)}
    for place in places:
        (tmp_path / place).write_text("two", "utf-8")
        seen.add(stamp.of_code.__wrapped__(tmp_path))
    assert len(seen) == 1 + len(places)
    (tmp_path / "service" / "page.html").write_text("not read by any case", "utf-8")
    assert stamp.of_code.__wrapped__(tmp_path) in seen
    (tmp_path / "prompts").mkdir()
    settings = Settings(_env_file=None, prompts_dir=tmp_path / "prompts")
    before = stamp.digest(settings)
    (tmp_path / "prompts" / "1.0.0.md").write_text("Be kind.", "utf-8")
    assert stamp.digest(settings) != before
    assert stamp.digest(settings.model_copy(update={"data_dir": tmp_path})) == stamp.digest(settings)


def test_repeats_ask_each_case_again_in_its_own_cluster(tmp_path: Path) -> None:
    asked: list[tuple[str, int]] = []

    def counts(case: Case) -> str:
        asked.append((case.id, case.repeat))
        return "yes" if case.repeat != 1 else "no"

    result = tiny.run(tmp_path, counts, repeats=3, jobs=1, choice=Choice(limit=2))
    assert asked == [("case-0", 0), ("case-0#2", 1), ("case-0#3", 2), ("case-1", 0), ("case-1#2", 1), ("case-1#3", 2)]
    section = result.sections[0]
    assert {case.cluster for case in section.cases} == {"voice-0"}
    assert section.figure("right").n == 6 and section.figure("right").method.endswith("cluster bootstrap where wider")
    assert len(tiny.run(tmp_path / "once", yes, repeats=3, asks_model=False).sections[0].cases) == 10


def test_a_run_without_a_section_or_with_repeats_can_be_no_baseline(tmp_path: Path) -> None:
    whole = tiny.run(tmp_path, yes)
    more = replace(
        tiny.suite(yes), sections=(*tiny.suite(yes).sections, replace(tiny.suite(yes).sections[0], name="two"))
    )
    with pytest.raises(baselines.NotAcceptable, match="lacks two"):
        baselines.accept(whole, tmp_path / "baselines", more)
    repeated = replace(whole, models={"repeats": "3"})
    with pytest.raises(baselines.NotAcceptable, match="3 times"):
        baselines.accept(repeated, tmp_path / "baselines")
    whole.sections[0].skipped = "not on this machine"
    with pytest.raises(baselines.NotAcceptable, match="lacks words"):
        baselines.accept(whole, tmp_path / "baselines")
    whole.sections[0].external = True
    assert baselines.accept(whole, tmp_path / "baselines", tiny.suite(yes, external=True)).is_file()


def test_the_newest_run_is_the_one_started_last_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "REPORTS", tmp_path)
    assert results.newest_run() is None
    for name, started in (("20260101-000000", "2026-01-02"), ("test-ffff", "2026-01-01"), ("a", "2025-01-01")):
        results.save(replace(tiny.run(tmp_path / "scratch", yes), started=started), tmp_path / name)
    (tmp_path / "simulation").mkdir()
    (tmp_path / "simulation" / "simulation.json").write_text('{"posts": 3}', "utf-8")
    assert results.newest_run() == tmp_path / "20260101-000000"
    assert results.load_run(tmp_path / "simulation") == []
    assert [found.suite for found in results.load_run(tmp_path / "a")] == ["tiny"]


def test_a_run_on_disk_is_the_run(tmp_path: Path) -> None:
    result = tiny.run(tmp_path, lambda case: "yes" if case.id == "case-1" else "no")
    path = results.save(result, tmp_path)
    assert json.loads(path.read_text("utf-8"))["suite"] == "tiny"
    again = results.load(path)
    assert results.save(again, tmp_path / "copy").read_text("utf-8") == path.read_text("utf-8")
    assert again.sections[0].figure("right").by_slice == result.sections[0].figure("right").by_slice
