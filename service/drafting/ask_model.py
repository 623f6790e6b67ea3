"""Has a model write claims and checks them as they arrive; the passages are read while the model writes."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from service.drafting.draft import Dropped, Sentence
from service.drafting.reply import Incoming, claim_of, claims_of, most_of
from service.drafting.verify import Claim, SecondOpinion, Shown, read_shown, surplus, verify
from service.errors import AnswerloopError
from service.models.calls import ModelCall
from service.models.embedder import Embedder
from service.models.gateway import Completion, Gateway
from service.retrieval.evidence import Evidence, EvidencePassage


@dataclass(frozen=True)
class Listener:
    """Whoever watches a draft being written. `withdrawn` says that what was sent so far does not count."""

    sentence: Callable[[Sentence], None]
    withdrawn: Callable[[], None] = lambda: None


_NOBODY = Listener(lambda _sentence: None)
"""Claims are checked while the model writes the next ones whether or not somebody watches: the check then costs no time."""


@dataclass
class Writing:
    """What one model's reply came to."""

    sentences: list[Sentence] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    form: str = "answer"
    abstained: str | None = None
    completion: Completion | None = None
    first_ms: float | None = None


class _Checked:
    """Results by claim, so that what was checked while it was streamed is not checked again."""

    def __init__(self, shown: Future[Shown], embedder: Embedder, second: SecondOpinion | None) -> None:
        self._shown = shown
        self._embedder = embedder
        self._second = second
        self.at_once = second is None
        """Whether a claim may be checked as soon as it is there; a second opinion is asked for once, on all of them."""
        self._known: dict[Claim, Sentence | Dropped] = {}

    def check(self, claims: list[Claim]) -> list[Sentence | Dropped]:
        new = [claim for claim in claims if claim not in self._known]
        if new:
            self._known.update(zip(new, verify(new, self._shown.result(), self._embedder, self._second), strict=True))
        return [self._known[claim] for claim in claims]


def ask_model(
    gateway: Gateway, call: ModelCall, passages: list[EvidencePassage], evidence: Evidence, embedder: Embedder, *,
    small: bool, listener: Listener | None, second: SecondOpinion | None = None, today: date | None = None,
) -> Writing:  # fmt: skip
    """One model call, checked. Raises ModelFailed and its kinds."""
    began = time.perf_counter()
    writing = Writing()
    with ThreadPoolExecutor(1, thread_name_prefix="read-evidence") as reader:
        shown: Future[Shown] = reader.submit(read_shown, passages, evidence, embedder, today)
        checked = _Checked(shown, embedder, second)
        sent: list[Sentence] = []
        try:
            completion = _follow(gateway, call, passages, checked, listener or _NOBODY, writing, small, began, sent)
        except AnswerloopError:
            if sent and listener is not None:
                listener.withdrawn()
            raise
        data = completion.data if isinstance(completion.data, dict) else {}
        writing.completion = completion
        if not small:
            writing.form = str(data.get("form") or "answer")
            if writing.form == "abstain":
                because = str(data.get("abstain_reason") or "").strip()
                writing.abstained = (because or "the model found nothing to rest an answer on")[:500]
        claims, most = claims_of(data, passages, small) if writing.abstained is None else [], most_of(call.schema)
        for result in checked.check(claims[:most]):
            if isinstance(result, Dropped):
                writing.dropped.append(result)
            else:
                writing.sentences.append(result)
        if most is not None:
            writing.dropped += surplus(claims[most:], shown.result())
        if listener is not None and [s.id for s in sent] != [s.id for s in writing.sentences]:
            if sent:
                listener.withdrawn()
            for sentence in writing.sentences:
                listener.sentence(sentence)
    return writing


def _follow(
    gateway: Gateway, call: ModelCall, passages: list[EvidencePassage], checked: _Checked, listener: Listener,
    writing: Writing, small: bool, began: float, sent: list[Sentence],
) -> Completion:  # fmt: skip
    """Read the reply while it is written, and tell the listener each sentence that passes; they are added to `sent`."""
    incoming, run, most = Incoming(), 0, most_of(call.schema)
    texts: set[str] = set()
    with gateway.stream(call) as stream:
        for piece in stream:
            if stream.restarts != run:
                incoming, run = Incoming(), stream.restarts
                texts.clear()
                if sent:
                    listener.withdrawn()
                    sent.clear()
            entries = incoming.add(piece)
            if incoming.form == "abstain" or not checked.at_once:
                continue
            for claim in (claim_of(entry, passages, small) for entry in entries):
                if claim is None or any(s.text == claim.text for s in sent):
                    continue
                texts.add(claim.text)
                if most is not None and len(texts) > most:
                    break
                result = checked.check([claim])[0]
                if isinstance(result, Sentence):
                    sent.append(result)
                    listener.sentence(result)
                    writing.first_ms = writing.first_ms or 1000 * (time.perf_counter() - began)
        assert stream.result is not None
        return stream.result


def provenance_of(name: str, version: str, sha256: str, rendered: str, writing: Writing) -> dict[str, Any]:
    """Which prompt, model and request made this, what it took."""
    completion = writing.completion
    if completion is None:
        return {}
    ms = {"model": round(completion.ms, 1), "queued": round(completion.queued_ms, 1)}
    if writing.first_ms is not None:
        ms["first_sentence"] = round(writing.first_ms, 1)
    return {
        "prompt": {"name": name, "version": version, "sha256": sha256}, "model": completion.model,
        "input_tokens": completion.input_tokens, "output_tokens": completion.output_tokens,
        "cost_usd": completion.cost_usd, "rendered_sha256": rendered, "rungs": list(completion.rungs),
        "request_sha256": completion.request_sha256, "ms": ms,
    }  # fmt: skip
