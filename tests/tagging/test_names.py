"""Names of tags in texts: the same as one pattern of all names finds, in less time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eval.loading import shipped
from service.tagging.names import NameFinder
from service.tagging.taxonomy import Taxonomy, load_taxonomy

TAXONOMY = load_taxonomy(Path("prompts/taxonomy/tech-career/1.0.0.yaml"))


def with_aliases(*aliases: str) -> Taxonomy:
    rows = TAXONOMY.model_dump()
    rows["tags"][0]["aliases"] = list(aliases)
    return Taxonomy.model_validate(rows)


def by_one_pattern(taxonomy: Taxonomy, text: str) -> list[tuple[int, int]]:
    names = {n for t in taxonomy.tags for n in (t.tag, t.tag.replace("-", " "), t.label.lower(), *t.aliases)}
    plain = sorted({re.sub(r"[\s-]+", " ", name.strip().lower()) for name in names}, key=len, reverse=True)
    alternatives = "|".join(re.escape(name).replace(r"\ ", r"[\s-]+") for name in plain)
    return [m.span() for m in re.finditer(rf"(?<!\w)(?:{alternatives})(?!\w)", text, re.I)]


@pytest.mark.parametrize(
    "taxonomy", [TAXONOMY, with_aliases(".net", "c++"), with_aliases("on call", "on", "on call rota")]
)
def test_the_names_are_those_that_one_pattern_finds(taxonomy: Taxonomy) -> None:
    finder = NameFinder(taxonomy)
    texts = [f"{row.title}\n{row.body}" for row in shipped("posts/voices_*").rows][::5]
    texts += ["On-call\nrota, ON CALL rota; on callers .NET c++ and c++11", "promotion-promotion PROMOTION promotions"]
    for text in texts:
        spans = sorted({span for spans in finder.named(text).values() for span in spans})
        assert spans == by_one_pattern(taxonomy, text), text[:80]


def test_each_tag_is_told_with_its_places() -> None:
    finder = NameFinder(TAXONOMY)
    text = "Burnout, they say. My promotion? burnout."
    assert finder.count(text)["burnout"] == 2
    assert [text[start:end] for start, end in finder.places(text, "burnout")] == ["Burnout", "burnout"]
    assert finder.places(text, "no-such-tag") == []
