"""Accepted cases as a section of the suites that read posts, and what they do to the gate on a prompt version."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval import promotion
from eval.exported import on_file
from eval.loading import NotThere
from eval.promotion import Verdict, judge
from eval.subjects import REPOSITORY
from eval.suites import SUITES
from tests.review.conftest import CALM, SPAM
from tests.suite import tiny

SPAM_CASE = {"flags": [{"category": "spam_promotion", "quotes": []}], "route": "review", "family": "flagged"}


def case(name: str, post: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A row as an export writes it: of a clean post whose tags nobody said, unless `more` says otherwise."""
    return {
        "id": f"loop-{name}", "voice": f"member-{name}", "lang": "en", "kind": "question", "title": post[0], "body": post[1],
        "author": {"role": None, "level": None, "company": None}, "tags": [], "flags": [], "route": "publish",
        "family": "clean", "trap": None, "after": None, **more,
    }  # fmt: skip


@pytest.fixture
def accepted(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of accepted cases."""

    def write(*rows: dict[str, Any]) -> Path:
        path = tmp_path / "posts.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return path

    return write


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    """The shipped prompts, and a policy 1.1.0 that lets advertising through."""
    folder = tmp_path / "prompts"
    shutil.copytree(REPOSITORY / "prompts", folder)
    text = (folder / "policy/tech-career/1.0.0.yaml").read_text("utf-8").replace("version: 1.0.0", "version: 1.1.0", 1)
    spoilt = f"{text}\nswitched_off: [spam_promotion]\n"
    (folder / "policy/tech-career/1.1.0.yaml").write_text(spoilt, "utf-8")
    return folder


@pytest.fixture
def shipped_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite's own cases have nothing against any version."""
    monkeypatch.setattr(promotion, "_on_shipped", lambda *_: Verdict("passed", "9 checks, none red", "flags"))


@pytest.mark.usefixtures("shipped_pass")
def test_an_accepted_case_that_only_the_candidate_gets_wrong_fails_it(
    accepted: Callable[..., Path], prompts: Path
) -> None:
    wrong_before = case("wrong-before", CALM, **SPAM_CASE)
    data = accepted(case("spam", SPAM, **SPAM_CASE), case("calm", CALM), wrong_before)
    found = judge("policy/tech-career", "1.1.0", [], prompts, against="1.0.0", data=data)
    assert (found.verdict, found.cases) == ("failed", 3)
    assert "loop-spam" in found.because and "spam_promotion is missed" in found.because
    assert [row["name"] for row in found.checks if row["verdict"] == "failed"] == ["loop-spam"]


@pytest.mark.usefixtures("shipped_pass")
@pytest.mark.parametrize(
    ("missed", "verdict", "because"),
    [
        ({}, "passed", "9 checks, none red; 0 accepted cases, none broken"),
        ({"1.1.0": 3}, "unmeasured", "3 completions of accepted cases are not recorded for flag_post 1.1.0"),
        ({"1.0.0": 2}, "unmeasured", "2 completions of accepted cases are not recorded for flag_post 1.0.0"),
    ],
)
def test_accepted_cases_without_recorded_completions_measure_nothing(
    accepted: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, missed: dict[str, int], verdict: str, because: str
) -> None:
    nothing = tiny.run(accepted().parent / "run", lambda _: "yes", cases=[])
    nothing.suite, nothing.version, nothing.sections = "flags", SUITES["flags"].version, []
    monkeypatch.setattr(promotion, "_run", lambda *said: (nothing, missed.get(said[-1]["flag_post"], 0)))
    data = accepted(case("calm", CALM))
    found = judge("flag_post", "1.1.0", ["openai/m"], REPOSITORY / "prompts", against="1.0.0", data=data)
    assert (found.verdict, found.because) == (verdict, because)


@pytest.mark.usefixtures("shipped_pass")
def test_without_accepted_cases_the_shipped_ones_decide(accepted: Callable[..., Path], prompts: Path) -> None:
    for data in (None, accepted(), prompts / "no-such-file"):
        assert judge("policy/tech-career", "1.1.0", [], prompts, against="1.0.0", data=data).verdict == "passed"
    (only,) = [case("calm", CALM)]
    drafted = judge("draft_answer", "1.1.0", ["openai/m"], prompts, against="1.0.0", data=accepted(only))
    assert drafted.verdict == "passed" and drafted.cases == 0


def test_cases_whose_tags_nobody_said_are_no_cases_of_tags(accepted: Callable[..., Path]) -> None:
    path = accepted(case("said", CALM, tags=["promotion"]), case("unsaid", SPAM))
    tags, flags = (on_file(SUITES[name], path) for name in ("tags", "flags"))
    assert tags is not None and flags is not None
    assert [[c.id for c in section.load().cases] for section in tags.sections] == [["loop-said"]] * 2
    assert [len(section.load().cases) for section in flags.sections] == [2, 2]
    accepted(case("unsaid", SPAM))
    with pytest.raises(NotThere, match="nobody said the tags"):
        tags.sections[0].load()


@pytest.mark.parametrize(
    ("name", "sections"),
    [("flags", ["exported", "exported_with_model"]), ("tags", ["exported", "exported_with_model"]),
     ("routing", ["exported"])],
)  # fmt: skip
def test_suites_of_posts_run_on_a_file_of_cases_with_and_without_a_model(
    name: str, sections: list[str], tmp_path: Path
) -> None:
    suite = on_file(SUITES[name], tmp_path / "posts.jsonl")
    assert suite is not None and [section.name for section in suite.sections] == sections
    assert on_file(SUITES["fault"], tmp_path / "posts.jsonl") is None
