"""The feature step: what one row of the panel says, before any parameter of a trade.

    v_w(t)  = ln lam_w(t) - ln lam_w(t-1)          growth of the market mode a bar
    vel_div = v_fast(t) - v_slow(t)                fast minus slow

A value that is not known is NaN, and NaN never signals: too few assets, a hole in the window, or another set of
assets than the bar before (whose eigenvalues can't be compared).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from tradeworthy.desks.divergence.records import (
    CALIBRATION_MAX,
    PRICES,
    STRESS_HOURS,
    WINDOWS,
)
from tradeworthy.desks.divergence.spectrum import (
    REFRESH,
    fill_matrix,
    largest_eigenvalue,
    refresh_sums,
    roll_sums,
    take_returns,
)

DAY_NS = 86_400_000_000_000
HOUR_NS = 3_600_000_000_000


@njit(cache=True)
def feature_step(state: Any, row: Any, out: Any) -> None:
    """Take one row and write what it says into `out` (FEATURES)."""
    if state.ts >= 0 and row.ts - state.ts != state.step_ns:
        _forget_prices(state)
    take_returns(state, row)
    roll_sums(state)
    state.since_refresh += 1
    if state.since_refresh >= REFRESH:
        state.since_refresh = 0
        refresh_sums(state)
    out.ts = row.ts
    out.bar = row.ts % DAY_NS // state.step_ns
    out.columns = state.columns
    _velocities(state, out)
    _instability(state, out)
    _prices(state, out)
    _volatility(state, row, out)
    _stress(state, row, out)
    state.ts = row.ts
    state.bars += 1


@njit(cache=True)
def percentile_of(values: Any, count: int, share: float) -> float:
    """The `share` quantile of the first `count` values, linear between neighbours; NaN of none."""
    if count == 0:
        return math.nan
    ordered = np.sort(values[:count])
    place = share * float(count - 1)
    low = math.floor(place)
    high = min(low + 1, count - 1)
    return float(ordered[low] + (ordered[high] - ordered[low]) * (place - float(low)))


@njit(cache=True)
def _forget_prices(state: Any) -> None:
    """Rows are missing: no look back at a price may cross the hole."""
    for slot in range(PRICES):
        for i in range(state.columns):
            state.prices[slot, i] = math.nan
    state.vol_run = 0
    state.velocity_run = 0


@njit(cache=True)
def _velocities(state: Any, out: Any) -> None:
    scratch, factor = np.empty(state.columns), np.empty((state.columns, state.columns))
    for k in range(WINDOWS - 1, -1, -1):
        assets, same = fill_matrix(state, k)
        before = state.eigenvalue[k]
        value = math.nan
        if assets >= state.assets_min:
            value = largest_eigenvalue(state, k, scratch, factor)
        out.eigenvalue[k] = value
        out.velocity[k] = (
            math.log(value) - math.log(before) if same and value > 0.0 and before > 0.0 else math.nan
        )
        state.eigenvalue[k] = value
        if k == 0:
            # The fast window is solved last, so that its matrix and vector stand when the assets are profiled.
            out.assets = assets
            _profiles(state, out, value)
    out.vel_div = out.velocity[0] - out.velocity[1]


@njit(cache=True)
def _profiles(state: Any, out: Any, value: float) -> None:
    """Efficiency and noise of each asset over the fast window.

    The market mode explains the share value * u_i^2 of asset i's variance (u: unit eigenvector), the rest is noise.
    """
    weight, members = state.weight[0], 0
    for i in range(state.columns):
        out.efficiency[i] = math.nan
        out.noise[i] = math.nan
        if state.members[0, i] == 0 or not value > 0.0:
            continue
        members += 1
        mean = state.sums[0, i] / weight
        variance = state.products[0, i, i] / weight - mean * mean
        unit = state.vector[0, i]
        out.noise[i] = math.sqrt(variance * max(0.0, 1.0 - value * unit * unit))
        total = 0.0
        if state.absolute[i] > 0.0:
            total = min(1.0, abs(_path(state, i)) / state.absolute[i])
        out.efficiency[i] = total
    _rank(state, out, members)


@njit(cache=True)
def _path(state: Any, i: int) -> float:
    """The sum of the fast window's returns; the exponential kernel weighs its sums, so they are counted here."""
    total = 0.0
    for back in range(state.windows[0] - 1, -1, -1):
        total += state.returns[(state.bars - back) % state.returns.shape[0], i]
    return total


@njit(cache=True)
def _rank(state: Any, out: Any, members: int) -> None:
    """Replace each noise by its rank in [0, 1]; of equal ones the earlier column ranks lower."""
    ranks = np.empty(state.columns)
    for i in range(state.columns):
        below = 0
        if state.members[0, i] == 1:
            for j in range(state.columns):
                if state.members[0, j] == 1 and (
                    out.noise[j] < out.noise[i] or (out.noise[j] == out.noise[i] and j < i)
                ):
                    below += 1
        ranks[i] = float(below) / float(max(1, members - 1))
    for i in range(state.columns):
        if not math.isnan(out.noise[i]):
            out.noise[i] = ranks[i]


@njit(cache=True)
def _deviation(ring: Any, newest: int, width: int) -> float:
    """The population sd of the last `width` values of a ring whose newest stands at `newest`."""
    size = ring.shape[0]
    mean, spread = 0.0, 0.0
    for back in range(width):
        mean += ring[(newest - back) % size]
    mean /= float(width)
    for back in range(width):
        away = ring[(newest - back) % size] - mean
        spread += away * away
    return math.sqrt(spread / float(width))


@njit(cache=True)
def _instability(state: Any, out: Any) -> None:
    """The sd of the fast velocity over as many bars as its window has."""
    width = state.windows[0]
    out.instability = math.nan
    fast = out.velocity[0]
    if math.isnan(fast):
        state.velocity_run = 0
        return
    size = state.velocities.shape[0]
    state.velocities[state.bars % size] = fast
    state.velocity_run += 1
    if state.velocity_run < width or width > size:
        return
    out.instability = _deviation(state.velocities, state.bars, width)


@njit(cache=True)
def _prices(state: Any, out: Any) -> None:
    """Closes, and returns over the bars of confirmation and outcome."""
    slot = state.bars % PRICES
    for i in range(state.columns):
        price = state.price[i]
        out.close[i] = price
        state.prices[slot, i] = price
        out.confirm[i] = math.nan
        out.outcome[i] = math.nan
        if state.bars >= state.confirm_bars:
            out.confirm[i] = price / state.prices[(state.bars - state.confirm_bars) % PRICES, i] - 1.0
        if state.bars >= state.outcome_bars:
            out.outcome[i] = price / state.prices[(state.bars - state.outcome_bars) % PRICES, i] - 1.0


@njit(cache=True)
def _volatility(state: Any, row: Any, out: Any) -> None:
    """Population sd of the last simple returns of one instrument, and whether it is above its threshold."""
    out.volatility = _volatility_now(state)
    day = row.ts // DAY_NS
    if state.calibration_days > 0 and math.isnan(state.vol_p60):
        if state.first_day < 0 or (state.readings == 0 and day >= state.first_day + state.calibration_days):
            # The first row, or days that told nothing: they are counted anew from here.
            state.first_day = day
        if day >= state.first_day + state.calibration_days:
            state.vol_p60 = percentile_of(state.calibration, state.readings, state.percentile)
        elif not math.isnan(out.volatility) and state.readings < CALIBRATION_MAX:
            state.calibration[state.readings] = out.volatility
            state.readings += 1
    out.vol_p60 = state.vol_p60
    if math.isnan(state.vol_p60):
        out.vol_ok = -1
    else:
        out.vol_ok = 1 if out.volatility > state.vol_p60 else 0


@njit(cache=True)
def _volatility_now(state: Any) -> float:
    column, width = state.vol_column, state.vol_lookback
    if column < 0:
        return math.nan
    before = state.prices[(state.bars - 1) % PRICES, column] if state.bars > 0 else math.nan
    change = state.price[column] / before - 1.0
    if math.isnan(change):
        state.vol_run = 0
        return math.nan
    size = state.vol_returns.shape[0]
    state.vol_returns[state.bars % size] = change
    state.vol_run += 1
    if state.vol_run < width:
        return math.nan
    return _deviation(state.vol_returns, state.bars, width)


@njit(cache=True)
def _stress(state: Any, row: Any, out: Any) -> None:
    """Beta: high while the smoothed slow velocity is above its 30-day threshold, which is set anew each day."""
    slow = out.velocity[WINDOWS - 1]
    if not math.isnan(slow):
        if math.isnan(state.stress):
            state.stress = slow
        else:
            state.stress += state.stress_alpha * (slow - state.stress)
    day = row.ts // DAY_NS
    if day != state.day:
        state.day = day
        state.stress_threshold = math.nan
        if state.hours >= STRESS_HOURS:
            state.stress_threshold = percentile_of(state.stress_hours, STRESS_HOURS, state.percentile)
    hour = row.ts // HOUR_NS
    if hour != state.hour and not math.isnan(state.stress):
        state.hour = hour
        state.stress_hours[state.hours % STRESS_HOURS] = state.stress
        state.hours += 1
    out.stress = state.stress
    out.beta = beta_of(state)


@njit(cache=True)
def beta_of(state: Any) -> float:
    """The beta that holds after the last row; without thirty days of history it is the low one."""
    # A comparison with NaN is false.
    return float(state.beta_high if state.stress > state.stress_threshold else state.beta_low)
