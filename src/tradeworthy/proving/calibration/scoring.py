"""How good probabilities were: Brier score, log loss, reliability, and intervals that know what is one draw.

Forecasts of one market share its outcome, so intervals are made by drawing whole markets, never single forecasts.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CONFIDENCE = 0.95
_Z = 1.959963984540054
SURE = 1e-6
"""In the log loss no forecast is surer than this of anything."""


class Interval(msgspec.Struct, frozen=True):
    """A figure, and the bounds that hold it with CONFIDENCE."""

    value: float
    low: float
    high: float


class Bin(msgspec.Struct, frozen=True):
    """Forecasts from `low` to below `high`: how many, their mean, and the share that came true (Wilson's interval)."""

    low: float
    high: float
    count: int
    forecast: float
    came_true: Interval


def brier(forecast: Floats, outcome: Floats) -> Floats:
    """The squared error of each forecast; 0.25 is what a constant 0.5 has. Source: Brier 1950, of one outcome."""
    error: Floats = (forecast - outcome) ** 2
    return error


def log_loss(forecast: Floats, outcome: Floats) -> Floats:
    """Minus the log of what each forecast gave to the outcome."""
    sure = np.clip(forecast, SURE, 1 - SURE)
    loss: Floats = -np.where(outcome > 0, np.log(sure), np.log(1 - sure))
    return loss


def mean_by_market(losses: Floats, market: Integers, *, seed: int, resamples: int) -> Interval:
    """The mean loss, with the percentile bootstrap over markets. Source: Efron and Tibshirani 1993, chapter 13."""
    _, place = np.unique(market, return_inverse=True)
    sums, counts = np.bincount(place, losses), np.bincount(place)
    drawn = np.random.default_rng(seed).integers(0, len(sums), (resamples, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]).tolist()
    return Interval(float(losses.mean()), low, high)


def share(came_true: int, count: int) -> Interval:
    """A share of `count`, with Wilson's interval; 0 to 1 where there is none. Source: Wilson 1927."""
    if not count:
        return Interval(math.nan, 0.0, 1.0)
    seen, square = came_true / count, _Z * _Z / count
    middle = (seen + square / 2) / (1 + square)
    half = _Z * math.sqrt((seen * (1 - seen) + square / 4) / count) / (1 + square)
    return Interval(seen, middle - half if came_true else 0.0, middle + half if came_true < count else 1.0)


def reliability(forecast: Floats, outcome: Floats, bins: int = 10) -> tuple[Bin, ...]:
    """Forecasts in bins of equal width; what is well calibrated comes true as often as it was forecast."""
    place = np.minimum((forecast * bins).astype(np.int64), bins - 1)
    found = []
    for number in range(bins):
        mine = place == number
        count = int(mine.sum())
        mean = float(forecast[mine].mean()) if count else math.nan
        found.append(
            Bin(number / bins, (number + 1) / bins, count, mean, share(int(outcome[mine].sum()), count))
        )
    return tuple(found)
