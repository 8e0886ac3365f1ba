"""EDX, the decay of a trend since S3 began, 0 to 1: the older or weaker the trend, the higher (specs 6.7).

Four parts, each 0 to 1 and high where the trend decays, are weighed over the run and over its last two and its last
third: the slow averages, RSI and ADX lose slope; swings make fewer higher highs and lows; the volume-weighted price
since the start of the span falls; the slow averages draw together. Their weights sum to 1, also where one is unknown.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from tradeworthy.desks.uptrend.history import Window
from tradeworthy.desks.uptrend.technicals import Technicals, line_slope
from tradeworthy.market.indicators import Floats, adx, atr, rsi

WILDER_BARS = 14
SETTLING_BARS = 100

BARS_MIN = 10
"""Bars since S3 began, and of a span, below which there is nothing to judge."""

BARS_MAX = 333
"""The newest bars since S3 began that are looked at (B26), so that a long run costs no more than a short one."""

NEUTRAL = 0.5

SLOW, STRUCTURE, PARTICIPATION, COMPRESSION = 0.30, 0.25, 0.20, 0.10
"""Weights of the parts before they are brought to a sum of 1."""

COMPRESSION_BARS = 144
"""Bars that a span needs before its compression counts."""

SLOPE_250, SLOPE_333 = 0.00025, 0.0002
"""Slopes of the slow averages, as fractions a bar, at which a logistic leaves the middle."""

RSI_MOVE, ADX_MOVE = 10.0, 5.0
"""Changes over a span, in points, at which a logistic leaves the middle."""

VWAP_SLOPE, SEPARATION_SLOPE, SEPARATION = 0.0005, 0.0002, 0.01

TURN_ATR, BACKSTEP, LEG_MIN = 1.2, 3, 4
"""A swing ends when the close has turned by so many ATRs, so many bars after it, and the leg to it was so long."""

WEAKNESS_BARS = 50

HIGH, LOW, CLOSE, VOLUME, RSI, ADX, ATR = range(7)
"""Columns of a decay's series."""


def series_of(window: Window, start: int = 0) -> Floats:
    """The columns that `decay_since` reads, one row a bar; RSI, ADX and ATR are Wilder's, NaN until they stand.

    They are begun SETTLING_BARS before `start`, from where on they are read: by then their past has faded.
    """
    out = np.empty((len(window.close), 7))
    out[:, HIGH], out[:, LOW], out[:, CLOSE] = window.high, window.low, window.close
    out[:, VOLUME] = window.volume
    first = max(0, start - SETTLING_BARS)
    high, low, close = window.high[first:], window.low[first:], window.close[first:]
    out[:first, RSI:] = math.nan
    out[first:, RSI] = rsi(close, WILDER_BARS)
    out[first:, ADX] = adx(high, low, close, WILDER_BARS)[:, 0]
    out[first:, ATR] = atr(high, low, close, WILDER_BARS)
    return out


@njit(cache=True)
def sigmoid(x: float) -> float:
    """The logistic function, 0 to 1."""
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    grown = math.exp(x)
    return grown / (1.0 + grown)


@njit(cache=True)
def ema_column(values: Floats, span: int, out: Floats) -> None:
    """The exponential average as of each value, from the first value on, as `technicals` has it."""
    weight = 2.0 / (span + 1)
    average = values[0]
    for at in range(len(values)):
        average += (values[at] - average) * weight
        out[at] = average


@njit(cache=True)
def slope_from(values: Floats, first: int) -> float:
    """The least-squares slope of `values` from `first` on, a bar; leading NaN are left out."""
    while first < len(values) and math.isnan(values[first]):
        first += 1
    return line_slope(values, first, len(values))


@njit(cache=True)
def falling(slope: float, scale: float) -> float:
    """How much a slope falls, 0 to 1: NEUTRAL at 0."""
    return sigmoid(-slope / scale)


@njit(cache=True)
def slow_part(series: Floats, slow: Floats, first: int) -> float:
    """How far the slow averages, RSI and ADX fall; their rise is health, and counts the other way."""
    last = len(series) - 1
    reach = float(last - first)
    return (
        falling(slope_from(slow[:, 1], first) / slow[last, 1], SLOPE_250)
        + falling(slope_from(slow[:, 2], first) / slow[last, 2], SLOPE_333)
        + falling(slope_from(series[:, RSI], first) * reach, RSI_MOVE)
        + falling(slope_from(series[:, ADX], first) * reach, ADX_MOVE)
    ) / 4.0


@njit(cache=True)
def structure_part(series: Floats, first: int) -> float:
    """1 - the share of higher highs and higher lows among the swings of the closes; NEUTRAL without swings."""
    pivots = np.full(2, math.nan)  # the last low and the last high
    side = 0  # 1: the leg rises
    extreme, started = first, first
    better, pairs = 0, 0
    for at in range(first + 1, len(series)):
        close, best = series[at, CLOSE], series[extreme, CLOSE]
        if side == 0:
            if close != best:
                side, extreme = (1, at) if close > best else (-1, at)
            continue
        if (close - best) * side >= 0.0:
            extreme = at
            continue
        turned = (best - close) * side >= TURN_ATR * series[at, ATR]
        if not turned or at - extreme < BACKSTEP or extreme - started < LEG_MIN:
            continue
        which = (side + 1) // 2
        if not math.isnan(pivots[which]):
            pairs += 1
            better += 1 if best > pivots[which] else 0
        pivots[which] = best
        started = extreme
        for back in range(extreme + 1, at + 1):
            if back == started + 1 or (series[back, CLOSE] - series[extreme, CLOSE]) * side <= 0.0:
                extreme = back
        side = -side
    return 1.0 - better / pairs if pairs > 0 else NEUTRAL


@njit(cache=True)
def participation_part(series: Floats, first: int) -> float:
    """How far the volume-weighted price anchored at `first` falls; without volume all bars weigh the same."""
    count = len(series) - first
    total = 0.0
    for at in range(first, len(series)):
        total += series[at, VOLUME]
    anchored = np.empty(count)
    paid, volume = 0.0, 0.0
    for at in range(count):
        bar = series[first + at]
        weight = bar[VOLUME] if total > 0.0 else 1.0
        paid += weight * (bar[HIGH] + bar[LOW] + bar[CLOSE]) / 3.0
        volume += weight
        anchored[at] = paid / volume if volume > 0.0 else math.nan
    return falling(slope_from(anchored, 0) / anchored[count - 1], VWAP_SLOPE)


@njit(cache=True)
def compression_part(slow: Floats, first: int) -> float:
    """How fast EMA144 and EMA250 draw near to EMA333."""
    count = len(slow) - first
    apart = np.empty((2, count))
    for at in range(count):
        row = slow[first + at]
        apart[0, at] = (row[0] - row[2]) / row[2]
        apart[1, at] = (row[1] - row[2]) / row[2]
    near = falling(slope_from(apart[0], 0), SEPARATION_SLOPE)
    return (near + falling(slope_from(apart[1], 0), SEPARATION_SLOPE)) / 2.0


@njit(cache=True)
def span_decay(series: Floats, slow: Floats, first: int) -> float:
    """The decay over the bars from `first` on, 0 to 1."""
    total, weights = SLOW * slow_part(series, slow, first), SLOW
    total += STRUCTURE * structure_part(series, first)
    weights += STRUCTURE
    total += PARTICIPATION * participation_part(series, first)
    weights += PARTICIPATION
    if len(series) - first >= COMPRESSION_BARS:
        total += COMPRESSION * compression_part(slow, first)
        weights += COMPRESSION
    return total / weights


@njit(cache=True)
def decay_since(series: Floats, start: int) -> float:
    """EDX of the run that began at row `start`: NEUTRAL under BARS_MIN bars.

    Each later span counts for more where decay grows from span to span.
    """
    bars = len(series) - start
    if bars < BARS_MIN:
        return NEUTRAL
    slow = np.empty((len(series), 3))
    closes = series[:, CLOSE].copy()
    for column, span in enumerate((144, 250, 333)):
        ema_column(closes, span, slow[:, column])
    whole = span_decay(series, slow, start)
    third = bars // 3
    if bars - third < BARS_MIN:
        return whole
    late = span_decay(series, slow, start + third)
    latest = span_decay(series, slow, len(series) - third) if third >= BARS_MIN else math.nan
    if latest > late > whole:
        return 0.2 * whole + 0.3 * late + 0.5 * latest
    if late > whole:
        return 0.3 * whole + 0.7 * late
    return (whole + late) / 2.0


@njit(cache=True)
def weakness(closes: Floats, lows: Floats) -> float:
    """The mean of two shares in the last WEAKNESS_BARS bars: closes under EMA60, and lows under the low before."""
    ema60 = np.empty(len(closes))
    ema_column(closes, 60, ema60)
    first = max(0, len(closes) - WEAKNESS_BARS)
    count = len(closes) - first
    under, lower = 0, 0
    for at in range(first, len(closes)):
        under += 1 if closes[at] < ema60[at] else 0
        lower += 1 if at > 0 and lows[at] < lows[at - 1] else 0
    return (under + lower) / (2.0 * count)


def trend_decay(window: Window, s3_start_ts: int) -> float:
    """EDX of a run that S3 began at `s3_start_ts` (the open time of a bar, UTC ns), over its newest BARS_MAX bars."""
    start = int(np.searchsorted(window.ts, s3_start_ts))
    start = max(start, len(window.ts) - BARS_MAX)
    return float(decay_since(series_of(window, start), start))


def unanchored_decay(window: Window, technicals: Technicals) -> float:
    """EDX where no start of S3 is known: slow slopes, weakness of the last bars, volume, and separations."""
    slow = sigmoid(-technicals.ema250_slope / SLOPE_250) + sigmoid(-technicals.ema333_slope / SLOPE_333)
    apart = sigmoid(-technicals.sep_fast / SEPARATION) + sigmoid(-technicals.sep_mid / SEPARATION)
    total = (
        SLOW * slow / 2.0
        + STRUCTURE * float(weakness(np.ascontiguousarray(window.close), np.ascontiguousarray(window.low)))
        + PARTICIPATION * float(sigmoid(-technicals.vo_z))
        + COMPRESSION * apart / 2.0
    )
    return float(total / (SLOW + STRUCTURE + PARTICIPATION + COMPRESSION))
