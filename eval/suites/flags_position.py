"""The same decisive sentence at the start, in the middle and at the end of the same long post."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eval.loading import shipped
from eval.metric import Case, Marks, Metric, Output
from eval.reading import as_output
from eval.scorers.missed_sensitive import raised
from eval.subjects import SITE, World
from eval.suite import Loaded, Section, Subject
from service.intake.post import NewPost

PLACES = ("start", "middle", "end")
MOST = 300
NOT_ONE_SENTENCE = frozenset({"off_topic", "low_effort", "duplicate_crosspost", "identifying_detail"})
"""Concerns that no single sentence shows."""


def load() -> Loaded:
    """Decisive sentences of flagged posts, each with a long clean post of the same language to stand in."""
    data = shipped("posts/voices_*")
    hosts: dict[str, list[object]] = {}
    for row in data.rows:
        if row.family == "clean" and 110 <= len(row.body.split()) <= 420 and len(_sentences(row.body)) >= 6:
            hosts.setdefault(row.lang, []).append(row)
    cases: list[Case] = []
    for row in data.rows:
        for flag in row.flags:
            quote = next((q.text for q in flag.quotes if q.field == "body" and 4 <= len(q.text.split()) <= 45), None)
            if quote is None or flag.category in NOT_ONE_SENTENCE or not hosts.get(row.lang):
                continue
            sentence = _around(row.body, quote)
            host = hosts[row.lang][len(cases) % len(hosts[row.lang])]
            case_id = f"{row.id}:{flag.category}"
            slices = {"category": flag.category, "language": "en" if row.lang == "en" else "other"}
            cases.append(
                Case(case_id, {"sentence": sentence, "category": flag.category, "host": host}, row.voice, slices)
            )
    step = max(1, len(cases) // MOST)
    return Loaded(cases[::step][:MOST], data.version)


def subject(world: World, _cases: Sequence[Case]) -> Subject:
    """Whether the concern is raised in each place."""

    def one(case: Case) -> Output:
        host, found = case.row["host"], {}
        for place in PLACES:
            body = planted(host.body, case.row["sentence"], place)
            post = NewPost(site=SITE, external_id=f"{case.id}:{place}", title=host.title, body=body, kind=host.kind)
            found[place] = case.row["category"] in raised(as_output(world.read_flags(post)))
        return found

    return one


def planted(body: str, sentence: str, place: str) -> str:
    """`body` with a sentence at its start, after the middle sentence, or at its end."""
    if place == "start":
        return f"{sentence} {body}"
    if place == "end":
        return f"{body} {sentence}"
    ends = _sentences(body)
    cut = min(ends, key=lambda end: abs(end - len(body) / 2))
    return f"{body[:cut]} {sentence}{body[cut:]}"


def _sentences(text: str) -> list[int]:
    return [m.end() for m in re.finditer(r"[.!?。！？]+(?=\s)", text)]


def _around(body: str, quote: str) -> str:
    start = body.index(quote)
    end = start + len(quote)
    begin = max((m.end() for m in re.finditer(r"[.!?。！？\n]\s*", body[:start])), default=0)
    after = re.search(r"[.!?。！？\n]", body[max(start, end - 1) :])
    finish = max(start, end - 1) + after.end() if after else len(body)
    sentence = body[begin:finish].strip()
    return sentence if len(sentence.split()) <= 80 else quote


def _in_place(place: str) -> Metric:
    def marks(_case: Case, output: Output) -> Marks:
        return [[float(output[place]), 1.0]]

    return Metric(
        f"recall at the {place}", f"a concern at the {place} is overlooked", marks, margin=0.03, by_slice=False
    )


def _gap(a: str, b: str) -> Metric:
    def marks(_case: Case, output: Output) -> Marks:
        return [[float(output[a]) - float(output[b]), 1.0]]

    return Metric(f"{a} minus {b}", "the place decides", marks, better="neither", by_slice=False)


SECTION = Section(
    "position", "the same decisive sentence in three places of the same post", load, subject,
    (*(_in_place(place) for place in PLACES), _gap("start", "end"), _gap("start", "middle"), _gap("middle", "end")),
)  # fmt: skip
