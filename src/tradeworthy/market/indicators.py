"""Indicators that carry their past in a few numbers: EMA, and Wilder's ATR, RSI and ADX.

Each is one step, compiled: it takes a bar into a state (a record) and returns the figure as of that bar. The batch
form drives the same step over arrays, so both agree in every bit. NaN until the window has filled once.

A bar with a figure that is not finite is a hole: the answer is NaN and the state stays as it was. So windows count
the bars that came, and the first bar after a hole is compared with the last before it. Each step's `py_func` is
the same step in plain Python.

Sources: J. W. Wilder, New Concepts in Technical Trading Systems (1978), with the warm-up of TA-Lib, which they equal
from the first figure on. Only an RSI without any movement differs: 50 here, 0 there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from tradeworthy.core.errors import UsageError

Floats = NDArray[np.float64]

Record = Any
"""One record of a numpy structured array, by reference: a step changes it. Its type has no fields for mypy."""

EMA = np.dtype([("window", "i8"), ("count", "i8"), ("weight", "f8"), ("total", "f8"), ("value", "f8")])
"""`count` values came so far, `total` sums those of the first window, `value` is the last answer."""

ATR = np.dtype([("window", "i8"), ("count", "i8"), ("close", "f8"), ("total", "f8"), ("value", "f8")])
"""`count` bars came so far, the last of which closed at `close`; `total` sums the first true ranges."""

RSI = np.dtype([("window", "i8"), ("count", "i8"), ("close", "f8"), ("gain", "f8"), ("loss", "f8")])
"""`gain` and `loss`: sums of the first window's changes, then Wilder's averages."""

ADX = np.dtype(
    [
        *((name, "i8") for name in ("window", "count")),
        *((name, "f8") for name in ("high", "low", "close")),
        *((name, "f8") for name in ("rises", "falls", "ranges", "total")),
        *((name, "f8") for name in ("plus_di", "minus_di", "value")),
    ]
)
"""The last bar's prices; Wilder's sums of rises, falls and true ranges; +DI, -DI (NaN at first) and the ADX."""


def state_of(kind: np.dtype[np.void], window: int, least: int = 1) -> Record:
    """A fresh state of `kind`, all zero but its window; UsageError for a window under `least` bars."""
    if window < least:
        raise UsageError(f"an indicator's window is {window} bars; it must be {least} or more")
    state: Record = np.zeros(1, kind).view(np.recarray)[0]
    state.window = window
    return state


def columns_of(*columns: ArrayLike) -> Sequence[Floats]:
    """`columns` as float64 arrays; UsageError unless they are flat and of one length."""
    arrays = [np.ascontiguousarray(column, np.float64) for column in columns]
    shapes = [array.shape for array in arrays]
    if len(shapes[0]) != 1 or any(shape != shapes[0] for shape in shapes):
        raise UsageError(
            f"an indicator's columns have the shapes {shapes}; they must be flat and of one length"
        )
    return arrays


def ema_state(window: int) -> Record:
    """The state of an exponential average with the weight 2 / (window + 1)."""
    state = state_of(EMA, window)
    state.weight = 2.0 / (window + 1)
    return state


@njit(cache=True)
def ema_step(state: Record, value: float) -> float:
    """The exponential average as of `value`; it begins with the plain mean of the first window."""
    if not math.isfinite(value):
        return math.nan
    state.count += 1
    if state.count > state.window:
        state.value += (value - state.value) * state.weight
        return float(state.value)
    state.total += value
    if state.count < state.window:
        return math.nan
    state.value = state.total / state.window
    return float(state.value)


@njit(cache=True)
def true_range(high: float, low: float, close_before: float) -> float:
    """The widest of high - low, |high - the close before| and |low - the close before|."""
    widest = high - low
    up = abs(high - close_before)
    down = abs(low - close_before)
    if up > widest:
        widest = up
    if down > widest:
        widest = down
    return widest


def atr_state(window: int) -> Record:
    """The state of Wilder's average true range."""
    return state_of(ATR, window)


@njit(cache=True)
def atr_step(state: Record, high: float, low: float, close: float) -> float:
    """Wilder's average true range as of this bar, in price units: after `window` + 1 bars the plain mean."""
    if not (math.isfinite(high) and math.isfinite(low) and math.isfinite(close)):
        return math.nan
    reach = true_range(high, low, state.close)
    state.close = close
    state.count += 1
    if state.count > state.window + 1:
        state.value = (state.value * (state.window - 1) + reach) / state.window
        return float(state.value)
    if state.count > 1:
        state.total += reach
    if state.count <= state.window:
        return math.nan
    state.value = state.total / state.window
    return float(state.value)


def rsi_state(window: int) -> Record:
    """The state of Wilder's relative strength index."""
    return state_of(RSI, window)


@njit(cache=True)
def rsi_step(state: Record, close: float) -> float:
    """Wilder's relative strength index as of `close`, 0 to 100; 50 where nothing ever moved."""
    if not math.isfinite(close):
        return math.nan
    change = close - state.close
    state.close = close
    state.count += 1
    if state.count == 1:
        return math.nan
    if state.count > state.window + 1:
        state.gain *= state.window - 1
        state.loss *= state.window - 1
    if change < 0.0:
        state.loss -= change
    else:
        state.gain += change
    if state.count <= state.window:
        return math.nan
    state.gain /= state.window
    state.loss /= state.window
    moved = state.gain + state.loss
    return float(100.0 * (state.gain / moved)) if moved > 0.0 else 50.0


def adx_state(window: int) -> Record:
    """The state of Wilder's average directional index. UsageError for a window under 2 bars."""
    state = state_of(ADX, window, 2)
    state.plus_di = state.minus_di = math.nan
    return state


@njit(cache=True)
def adx_step(state: Record, high: float, low: float, close: float) -> float:
    """Wilder's average directional index as of this bar, 0 to 100; `state` then has its +DI and -DI.

    The DIs stand from the bar `window` + 1 on, the ADX from bar 2 * `window` on. At a hole they stay as they were.
    """
    if not (math.isfinite(high) and math.isfinite(low) and math.isfinite(close)):
        return math.nan
    rise = high - state.high
    fall = state.low - low
    reach = true_range(high, low, state.close)
    state.high = high
    state.low = low
    state.close = close
    state.count += 1
    if state.count == 1:
        return math.nan
    window = state.window
    if state.count > window:
        state.rises -= state.rises / window
        state.falls -= state.falls / window
        state.ranges -= state.ranges / window
    if fall > 0.0 and fall > rise:
        state.falls += fall
    elif rise > 0.0 and rise > fall:
        state.rises += rise
    state.ranges += reach
    return _directional_index(state) if state.count > window else math.nan


@njit(cache=True)
def _directional_index(state: Record) -> float:
    """Set the DIs from the sums, and average their distance; one without any movement leaves the average."""
    window = state.window
    state.plus_di = 100.0 * (state.rises / state.ranges) if state.ranges > 0.0 else 0.0
    state.minus_di = 100.0 * (state.falls / state.ranges) if state.ranges > 0.0 else 0.0
    both = state.plus_di + state.minus_di
    apart = 100.0 * (abs(state.minus_di - state.plus_di) / both) if both > 0.0 else 0.0
    if state.count <= 2 * window:
        state.total += apart
        if state.count < 2 * window:
            return math.nan
        state.value = state.total / window
    elif both > 0.0:
        state.value = (state.value * (window - 1) + apart) / window
    return float(state.value)


@njit(cache=True)
def ema_over(state: Record, values: Floats, out: Floats) -> None:
    """Take all `values` in order; `out` gets the answers."""
    for at in range(len(values)):
        out[at] = ema_step(state, values[at])


@njit(cache=True)
def atr_over(state: Record, high: Floats, low: Floats, close: Floats, out: Floats) -> None:
    """Take all bars in order; `out` gets the answers."""
    for at in range(len(close)):
        out[at] = atr_step(state, high[at], low[at], close[at])


@njit(cache=True)
def rsi_over(state: Record, closes: Floats, out: Floats) -> None:
    """Take all `closes` in order; `out` gets the answers."""
    for at in range(len(closes)):
        out[at] = rsi_step(state, closes[at])


@njit(cache=True)
def adx_over(state: Record, high: Floats, low: Floats, close: Floats, out: Floats) -> None:
    """Take all bars in order; the columns of `out` get ADX, +DI and -DI, all NaN at a hole."""
    for at in range(len(close)):
        bars = state.count
        out[at, 0] = adx_step(state, high[at], low[at], close[at])
        came = state.count > bars
        out[at, 1] = state.plus_di if came else math.nan
        out[at, 2] = state.minus_di if came else math.nan


def ema(values: ArrayLike, window: int) -> Floats:
    """The exponential average as of each value."""
    (column,) = columns_of(values)
    out = np.empty(len(column))
    ema_over(ema_state(window), column, out)
    return out


def atr(high: ArrayLike, low: ArrayLike, close: ArrayLike, window: int) -> Floats:
    """Wilder's average true range as of each bar, in price units."""
    highs, lows, closes = columns_of(high, low, close)
    out = np.empty(len(closes))
    atr_over(atr_state(window), highs, lows, closes, out)
    return out


def rsi(close: ArrayLike, window: int) -> Floats:
    """Wilder's relative strength index as of each close, 0 to 100."""
    (closes,) = columns_of(close)
    out = np.empty(len(closes))
    rsi_over(rsi_state(window), closes, out)
    return out


def adx(high: ArrayLike, low: ArrayLike, close: ArrayLike, window: int) -> Floats:
    """Wilder's ADX, +DI and -DI as of each bar, 0 to 100: shape (bars, 3)."""
    highs, lows, closes = columns_of(high, low, close)
    out = np.empty((len(closes), 3))
    adx_over(adx_state(window), highs, lows, closes, out)
    return out
