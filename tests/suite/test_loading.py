"""Datasets: what is wrong is said with file, line and what to do about it; what is shipped is as its schema says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from eval import cases
from eval.__main__ import main
from eval.frozen import FROZEN, evidence_of
from eval.gate import BROKEN
from eval.loading import FOLDER, SHIPPED, InvalidDataset, NotThere, external, load, shipped, write_schemas

GOOD: dict[str, Any] = {"id": "p-1", "question": "How?", "a": "So.", "b": "Not so.", "label": "conflict"}


def read(tmp_path: Path, *rows: Any, row: type[BaseModel] = cases.AnswerPair) -> Any:
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows), "utf-8")
    return load("pairs", [path], row)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({**GOOD, "hint": 1}, "pairs.jsonl:2: hint: Extra inputs are not permitted. Known keys: id, question"),
        ({k: v for k, v in GOOD.items() if k != "b"}, "pairs.jsonl:2: b: Field required. Add 'b'"),
        ({**{k: v for k, v in GOOD.items() if k != "label"}, "lable": "agree"}, "'lable' may be a misspelling of it"),
        ({**GOOD, "lable": "agree"}, "lable: Extra inputs are not permitted. Did you mean 'label'?"),
        ({**GOOD, "label": "maybe"}, "FORMATS.md says what belongs there"),
        ({**GOOD, "id": "with space"}, "pairs.jsonl:2: id: "),
        ("{not json", "pairs.jsonl:2: not JSON"),
        ("[]", "pairs.jsonl:2"),
        ({**GOOD, "id": "p-0"}, "id 'p-0' stands twice. It is already at pairs.jsonl:1"),
    ],
)
def test_a_bad_row_is_refused_with_file_line_and_hint(tmp_path: Path, row: Any, said: str) -> None:
    with pytest.raises(InvalidDataset) as refused:
        read(tmp_path, {**GOOD, "id": "p-0"}, row)
    assert said in str(refused.value)


def test_a_misspelt_key_is_never_an_empty_value(tmp_path: Path) -> None:
    row = {"id": "r-1", "lang": "en", "titel": "A title", "body": "", "relevant": ["t-1"]}
    with pytest.raises(InvalidDataset, match=r"'title'|'titel'"):
        read(tmp_path, row, row=cases.RelatedQuery)
    golden = json.loads((FOLDER / "golden.jsonl").read_text("utf-8").split("\n")[0])
    golden["author"] = {"role": None, "level": None, "company": None, "levle": "senior"}
    with pytest.raises(InvalidDataset, match=r"author\.levle"):
        read(tmp_path, golden, row=cases.Golden)


@pytest.mark.parametrize("name", [name for name in SHIPPED if any(FOLDER.glob(f"{name}.jsonl"))])
def test_no_key_has_a_default(tmp_path: Path, name: str) -> None:
    line = sorted(FOLDER.glob(f"{name}.jsonl"))[0].read_text("utf-8").split("\n")[0]
    for key in json.loads(line):
        row = {k: v for k, v in json.loads(line).items() if k != key}
        with pytest.raises(InvalidDataset, match=rf"pairs\.jsonl:1: {key}: Field required\. Add '{key}'"):
            read(tmp_path, row, row=SHIPPED[name])


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        ("passages", lambda row: row | {"vote": 1}, r"passages\.jsonl:1: vote: Extra inputs .* Did you mean 'votes'"),
        ("passages", lambda row: {k: v for k, v in row.items() if k != "date"}, r"passages\.jsonl:1: date: Field required"),
        ("drafting_questions", lambda row: row | {"threads": [row["threads"][0] | {"jot": 1}]},
         r"drafting_questions\.jsonl:1: threads\.0\.jot: Extra inputs"),
        ("drafting_questions", lambda row: row | {"threads": [{"site": "sample"}]},
         r"drafting_questions\.jsonl:1: threads\.0\.thread_id: Field required"),
    ],
)  # fmt: skip
def test_frozen_evidence_with_a_wrong_key_is_refused(
    tmp_path: Path, name: str, spoil: Callable[[Any], Any], said: str
) -> None:
    for file in ("passages", "drafting_questions"):
        rows = [json.loads(line) for line in (FROZEN / f"{file}.jsonl").read_text("utf-8").splitlines()]
        rows[0] = spoil(rows[0]) if file == name else rows[0]
        (tmp_path / f"{file}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    with pytest.raises(InvalidDataset, match=said):
        evidence_of("q-001", tmp_path)


def test_at_least_half_of_the_labelled_posts_are_clean_or_traps() -> None:
    rows = shipped("posts/voices_*").rows
    assert sum(row.family != "flagged" for row in rows) >= len(rows) / 2


def test_no_two_voices_share_a_sentence() -> None:
    seen: dict[str, str] = {}
    for row in shipped("posts/voices_*").rows:
        for sentence in re.split(r"(?<=[.!?。？！])\s*|\n+", f"{row.title}\n{row.body}".lower()):
            said = " ".join(re.findall(r"\w+", sentence))
            if len(said.split()) >= 7 or len(said) >= 40:
                assert seen.setdefault(said, row.voice) == row.voice, (row.id, said)


def test_a_quote_that_is_not_in_its_post_is_refused(tmp_path: Path) -> None:
    row = json.loads((FOLDER / "posts" / "voices_a.jsonl").read_text("utf-8").splitlines()[0])
    row["flags"], row["family"] = [{"category": "hate", "quotes": [{"field": "body", "text": "not there"}]}], "flagged"
    with pytest.raises(InvalidDataset, match="the quote of hate is not in the body"):
        read(tmp_path, row, row=cases.LabelledPost)


def test_an_empty_file_measures_nothing_and_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match="no rows"):
        read(tmp_path, "")
    with pytest.raises(NotThere):
        load("none", [], cases.AnswerPair)


def test_the_version_is_the_content(tmp_path: Path) -> None:
    first = read(tmp_path, GOOD).version
    assert read(tmp_path, GOOD).version == first
    assert read(tmp_path, {**GOOD, "b": "Not so!"}).version != first


@pytest.mark.parametrize("name", [name for name in SHIPPED if any(FOLDER.glob(f"{name}.jsonl"))])
def test_what_is_shipped_loads_and_its_source_is_named(name: str) -> None:
    assert len(shipped(name).rows) > 40
    assert f"`{name}.jsonl`" in (FOLDER / "SOURCES.md").read_text("utf-8")


def test_the_schemas_beside_the_datasets_are_those_of_the_code(tmp_path: Path) -> None:
    for path in write_schemas(tmp_path):
        there = FOLDER / path.relative_to(tmp_path)
        assert there.read_text("utf-8") == path.read_text("utf-8"), f"run `python -m eval schemas`: {there.name}"


def test_external_sets_are_named_as_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVAL_DATA", raising=False)
    with pytest.raises(NotThere, match="EVAL_DATA is not set"):
        external("x.jsonl")
    monkeypatch.setenv("EVAL_DATA", str(tmp_path))
    with pytest.raises(NotThere, match=r"x\.jsonl is not in EVAL_DATA"):
        external("x.jsonl")


def test_a_bad_dataset_is_a_broken_run_and_no_red_gate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps({**GOOD, "lable": "agree"}) + "\n", "utf-8")
    assert main(["run", "routing", "--quiet", "--data", str(path), "--run", str(tmp_path / "run")]) == BROKEN
    assert not (tmp_path / "run" / "routing.json").exists()
    assert (
        main(["run", "routing", "--quiet", "--data", str(path), "--run", str(tmp_path / "run"), "--no-gate"]) == BROKEN
    )
    assert "mine.jsonl:1: " in capsys.readouterr().err
