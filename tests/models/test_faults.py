"""Every way in which a provider can fail ends in the right answer, a fallback or ModelFailed, in time, and leaks nothing."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from service.errors import BudgetExhausted, DeadlineExceeded, ModelFailed, ModelRefused, UnusableReply
from service.models.calls import Completion, Message, ModelCall
from service.models.gateway import Gateway
from tests.models.misbehaving import GOOD, SCHEMA, Server

DEADLINE_S = 1.0
PATIENCE_S = 8.0
"""For what ends by itself: long enough that a busy machine does not turn another fault into a missed deadline."""


def call(*models: str, deadline_s: float = DEADLINE_S, **more: object) -> ModelCall:
    messages = (Message("system", "Judge."), Message("user", "Is it fine?"))
    named = tuple(f"openai/{model}" for model in models)
    arguments: dict[str, object] = {"schema": SCHEMA, "max_output_tokens": 50, "deadline_s": deadline_s, **more}
    return ModelCall("flags", named, messages, **arguments)  # type: ignore[arg-type]


@pytest.fixture
def gateway(make_gateway: Callable[..., Gateway], server: Server) -> Gateway:
    return make_gateway()


def streamed(gateway: Gateway, asked: ModelCall) -> tuple[str, Completion]:
    text, restarts = "", 0
    stream = gateway.stream(asked)
    for piece in stream:
        text = piece if stream.restarts != restarts else text + piece
        restarts = stream.restarts
    assert stream.result is not None
    return text, stream.result


@pytest.mark.parametrize(
    ("model", "rungs"),
    [
        ("good", ("strict",)),
        ("slow", ("strict",)),
        ("limited", ("strict",)),
        ("flaky", ("strict",)),
        ("sloppy", ("repaired",)),
        ("learns", ("wrong_schema", "reasked", "strict")),
        ("schemaless", ("schema_in_prompt", "strict")),
        ("wrong_type", ("strict",)),
    ],
)
def test_a_provider_that_recovers_gives_the_right_answer(gateway: Gateway, model: str, rungs: tuple[str, ...]) -> None:
    completion = gateway.complete(call(model, deadline_s=5.0))
    assert completion.data == GOOD
    assert completion.rungs == rungs
    assert completion.model == f"openai/{model}"


FAULTS: dict[str, type[ModelFailed]] = {
    "limited_long": ModelFailed,
    "broken": ModelFailed,
    "silent": DeadlineExceeded,
    "hang": DeadlineExceeded,
    "truncated": UnusableReply,
    "truncated_silently": UnusableReply,
    "wrong": UnusableReply,
    "refuses": ModelRefused,
    "filtered": ModelRefused,
    "empty": UnusableReply,
    "html": ModelFailed,
    "html_error": ModelFailed,
    "not_a_completion": ModelFailed,
    "endless": ModelFailed,
    "closes": ModelFailed,
    "unauthorised": ModelFailed,
}
LASTING = {"silent", "hang", "endless"}
"""Faults that end at the deadline and not before."""


@pytest.mark.parametrize(("model", "error"), FAULTS.items())
def test_a_provider_that_does_not_recover_is_an_error_in_time(
    gateway: Gateway, model: str, error: type[ModelFailed]
) -> None:
    deadline_s = DEADLINE_S if model in LASTING else PATIENCE_S
    started = time.monotonic()
    with pytest.raises(error) as raised:
        gateway.complete(call(model, deadline_s=deadline_s))
    assert time.monotonic() - started <= deadline_s + 1
    assert raised.value.extra["attempts"]
    assert "fine?" not in raised.value.detail


@pytest.mark.parametrize("model", FAULTS)
def test_the_next_model_answers_when_one_fails(gateway: Gateway, model: str) -> None:
    deadline_s = 4.0 if model in LASTING else PATIENCE_S
    started = time.monotonic()
    completion = gateway.complete(call(model, "good", deadline_s=deadline_s))
    assert completion.data == GOOD
    assert completion.model == "openai/good"
    assert time.monotonic() - started <= deadline_s + 1
    assert completion.attempts[0].model == f"openai/{model}"


@pytest.mark.parametrize("model", ["hang", "closes", "endless", "truncated", "html", "refuses"])
def test_a_stream_that_breaks_starts_again_with_the_next_model(gateway: Gateway, model: str) -> None:
    text, completion = streamed(gateway, call(model, "good", deadline_s=4.0))
    assert text == completion.text
    assert completion.data == GOOD


@pytest.mark.parametrize("model", ["hang", "closes", "endless", "silent"])
def test_a_stream_that_breaks_for_good_is_an_error_in_time(gateway: Gateway, model: str) -> None:
    started = time.monotonic()
    with pytest.raises(ModelFailed):
        streamed(gateway, call(model))
    assert time.monotonic() - started <= DEADLINE_S + 1


def test_a_cancelled_call_frees_its_connection(gateway: Gateway, server: Server) -> None:
    gateway.complete(call("good"))
    future = gateway.submit(call("silent", deadline_s=30))
    _until(lambda: server.asked["silent"] == 1)
    future.cancel()
    _until(lambda: server.open_connections <= 1)


def test_a_stream_that_is_left_is_cancelled(gateway: Gateway, server: Server) -> None:
    with gateway.stream(call("endless", max_output_tokens=100_000, deadline_s=30)) as stream:
        next(stream)
    _until(lambda: server.open_connections == 0)


@pytest.mark.parametrize("model", ["silent", "hang"])
def test_a_call_cancelled_at_any_moment_leaves_nothing_unawaited(gateway: Gateway, server: Server, model: str) -> None:
    gateway.complete(call("good", deadline_s=10.0))
    moments = random.Random(7)
    for number in range(40):
        if number % 2:
            future = gateway.submit(call(model, deadline_s=30, repeat=number))
            time.sleep(moments.random() * 0.02)
            future.cancel()
        else:
            with gateway.stream(call(model, deadline_s=30, repeat=number)):
                time.sleep(moments.random() * 0.02)
    _until(lambda: server.open_connections <= 2)
    gateway.close()
    gc.collect()  # a coroutine that was never awaited would warn here, and warnings are errors
    _until(lambda: server.open_connections == 0)


def test_nothing_is_left_behind_by_failing_calls(make_gateway: Callable[..., Gateway], server: Server) -> None:
    gateway = make_gateway()
    gateway.complete(call("good"))
    loop = gateway._loop
    assert loop is not None

    async def tasks() -> int:
        return sum(not task.done() for task in asyncio.all_tasks())

    def run_all() -> None:
        for model in ("good", "silent", "hang", "closes", "endless", "html", "truncated", "broken"):
            for ask in (gateway.complete, lambda asked: streamed(gateway, asked)):
                gateway._asking._breakers.clear()
                with contextlib.suppress(ModelFailed):
                    ask(call(model, deadline_s=0.3))

    run_all()
    time.sleep(0.3)
    gc.collect()
    before = (_descriptors(), asyncio.run_coroutine_threadsafe(tasks(), loop).result())
    run_all()
    time.sleep(0.3)
    gc.collect()
    after = (_descriptors(), asyncio.run_coroutine_threadsafe(tasks(), loop).result())
    assert after[1] <= before[1]
    assert after[0] <= before[0] + 2
    gateway.close()
    _until(lambda: server.open_connections == 0)


def test_a_model_that_keeps_failing_is_left_alone_for_a_while(gateway: Gateway, server: Server) -> None:
    for _ in range(3):
        with pytest.raises(ModelFailed):
            gateway.complete(call("closes"))
    asked = server.asked["closes"]
    started = time.monotonic()
    with pytest.raises(ModelFailed) as raised:
        gateway.complete(call("closes"))
    assert time.monotonic() - started < 0.2
    assert server.asked["closes"] == asked
    assert raised.value.extra["attempts"] == [{"model": "openai/closes", "outcome": "breaker_open"}]


def test_calls_beyond_the_cap_wait_for_a_place(make_gateway: Callable[..., Gateway], server: Server) -> None:
    gateway = make_gateway(model_concurrency=2)
    gateway.complete(call("good"))
    started = time.monotonic()
    futures = [gateway.submit(call("slow", repeat=number)) for number in range(4)]
    queued = [future.result().queued_ms for future in futures]
    assert time.monotonic() - started >= 0.8
    assert sum(waited > 300 for waited in queued) == 2


def test_a_budget_refuses_a_model_without_a_price(make_gateway: Callable[..., Gateway], server: Server) -> None:
    with pytest.raises(BudgetExhausted, match="no price"):
        make_gateway(daily_budget_usd=1.0).complete(call("good"))
    assert server.asked["good"] == 0


def _until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 5
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.02)


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
