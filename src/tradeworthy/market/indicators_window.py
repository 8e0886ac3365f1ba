"""Indicators over the last values: Bollinger bands, z-score, and the slope of a least-squares line.

As in `indicators`: one compiled step each, the batch form drives it, NaN until the window is full. A value that is
not finite is a hole: the answer is NaN and the window stays as it was.

The step goes over the whole window, from its oldest value on, each time. So nothing drifts, however long the run, and
an answer depends on the values in the window alone. Differences are taken from the oldest value: equal values have
exactly no spread and no slope.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from tradeworthy.core.errors import UsageError
from tradeworthy.market.indicators import Floats, Record, columns_of, state_of

WINDOW = np.dtype(
    [
        *((name, "i8") for name in ("window", "count", "place")),
        *((name, "f8") for name in ("width", "average", "deviation", "upper", "lower")),
    ]
)
"""`count` values came so far, the next goes to `place` of the ring, an array of `window` values beside the record.

`average`, `deviation` (of the population) and the bands are those of the last full window; `width` is the distance of
the bands in deviations.
"""


def window_state(window: int, width: float = 2.0) -> tuple[Record, Floats]:
    """A fresh state and its ring; UsageError for a window under 2 values or a width that is not above 0."""
    if not 0.0 < width < math.inf:
        raise UsageError(f"the bands' width is {width} deviations; it must be finite and above 0")
    state = state_of(WINDOW, window, 2)
    state.width = width
    return state, np.zeros(window)


@njit(cache=True)
def _push(state: Record, ring: Floats, value: float) -> bool:
    """Put `value` in place of the oldest; whether the window is full and the answer new."""
    if not math.isfinite(value):
        return False
    ring[state.place] = value
    state.place += 1
    if state.place == state.window:
        state.place = 0
    state.count += 1
    return bool(state.count >= state.window)


@njit(cache=True)
def _measure(state: Record, ring: Floats) -> None:
    """Set average and deviation from the full ring: the sum of differences, then that of their squares."""
    window = state.window
    oldest = ring[state.place]
    total = 0.0
    place = state.place
    for _ in range(window):
        total += ring[place] - oldest
        place = place + 1 if place + 1 < window else 0
    offset = total / window
    squares = 0.0
    for _ in range(window):
        distance = ring[place] - oldest - offset
        squares += distance * distance
        place = place + 1 if place + 1 < window else 0
    state.average = oldest + offset
    state.deviation = math.sqrt(squares / window)


@njit(cache=True)
def bollinger_step(state: Record, ring: Floats, value: float) -> float:
    """The mean of the window as of `value`; `state` then has `upper` and `lower`.

    Source: J. Bollinger, Bollinger on Bollinger Bands (2001): the population's deviation.
    """
    if not _push(state, ring, value):
        return math.nan
    _measure(state, ring)
    reach = state.width * state.deviation
    state.upper = state.average + reach
    state.lower = state.average - reach
    return float(state.average)


@njit(cache=True)
def zscore_step(state: Record, ring: Floats, value: float) -> float:
    """How many deviations `value` is above the mean of the window that it ends; NaN if all in it are equal."""
    if not _push(state, ring, value):
        return math.nan
    _measure(state, ring)
    return float((value - state.average) / state.deviation) if state.deviation > 0.0 else math.nan


@njit(cache=True)
def slope_step(state: Record, ring: Floats, value: float) -> float:
    """The slope of the least-squares line through the window that `value` ends, in units a bar."""
    if not _push(state, ring, value):
        return math.nan
    window = state.window
    oldest = ring[state.place]
    place = state.place
    total = 0.0
    for at in range(window):
        total += (2 * at - window + 1) * (ring[place] - oldest)
        place = place + 1 if place + 1 < window else 0
    return float(6.0 * total / (window * (window * window - 1)))


@njit(cache=True)
def bollinger_over(state: Record, ring: Floats, values: Floats, out: Floats) -> None:
    """Take all `values` in order; the columns of `out` get middle, upper and lower band."""
    for at in range(len(values)):
        middle = bollinger_step(state, ring, values[at])
        known = not math.isnan(middle)
        out[at, 0] = middle
        out[at, 1] = state.upper if known else math.nan
        out[at, 2] = state.lower if known else math.nan


@njit(cache=True)
def zscore_over(state: Record, ring: Floats, values: Floats, out: Floats) -> None:
    """Take all `values` in order; `out` gets the answers."""
    for at in range(len(values)):
        out[at] = zscore_step(state, ring, values[at])


@njit(cache=True)
def slope_over(state: Record, ring: Floats, values: Floats, out: Floats) -> None:
    """Take all `values` in order; `out` gets the answers."""
    for at in range(len(values)):
        out[at] = slope_step(state, ring, values[at])


def bollinger(values: ArrayLike, window: int, width: float = 2.0) -> Floats:
    """Middle, upper and lower band as of each value, `width` deviations apart: shape (values, 3)."""
    (column,) = columns_of(values)
    out = np.empty((len(column), 3))
    bollinger_over(*window_state(window, width), column, out)
    return out


def zscore(values: ArrayLike, window: int) -> Floats:
    """How many deviations each value is above the mean of the window that it ends."""
    (column,) = columns_of(values)
    out = np.empty(len(column))
    zscore_over(*window_state(window), column, out)
    return out


def slope(values: ArrayLike, window: int) -> Floats:
    """The slope of the least-squares line through the window that each value ends, in units a bar."""
    (column,) = columns_of(values)
    out = np.empty(len(column))
    slope_over(*window_state(window), column, out)
    return out
