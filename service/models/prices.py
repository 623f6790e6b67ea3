"""What a model call costs, by an own table: a model whose price nobody has written down has no price, not price zero."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.errors import InvalidInput
from service.models.calls import is_local

SHIPPED = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens, which is the same number as micro-dollars per token."""

    input: float
    output: float

    def micro_usd(self, input_tokens: int, output_tokens: int) -> int:
        """Cost of a call in millionths of a dollar, rounded up."""
        return math.ceil(self.input * input_tokens + self.output * output_tokens)


class Prices:
    """The shipped table with a site's own on top. A provider's prefix may be left out where it is `openai/`."""

    def __init__(self, own_file: str = "", shipped: Path = SHIPPED) -> None:
        self._table = _read(tomllib.loads(shipped.read_text("utf-8"))["price"], str(shipped))
        if own_file:
            try:
                rows = json.loads(Path(own_file).read_text("utf-8"))
            except (OSError, ValueError) as failure:
                reason = f"the price table {own_file} cannot be read: {type(failure).__name__}"
                raise InvalidInput(reason, field="PRICE_TABLE") from None
            self._table.update(_read(rows, own_file))

    def of(self, model: str) -> Price | None:
        """The price of a model, zero for one on this machine, None where it is unknown."""
        if is_local(model):
            return Price(0.0, 0.0)
        return self._table.get(model) or self._table.get(f"openai/{model}")


def _read(rows: Any, source: str) -> dict[str, Price]:
    if not isinstance(rows, Mapping):
        raise InvalidInput(f"{source} must map models to prices", field="PRICE_TABLE")
    table = {}
    for model, row in rows.items():
        if not isinstance(row, Mapping) or set(row) != {"input", "output"} or not all(map(_is_amount, row.values())):
            reason = f"{source}: the price of {model} needs exactly `input` and `output`, numbers of at least 0"
            raise InvalidInput(reason, field="PRICE_TABLE")
        table[str(model)] = Price(float(row["input"]), float(row["output"]))
    return table


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
