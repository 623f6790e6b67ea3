"""The rules around a model call: budgets, prices, cache, kill switch, concurrency, cancellation, fallbacks, masking."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from service.database import Database
from service.errors import BudgetExhausted, DeadlineExceeded, FeatureOff, KeptOnMachine, ModelFailed
from service.models.cache import forget
from service.models.calls import BackendFailure, BackendRequest, Completion, Message, ModelCall, Reply, model_list
from service.models.gateway import Gateway
from service.models.ledger import SERVICE
from service.models.scripted import Line, ScriptedBackend
from service.models.tables import ModelReplyRow, ModelUsageRow
from service.settings import Settings
from service.switching import switch

MINI, NANO, LOCAL = "openai/gpt-4.1-mini", "openai/gpt-4.1-nano", "local/SmolLM2-135M-Instruct"
MILLION = 1_000_000


class Setting:
    """Gateways on one database with scripted backends and a clock that a test moves."""

    def __init__(self, database: Database, make_settings: Callable[..., Settings]) -> None:
        self.database = database
        self.now = datetime(2026, 11, 24, 12, tzinfo=UTC)
        self.opened: list[Gateway] = []
        self._settings = make_settings

    def gateway(self, *lines: Line, **settings: Any) -> tuple[Gateway, ScriptedBackend]:
        backend = ScriptedBackend(lines)
        self.opened.append(Gateway(self._settings(**settings), self.database, lambda: self.now, backend))
        return self.opened[-1], backend

    def rows(self) -> list[ModelUsageRow]:
        with self.database.read() as session:
            return list(session.scalars(sa.select(ModelUsageRow).order_by(ModelUsageRow.id)))


@pytest.fixture
def setting(database: Database, make_settings: Callable[..., Settings]) -> Iterator[Setting]:
    made = Setting(database, make_settings)
    yield made
    for gateway in made.opened:
        gateway.close()


def call(*models: str, text: str = "Is it fine?", **more: Any) -> ModelCall:
    return ModelCall("draft", models or (MINI,), (Message("user", text),), **more)


def reply(tokens_in: int, tokens_out: int, text: str = "fine") -> Reply:
    return Reply(text, input_tokens=tokens_in, output_tokens=tokens_out)


def test_every_question_is_in_the_ledger_with_its_cost(setting: Setting) -> None:
    gateway, _ = setting.gateway(BackendFailure("bad_request", "400"), reply(1000, 500))
    completion = gateway.complete(call(MINI, NANO, key_id="k1"))
    assert completion.cost_usd == pytest.approx((1000 * 0.10 + 500 * 0.40) / MILLION)
    first, second = setting.rows()
    assert (first.model, first.outcome, first.cost_micro_usd) == (MINI, "bad_request", 0)
    assert (second.model, second.outcome, second.key_id) == (NANO, "ok", "k1")
    assert (second.input_tokens, second.output_tokens, second.cost_micro_usd) == (1000, 500, 300)
    assert second.request_sha256 == completion.request_sha256


def test_the_budget_of_a_day_is_never_overrun_and_starts_again_the_next_day(setting: Setting) -> None:
    each = 0.40e-6 * 20 + 1.60e-6 * 1000  # what is set aside: about 20 tokens in, at most 1,000 out
    lines = [reply(20, 1000)] * 4
    gateway, backend = setting.gateway(*lines, daily_budget_usd=2.5 * each)
    for number in range(2):
        gateway.complete(call(repeat=number))
    with pytest.raises(BudgetExhausted, match="the service"):
        gateway.complete(call(repeat=2))
    assert len(backend.requests) == 2
    setting.now += timedelta(days=1)
    gateway.complete(call(repeat=3))


def test_what_was_set_aside_and_not_spent_comes_back(setting: Setting) -> None:
    gateway, _ = setting.gateway(*[reply(20, 10)] * 20, daily_budget_usd=0.005)
    for number in range(20):
        gateway.complete(call(repeat=number))
    assert gateway._asking.ledger.spent_usd(SERVICE) == pytest.approx(20 * (20 * 0.40 + 10 * 1.60) / MILLION)


def test_one_key_without_budget_left_does_not_stop_another(setting: Setting) -> None:
    gateway, backend = setting.gateway(reply(20, 1000), reply(20, 1000), key_budget_usd=0.0017)
    gateway.complete(call(key_id="a", repeat=1))
    with pytest.raises(BudgetExhausted, match="this API key"):
        gateway.complete(call(key_id="a", repeat=2))
    gateway.complete(call(key_id="b", repeat=3))
    assert len(backend.requests) == 2


def test_two_gateways_on_one_database_share_the_budget(setting: Setting) -> None:
    one, _ = setting.gateway(*[reply(20, 1000)] * 9, daily_budget_usd=0.005)
    two, _ = setting.gateway(*[reply(20, 1000)] * 9, daily_budget_usd=0.005)
    done: list[str] = []

    def ask(gateway: Gateway, start: int) -> None:
        for number in range(start, start + 4):
            try:
                gateway.complete(call(repeat=number))
                done.append("ok")
            except BudgetExhausted:
                done.append("refused")

    threads = [threading.Thread(target=ask, args=arguments) for arguments in ((one, 0), (two, 10))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done.count("ok") == 3
    assert one._asking.ledger.spent_usd() <= 0.005


def test_a_model_without_a_price_is_asked_only_where_no_budget_is_set(setting: Setting) -> None:
    gateway, backend = setting.gateway(reply(5, 5), daily_budget_usd=1.0)
    completion = gateway.complete(call("openai/nobody-knows-me", MINI))
    assert completion.model == MINI
    assert [request.model for request in backend.requests] == [MINI]
    free, _ = setting.gateway(reply(5, 5))
    assert free.complete(call("openai/nobody-knows-me")).cost_usd == 0
    assert not setting.rows()[-1].price_known


def test_a_local_model_answers_when_the_budget_is_gone(setting: Setting) -> None:
    gateway, backend = setting.gateway(reply(5, 5), daily_budget_usd=0.000001)
    assert gateway.complete(call(MINI, LOCAL)).model == LOCAL
    assert [request.model for request in backend.requests] == [LOCAL]


def test_the_same_question_is_asked_once_and_forgotten_with_its_subject(setting: Setting) -> None:
    gateway, backend = setting.gateway("one", "two")
    asked = call(subjects=("post-1", "thread-9"))
    first, again = gateway.complete(asked), gateway.complete(asked)
    assert (first.text, first.cached, again.text, again.cached) == ("one", False, "one", True)
    assert again.cost_usd == 0 and again.rungs == ("cached",)
    with setting.database.write() as session:
        assert forget(session, ["thread-9"]) == 1
    with setting.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(ModelReplyRow)) == 0
    assert gateway.complete(asked).text == "two"
    assert len(backend.requests) == 2


@pytest.mark.parametrize(
    "other", [{"repeat": 1}, {"temperature": 0.5}, {"text": "Is it fine ?"}, {"max_output_tokens": 7}]
)
def test_a_question_that_differs_in_anything_is_asked_again(setting: Setting, other: dict[str, Any]) -> None:
    gateway, _ = setting.gateway("one", "two")
    gateway.complete(call(subjects=("p",)))
    assert gateway.complete(call(subjects=("p",), **other)).text == "two"


def test_a_call_that_names_no_subject_is_not_kept(setting: Setting) -> None:
    gateway, _ = setting.gateway("one", "two")
    assert [gateway.complete(call()).text, gateway.complete(call()).text] == ["one", "two"]


def test_a_reply_is_kept_for_a_day(setting: Setting) -> None:
    gateway, _ = setting.gateway("one", "two")
    gateway.complete(call(subjects=("p",)))
    setting.now += timedelta(days=1, seconds=1)
    assert gateway.complete(call(subjects=("p",))).text == "two"


def moved(setting: Setting, gateway: Gateway, *, on: bool, reason: str) -> None:
    switch(setting.database, gateway.switches, "draft", on=on, reason=reason, by="ada", now=setting.now)
    setting.now += timedelta(seconds=1)


def test_the_kill_switch_stops_one_feature_in_every_process_within_a_second(setting: Setting) -> None:
    here, backend = setting.gateway("one", "two", "three")
    there, _ = setting.gateway()
    here.complete(call(repeat=1))
    moved(setting, there, on=False, reason="invents facts")
    with pytest.raises(FeatureOff):
        there.complete(call(repeat=2))
    time.sleep(1.05)
    with pytest.raises(FeatureOff):
        here.complete(call(repeat=2))
    tags = ModelCall("tags", (MINI,), (Message("user", "x"),))
    assert here.complete(tags).text == "two"
    moved(setting, there, on=True, reason="mended")
    time.sleep(1.05)
    assert here.complete(call(repeat=3)).text == "three"
    assert len(backend.requests) == 3


@pytest.mark.parametrize(
    ("name", "feature"),
    [("drafts_enabled", "draft"), ("flag_reader_enabled", "flags"), ("tag_reader_enabled", "tags")],
)
def test_a_setting_switches_a_feature_off(setting: Setting, name: str, feature: str) -> None:
    gateway, backend = setting.gateway(**{name: False})
    with pytest.raises(FeatureOff):
        gateway.complete(ModelCall(feature, (MINI,), (Message("user", "x"),)))
    assert not backend.requests


class Busy(ScriptedBackend):
    """Takes a tenth of a second for each answer and knows how many it was giving at once."""

    under_way = most = 0

    async def ask(self, request: BackendRequest) -> Reply:
        """`fine`, in a while."""
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0.1)
        self.under_way -= 1
        return Reply("fine")


def test_no_more_calls_than_the_cap_are_under_way(setting: Setting) -> None:
    gateway, _ = setting.gateway(model_concurrency=2)
    busy = gateway._asking._backend = Busy()
    futures = [gateway.submit(call(repeat=number)) for number in range(6)]
    assert sum(future.result(10).queued_ms > 50 for future in futures) == 4
    assert busy.most == 2


def test_beyond_the_bound_of_the_queue_a_call_is_refused_at_once(setting: Setting) -> None:
    gateway, _ = setting.gateway(0.3, "fine", 0.3, "fine", model_concurrency=1, draft_queue=1)
    first = gateway.submit(call(repeat=1))
    time.sleep(0.1)
    second = gateway.submit(call(repeat=2))
    time.sleep(0.05)
    with pytest.raises(ModelFailed, match="busy"):
        gateway.complete(call(repeat=3))
    assert (first.result().text, second.result().text) == ("fine", "fine")


def test_a_call_that_waits_for_a_place_gives_up_at_its_deadline(setting: Setting) -> None:
    gateway, backend = setting.gateway(1.0, "fine", model_concurrency=1)
    first = gateway.submit(call(repeat=1))
    time.sleep(0.1)
    with pytest.raises(DeadlineExceeded):
        gateway.complete(call(repeat=2, deadline_s=0.2))
    first.cancel()
    assert len(backend.requests) == 1


def test_waiting_for_a_place_is_no_failure_of_the_model(setting: Setting) -> None:
    gateway, _ = setting.gateway(2.0, "fine", "again", model_concurrency=1)
    first = gateway.submit(call(repeat=1))
    time.sleep(0.1)
    waiting = [gateway.submit(call(repeat=n, deadline_s=0.2)) for n in range(2, 9)]
    assert all(isinstance(future.exception(5), DeadlineExceeded) for future in waiting)
    assert first.result(5).text == "fine" and gateway.complete(call(repeat=9)).text == "again"
    gateway.close()
    waited = [row for row in setting.rows() if row.outcome == "waited"]
    assert len(waited) == 7 and not any(row.input_tokens or row.cost_micro_usd for row in waited)


def test_a_cancelled_call_is_recorded_and_frees_its_place(setting: Setting) -> None:
    gateway, _ = setting.gateway(30.0, "never", "after", model_concurrency=1)
    future = gateway.submit(call(repeat=1))
    time.sleep(0.1)
    future.cancel()
    with pytest.raises(CancelledError):
        future.result()
    gateway._asking._backend = ScriptedBackend(["after"])
    assert gateway.complete(call(repeat=2)).text == "after"
    gateway.close()
    assert sorted(row.outcome for row in setting.rows()) == ["cancelled", "ok"]


def test_closing_the_gateway_ends_what_is_under_way(setting: Setting) -> None:
    gateway, backend = setting.gateway(30.0, "never")
    future = gateway.submit(call())
    time.sleep(0.1)
    began = time.monotonic()
    gateway.close()
    assert time.monotonic() - began < 2
    assert future.cancelled() and backend.closed
    with pytest.raises(ModelFailed, match="closed"):
        gateway.complete(call())


def test_a_chain_is_tried_in_order(setting: Setting) -> None:
    failures = [BackendFailure("bad_request", "a"), BackendFailure("refused", "b")]
    gateway, backend = setting.gateway(*failures, "fine")
    completion: Completion = gateway.complete(call(*model_list(f"{MINI}, {NANO},{MINI},{LOCAL}")))
    assert completion.model == LOCAL
    assert [request.model for request in backend.requests] == [MINI, NANO, LOCAL]
    assert [attempt.outcome for attempt in completion.attempts] == ["bad_request", "refused", "ok"]


def test_a_prompt_beyond_the_cap_leaves_nobody_asked(setting: Setting) -> None:
    gateway, backend = setting.gateway(model_input_tokens=100)
    with pytest.raises(ModelFailed, match="longer than 100 tokens"):
        gateway.complete(call(text="word " * 400))
    assert not backend.requests


def test_the_cap_of_the_settings_bounds_what_a_caller_may_ask_for(setting: Setting) -> None:
    gateway, backend = setting.gateway("fine", model_output_tokens=64)
    gateway.complete(call(max_output_tokens=5000))
    assert backend.requests[0].max_output_tokens == 64


def test_what_leaves_is_masked_and_the_answer_is_restored(setting: Setting) -> None:
    gateway, backend = setting.gateway("Write to [EMAIL_1] again")
    completion = gateway.complete(call(MINI, text="My address is jo@x.io"))
    assert backend.requests[0].messages[0].content == "My address is [EMAIL_1]"
    assert completion.text == "Write to jo@x.io again"


def test_a_model_on_this_machine_sees_the_text_as_it_is(setting: Setting) -> None:
    gateway, backend = setting.gateway("ok")
    gateway.complete(call(LOCAL, text="My address is jo@x.io"))
    assert backend.requests[0].messages[0].content == "My address is jo@x.io"


def test_under_strict_privacy_an_unmasked_name_keeps_the_text_here(setting: Setting) -> None:
    gateway, backend = setting.gateway("here", pii_strict=True)
    asked = call(MINI, LOCAL, text="then I met Ondraszek there")
    assert gateway.complete(asked).model == LOCAL
    with pytest.raises(KeptOnMachine):
        gateway.complete(call(MINI, text="then I met Ondraszek there"))
    assert [request.model for request in backend.requests] == [LOCAL]
