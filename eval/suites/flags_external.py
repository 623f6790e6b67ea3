"""Flags on sets in EVAL_DATA. What is fitted on a set is reported out of fold.

Two subjects, both production code. `as shipped`: the service with its weights, none of which saw the set. `production fit`:
`service.flagging.fit_general.fit`, the function that makes the weights of `/v1/moderations`, run again without a fifth of
the set for each fifth, beside everything else it is fitted on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from eval.cases import LabelledPost
from eval.loading import external_rows, held_out_voices, shipped, version_of
from eval.metric import Case, Marks, Metric, Output, once
from eval.reading import as_output
from eval.scorers import blurred_score
from eval.scorers.missed_sensitive import raised
from eval.subjects import SITE, World, as_new_post
from eval.suite import Loaded, Section, Subject
from service.intake.post import NewPost

HARM = frozenset(
    {"harassment", "hate", "sexual", "violence_threat", "self_harm_risk", "crisis_distress", "minor_safety"}
)
NOT_OF_HARM = frozenset({"off_topic", "low_effort"})
_SWEARING = re.compile(
    r"\b(?:fuck\w*|f[*@#]{1,3}k\w*|wtf|shit\w*|bullshit|crap(?:py)?|damn\w*|goddamn|ass(?:hole)?s?|arse\w*|bitch\w*|bastards?|bloody|piss(?:ed)?|bollocks|hell|sucks?|screw(?:ed)?|dumb|stupid|idiot\w*|moron\w*)\b",
    re.I,
)


def _told(world: World) -> list[Any]:
    """What the production fit is made from, texts read through the remembering embedder."""
    from service.flagging.fit_general import SETS, told

    return [row for name in SETS for row in told(name, external_rows(f"{name}.jsonl"), world.embedder)]


def _out_of_fold(label: str) -> Callable[[World, Sequence[Case]], Subject]:
    """Production fit: the probability of `label` for each text, by a reader that did not see it."""

    def prepare(world: World, _cases: Sequence[Case]) -> Subject:
        from service.flagging.fit_general import out_of_fold
        from service.flagging.general import cuts

        said, cut = out_of_fold(_told(world)), cuts()[label]

        def subject(case: Case) -> Output:
            score = said[case.id][label]
            return {"label": int(case.row["truth"]), "score": round(score, 6), "flagged": score >= cut}

        return subject

    return prepare


AT_RISK = frozenset({"self_harm_risk", "violence_threat", "minor_safety"})
LONG, SHORT = 250, 40
"""Words from which a question is long, and below which it is not read."""


def load_any() -> Loaded:
    """Posts labelled by category; whether any is there."""
    rows = external_rows("mod_openai.jsonl")
    cases = [Case(f"mod_openai-{i}", {"truth": any(r["labels"].values())}, f"{i}") for i, r in enumerate(rows)]
    return Loaded(cases, version_of(["mod_openai"]))


def load_toxic() -> Loaded:
    """Comments, toxic or not."""
    rows = external_rows("mod_toxicity_surge.jsonl")
    cases = [Case(f"mod_toxicity_surge-{i}", {"truth": r["toxic"]}, f"{i}") for i, r in enumerate(rows)]
    return Loaded(cases, version_of(["mod_toxicity_surge"]))


def load_swearing() -> Loaded:
    """English career posts that swear or scold and that nobody flagged for what they say to people."""
    external_rows("mod_toxicity_surge.jsonl")  # the section stands beside that set's
    data, held = shipped("posts/voices_*"), held_out_voices()
    rows: list[LabelledPost] = [
        row for row in data.rows
        if row.lang == "en" and _SWEARING.search(f"{row.title}\n{row.body}") and not HARM & row.categories
    ]  # fmt: skip
    return Loaded(
        [Case(r.id, r, r.voice, {"voices": "held out" if r.voice in held else "fitted"}) for r in rows], data.version
    )


def read_swearing(world: World, _cases: Sequence[Case]) -> Subject:
    """As shipped: `toxic` at its cut (fitted on no career post; the cut was chosen on every fourth harmless one of the fitted
    voices), and the flags."""
    from service.flagging.general import cuts
    from service.flagging.general import shipped as general

    def subject(case: Case) -> Output:
        read = world.read(as_new_post(case.row))
        assert read.embedded is not None
        toxic = general().read(read.embedded, read.readable.text)["toxic"]
        found = sorted(HARM & set(raised(as_output(read))))
        return {"label": 0, "score": round(toxic, 6), "flagged": toxic >= cuts()["toxic"], "raised": found}

    return subject


def load_comments() -> Loaded:
    """Comments under videos, advertising or not."""
    rows = external_rows("spam_youtube.jsonl")
    return Loaded([Case(f"yt-{i}", r, f"{i}", {"video": r["source"]}) for i, r in enumerate(rows)], version_of(["yt"]))


def read_comments(world: World, _cases: Sequence[Case]) -> Subject:
    """As shipped: the probability of `spam_promotion`. No weight or rule was fitted on comments or on messages."""

    def subject(case: Case) -> Output:
        read = world.read(
            NewPost(site=SITE, external_id=f"x-{case.id}", title="", body=case.row["text"], format="text")
        )
        score = read.scores.get("spam_promotion", 0.0)
        return {"label": int(case.row["spam"]), "score": score, "flagged": "spam_promotion" in raised(as_output(read))}

    return subject


def load_messages() -> Loaded:
    """Text messages, advertising or not: every fourth."""
    rows = external_rows("spam_sms.jsonl")[::4]
    return Loaded([Case(f"sms-{i}", r, f"{i}") for i, r in enumerate(rows)], version_of(["sms"]))


def load_harmless() -> Loaded:
    """Questions that only look harmful."""
    rows = [r for r in external_rows("mod_xstest.jsonl") if r["label"] == "safe"]
    return Loaded([Case(f"xstest-{i}", r, f"{i}", {"type": r["type"]}) for i, r in enumerate(rows)], version_of(["xs"]))


def read_harmless(world: World, _cases: Sequence[Case]) -> Subject:
    """As shipped: the flags of a post that says nothing else. That it is off topic here is true, and no alarm."""

    def subject(case: Case) -> Output:
        output = as_output(
            world.read(NewPost(site=SITE, external_id=f"x-{case.id}", title="", body=case.row["text"], format="text"))
        )
        found = set(raised(output)) - NOT_OF_HARM
        return {**output, "label": 0, "harm": bool(found & HARM), "flagged": bool(found)}

    return subject


def load_ordinary() -> Loaded:
    """Questions of the threads with odd ids, which the flag reader was not fitted on: the long ones and as many others."""
    rows = [row for row in external_rows("se_threads.jsonl") if int(row["id"]) % 2]
    words = {row["id"]: len(row["body"].split()) for row in rows}
    long = [row for row in rows if words[row["id"]] >= LONG][::2]
    short = [row for row in rows if SHORT <= words[row["id"]] < LONG]
    short = short[:: max(1, len(short) // max(1, len(long)))][: len(long)]
    cases = [
        Case(f"ordinary-{row['id']}", row, str(row["id"]), {"length": "long" if words[row["id"]] >= LONG else "short"})
        for row in long + short
    ]  # fmt: skip
    return Loaded(cases, version_of(["se_threads"]))


def read_ordinary(world: World, _cases: Sequence[Case]) -> Subject:
    """As shipped: whether a question of a moderated community alarms somebody, or says that something is harmful."""

    def subject(case: Case) -> Output:
        row = case.row
        found = set(raised(as_output(world.read(
            NewPost(site=SITE, external_id=f"x-{case.id}", title=row["title"], body=row["body"])
        ))))  # fmt: skip
        return {"risk": bool(found & AT_RISK), "harm": bool(found & HARM), "raised": sorted(found)}

    return subject


def _share(name: str, harm: str, key: str, target: float | None) -> Metric:
    def marks(_case: Case, output: Output) -> Marks:
        return once(bool(output[key]))

    return Metric(name, harm, marks, better="lower", margin=0.02, target=target)


SECTIONS: tuple[Section, ...] = (
    Section(
        "any_category", "posts labelled by OpenAI's categories: is any there; production fit, five folds", load_any,
        _out_of_fold("any"),
        (
            blurred_score.area(margin=0.02, target=0.88), blurred_score.recall("harm found", margin=0.05),
            blurred_score.alarms("harmless flagged", margin=0.05),
        ),
        external=True,
    ),
    Section(
        "toxicity", "comments; production fit, five folds", load_toxic, _out_of_fold("toxic"),
        (
            blurred_score.area(margin=0.02, target=0.96), blurred_score.recall("toxic found", margin=0.05),
            blurred_score.alarms("civil flagged", margin=0.05),
        ),
        external=True,
    ),
    Section(
        "swearing_but_fine", "career posts that swear; as shipped", load_swearing, read_swearing,
        (
            blurred_score.alarms("toxic by the general reader", margin=0.02, target=0.02),
            _share("flagged for harm", "a rant is punished", "raised", 0.02),
        ),
        external=True,
    ),
    Section(
        "spam_comments", "comments under videos; as shipped", load_comments, read_comments,
        (
            blurred_score.area(margin=0.02, target=0.93), blurred_score.recall("advertising found", margin=0.05),
            blurred_score.alarms("comments flagged", margin=0.03),
        ),
        external=True,
    ),
    Section(
        "spam_messages", "text messages; as shipped", load_messages, read_comments,
        (blurred_score.area(margin=0.02), blurred_score.recall("advertising found", margin=0.05),
         blurred_score.alarms("messages flagged", margin=0.03)),
        external=True,
    ),
    Section(
        "harmless_prompts", "questions that only look harmful; as shipped", load_harmless, read_harmless,
        (
            _share("flagged for harm", "a harmless question is an alarm", "harm", 0.05),
            _share("flagged for anything but its subject", "a harmless question is an alarm", "flagged", 0.05),
        ),
        external=True,
    ),
    Section(
        "ordinary_threads", "questions of a moderated community, half of them long; as shipped", load_ordinary, read_ordinary,
        (
            _share("taken for a person at risk", "an ordinary question is an alarm", "risk", 0.02),
            _share("flagged for harm", "an ordinary question is an alarm", "harm", 0.05),
        ),
        external=True,
    ),
)  # fmt: skip
