"""From a post and its evidence to a WrittenDraft: abstain, have a model write and check it, or assemble a scaffold."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from service.drafting import scaffold
from service.drafting.abstain import reason_to_abstain
from service.drafting.ask_model import Listener, Writing, ask_model, provenance_of
from service.drafting.conflict import at_odds
from service.drafting.draft import DraftKind, Dropped, Sentence, WrittenDraft
from service.drafting.focus import focused
from service.drafting.points import choose, same
from service.drafting.reply import accepted, narrowed
from service.drafting.second_reader import SecondReader
from service.drafting.shown import shown_passages, small_inputs, strong_inputs
from service.errors import AnswerloopError, ModelFailed
from service.flagging.flag import Route
from service.intake.normalise import ReadablePost
from service.intake.post import NewPost, Post, payer_of
from service.models.calls import ModelCall, is_local, model_list, usage_of, used_by
from service.models.embedder import Embedder
from service.models.gateway import Gateway
from service.prompting.files import load_prompt
from service.prompting.labels import Labels
from service.prompting.render import render
from service.retrieval.evidence import Evidence, EvidencePassage
from service.settings import Settings

LEAST_SURVIVING = 2
"""Fewer sentences with a source than this surviving a check that others failed: a scaffold takes the place of the draft."""
SHARE_BEFORE_FALLBACK = 0.6
"""Of the time that is left, models with others after them in the chain get this share."""
ASSEMBLED = "Assembled from what past mentors said; no sentence of it was generated."
UNREAD = "The second reader of citations (NLI_MODEL) gave nothing usable ({}); the built-in check decided."
WISHED_ANSWER = "Write an answer, not a scaffold."
NO_WRITER = "No model is configured that could write an answer; set DRAFT_MODEL."
AT_ODDS = (
    "The sources cited for sentence {}, as written here, advise against each other; read both sides before you keep it."
)
TOO_LITTLE = (
    "An answer was asked for, but too little of what the model wrote survived the check; a scaffold takes its place."
)
NO_ANSWER = "An answer was asked for, but no model gave one; a scaffold takes its place."
OTHER_FORM = "An answer was asked for; the model wrote a scaffold."
DEAF = "The bundled model does not follow wishes; set DRAFT_MODEL to a larger one for “{}”."


@dataclass(frozen=True)
class Asked:
    """What a draft is asked for: the post, what was found for it, and a wish."""

    post: NewPost
    readable: ReadablePost
    evidence: Evidence
    instruction: str
    lang: str
    today: date
    attempt: int = 0


@dataclass
class _Tried:
    """What asking models came to; `failed` is the code of the error where none gave anything usable."""

    writing: Writing = field(default_factory=Writing)
    provenance: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failed: str | None = None


class Drafter:
    """Writes drafts. Safe to call from several threads; the bundled model itself writes one at a time."""

    def __init__(
        self, gateway: Gateway, labels: Labels, settings: Settings, embedder: Embedder, prompts_dir: Path,
        answer_age: Callable[[str], int] | None = None,
    ) -> None:  # fmt: skip
        """`answer_age` gives the days from which on a site's answers are old; None: the setting, for every site."""
        self._gateway = gateway
        self._labels = labels
        self._settings = settings
        self._embedder = embedder
        self._prompts_dir = prompts_dir
        self._answer_age = answer_age or (lambda _site: settings.answer_age_days)

    def write(
        self, post: NewPost, readable: ReadablePost, evidence: Evidence, route: Route, *,
        instruction: str = "", lang: str = "en", today: date, listener: Listener | None = None, attempt: int = 0,
        form: DraftKind | None = None,
    ) -> WrittenDraft:  # fmt: skip
        """A draft for `post`. Never raises for a model that fails: the scaffold then says so in its notes.

        `form` is the kind wished for: a scaffold is assembled without a model, an answer is asked of one.
        """
        begin = time.perf_counter()
        evidence = focused(evidence)
        reason = reason_to_abstain(post.kind, route, evidence)
        if reason is not None:
            return WrittenDraft(status="abstained", abstained_because=reason)
        wish = f"{WISHED_ANSWER} {instruction}".strip() if form == "answer" else instruction
        asked = Asked(post, readable, evidence, wish, lang, today, attempt)
        tried = _Tried() if form == "scaffold" else self._try(asked, listener)
        if form == "answer" and not model_list(self._settings.draft_model):
            tried.notes.append(NO_WRITER)
        writing, notes, provenance = tried.writing, tried.notes, tried.provenance
        if writing.abstained is not None:
            return WrittenDraft(status="abstained", abstained_because=writing.abstained, provenance=provenance)
        kind = "scaffold" if writing.form == "scaffold" else "answer"
        sentences, dropped = writing.sentences, writing.dropped
        instead = OTHER_FORM if kind == "scaffold" else ""
        least = LEAST_SURVIVING if dropped else 1
        if sum(bool(s.sources) for s in sentences) < least:
            kind, made = "scaffold", self._scaffold(asked)
            instead = NO_ANSWER if writing.completion is None else TOO_LITTLE
            if not made:
                because = "no past answer has a sentence that can be quoted"
                return WrittenDraft(
                    status="abstained", abstained_because=because, failed_because=tried.failed, provenance=provenance
                )
            because = "too little of the draft survived the check"
            dropped = dropped + [Dropped(text=s.text, reason=because, sources=s.sources) for s in sentences]
            notes.append(ASSEMBLED)
            _tell(listener, made, withdraw=bool(sentences))
            sentences = made
        if form == "answer" and instead and NO_WRITER not in notes:
            notes.insert(0, instead)
        notes += [*_at_odds(sentences), *self._staleness(post.site, sentences, today)]
        return WrittenDraft(
            status="ready", kind="scaffold" if kind == "scaffold" else "answer", sentences=sentences, dropped=dropped,
            notes=notes, failed_because=tried.failed, provenance=_timed(provenance, begin),
        )  # fmt: skip

    def rewrite(
        self, post: NewPost, readable: ReadablePost, evidence: Evidence, before: Sequence[Sentence], kind: str,
        sentence_id: str, *, instruction: str = "", lang: str = "en", today: date, attempt: int = 0,
    ) -> WrittenDraft:  # fmt: skip
        """The draft with one sentence written anew; every other sentence stays as it is, ids included."""
        begin = time.perf_counter()
        evidence = focused(evidence)
        place = next(n for n, s in enumerate(before) if s.id == sentence_id)
        wish = f"Write only a replacement for this one sentence: “{before[place].text}” {instruction}".strip()
        asked = Asked(post, readable, evidence, wish, lang, today, attempt)
        tried = _Tried()
        if not is_local((model_list(self._settings.draft_model) or ("local/",))[0]):
            tried = self._try(asked, None)
        writing, notes = tried.writing, tried.notes
        others = [s for s in before if s.id != sentence_id]
        fresh = [s for s in writing.sentences if not any(same(s.text, o.text) for o in others)]
        fresh = [s for s in fresh if s.section == before[place].section] or fresh
        new = fresh[0] if fresh else self._next_point(asked, before, place)
        if new is None:
            notes.append("Nothing better was found for this sentence.")
        sentences = [*before[:place], new or before[place], *before[place + 1 :]]
        notes += [*_at_odds(sentences), *self._staleness(post.site, sentences, today)]
        return WrittenDraft(
            status="ready", kind="scaffold" if kind == "scaffold" else "answer", sentences=sentences,
            dropped=writing.dropped, notes=notes, failed_because=tried.failed, provenance=_timed(tried.provenance, begin),
        )  # fmt: skip

    def _try(self, asked: Asked, listener: Listener | None) -> _Tried:
        """What a model makes of it; a failure is a note. Without a model there is nothing to fail."""
        if not model_list(self._settings.draft_model):
            return _Tried()
        try:
            return self._ask(asked, listener)
        except AnswerloopError as failure:
            note = f"No model wrote: {failure.code}."
            if isinstance(failure, ModelFailed):
                note = f"The language model gave nothing usable ({failure.code})."
            return _Tried(provenance=used_by(failure), notes=[note], failed=failure.code)

    def _ask(self, asked: Asked, listener: Listener | None) -> _Tried:
        """Ask the models of `DRAFT_MODEL`, first choice first; bundled and other models get a prompt of their own."""
        chain = [tuple(group) for _local, group in groupby(model_list(self._settings.draft_model), is_local)]
        if not chain:
            raise ModelFailed("no model is configured for drafts")
        ends, fell_back = time.monotonic() + self._settings.model_deadline_s, ""
        lost: dict[str, float] = {}
        while True:
            models = chain.pop(0)
            left = max(0.0, ends - time.monotonic())
            try:
                tried = self._ask_alike(models, left * SHARE_BEFORE_FALLBACK if chain else left, asked, listener)
            except AnswerloopError as failure:
                failure.extra["usage"] = lost = usage_of(lost, used_by(failure))
                if not chain or not isinstance(failure, ModelFailed):
                    raise
                fell_back = failure.code
                continue
            if fell_back:
                tried.provenance |= {"fell_back_because": fell_back, **usage_of(tried.provenance, lost)}
            return tried

    def _ask_alike(self, models: tuple[str, ...], deadline_s: float, asked: Asked, listener: Listener | None) -> _Tried:
        small = is_local(models[0])
        shown = shown_passages(asked.evidence, small)
        name = "draft_small" if small else "draft_answer"
        prompt = load_prompt(self._prompts_dir, name, self._labels.live(name))
        inputs = small_inputs(asked.readable, shown) if small else strong_inputs(
            asked.post, asked.readable, asked.evidence, shown, asked.instruction, asked.today, asked.lang
        )  # fmt: skip
        rendered = render(prompt, **inputs)
        call = ModelCall(
            feature="draft", models=models, messages=tuple(rendered.messages),
            schema=narrowed(prompt.output_schema, [p.id for p in shown], small),
            temperature=float(prompt.config.get("temperature", 0.2)),
            max_output_tokens=int(prompt.config.get("max_output_tokens", 1500)), deadline_s=deadline_s,
            repeat=asked.attempt, subjects=subjects_of(asked.post, shown), cut_off_usable=True, key_id=payer_of(asked.post),
            accepts=accepted(prompt.output_schema, small),
        )  # fmt: skip
        ends = time.monotonic() + deadline_s
        second = None
        if model_list(self._settings.nli_model):
            second = SecondReader(
                self._gateway, self._labels, self._settings, self._prompts_dir, ends, call.subjects, call.key_id
            )
        writing = ask_model(
            self._gateway,
            call,
            shown,
            asked.evidence,
            self._embedder,
            small=small,
            listener=listener,
            second=second,
            today=asked.today,
        )
        wish = asked.instruction.removeprefix(WISHED_ANSWER).strip()
        notes = [DEAF.format(wish[:80])] if small and wish else []
        provenance = provenance_of(prompt.name, prompt.version, prompt.sha256, rendered.sha256, writing)
        if second is not None and second.failed:
            notes.append(UNREAD.format(second.failed))
        if second is not None and second.provenance:
            provenance["second_reader"] = second.provenance
        provenance |= {"today": asked.today.isoformat()}
        return _Tried(writing, provenance, notes)

    def _scaffold(self, asked: Asked) -> list[Sentence]:
        title, body = asked.readable.title.text, asked.readable.body.text
        return scaffold.build(title, body, asked.evidence, self._embedder, asked.post.author.level, asked.instruction)

    def _next_point(self, asked: Asked, before: Sequence[Sentence], place: int) -> Sentence | None:
        """The best point of a past answer that the draft does not hold yet, in the place of the sentence."""
        if before[place].section in ("ask", "gap"):
            return None
        used = [q for s in before for q in (s.text, *(source.quote for source in s.sources))]
        points = choose(asked.readable.text, asked.evidence, self._embedder, asked.post.author.level, len(before) + 8)
        titles = {thread.thread_id: thread.title for thread in asked.evidence.related}
        fresh = [p for p in points if not any(same(p.text, text) for text in used)]
        return scaffold.quoted(fresh[0], before[place].section, titles) if fresh else None

    def _staleness(self, site: str, sentences: Sequence[Sentence], today: date) -> list[str]:
        dates = [date.fromisoformat(s.date) for sentence in sentences for s in sentence.sources if s.date]
        note = scaffold.staleness_note(dates, today, self._answer_age(site))
        return [note] if note else []


def _at_odds(sentences: Sequence[Sentence]) -> list[str]:
    """Says by their numbers, and not in their words, which sentences rest on sources that differ."""
    marked = [n for n, s in enumerate(sentences, 1) if s.section != "differ" and at_odds(s.sources)]
    return [AT_ODDS.format(" and sentence ".join(map(str, marked)))] if marked else []


def subjects_of(post: NewPost, shown: Sequence[EvidencePassage]) -> tuple[str, ...]:
    """The post, where it was kept, and the threads whose words a model is shown."""
    kept = {post.id} if isinstance(post, Post) else set()
    return tuple(sorted(kept | {p.thread_id for p in shown}))


def _tell(listener: Listener | None, sentences: Sequence[Sentence], *, withdraw: bool) -> None:
    if listener is None:
        return
    if withdraw:
        listener.withdrawn()
    for sentence in sentences:
        listener.sentence(sentence)


def _timed(provenance: dict[str, Any], begin: float) -> dict[str, Any]:
    """Own work: all the time since `begin` that no model was writing."""
    ms: dict[str, float] = provenance.get("ms", {})
    own = 1000 * (time.perf_counter() - begin) - ms.get("model", 0.0)
    return provenance | {"ms": ms | {"draft_own": round(max(own, 0.0), 1)}}
