"""One ModelCall from start to end: which model, when again, when another, what it may cost, what counts as an answer.

The order of things for each model of the chain: breaker → place → budget → question → ladder → ledger. A model that has
others after it gets 60 % of the time that is left, so that a hang leaves time for the next.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import sqlalchemy as sa

from service.clock import Clock
from service.database import Database
from service.errors import (
    AnswerloopError,
    BudgetExhausted,
    DeadlineExceeded,
    KeptOnMachine,
    ModelFailed,
    ModelFilesUnusable,
    StoreUnavailable,
)
from service.models import counters
from service.models.breaker import Breaker
from service.models.cache import ReplyCache
from service.models.calls import (
    Attempt,
    Backend,
    BackendFailure,
    BackendRequest,
    Completion,
    Message,
    ModelCall,
    Reply,
    Spent,
    estimated_tokens,
    is_local,
)
from service.models.failures import error_for_callers
from service.models.ladder import Fitted, Misfit, fit, reask, with_schema
from service.models.leaving import Leaving, as_shown_outside
from service.models.ledger import Ledger, Reservation, Usage
from service.models.prices import Prices
from service.models.switches import Switches
from service.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")
OnPiece = Callable[[int, str], None]
"""Gets the number of the attempt and a piece of its text."""

RETRIES = 2
FIRST_WAIT_S = 0.5
SHARE_BEFORE_FALLBACK = 0.6
_RETRIED = ("rate_limited", "server_error", "connection", "bad_reply")
_BREAKS = (*_RETRIED, "timeout")


@dataclass
class _Run:
    """One call under way. Moments are of `time.monotonic`."""

    call: ModelCall
    started: float
    ends: float
    spent: Spent
    on_piece: OnPiece | None
    queued_s: float = 0.0


@dataclass(frozen=True)
class _Asked:
    """A reply that fits, the request it answers, and whether it came from the cache."""

    reply: Reply
    fitted: Fitted
    request: BackendRequest
    cached: bool


class Asking:
    """Answers calls on the gateway's event loop."""

    def __init__(self, settings: Settings, database: Database, clock: Clock, backend: Backend) -> None:
        self._settings = settings
        self._backend = backend
        prices = Prices(settings.price_table)
        self.ledger = Ledger(database, clock, prices, settings.daily_budget_usd, settings.key_budget_usd)
        self.cache = ReplyCache(database, clock)
        self.switches = Switches(settings, database)
        self._breakers: dict[str, Breaker] = {}
        self._places = {True: asyncio.Semaphore(1), False: asyncio.Semaphore(settings.model_concurrency)}
        self._waiting = 0
        self._sql_threads = ThreadPoolExecutor(2, thread_name_prefix="model-gateway-sql")

    def close(self) -> None:
        """Wait until everything is written down."""
        self._sql_threads.shutdown(wait=True)

    async def answer(self, call: ModelCall, on_piece: OnPiece | None = None) -> Completion:
        """The completion. Raises ModelFailed or one of its kinds, StoreUnavailable, or what a test's script raises."""
        started = time.monotonic()
        deadline_s = self._settings.model_deadline_s if call.deadline_s is None else call.deadline_s
        run = _Run(call, started, started + deadline_s, Spent(), on_piece)
        try:
            async with asyncio.timeout(deadline_s + 0.5):
                return await self._answer(run)
        except TimeoutError:
            late = f"no model answered within {deadline_s:g} s"
            raise DeadlineExceeded(late, usage=run.spent.usage) from None
        except AnswerloopError as failure:
            failure.extra["usage"] = run.spent.usage
            raise

    async def _answer(self, run: _Run) -> Completion:
        call = run.call
        await self._sql(self.switches.check, call.feature)
        if estimated_tokens([message.content for message in call.messages]) > self._settings.model_input_tokens:
            raise ModelFailed(f"the prompt is longer than {self._settings.model_input_tokens} tokens")
        outside = await asyncio.to_thread(as_shown_outside, call)
        models = self._may_be_asked(call, outside)
        failure: Exception = ModelFailed(f"no model is configured for {call.feature}")
        for place, model in enumerate(models):
            leaving = None if is_local(model) else outside
            try:
                asked = await self._ask_model(run, model, leaving, is_last=place == len(models) - 1)
            except (BackendFailure, Misfit, BudgetExhausted, ModelFilesUnusable) as reason:
                failure = reason
                continue
            return _completion(run, asked, leaving)
        raise error_for_callers(failure, run.spent.attempts)

    def _may_be_asked(self, call: ModelCall, outside: Leaving | None) -> tuple[str, ...]:
        models = tuple(dict.fromkeys(call.models))
        if not self._settings.pii_strict or outside is None or not outside.unresolved:
            return models
        here = tuple(model for model in models if is_local(model))
        if not here:
            raise KeptOnMachine(
                "the post holds names that could not be masked, and PII_STRICT keeps it on this machine"
            )
        return here

    async def _ask_model(self, run: _Run, model: str, leaving: Leaving | None, *, is_last: bool) -> _Asked:
        """Ask one model until its reply fits, or raise what it failed with last."""
        call = run.call
        messages = call.messages if leaving is None else leaving.messages
        left = run.ends - time.monotonic()
        ends = time.monotonic() + (left if is_last else left * SHARE_BEFORE_FALLBACK)
        native, may_reask, retries = True, True, 0
        while True:
            request = self._request(call, model, messages, ends, native)
            try:
                return await self._question(run, request, leaving)
            except BackendFailure as failure:
                if failure.kind == "no_schema_support" and native and call.schema is not None:
                    native = False
                    _count_rung(run, "schema_in_prompt")
                    continue
                wait = failure.retry_after_s if failure.retry_after_s is not None else FIRST_WAIT_S * 2**retries
                wait *= 1 + random.random() / 4
                if failure.kind not in _RETRIED or retries == RETRIES or time.monotonic() + wait >= ends:
                    raise
                retries += 1
                await asyncio.sleep(wait)
            except Misfit as misfit:
                _count_rung(run, misfit.kind)
                if misfit.kind == "refused" or not may_reask or time.monotonic() >= ends:
                    raise
                may_reask = False
                messages = reask(messages, run.spent.last_reply or Reply(""), misfit)
                _count_rung(run, "reasked")

    def _request(
        self, call: ModelCall, model: str, messages: tuple[Message, ...], ends: float, native: bool
    ) -> BackendRequest:
        if call.schema is not None and not native:
            messages = with_schema(messages, call.schema)
        return BackendRequest(
            model=model,
            messages=messages,
            schema=call.schema,
            temperature=call.temperature,
            max_output_tokens=min(call.max_output_tokens, self._settings.model_output_tokens),
            timeout_s=max(0.0, ends - time.monotonic()),
            repeat=call.repeat,
            native_schema=native,
        )

    async def _question(self, run: _Run, request: BackendRequest, leaving: Leaving | None) -> _Asked:
        """Put one question to one model and see whether the reply fits; the ledger gets a row whatever happens."""
        call = run.call
        if call.subjects and (kept := await self._sql(self.cache.find, request.sha256)) is not None:
            fitted = _fit(kept, call)
            _count_rung(run, "cached")
            if run.on_piece is not None:
                run.on_piece(
                    len(run.spent.attempts), kept.text if leaving is None else leaving.restored_text(kept.text)
                )
            return _Asked(kept, fitted, request, True)
        breaker = self._breakers.setdefault(request.model, Breaker())
        if not breaker.allows():
            run.spent.attempts.append(Attempt(request.model, "breaker_open", 0.0))
            raise BackendFailure("breaker_open", "left alone after repeated failures")
        outcome, rung, reply, reservation, asked_at, asked = "cancelled", "", Reply(""), None, time.monotonic(), False
        try:
            estimate = estimated_tokens([message.content for message in request.messages])
            reservation = await self._sql(self.ledger.reserve, call, request, estimate)
            async with asyncio.timeout(request.timeout_s), self._place(run, is_local(request.model)):
                asked_at, asked = time.monotonic(), True
                reply = run.spent.last_reply = await self._reply(run, request, leaving)
            breaker.succeeded()
            fitted = _fit(reply, call)
            outcome, rung = "ok", fitted.rung
            _count_rung(run, rung)
        except TimeoutError:
            if not asked:  # others held every place: nothing was sent, and the model is not to blame
                outcome = "waited"
                raise BackendFailure("waited", "no place came free in time") from None
            outcome = "timeout"
            breaker.failed()
            raise BackendFailure("timeout", "no reply in time") from None
        except BackendFailure as failure:
            outcome = failure.kind
            breaker.failed() if failure.kind in _BREAKS else breaker.succeeded()
            raise
        except Misfit as misfit:
            outcome = rung = misfit.kind
            raise
        except AnswerloopError as error:
            outcome = error.code
            raise
        finally:
            breaker.left()
            if reservation is not None:
                ms = (time.monotonic() - asked_at) * 1000
                await self._write_down(run, request, reservation, _usage(reply, request, outcome, rung, ms))
        if call.subjects:
            await self._sql(self.cache.keep, request.sha256, reply, call.subjects)
        return _Asked(reply, fitted, request, False)

    async def _reply(self, run: _Run, request: BackendRequest, leaving: Leaving | None) -> Reply:
        if run.on_piece is None:
            return await self._backend.ask(request)
        restore = (lambda piece: piece) if leaving is None else leaving.restorer(as_json=request.schema is not None)
        attempt = len(run.spent.attempts)
        async with aclosing(self._backend.stream(request)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Reply):
                    if rest := restore(""):
                        run.on_piece(attempt, rest)
                    return piece
                if shown := restore(piece):
                    run.on_piece(attempt, shown)
        raise BackendFailure("bad_reply", "the stream ended without an end")

    @asynccontextmanager
    async def _place(self, run: _Run, local: bool) -> AsyncIterator[None]:
        """One of the places of calls under way; the bundled model has one of its own."""
        if self._waiting >= self._settings.draft_queue:
            raise BackendFailure("busy", "too many model calls are waiting")
        began = time.monotonic()
        self._waiting += 1
        try:
            await self._places[local].acquire()
        finally:
            self._waiting -= 1
            run.queued_s += time.monotonic() - began
        try:
            yield
        finally:
            self._places[local].release()

    async def _write_down(self, run: _Run, request: BackendRequest, reservation: Reservation, usage: Usage) -> None:
        call, spent = run.call, run.spent
        spent.attempts.append(Attempt(request.model, usage.outcome, usage.ms))
        spent.input_tokens += usage.input_tokens
        spent.output_tokens += usage.output_tokens
        counters.CALLS.labels(call.feature, request.model, usage.outcome).inc()
        counters.SECONDS.labels(call.feature, request.model).observe(usage.ms / 1000)
        counters.TOKENS.labels(call.feature, request.model, "in").inc(usage.input_tokens)
        counters.TOKENS.labels(call.feature, request.model, "out").inc(usage.output_tokens)
        if usage.outcome == "cancelled":
            self._sql_threads.submit(self.ledger.record, call, request, reservation, usage)
            return
        cost = await self._sql(self.ledger.record, call, request, reservation, usage)
        spent.cost_micro_usd += cost
        counters.COST.labels(call.feature, request.model).inc(cost / 1e6)

    async def _sql(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        def run() -> T:
            return work(*args, **kwargs)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._sql_threads, run)
        except sa.exc.DBAPIError as failure:
            raise StoreUnavailable(f"the model ledger cannot be reached: {type(failure).__name__}") from failure


def _fit(reply: Reply, call: ModelCall) -> Fitted:
    return fit(reply, call.accepts or call.schema, cut_off_usable=call.cut_off_usable)


def _usage(reply: Reply, request: BackendRequest, outcome: str, rung: str, ms: float) -> Usage:
    billed = reply.input_tokens is not None and reply.output_tokens is not None
    asked = reply.input_tokens
    if asked is None:
        asked = estimated_tokens([message.content for message in request.messages])
    written = reply.output_tokens if reply.output_tokens is not None else estimated_tokens([reply.text])
    free = outcome in ("rate_limited", "connection", "bad_request", "no_schema_support", "busy", "waited")
    return Usage(outcome, rung, 0 if free else asked, 0 if free else written, billed or free, ms)


def _completion(run: _Run, asked: _Asked, leaving: Leaving | None) -> Completion:
    spent, data, text = run.spent, asked.fitted.data, asked.reply.text
    if leaving is not None:
        data = leaving.restored(data)
        text = leaving.restored_text(text, as_json=run.call.schema is not None)
    return Completion(
        text=text,
        data=data,
        model=asked.request.model,
        input_tokens=spent.input_tokens, output_tokens=spent.output_tokens, cost_usd=spent.cost_micro_usd / 1e6,
        ms=(time.monotonic() - run.started) * 1000, rungs=tuple(spent.rungs), request_sha256=asked.request.sha256,
        finish=asked.reply.finish, queued_ms=run.queued_s * 1000, cached=asked.cached, attempts=tuple(spent.attempts),
    )  # fmt: skip


def _count_rung(run: _Run, rung: str) -> None:
    run.spent.rungs.append(rung)
    counters.RUNGS.labels(run.call.feature, rung).inc()
