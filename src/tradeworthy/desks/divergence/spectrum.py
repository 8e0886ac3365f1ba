"""The largest eigenvalue of the rolling correlation matrix, bar by bar.

    r_i(t)   = ln(P_i(t) / P_i(t-1))
    C_w(t)   = Pearson correlation of r over the last w bars, unit diagonal
    lam_w(t) = largest eigenvalue of C_w(t), 1 <= lam <= N

Sums of products are rolled: a bar enters, another leaves. Every REFRESH bars, and when a great move leaves a window,
they are made anew from the bars themselves, so that rounding can't pile up. The eigenvalue comes from power iteration
that begins where the last bar ended, and each is confirmed. A full solve only asserts it (checking.check_spectrum): it
never replaces it.
Literature: absorption ratio, Kritzman et al. 2011; largest eigenvalue and drawdowns, Conlon et al., arXiv 1002.0321.
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from tradeworthy.desks.divergence.records import RING

REFRESH = 512
"""Bars after which the rolled sums are made anew."""

VARIANCE_MIN = 1e-14
"""An asset whose returns vary less than this has no correlation with anything."""

TOLERANCE = 1e-14
"""Relative change of the eigenvalue at which the power iteration ends."""

FALL = 1e-3
"""A sum of squares that has fallen to this share of what it was carries too much of the larger one's rounding."""

ITERATIONS_MAX = 200
"""Steps of power iteration after which two eigenvalues are too near to tell apart in this way."""

MARGIN = 1e-12
"""Relative: no eigenvalue may be larger than the one found by more than this."""

BISECTED = 1e-13
"""Relative width at which the bisection ends."""

INVERSE_STEPS = 4


@njit(cache=True)
def take_returns(state: Any, row: Any) -> None:
    """Put the row's returns into the ring; a hole (no bar, no price, or rows missing) ends an asset's run."""
    columns = state.columns
    slot = state.bars % RING
    adjoins = state.ts >= 0 and row.ts - state.ts == state.step_ns
    for i in range(columns):
        price = math.nan
        if row.present[i] != 0 and 0.0 < row.close[i] < math.inf:
            price = row.close[i]
        before = state.price[i]
        if adjoins and price > 0.0 and before > 0.0:
            state.returns[slot, i] = math.log(price / before)
            state.run[i] += 1
        else:
            state.returns[slot, i] = 0.0
            state.run[i] = 0
        state.price[i] = price


@njit(cache=True)
def roll_sums(state: Any) -> None:
    """Let the newest returns enter each window's sums and the oldest leave."""
    columns, slot = state.columns, state.bars % RING
    for k in range(state.windows.shape[0]):
        decay = state.decay[k]
        if decay > 0.0:
            state.weight[k] = state.weight[k] * decay + 1.0
            for i in range(columns):
                x = state.returns[slot, i]
                state.sums[k, i] = state.sums[k, i] * decay + x
                for j in range(i + 1):
                    state.products[k, i, j] = state.products[k, i, j] * decay + x * state.returns[slot, j]
            continue
        width = state.windows[k]
        state.weight[k] = float(width)
        gone = (state.bars - width) % RING
        leaves = state.bars >= width
        for i in range(columns):
            x = state.returns[slot, i]
            y = state.returns[gone, i] if leaves else 0.0
            state.sums[k, i] += x - y
            for j in range(i + 1):
                old = y * state.returns[gone, j] if leaves else 0.0
                state.products[k, i, j] += x * state.returns[slot, j] - old
            squares = state.products[k, i, i]
            if squares > state.peaks[k, i]:
                state.peaks[k, i] = squares
            elif squares < FALL * state.peaks[k, i]:
                state.since_refresh = REFRESH
    width = state.windows[0]
    for i in range(columns):
        old = abs(state.returns[(state.bars - width) % RING, i]) if state.bars >= width else 0.0
        state.absolute[i] += abs(state.returns[slot, i]) - old


@njit(cache=True)
def refresh_sums(state: Any) -> None:
    """Make the sums of the box windows anew from the bars in them."""
    columns = state.columns
    for k in range(state.windows.shape[0]):
        if state.decay[k] > 0.0:
            continue
        width = min(state.windows[k], state.bars + 1)
        for i in range(columns):
            state.sums[k, i] = 0.0
            for j in range(i + 1):
                state.products[k, i, j] = 0.0
        for back in range(width - 1, -1, -1):
            slot = (state.bars - back) % RING
            for i in range(columns):
                x = state.returns[slot, i]
                state.sums[k, i] += x
                for j in range(i + 1):
                    state.products[k, i, j] += x * state.returns[slot, j]
        for i in range(columns):
            state.peaks[k, i] = state.products[k, i, i]
    width = min(state.windows[0], state.bars + 1)
    for i in range(columns):
        total = 0.0
        for back in range(width - 1, -1, -1):
            total += abs(state.returns[(state.bars - back) % RING, i])
        state.absolute[i] = total


@njit(cache=True)
def fill_matrix(state: Any, k: int) -> tuple[int, bool]:
    """Correlations of window `k` into `state.matrix`: how many assets are in it, and whether they are the last bar's.

    An asset with a hole in the window, or whose returns don't vary, is left out: its row and column are 0.
    """
    columns, weight = state.columns, state.weight[k]
    needed = state.windows[k] if state.decay[k] == 0.0 else 2 * state.windows[k]
    assets, same = 0, True
    for i in range(columns):
        mean = state.sums[k, i] / weight
        variance = state.products[k, i, i] / weight - mean * mean
        member = 1 if state.run[i] >= needed and variance > VARIANCE_MIN else 0
        if member != state.members[k, i]:
            same = False
        state.members[k, i] = member
        assets += member
        # The diagonal holds 1 / sd until all of them are known.
        state.matrix[i, i] = 1.0 / math.sqrt(variance) if member == 1 else 0.0
    for i in range(columns):
        for j in range(i):
            covariance = state.products[k, i, j] / weight - state.sums[k, i] / weight * (
                state.sums[k, j] / weight
            )
            value = covariance * state.matrix[i, i] * state.matrix[j, j]
            state.matrix[i, j] = value
            state.matrix[j, i] = value
    for i in range(columns):
        state.matrix[i, i] = float(state.members[k, i])
    return assets, same


@njit(cache=True)
def largest_eigenvalue(state: Any, k: int, scratch: Any, factor: Any) -> float:
    """The largest eigenvalue of `state.matrix`, within MARGIN of itself; its unit vector stays in `state.vector`.

    `scratch` holds a float64 for each column, `factor` one for each pair. Power iteration from the last bar's vector
    finds it; a factorisation confirms that no eigenvalue is larger. Where two are so near that it is not confirmed,
    the factorisations find it themselves.
    """
    value = _power(state, k, scratch)
    if value > 0.0 and _is_bound(state, value * (1.0 + MARGIN), factor):
        return value
    return _bisected(state, k, scratch, factor)


@njit(cache=True)
def _power(state: Any, k: int, scratch: Any) -> float:
    """The eigenvalue by power iteration; 0 if it does not settle.

    The start leans on all members a little, so that a vector which was the largest's a bar ago can't hide the one
    that is now.
    """
    columns, vector = state.columns, state.vector[k]
    norm = 0.0
    for i in range(columns):
        member = float(state.members[k, i])
        vector[i] = member * (vector[i] + 0.01 + 0.001 * float(i))
        norm += vector[i] * vector[i]
    norm = math.sqrt(norm)
    for i in range(columns):
        vector[i] /= norm
    last = 0.0
    for _ in range(ITERATIONS_MAX):
        norm, value = 0.0, 0.0
        for i in range(columns):
            total = 0.0
            for j in range(columns):
                total += state.matrix[i, j] * vector[j]
            scratch[i] = total
            norm += total * total
            value += total * vector[i]
        norm = math.sqrt(norm)
        for i in range(columns):
            vector[i] = scratch[i] / norm
        if abs(value - last) <= TOLERANCE * value:
            return value
        last = value
    return 0.0


@njit(cache=True)
def _is_bound(state: Any, bound: float, factor: Any) -> bool:
    """Whether all eigenvalues are below `bound`: bound * I - C has a Cholesky factor, which is left in `factor`."""
    for i in range(state.columns):
        for j in range(i + 1):
            total = -state.matrix[i, j]
            if i == j:
                total += bound
            for m in range(j):
                total -= factor[i, m] * factor[j, m]
            if i == j:
                if not total > 0.0:
                    return False
                factor[i, i] = math.sqrt(total)
            else:
                factor[i, j] = total / factor[j, j]
    return True


@njit(cache=True)
def _bisected(state: Any, k: int, scratch: Any, factor: Any) -> float:
    """The least bound by bisection between the mean eigenvalue and their sum, and the vector by inverse iteration."""
    columns, vector = state.columns, state.vector[k]
    low, high = 1.0, 0.0
    for i in range(columns):
        high += 1.001 * float(state.members[k, i])
    while high - low > BISECTED * high:
        middle = 0.5 * (low + high)
        if _is_bound(state, middle, factor):
            high = middle
        else:
            low = middle
    _is_bound(state, high, factor)
    for _ in range(INVERSE_STEPS):
        for i in range(columns):
            total = vector[i]
            for j in range(i):
                total -= factor[i, j] * scratch[j]
            scratch[i] = total / factor[i, i]
        norm = 0.0
        for back in range(columns):
            i = columns - 1 - back
            total = scratch[i]
            for j in range(i + 1, columns):
                total -= factor[j, i] * vector[j]
            vector[i] = total / factor[i, i]
            norm += vector[i] * vector[i]
        norm = math.sqrt(norm)
        for i in range(columns):
            vector[i] /= norm
    return high
