"""What the bars of one row say in figures: averages and their slopes, strength, range and volume.

One compiled pass over a window of closed bars, the same live and in a backtest. Definitions: specs/uptrend.md 4. A
figure that the window is too short for is neutral, and no history is made up for it: a slope or a mean goes over the
values that there are.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numba import njit

from tradeworthy.desks.uptrend.history import Window
from tradeworthy.desks.uptrend.payloads import Emas
from tradeworthy.market.indicators import ADX, ATR, Floats, Record, adx_step, atr_step

SPANS = (20, 30, 60, 144, 250, 333, 50)
"""The averages' spans; the places of AVERAGES."""

SLOPED = (0, 2, 3, 4, 5)
"""The averages whose slope counts: of 20, 60, 144, 250 and 333 bars."""

RANGE_BARS = 14
"""Bars of Wilder's ATR and ADX, and changes of the RSI."""

SLOPE_BARS = 10
TAIL = 2 * SLOPE_BARS
"""Values of a series that are looked at: a slope now, and the one that ended SLOPE_BARS before."""

ADX_BARS_MIN = 16
VOLUME_SPAN = 64
VOLUME_CUT = 0.02
VOLUME_Z_MIN, VOLUME_Z_MAX = -4.0, 6.0
CLUSTER_BARS = 30
CLUSTER_Z = 2.0
CLUSTER_COUNT = 3
CLUSTER_SUM = 6.0


class Technicals(msgspec.Struct, frozen=True, gc=False):
    """The figures as of the last bar; the values here are those of no bars at all.

    `emas` and `ema50` are in price units, begun with the first close; `seed_share` is the weight that this one close
    still has in EMA333 (0.135 after 333 bars, 0.0025 after 1,000). A slope is the least-squares slope of the average's
    last 10 values over its last value, a fraction a bar; `accel` is by how much it is more than that of 10 bars before.
    `rsi` is Cutler's (simple averages of 14 changes), 0 to 100; `adx` and `atr` are Wilder's of 14 bars, ATR in price
    units. `sep` is the distance of two averages as a fraction of the slower one, `dsep` its change over 5 bars.
    `vo_z` is how unusual the last volume is (-4 to 6), `vo_z_cluster` whether the last 30 bars have much of it.
    """

    emas: Emas = Emas()
    ema50: float = 0.0
    ema20_slope: float = 0.0
    ema60_slope: float = 0.0
    ema144_slope: float = 0.0
    ema250_slope: float = 0.0
    ema333_slope: float = 0.0
    ema20_accel: float = 0.0
    ema60_accel: float = 0.0
    ema144_accel: float = 0.0
    ema250_accel: float = 0.0
    ema333_accel: float = 0.0
    sep_fast: float = 0.0
    sep_mid: float = 0.0
    dsep_fast_5: float = 0.0
    dsep_mid_5: float = 0.0
    rsi: float = 50.0
    rsi_slope_10: float = 0.0
    adx: float = 0.0
    adx_slope_10: float = 0.0
    atr: float = 0.0
    atr_mean_20: float = 0.0
    atr_peak_10: float = 0.0
    atr_norm: float = 0.0
    vo_z: float = 0.0
    vo_z_cluster: bool = False
    bars: int = 0
    seed_share: float = 1.0


def _record(fields: Any) -> np.dtype[Any]:
    """`fields` as a dtype whose single values are records, which are made at once."""
    return np.dtype((np.record, fields))


_ATR, _ADX = _record(ATR), _record(ADX)


class Columns(NamedTuple):
    """What the pass reads of a window, a value for each bar."""

    high: Floats
    low: Floats
    close: Floats
    volume: Floats


FIGURES = _record(
    [
        ("averages", "f8", (len(SPANS),)),
        ("slopes", "f8", (len(SLOPED),)),
        ("accels", "f8", (len(SLOPED),)),
        ("separations", "f8", (4,)),  # fast, mid, and their changes
        *((name, "f8") for name in ("rsi", "rsi_slope", "adx", "adx_slope")),
        *((name, "f8") for name in ("atr", "atr_mean", "atr_peak", "volume_z")),
        ("cluster", "f8"),  # 1 where there is one
    ]
)
"""What the pass finds: float64 throughout, so that it is read as one row."""


def technicals(window: Window) -> Technicals:
    """The figures as of the last bar of `window`."""
    bars = len(window.close)
    if not bars:
        return Technicals()
    found = np.zeros(1, FIGURES)
    columns = Columns(window.high, window.low, window.close, window.volume)
    analyse(columns, (np.zeros(1, _ATR)[0], np.zeros(1, _ADX)[0]), found[0])
    figures: list[float] = found.view(np.float64).tolist()
    *most, atr, atr_mean, atr_peak, volume_z, cluster = figures
    share = (332.0 / 334.0) ** bars
    ranges = (atr, atr_mean, atr_peak, atr / most[6])
    rest: list[Any] = [*most[6:], *ranges, volume_z, cluster > 0.0, bars, share]
    return Technicals(Emas(*most[:6]), *rest)


@njit(cache=True)
def analyse(columns: Columns, states: tuple[Record, Record], found: Record) -> None:
    """Fill `found` from one bar or more; `states` are an ATR and an ADX, all zero."""
    ranges, directions = states
    ranges.window = directions.window = RANGE_BARS
    _follow_averages(columns.close, found)
    _follow_ranges(columns, states, found)
    _follow_changes(columns.close, found)
    _follow_volume(columns.volume, found)


@njit(cache=True)
def line_slope(values: Floats, first: int, end: int) -> float:
    """The slope of the least-squares line through `values[first:end]`, in units a bar; 0 under three values."""
    count = end - first
    if count < 3:
        return 0.0
    total = 0.0
    for at in range(count):
        total += (2 * at - count + 1) * (values[first + at] - values[first])
    return 6.0 * total / (count * (count * count - 1))


@njit(cache=True)
def _follow_averages(closes: Floats, found: Record) -> None:
    """The averages, begun with the first close; of their last TAIL values slopes and separations."""
    bars = len(closes)
    value = np.empty(len(SPANS))
    weight = np.empty(len(SPANS))
    for place in range(len(SPANS)):
        value[place] = closes[0]
        weight[place] = 2.0 / (SPANS[place] + 1)
    kept = min(bars, TAIL)
    tail = np.empty((len(SPANS), kept))
    start = bars - kept
    for bar in range(bars):
        close = closes[bar]
        for place in range(len(SPANS)):
            value[place] += (close - value[place]) * weight[place]
        if bar >= start:
            for place in range(len(SPANS)):
                tail[place, bar - start] = value[place]
    for place in range(len(SPANS)):
        found.averages[place] = value[place]
    for at in range(len(SLOPED)):
        line = tail[SLOPED[at]]
        if kept >= SLOPE_BARS:
            found.slopes[at] = line_slope(line, kept - SLOPE_BARS, kept) / line[kept - 1]
        if kept == TAIL:
            before = line_slope(line, 0, SLOPE_BARS) / line[SLOPE_BARS - 1]
            found.accels[at] = found.slopes[at] - before
    for at in range(2):
        # 20 against 60, and 60 against 144.
        faster, slower = tail[2 * at], tail[at + 2]
        last = kept - 1
        found.separations[at] = (faster[last] - slower[last]) / slower[last]
        if kept > 5:
            old = (faster[last - 5] - slower[last - 5]) / slower[last - 5]
            found.separations[2 + at] = found.separations[at] - old


@njit(cache=True)
def _follow_ranges(columns: Columns, states: tuple[Record, Record], found: Record) -> None:
    """ATR and ADX; the ADX begins with the first directional index, not with the mean of the first 14."""
    ranges, directions = states
    bars = len(columns.close)
    atrs = np.empty(TAIL)
    adxs = np.empty(TAIL)
    start = bars - TAIL
    reach, strength = math.nan, math.nan
    for bar in range(bars):
        high, low, close = columns.high[bar], columns.low[bar], columns.close[bar]
        reach = atr_step(ranges, high, low, close)
        adx_step(directions, high, low, close)
        plus, minus = directions.plus_di, directions.minus_di
        both = plus + minus
        if both > 0.0:
            apart = 100.0 * (abs(plus - minus) / both)
            strength = (strength * (RANGE_BARS - 1) + apart) / RANGE_BARS if strength >= 0.0 else apart
        elif bar == RANGE_BARS:
            strength = 0.0
        if bar >= start:
            atrs[bar - start] = reach
            adxs[bar - start] = strength
    if bars > RANGE_BARS:
        found.atr = reach
        _sum_up_ranges(atrs, min(TAIL, bars - RANGE_BARS), found)
    if bars >= ADX_BARS_MIN:
        found.adx = strength
        found.adx_slope = line_slope(adxs, TAIL - min(SLOPE_BARS, bars - RANGE_BARS), TAIL)


@njit(cache=True)
def _sum_up_ranges(atrs: Floats, known: int, found: Record) -> None:
    """The mean of the last 20 ATRs and the highest of the last 10, or of the `known` ones where they are fewer."""
    total, peak = 0.0, 0.0
    for at in range(TAIL - known, TAIL):
        total += atrs[at]
        if at >= TAIL - SLOPE_BARS and atrs[at] > peak:
            peak = atrs[at]
    found.atr_mean = total / known
    found.atr_peak = peak


@njit(cache=True)
def _follow_changes(closes: Floats, found: Record) -> None:
    """The RSI at the last bars by simple averages of the changes; 50 where nothing moved or too few bars are."""
    found.rsi = 50.0
    bars = len(closes)
    known = min(SLOPE_BARS, bars - RANGE_BARS)
    if known <= 0:
        return
    line = np.empty(SLOPE_BARS)
    for at in range(known):
        last = bars - known + at
        gain, loss = 0.0, 0.0
        for bar in range(last - RANGE_BARS + 1, last + 1):
            change = closes[bar] - closes[bar - 1]
            if change > 0.0:
                gain += change
            else:
                loss -= change
        moved = gain + loss
        line[at] = 100.0 * (gain / moved) if moved > 0.0 else 50.0
    found.rsi = line[known - 1]
    found.rsi_slope = line_slope(line, 0, known)


@njit(cache=True)
def _follow_volume(volumes: Floats, found: Record) -> None:
    """How unusual volumes are: logarithms without their extremes against an exponential mean and variance.

    The mean and the variance that a volume is held against include it.
    """
    bars = len(volumes)
    logs = np.empty(bars)
    for bar in range(bars):
        logs[bar] = math.log1p(volumes[bar])
    lowest, highest = winsor_bounds(logs)
    weight = 2.0 / (VOLUME_SPAN + 1)
    mean, variance, z, total, high = 0.0, 0.0, 0.0, 0.0, 0
    for bar in range(bars):
        value = min(max(logs[bar], lowest), highest)
        if bar == 0:
            mean = value
        away = value - mean
        mean += weight * away
        variance = (1.0 - weight) * (variance + weight * away * away)
        if bar < bars - CLUSTER_BARS:
            continue
        z = (value - mean) / math.sqrt(variance) if variance > 0.0 else 0.0
        z = min(max(z, VOLUME_Z_MIN), VOLUME_Z_MAX)
        total += max(z, 0.0)
        high += 1 if z >= CLUSTER_Z else 0
    found.volume_z = z
    found.cluster = 1 if high >= CLUSTER_COUNT or total >= CLUSTER_SUM else 0


@njit(cache=True)
def winsor_bounds(values: Floats) -> tuple[float, float]:
    """The quantiles VOLUME_CUT and 1 - VOLUME_CUT of `values`, between two values on the line between them."""
    count = len(values)
    rank = VOLUME_CUT * (count - 1)
    below = int(rank)
    part = rank - below
    kept = min(below + 2, count)
    least = np.full(kept, math.inf)
    most = np.full(kept, -math.inf)
    for at in range(count):
        value = values[at]
        if value < least[kept - 1]:
            place = kept - 1
            while place > 0 and value < least[place - 1]:
                least[place] = least[place - 1]
                place -= 1
            least[place] = value
        if value > most[kept - 1]:
            place = kept - 1
            while place > 0 and value > most[place - 1]:
                most[place] = most[place - 1]
                place -= 1
            most[place] = value
    if kept == below + 1:
        return least[below], most[below]
    return (
        least[below] + (least[below + 1] - least[below]) * part,
        most[below] + (most[below + 1] - most[below]) * part,
    )
