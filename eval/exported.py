"""Suites on labelled posts from a file, as `answerloop cases export` writes them: the same subject, the same metrics."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from eval.cases import LabelledPost
from eval.loading import load
from eval.reading import read_posts
from eval.suite import Loaded, Suite, cases_of

SECTION = "exported"


def on_file(suite: Suite, path: Path) -> Suite | None:
    """The suite with the file's posts as its one section; None for a suite that reads no labelled posts."""
    section = next((section for section in suite.sections if section.subject is read_posts), None)
    if section is None:
        return None

    def load_file() -> Loaded:
        data = load(path.name, [path], LabelledPost)
        return Loaded(cases_of(data.rows), data.version)

    return replace(suite, sections=(replace(section, name=SECTION, what=f"cases of {path.name}", load=load_file),))
