"""Suites on labelled posts from a file, as `answerloop cases export` writes them: the same subjects, the same metrics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from eval.cases import LabelledPost
from eval.gate import Check
from eval.loading import NotThere, load
from eval.metric import Output
from eval.reading import read_posts
from eval.results import SuiteResult
from eval.scorers.missed_sensitive import raised
from eval.scorers.wrong_tag import suggested
from eval.suite import Loaded, Section, Suite, cases_of
from eval.suites.with_model import check_tags, read_flags

SECTION = "exported"
WITH_MODEL = "exported_with_model"
LOOKED_AT = 3
"""Of the suggested tags of a case."""


def on_file(suite: Suite, path: Path) -> Suite | None:
    """The suite on the file's posts: read as they come and, where a model is named, with that model too. None for a suite
    that reads no labelled posts. A suite of tags leaves out the posts whose tags nobody said."""
    named = {read_posts: SECTION, read_flags: WITH_MODEL, check_tags: WITH_MODEL}
    first: dict[str, Section] = {}
    for section in suite.sections:
        if section.subject in named:
            first.setdefault(named[section.subject], section)
    if SECTION not in first:
        return None

    def load_file() -> Loaded:
        data = load(path.name, [path], LabelledPost)
        rows = [row for row in data.rows if row.tags or suite.name != "tags"]
        if not rows:
            raise NotThere(f"nobody said the tags of any case of {path.name}")
        return Loaded(cases_of(rows), data.version)

    def on_it(name: str, section: Section) -> Section:
        return replace(section, name=name, what=f"cases of {path.name}", load=load_file)

    return replace(suite, sections=tuple(on_it(name, section) for name, section in first.items()))


def broken(suite: Suite, before: SuiteResult, after: SuiteResult) -> Iterator[Check]:
    """A failed check for every case of which `after` gets something wrong that `before` got right."""
    for section in suite.sections:
        was, now = before.section(section.name), after.section(section.name)
        if was is None or now is None or was.skipped is not None or now.skipped is not None:
            continue
        rows = {case.id: case.row for case in section.load().cases}
        known = {case.id: case.output for case in was.cases}
        for case in now.cases:
            row, earlier = rows[case.id], known.get(case.id)
            if case.output is None or earlier is None:
                continue
            new = _wrong(suite, row, case.output) - _wrong(suite, row, earlier)
            if new:
                yield Check(suite.name, section.name, case.id, "failed", f"accepted case: {', '.join(sorted(new))}")


def _wrong(suite: Suite, row: LabelledPost, output: Output) -> frozenset[str]:
    """What is wrong about what was made of a case, in words."""
    return _wrong_tags(row, output) if suite.name == "tags" else _wrong_flags(row, output)


def _wrong_flags(row: LabelledPost, output: Output) -> frozenset[str]:
    found = {f"{category} is missed" for category in row.categories - raised(output).keys()}
    if row.trap in raised(output):
        found.add(f"{row.trap} is raised")
    if row.route == "publish" and output["route"] != "publish":
        found.add("it is kept back")
    if row.route != "publish" and output["route"] == "publish":
        found.add("it reaches nobody")
    if row.route == "urgent_review" and output["route"] != "urgent_review":
        found.add("it is not urgent")
    return frozenset(found)


def _wrong_tags(row: LabelledPost, output: Output) -> frozenset[str]:
    """One entry for each tag that could stand among the first suggestions and does not, whichever it is."""
    tags = suggested(output)
    most = min(len(row.tags), LOOKED_AT)
    right = len(set(row.tags) & set(tags[:LOOKED_AT]))
    found = {f"fewer than {n} of its tags are among the first {LOOKED_AT}" for n in range(right + 1, most + 1)}
    if tags[:1] and tags[0] not in row.tags:
        found.add("the first tag is wrong")
    return frozenset(found)
