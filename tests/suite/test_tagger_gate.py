"""When the gate of a tagger is red, and what it reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval.cases import LabelledPost
from eval.tagger_gate import judge, main
from service.models.embedder import BundledEmbedder
from service.tagging.fit_site import fit_texts
from tests.tagging.test_tagger import TINY, texts


def labelled(row_id: str, *tags: str, title: str = "t", body: str = "b") -> dict[str, Any]:
    """A clean post with these tags."""
    return {
        "id": row_id, "voice": row_id, "lang": "en", "kind": "question", "title": title, "body": body,
        "author": {"role": None, "level": None, "company": None}, "tags": list(tags), "flags": [], "route": "publish",
        "family": "clean", "trap": None, "after": None,
    }  # fmt: skip


ROWS = [LabelledPost.model_validate(labelled(f"p{number}", "soup")) for number in range(12)]
RIGHT, WRONG = [["soup"]] * 12, [["bread"]] * 12


def red(found: dict[str, Any]) -> list[str]:
    """The names of its red checks."""
    return [str(check["name"]) for check in found["checks"] if check["red"]]


def test_a_significant_loss_is_red_and_a_gain_or_a_small_loss_is_not() -> None:
    nobody: frozenset[str] = frozenset()
    assert judge(ROWS, nobody, RIGHT, RIGHT)["verdict"] == judge(ROWS, nobody, RIGHT, WRONG)["verdict"] == "passed"
    lost = judge(ROWS, nobody, WRONG, RIGHT)
    assert lost["verdict"] == "failed" and red(lost) == ["first tag", "F1"] and json.dumps(lost)
    assert red(judge(ROWS, nobody, [*WRONG[:1], *RIGHT[1:]], RIGHT)) == []
    worse_lists = judge(ROWS, nobody, [["soup", "bread", "knives"]] * 12, RIGHT)
    assert red(worse_lists) == ["F1"]


def test_an_accepted_case_without_a_right_tag_any_more_is_red_and_a_shipped_post_or_a_longer_list_is_not() -> None:
    candidate = [["bread"], ["soup", "bread"], *RIGHT[2:]]
    assert red(judge(ROWS, frozenset({"p1"}), candidate, RIGHT)) == []
    found = judge(ROWS, frozenset({"p0", "p1"}), candidate, RIGHT)
    assert red(found) == ["no accepted case loses its last right tag"] and found["checks"][-1]["lost"] == ["p0"]


def test_a_vocabulary_without_a_labelled_post_passes_and_says_why() -> None:
    found = judge([], frozenset(), [], [])
    assert found["verdict"] == "passed" and "nothing to hold it against" in found["because"]


def test_the_command_reads_the_cases_that_have_a_tag_of_the_vocabulary(
    embedder: BundledEmbedder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / f"{name}.json" for name in ("candidate", "production")]
    for file, n in zip(files, (150, 90), strict=True):
        file.write_text(TINY.model_dump_json(), "utf-8")
        file.with_suffix(".npz").write_bytes(fit_texts(texts(n), TINY, embedder, origin={}).weights)
    cases = tmp_path / "posts.jsonl"
    rows = [
        labelled("loop-1", "knives", title="A dull blade", body="Whetstone or steel for honing?"),
        labelled("loop-2", "burnout", title="Tired", body="Out of energy."),
    ]
    cases.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert main([*map(str, files), "--data", str(cases)]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (found["verdict"], found["cases"]) == ("passed", 1)
    assert found["checks"][-1] == {
        "name": "no accepted case loses its last right tag",
        "n": 1,
        "lost": [],
        "red": False,
    }
