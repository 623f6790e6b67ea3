"""The ledger: what every question to a model used, and budgets that are reserved before and settled after it.

A reservation is one conditional UPDATE, so that calls side by side, in any number of processes, cannot overspend
together. A call that ends without usage (timeout, lost connection) keeps its reservation: it may have been billed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.clock import Clock, new_id
from service.database import Database
from service.errors import BudgetExhausted
from service.models.calls import BackendRequest, ModelCall
from service.models.prices import Prices
from service.models.tables import ModelBudgetRow, ModelUsageRow

SERVICE = "service"
MICRO = 1_000_000


@dataclass(frozen=True)
class Reservation:
    """Money set aside for one question: who pays how much on which day."""

    payers: tuple[str, ...]
    at: datetime
    micro_usd: int


@dataclass(frozen=True)
class Usage:
    """What one question came to. `billed` says that the provider reported the tokens."""

    outcome: str
    rung: str
    input_tokens: int
    output_tokens: int
    billed: bool
    ms: float


class Ledger:
    """Reserves, settles and records. Limits are in US dollars a UTC day; 0 is no limit."""

    def __init__(self, database: Database, clock: Clock, prices: Prices, daily_usd: float, key_usd: float) -> None:
        self._database = database
        self._clock = clock
        self._prices = prices
        self._limits = {SERVICE: round(daily_usd * MICRO), "key": round(key_usd * MICRO)}

    def reserve(self, call: ModelCall, request: BackendRequest, input_tokens: int) -> Reservation:
        """Set aside the most that the question can cost. Raises BudgetExhausted, also for a model without a price."""
        now = self._clock()
        limits = self._limits_of(call)
        price = self._prices.of(request.model)
        if price is None and limits:
            raise BudgetExhausted(f"a budget is set and {request.model} has no price; add it to PRICE_TABLE")
        most = 0 if price is None else price.micro_usd(input_tokens, request.max_output_tokens)
        if not limits or most == 0:
            return Reservation((), now, 0)
        with self._database.write() as session:
            for payer, limit in limits.items():
                if not _take(session, now, payer, most, limit):
                    whose = "the service" if payer == SERVICE else "this API key"
                    raise BudgetExhausted(f"the budget for model calls of {whose} is used up for today")
        return Reservation(tuple(limits), now, most)

    def record(self, call: ModelCall, request: BackendRequest, reservation: Reservation, usage: Usage) -> int:
        """Write the question down and settle its reservation. Returns its cost in millionths of a dollar."""
        price = self._prices.of(request.model)
        if usage.billed:
            cost = 0 if price is None else price.micro_usd(usage.input_tokens, usage.output_tokens)
        else:
            cost = reservation.micro_usd
        row = ModelUsageRow(
            id=new_id(),
            at=reservation.at,
            feature=call.feature,
            key_id=call.key_id,
            model=request.model,
            request_sha256=request.sha256,
            outcome=usage.outcome,
            rung=usage.rung,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_micro_usd=cost,
            price_known=price is not None,
            ms=usage.ms,
        )
        with self._database.write() as session:
            session.add(row)
            for payer in reservation.payers if cost != reservation.micro_usd else ():
                _correct(session, reservation.at, payer, cost - reservation.micro_usd)
        return cost

    def spent_usd(self, payer: str = SERVICE) -> float:
        """What a payer (`service` or `key:ID`) has spent or reserved today; counted only while a budget is set."""
        query = sa.select(ModelBudgetRow.spent_micro_usd).where(
            ModelBudgetRow.day == self._clock().date(), ModelBudgetRow.payer == payer
        )
        with self._database.read() as session:
            return (session.scalar(query) or 0) / MICRO

    def _limits_of(self, call: ModelCall) -> dict[str, int]:
        limits = {SERVICE: self._limits[SERVICE]}
        if call.key_id is not None:
            limits[f"key:{call.key_id}"] = self._limits["key"]
        return {payer: limit for payer, limit in limits.items() if limit > 0}


def _take(session: Session, at: datetime, payer: str, amount: int, limit: int) -> bool:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    empty = insert(ModelBudgetRow).values(day=at.date(), payer=payer, spent_micro_usd=0)
    session.execute(empty.on_conflict_do_nothing(index_elements=["day", "payer"]))
    update = (
        sa.update(ModelBudgetRow)
        .where(
            ModelBudgetRow.day == at.date(),
            ModelBudgetRow.payer == payer,
            ModelBudgetRow.spent_micro_usd + amount <= limit,
        )
        .values(spent_micro_usd=ModelBudgetRow.spent_micro_usd + amount)
        .returning(ModelBudgetRow.payer)
    )
    return session.scalar(update) is not None


def _correct(session: Session, at: datetime, payer: str, difference: int) -> None:
    session.execute(
        sa.update(ModelBudgetRow)
        .where(ModelBudgetRow.day == at.date(), ModelBudgetRow.payer == payer)
        .values(spent_micro_usd=ModelBudgetRow.spent_micro_usd + difference)
    )
