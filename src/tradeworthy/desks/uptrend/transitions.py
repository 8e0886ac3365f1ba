"""The states' transitions, from top to bottom of one table, at most one a bar (specs 6.3).

| from | condition | to |
|---|---|---|
| none, S4 | bullish order | S3 |
| none, S4 | bearish order | S0 |
| none, S4 | otherwise | S4, and again at the next bar |
| S1 S2 S3 | both fast averages under all others | S0, an exit |
| S0 | both fast averages and the price above EMA60 | S1 |
| S1 | price above EMA333 | S2 |
| S2 | price under EMA333 | S1 |
| S2 | bullish order | S3 |
| S3 | all averages under EMA333 | S0, an exit |

Without the global exit, S1 and S2 end on the whole bearish order instead.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from tradeworthy.desks.uptrend.bands import Orders, orders
from tradeworthy.desks.uptrend.names import Stage
from tradeworthy.desks.uptrend.payloads import Emas

FAST_AT_BOTTOM = "fast_band_at_bottom"
ALL_BELOW = "all_emas_below_333"
BEARISH_ORDER = "bearish_order"
"""Why a run out of S0 ended."""


class Step(NamedTuple):
    """Where a bar leads. `exit_reason` is set on the bar that makes the transition to S0, and on no later one (B8)."""

    state: Stage
    exit_reason: str = ""


def step(state: Stage, emas: Emas, price: float, *, global_exit: bool, bootstrap: Collection[Stage]) -> Step:
    """The state after a bar that closes at `price`; `bootstrap` holds the states that a first bar may find."""
    held = orders(emas)
    if state in {Stage.NONE, Stage.S4}:
        return Step(_bootstrapped(held, bootstrap))
    if state is Stage.S0:
        return Step(Stage.S1 if held.fast_above_60 and price > emas.ema60 else Stage.S0)
    if global_exit and held.fast_at_bottom:
        return Step(Stage.S0, FAST_AT_BOTTOM)
    if state is Stage.S3:
        return Step(Stage.S0, ALL_BELOW) if held.all_below_333 else Step(Stage.S3)
    if not global_exit and held.bearish:
        return Step(Stage.S0, BEARISH_ORDER)
    if state is Stage.S1:
        return Step(Stage.S2 if price > emas.ema333 else Stage.S1)
    if price < emas.ema333:
        return Step(Stage.S1)
    return Step(Stage.S3 if held.bullish else Stage.S2)


def _bootstrapped(held: Orders, bootstrap: Collection[Stage]) -> Stage:
    if held.bullish and Stage.S3 in bootstrap:
        return Stage.S3
    return Stage.S0 if held.bearish and Stage.S0 in bootstrap else Stage.S4
