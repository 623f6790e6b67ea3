"""The sample community is broad enough to try everything on: topics, voices, years."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from service.corpus.sample_community import FOLDER
from service.corpus.thread import Thread
from service.tagging.taxonomy import load_taxonomy, newest_taxonomy

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def threads() -> dict[str, Thread]:
    """Every thread of the sample, by its id."""
    lines = [line for path in sorted(FOLDER.glob("threads_*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    rows = [json.loads(line) for line in lines]
    read = {row.pop("external_id"): Thread.model_validate(row) for row in rows}
    assert len(read) == len(lines)
    return read


def test_there_are_sixty_threads_with_two_to_four_answers_each(threads: dict[str, Thread]) -> None:
    assert len(threads) >= 60
    assert {name: len(t.answers) for name, t in threads.items() if not 2 <= len(t.answers) <= 4} == {}
    assert len({thread.title for thread in threads.values()}) == len(threads)


def test_the_tags_are_of_the_vocabulary_and_cover_most_of_it(threads: dict[str, Thread]) -> None:
    path = newest_taxonomy(ROOT / "prompts" / "taxonomy", "tech-career")
    assert path
    vocabulary = set(load_taxonomy(path).names)
    used = {tag for thread in threads.values() for tag in thread.tags}
    assert used <= vocabulary and len(used) >= 30
    assert all(thread.tags for thread in threads.values())


def test_mentors_of_several_levels_answer(threads: dict[str, Thread]) -> None:
    levels = Counter(answer.author.level for thread in threads.values() for answer in thread.answers)
    assert sum(count >= 5 for level, count in levels.items() if level) >= 5
    assert levels["senior"] and levels["staff"] and levels["manager"]


def test_the_years_are_spread_and_no_answer_is_older_than_its_question(threads: dict[str, Thread]) -> None:
    years = Counter(thread.created_at.year for thread in threads.values())
    assert len(years) >= 6 and max(years.values()) <= len(threads) / 3
    early = [
        name
        for name, thread in threads.items()
        if any(answer.created_at and answer.created_at < thread.created_at for answer in thread.answers)
    ]
    assert early == []
