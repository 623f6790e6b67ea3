"""From a post and its evidence to a WrittenDraft: abstain, have a model write and check it, or assemble a scaffold."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from service.drafting import scaffold
from service.drafting.abstain import reason_to_abstain
from service.drafting.draft import Dropped, Sentence, WrittenDraft
from service.drafting.verify import Claim, verify
from service.errors import AnswerloopError, ModelFailed
from service.flagging.flag import Route
from service.intake.normalise import ReadablePost
from service.intake.post import NewPost
from service.models.calls import ModelCall, is_local, model_list
from service.models.embedder import Embedder
from service.models.gateway import Completion, Gateway
from service.prompting.files import Prompt, load_prompt
from service.prompting.labels import Labels
from service.prompting.render import render
from service.retrieval.evidence import Evidence, EvidencePassage
from service.settings import Settings

LEAST_SURVIVING = 2
"""Fewer sentences of the bundled model than this surviving the check: a scaffold takes its place."""
SMALL_PASSAGES, SMALL_PASSAGE_WORDS, SMALL_QUESTION_WORDS = 3, 85, 130
STRONG_PASSAGES = 10
SHARE_BEFORE_FALLBACK = 0.6
"""Of the time that is left, models with others after them in the chain get this share."""

OnSentence = Callable[[Sentence], None]


@dataclass
class _Writing:
    """What one model's reply came to."""

    sentences: list[Sentence] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    kind: str = "answer"
    abstained: str | None = None
    provenance: dict[str, Any] = field(default_factory=dict)


class Drafter:
    """Writes drafts. Safe to call from several threads; the bundled model itself writes one at a time."""

    def __init__(
        self, gateway: Gateway, labels: Labels, settings: Settings, embedder: Embedder, prompts_dir: Path
    ) -> None:
        self._gateway = gateway
        self._labels = labels
        self._settings = settings
        self._embedder = embedder
        self._prompts_dir = prompts_dir

    def write(
        self, post: NewPost, readable: ReadablePost, evidence: Evidence, route: Route, *,
        instruction: str = "", lang: str = "en", today: date, on_sentence: OnSentence | None = None,
    ) -> WrittenDraft:  # fmt: skip
        """A draft for `post`. Never raises for a model that fails: the scaffold then says so in its notes."""
        begin = time.perf_counter()
        reason = reason_to_abstain(post.kind, route, evidence)
        if reason is not None:
            return WrittenDraft(status="abstained", abstained_because=reason)
        notes: list[str] = []
        failed_because: str | None = None
        writing = _Writing()
        try:
            writing = self._ask(post, readable, evidence, instruction, lang, today, on_sentence)
        except ModelFailed as failure:
            failed_because = failure.code
            notes.append(f"The language model gave nothing usable ({failure.code}).")
        except AnswerloopError as failure:
            failed_because = failure.code
            notes.append(f"No model wrote: {failure.code}.")
        if writing.abstained is not None:
            return WrittenDraft(status="abstained", abstained_because=writing.abstained, provenance=writing.provenance)
        grounded = [s for s in writing.sentences if s.sources]
        kind = writing.kind
        if len(grounded) < LEAST_SURVIVING:
            kind = "scaffold"
            dropped = writing.dropped + [Dropped(text=s.text, reason="too little of the draft survived the check")
                                         for s in writing.sentences]  # fmt: skip
            made = scaffold.build(readable.text, evidence, self._embedder, today, self._settings.answer_age_days)
            if not made:
                because = "no past answer has a sentence that can be quoted"
                return WrittenDraft(
                    status="abstained", abstained_because=because, failed_because=failed_because,
                    provenance=writing.provenance,
                )  # fmt: skip
            notes.append("Assembled from what past mentors said; no sentence of it was generated.")
            writing = _Writing(made, dropped, provenance=writing.provenance)
            for sentence in made if on_sentence else ():
                on_sentence(sentence)  # type: ignore[misc]
        dates = [date.fromisoformat(s.date) for sentence in writing.sentences for s in sentence.sources if s.date]
        stale = scaffold.staleness_note(dates, today, self._settings.answer_age_days)
        notes += [stale] if stale else []
        own = 1000 * (time.perf_counter() - begin) - writing.provenance.get("ms", {}).get("model", 0.0)
        provenance = writing.provenance | {"ms": writing.provenance.get("ms", {}) | {"draft_own": round(own, 1)}}
        return WrittenDraft(
            status="ready", kind="scaffold" if kind == "scaffold" else "answer", sentences=writing.sentences,
            dropped=writing.dropped, notes=notes, failed_because=failed_because, provenance=provenance,
        )  # fmt: skip

    def _ask(
        self, post: NewPost, readable: ReadablePost, evidence: Evidence, instruction: str, lang: str, today: date,
        on_sentence: OnSentence | None,
    ) -> _Writing:  # fmt: skip
        """Ask the models of `DRAFT_MODEL`, first choice first; bundled and other models get a prompt of their own."""
        chain = [tuple(group) for _local, group in groupby(model_list(self._settings.draft_model), is_local)]
        if not chain:
            raise ModelFailed("no model is configured for drafts")
        ends, fell_back = time.monotonic() + self._settings.model_deadline_s, ""
        while True:
            models = chain.pop(0)
            left = max(0.0, ends - time.monotonic())
            try:
                writing = self._ask_alike(
                    models, left * SHARE_BEFORE_FALLBACK if chain else left,
                    post, readable, evidence, instruction, lang, today, on_sentence,
                )  # fmt: skip
            except ModelFailed as failure:
                if not chain:
                    raise
                fell_back = failure.code
                continue
            if fell_back:
                writing.provenance["fell_back_because"] = fell_back
            return writing

    def _ask_alike(
        self, models: tuple[str, ...], deadline_s: float, post: NewPost, readable: ReadablePost, evidence: Evidence,
        instruction: str, lang: str, today: date, on_sentence: OnSentence | None,
    ) -> _Writing:  # fmt: skip
        small = is_local(models[0])
        shown = _shown(evidence, SMALL_PASSAGES if small else STRONG_PASSAGES)
        name = "draft_small" if small else "draft_answer"
        prompt = load_prompt(self._prompts_dir, name, self._labels.live(name))
        inputs = self._small_inputs(readable, shown) if small else _strong_inputs(
            post, readable, evidence, shown, instruction, today, lang
        )  # fmt: skip
        rendered = render(prompt, **inputs)
        call = ModelCall(
            feature="draft", models=models, messages=tuple(rendered.messages),
            schema=_narrowed(prompt.output_schema, [p.id for p in shown], small),
            temperature=float(prompt.config.get("temperature", 0.2)),
            max_output_tokens=int(prompt.config.get("max_output_tokens", 1500)), deadline_s=deadline_s,
            subjects=tuple(sorted({p.thread_id for p in shown})), cut_off_usable=True,
        )  # fmt: skip
        completion = self._gateway.complete(call)
        provenance = _provenance(prompt, rendered.sha256, completion)
        data = completion.data if isinstance(completion.data, dict) else {}
        claims = _small_claims(data, shown) if small else _strong_claims(data)
        writing = _Writing(provenance=provenance)
        if not small:
            writing.kind = "scaffold" if data.get("form") == "scaffold" else "answer"
            if data.get("form") == "abstain":
                writing.abstained = str(data.get("abstain_reason") or "the model found nothing to rest an answer on")[
                    :500
                ]
                return writing
        for claim in claims:
            checked = verify(claim, shown, evidence, self._embedder)
            if isinstance(checked, Dropped):
                writing.dropped.append(checked)
            else:
                writing.sentences.append(checked)
                if on_sentence is not None and not small:
                    on_sentence(checked)
        return writing

    def _small_inputs(self, readable: ReadablePost, shown: list[EvidencePassage]) -> dict[str, Any]:
        return {
            "title": readable.title.text[:200],
            "body": _first_words(readable.body.text, SMALL_QUESTION_WORDS),
            "evidence": [{"text": _first_words(p.text, SMALL_PASSAGE_WORDS)} for p in shown],
        }


def _shown(evidence: Evidence, most: int) -> list[EvidencePassage]:
    """The answer passages a model is shown, nearest first, at most two of a thread, then question passages."""
    per_thread: dict[str, int] = {}
    chosen = []
    for passage in sorted(evidence.passages, key=lambda p: (p.field != "answer", -p.score)):
        if per_thread.get(passage.thread_id, 0) < 2:
            per_thread[passage.thread_id] = per_thread.get(passage.thread_id, 0) + 1
            chosen.append(passage)
    return chosen[:most]


def _strong_inputs(
    post: NewPost,
    readable: ReadablePost,
    evidence: Evidence,
    shown: list[EvidencePassage],
    instruction: str,
    today: date,
    lang: str,
) -> dict[str, Any]:
    titles = {thread.thread_id: thread.title for thread in evidence.related}
    author = ", ".join(part for part in (post.author.role, post.author.level) if part)
    passages = [
        {
            "id": p.id, "author": p.author, "role": p.author_role, "level": p.author_level,
            "date": p.date.date().isoformat() if p.date else "unknown", "thread_title": titles.get(p.thread_id, ""),
            "text": p.text, "kind": "answer" if p.field == "answer" else "question",
        }
        for p in shown
    ]  # fmt: skip
    return {
        "title": readable.title.text, "body": _first_words(readable.body.text, 1500), "author_line": author,
        "evidence": passages, "instruction": instruction, "today": today.isoformat(), "lang": lang,
    }  # fmt: skip


def _small_claims(data: dict[str, Any], shown: list[EvidencePassage]) -> list[Claim]:
    claims = []
    for entry in data.get("sentences", []):
        number, text = entry.get("source"), str(entry.get("text", "")).strip()
        if text:
            ids = [shown[number - 1].id] if isinstance(number, int) and 1 <= number <= len(shown) else []
            claims.append(Claim(text=text, section="answer", judgement=False, sources=[(i, None) for i in ids]))
    return claims


def _strong_claims(data: dict[str, Any]) -> list[Claim]:
    claims = []
    for entry in data.get("sentences", []):
        sources: list[tuple[str, str | None]] = [
            (str(s.get("passage_id", "")), str(s.get("quote", ""))) for s in entry.get("sources", [])
        ]
        judgement = entry.get("kind") == "judgement"
        text = str(entry.get("text", "")).strip()
        if text:
            claims.append(Claim(text, str(entry.get("section", "answer")), judgement, sources))
    return claims


def _narrowed(schema: Mapping[str, Any] | None, ids: list[str], small: bool) -> dict[str, Any]:
    """The reply schema with the passage id (or number) narrowed to what is shown."""
    import copy

    narrowed: dict[str, Any] = copy.deepcopy(dict(schema or {}))
    item = narrowed["properties"]["sentences"]["items"]["properties"]
    if small:
        item["source"]["maximum"] = len(ids)
    else:
        item["sources"]["items"]["properties"]["passage_id"] = {"type": "string", "enum": ids}
    return narrowed


def _first_words(text: str, most: int) -> str:
    parts = text.split()
    return text if len(parts) <= most else " ".join(parts[:most]) + " …"


def _provenance(prompt: Prompt, rendered_sha256: str, completion: Completion) -> dict[str, Any]:
    return {
        "prompt": {"name": prompt.name, "version": prompt.version, "sha256": prompt.sha256},
        "model": completion.model, "input_tokens": completion.input_tokens, "output_tokens": completion.output_tokens,
        "cost_usd": completion.cost_usd, "rendered_sha256": rendered_sha256, "rungs": list(completion.rungs),
        "request_sha256": completion.request_sha256 or hashlib.sha256(completion.text.encode()).hexdigest(),
        "ms": {"model": round(completion.ms, 1)},
    }  # fmt: skip
