"""Fills and the ledger as compiled steps: what the sweep, the batch engine and the paper venue's draws share.

State, terms and answers are records (`record(DTYPE)` makes one), cash is in cash units, prices are in ticks. A step
changes the record that it is given to. Each runs the same as plain Python, through its `py_func`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from tradeworthy.core import draws
from tradeworthy.core.errors import UsageError
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.market import arithmetic
from tradeworthy.market.instruments import INT64_MAX
from tradeworthy.market.money import Scale, decimal_of

LOTS_MAX = math.isqrt(INT64_MAX)
"""The most lots that a step holds exactly, in an order and in a position."""

NOTIONAL_MAX = INT64_MAX // 4
"""The largest position in cash units: as much may be added to it and closed, and fees be paid."""

EXACT = 1 << 53
"""Integers below this are float64 numbers."""

UNIT = 2.0**-53
"""One step of a draw."""

PPM = 1_000_000
"""Parts in a whole."""

TERMS = np.dtype(
    [
        *((name, np.int64) for name in ("tick_above", "tick_below", "lot_above", "lot_below", "tick_value")),
        *((name, np.int64) for name in ("taker_above", "taker_below", "maker_above", "maker_below")),
        *((name, np.int64) for name in ("ticks_max", "notional_min", "lots_min", "lots_max", "slippage_ppm")),
    ]
)
"""One instrument's terms: fractions as integers, `tick_value` and `notional_min` in cash units."""

FILL = np.dtype([(name, np.int64) for name in ("branch", "lots", "ticks", "fee", "maker", "notional")])
"""How an order came out: its branch, unsigned lots (0: none) at ticks, `maker` 0 or 1, and cash units."""

POSITION = np.dtype(
    [
        *((name, np.int64) for name in ("lots", "cost", "realised", "fees", "entry_notional")),
        *((name, np.int64) for name in ("exit_notional", "lots_entered", "opened_ts")),
    ]
)
"""One round trip under way, as `positions.Position` has it; all zero is flat."""

CLOSED = np.dtype(
    [
        *((name, np.int64) for name in ("pnl", "lots", "entry_notional", "exit_notional", "fees")),
        *((name, np.int64) for name in ("opened_ts", "closed_ts", "sign")),
    ]
)
"""The round trip that ended last, as `accounting.TradeClosed` has it; `sign` is +1 for one that began with a buy."""

MAKER, TAKER_AFTER_MISS, MAKER_MISSED, TAKER = range(4)
"""An order posted and was filled; missed and took; missed and was to post only; took at once."""

BRANCHES = ("maker", "taker_after_miss", "maker_missed", "taker")
"""Their names, in the order of their numbers."""

ticks_against = njit(cache=True)(arithmetic.ticks_against)
ticks_near = njit(cache=True)(arithmetic.ticks_near)
whole_lots = njit(cache=True)(arithmetic.whole_lots)
price_at = njit(cache=True)(arithmetic.price_at)
share_down = njit(cache=True)(arithmetic.share_down)
share_up = njit(cache=True)(arithmetic.share_up)
_mix = njit("uint64(uint64)", cache=True)(draws.mix)


def record(kind: np.dtype[Any]) -> Any:
    """A new record of `kind` (such as POSITION), all zero; its fields are attributes, in Python and compiled."""
    return np.zeros(1, kind).view(np.recarray)[0]


def terms_of(scale: Scale, settings: PaperVenueSettings, notional_max: int = NOTIONAL_MAX) -> Any:
    """The TERMS of the scale's instrument at that venue, for positions of up to `notional_max` cash units.

    Of the venue's fills the steps know maker_draw, and taker_close, which draws nothing and has no slippage.
    UsageError for a fee curve, and for figures that the steps could not hold exactly in int64 and float64.
    """
    instrument = scale.instrument
    fault = ""
    if instrument.fee_curve is not None:
        fault = "its fees follow a curve, and steps know only fixed shares of the notional"
    if not 0 < notional_max <= NOTIONAL_MAX:
        given, limit = decimal_of(notional_max), decimal_of(NOTIONAL_MAX)
        fault = fault or f"notional_max is {given}, not above 0 and up to {limit}"
    tick, lot = instrument.tick.as_integer_ratio(), instrument.lot.as_integer_ratio()
    taker, maker = instrument.taker_fee.as_integer_ratio(), instrument.maker_fee.as_integer_ratio()
    if max(scale.ticks_max * tick[0], tick[1], *lot) >= EXACT:
        fault = fault or f"tick {instrument.tick}, lot {instrument.lot} or price_max has too many places"
    if max(taker[1], maker[1]) > LOTS_MAX:
        fault = fault or f"fee {instrument.taker_fee} or {instrument.maker_fee} has too many places"
    if fault:
        raise UsageError(f"{instrument.id} can't be run by compiled steps: {fault}: change it")
    terms = record(TERMS)
    terms.tick_above, terms.tick_below = tick
    terms.lot_above, terms.lot_below = lot
    terms.taker_above, terms.taker_below = taker
    terms.maker_above, terms.maker_below = maker
    terms.tick_value, terms.ticks_max = scale.tick_value, scale.ticks_max
    terms.notional_min, terms.lots_min = scale.notional_min, instrument.lots_min
    terms.lots_max = min(scale.lots_max, LOTS_MAX, notional_max // scale.tick_value)
    terms.slippage_ppm = int(settings.slippage_bps * 100) if settings.fills == "maker_draw" else 0
    return terms


@njit("float64(uint64, uint64, uint64)", cache=True)
def draw_step(seed: int, stream: int, key: int) -> float:
    """What `core.draws.draw` draws, bit for bit, from 64-bit words: text has one by `core.draws.word_of`."""
    word = _mix(_mix(_mix(int(seed)) ^ int(stream)) ^ int(key))
    return float(word >> 11) * UNIT


@njit(cache=True)
def takes_step(terms: Any, close: float, lots: int) -> bool:
    """Whether the paper venue takes an entry of `lots` at market after a bar that closed at `close`."""
    if lots < terms.lots_min or lots > terms.lots_max:
        return False
    ticks = ticks_near(close, terms.tick_above, terms.tick_below)
    return bool(ticks * lots * terms.tick_value >= terms.notional_min)


@njit(cache=True)
def fill_step(
    terms: Any,
    fill: Any,
    side_sign: int,
    lots: int,
    close: float,
    maker_chance: float,
    maker_only: bool,  # noqa: FBT001 - kernels are called by place
    uniform: float,
) -> int:
    """Fill an order of unsigned `lots` at `close`, into `fill`; the branch.

    With a chance above 0 it posts first, at the close rounded against us: it is filled there if `uniform` is below
    the chance. Else, and at once without a chance, it takes at the close and the slippage beyond it, unless it is to
    post only. No price leaves the instrument's ticks. The caller draws `uniform`, in [0, 1), once for each order that
    has a chance.
    """
    fill.lots, fill.ticks, fill.fee, fill.maker, fill.notional = lots, 0, 0, 0, 0
    branch = TAKER
    if maker_chance > 0.0:
        branch = MAKER if uniform < maker_chance else TAKER_AFTER_MISS
    if maker_only and branch != MAKER:
        branch = MAKER_MISSED
    fill.branch = branch
    if branch == MAKER_MISSED:
        fill.lots = 0
        return branch
    price, above, below = close, terms.maker_above, terms.maker_below
    if branch != MAKER:
        price = close * (PPM + side_sign * terms.slippage_ppm) / PPM
        above, below = terms.taker_above, terms.taker_below
    ticks = ticks_against(price, terms.tick_above, terms.tick_below, side_sign)
    ticks = max(1, min(ticks, terms.ticks_max))
    fill.ticks = ticks
    fill.notional = ticks * lots * terms.tick_value
    fill.fee = share_up(fill.notional, above, below)
    fill.maker = 1 if branch == MAKER else 0
    return branch


@njit(cache=True)
def ledger_step(position: Any, closed: Any, fill: Any, side_sign: int, ts: int) -> bool:
    """Book `fill` as `positions.book` does; whether a round trip ended, which `closed` then tells of.

    A fill through zero closes one trade and opens another. What a round trip moved so far is
    `position.realised - position.fees`.
    """
    lots, notional, fee = fill.lots, fill.notional, fill.fee
    closing = 0
    if position.lots * side_sign < 0:
        closing = min(abs(position.lots), lots)
    ended = False
    if closing:
        exit_notional, exit_fee = notional, fee
        if closing < lots:
            exit_notional = share_down(notional, closing, lots)
            exit_fee = share_down(fee, closing, lots)
        _close(position, closing, exit_notional, exit_fee)
        ended = position.lots == 0
        if ended:
            _finish(position, closed, -side_sign, ts)
        lots, notional, fee = lots - closing, notional - exit_notional, fee - exit_fee
    if lots:
        if position.lots == 0:
            position.opened_ts = ts
        position.lots += side_sign * lots
        position.cost += side_sign * notional
        position.fees += fee
        position.lots_entered += lots
        position.entry_notional += notional
    return ended


@njit(cache=True)
def _close(position: Any, lots: int, notional: int, fee: int) -> None:
    sign = 1 if position.lots > 0 else -1
    # The share of a whole is the whole: most trades close at once, and divisions are what a sweep's trade costs most.
    released = position.cost
    if lots < abs(position.lots):
        released = share_up(position.cost, lots, abs(position.lots))
    position.realised += sign * notional - released
    position.lots -= sign * lots
    position.cost -= released
    position.fees += fee
    position.exit_notional += notional


@njit(cache=True)
def _finish(position: Any, closed: Any, sign: int, ts: int) -> None:
    closed.pnl = position.realised - position.fees
    closed.lots = position.lots_entered
    closed.entry_notional, closed.exit_notional = position.entry_notional, position.exit_notional
    closed.fees, closed.sign = position.fees, sign
    closed.opened_ts, closed.closed_ts = position.opened_ts, ts
    position.realised, position.fees = 0, 0
    position.entry_notional, position.exit_notional = 0, 0
    position.lots_entered, position.opened_ts = 0, 0
