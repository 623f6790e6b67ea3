"""Threads outside the project as a set for tags: one a line of the file, whatever line ends their texts hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.suites.tags_external import LEAST_USES, threads


def test_line_separators_inside_a_text_do_not_end_its_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"id": n, "title": "t", "body": "one\u2028two\x85three", "tags": ["pay", "rare"][: 1 + (n == 0)], "date": "2012-01-01"}
        for n in range(LEAST_USES)
    ]  # fmt: skip
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (tmp_path / "se_threads.jsonl").write_text(text, "utf-8")
    monkeypatch.setenv("EVAL_DATA", str(tmp_path))
    found, tags, _version = threads()
    assert len(found) == LEAST_USES and tags == ("pay",)
    assert {thread.body for thread in found} == {"one\u2028two\x85three"}
