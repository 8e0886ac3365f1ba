"""Compiles the desk's steps, or loads what an earlier process compiled: before a session, not in its first bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tradeworthy.desks.divergence.codes import Code
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.features import feature_step
from tradeworthy.desks.divergence.making import empty_memory, feature_state, neutral_bar, params_of
from tradeworthy.desks.divergence.records import FEATURES, ROW, record_of
from tradeworthy.desks.divergence.steps import decide_step, signal_step, size_step
from tradeworthy.desks.divergence.trading import average_price, chance_to_make, entry_lots, lots_on_offer
from tradeworthy.execution.steps import (
    CLOSED,
    FILL,
    POSITION,
    TERMS,
    draw_step,
    fill_step,
    ledger_step,
    price_at,
    record,
)

UNIVERSE = ("A", "B")
SETTINGS = DivergenceSettings(
    strategy_name="warming",
    direction=1,
    state_key="warming",
    pnl_key="warming",
    log_dir="warming",
    vol_symbol="A",
    assets_min=len(UNIVERSE),
)


def warm() -> list[Callable[..., Any]]:
    """Call every step once on records that mean nothing; the steps."""
    state, params = feature_state(SETTINGS, UNIVERSE, "1m"), params_of(SETTINGS, UNIVERSE, "1m")
    row, features, memory, bar = record_of(ROW), record_of(FEATURES), empty_memory(), neutral_bar()
    terms, fill = record(TERMS), record(FILL)
    for name in ("tick_above", "tick_below", "lot_above", "lot_below", "taker_below", "maker_below"):
        terms[name] = 1
    terms.tick_value = terms.ticks_max = terms.lots_max = 1
    row.columns, memory.price = len(UNIVERSE), 1.0
    feature_step(state, row, features)
    signal_step(params, memory, features)
    decide_step(params, memory, bar)
    size_step(params, memory, bar)
    entry_lots(terms, memory)
    average_price(terms, 1, 1)
    lots_on_offer(terms, 1.0, 1.0)
    chance_to_make(int(Code.ENTRY), 0.5)
    fill_step(terms, fill, 1, 1, 1.0, 0.5, False, draw_step(1, 1, 1))  # noqa: FBT003 - as kernels are called
    ledger_step(record(POSITION), record(CLOSED), fill, 1, 1)
    price_at(1, 1, 1)
    return [
        *(feature_step, signal_step, decide_step, size_step, entry_lots, average_price, lots_on_offer),
        *(chance_to_make, fill_step, ledger_step, price_at),
    ]


if __name__ == "__main__":
    warm()
