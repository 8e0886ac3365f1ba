"""Whether a slice's results fade: trends over time, as a multiplier of confidence, only where they are significant.

Source: specs/uptrend.md 15. A trend is held against the sign of the edge, so that a loss that grows is not fading, and
what it changes is how much a lesson is believed, never its edge (B29).
"""

from __future__ import annotations

from math import log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

POINTS_MIN = 5
T_MIN = 3.0
"""Standard errors that a trend must be away from zero: beyond it 3 in 1,000 are chance."""

SLOPE_MIN = 0.001
HALFLIFE_RANGE_H = (1.0, 8_760.0)
WEEK_H = 168.0


class Moments(NamedTuple):
    """Points (x, y): how many, and the sums of x, y, x * x, y * y and x * y."""

    n: float
    x: float
    y: float
    xx: float
    yy: float
    xy: float


class Decay(NamedTuple):
    """`state` is decaying, improving or stable; the half-life in hours (None: none found), the slope in rr an hour."""

    state: str
    multiplier: float
    halflife_hours: float | None
    slope_per_hour: float


def decay_of(results: Moments, logs: Moments, edge: float) -> Decay:
    """The decay of results over hours, where `logs` are those of ln|rr| and `edge` has the sign of what was learned."""
    slope, sure = trend(results)
    away = slope if edge >= 0 else -slope
    fall, fall_sure = trend(logs)
    halflife = None
    if fall_sure and fall < 0:
        halflife = min(max(log(2.0) / -fall, HALFLIFE_RANGE_H[0]), HALFLIFE_RANGE_H[1])
    if halflife is not None and halflife < WEEK_H:
        return Decay("decaying", 0.5 + 0.5 * halflife / WEEK_H, halflife, slope)
    state, multiplier = slope_rule(away) if sure else ("stable", 1.0)
    return Decay(state, multiplier, halflife, slope)


def slope_rule(slope: float) -> tuple[str, float]:
    """State and multiplier for a slope in rr an hour: -0.002 -> 0.8, -0.01 -> 0.5, 0.002 -> 1.2, 0.01 -> 1.5."""
    change = min(100.0 * abs(slope), 0.5)
    if slope < -SLOPE_MIN:
        return "decaying", 1.0 - change
    if slope > SLOPE_MIN:
        return "improving", 1.0 + change
    return "stable", 1.0


def trend(points: Moments) -> tuple[float, bool]:
    """The least-squares slope, and whether it is T_MIN standard errors from zero; 0.0 for under POINTS_MIN points."""
    n = points.n
    if n < POINTS_MIN:
        return 0.0, False
    spread = points.xx - points.x * points.x / n
    if spread <= 1e-9 * max(points.xx, 1.0):
        return 0.0, False
    slope = (points.xy - points.x * points.y / n) / spread
    left = max(points.yy - points.y * points.y / n - slope * slope * spread, 0.0)
    error = sqrt(left / (n - 2) / spread)
    return slope, abs(slope) > 1e-12 and abs(slope) >= T_MIN * error


def columns_of(hours: NDArray[np.float64], results: NDArray[np.float64]) -> NDArray[np.float64]:
    """The columns whose sums are the Moments of results, then those of ln|rr|, which a result of zero has none of."""
    sizes = np.abs(results)
    there = sizes > 1e-12
    # The library's logarithm for all of them: that of arrays differs in the last digit by machine.
    logs = np.array([log(size) if size > 1e-12 else 0.0 for size in sizes.tolist()], np.float64)
    one, at = there.astype(np.float64), np.where(there, hours, 0.0)
    plain = (np.ones(len(results)), hours, results, hours * hours, results * results, hours * results)
    return np.column_stack([*plain, one, at, logs, at * at, logs * logs, at * logs])
