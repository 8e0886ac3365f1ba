"""How strategies are scored by what they realised, and how scores become shares within limits. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tradeworthy.desks.arbitrage.config import AllocatorSettings

T_MAX = 3.0
RESULTS_MIN = 5
"""Fewer results than this say nothing of a mean."""

SHRINKAGE = 20
WILSON_Z = 1.959963984540054
"""The two-sided 95 % point of the normal distribution."""

WIN_RATE_WEIGHT = 0.25
SPREAD = 1.6
"""From two strategies on, one may have 1.6 / n: a cap of one half would leave two of them at half and half."""


def t_statistic(results: Sequence[int]) -> float:
    """Student's t of `results`: mean / std * sqrt(n) (sample standard deviation), within +-T_MAX; 0 under RESULTS_MIN.

    Without any spread it is T_MAX with the sign of the mean. The sums are exact, so the order does not matter.
    """
    n = len(results)
    if n < RESULTS_MIN:
        return 0.0
    total = sum(results)
    spread = n * sum(one * one for one in results) - total * total
    if not spread:
        return math.copysign(T_MAX, total) if total else 0.0
    t = total * math.sqrt((n - 1) / spread)
    return max(-T_MAX, min(T_MAX, t))


def wilson_lower(wins: int, trials: int) -> float:
    """The lower end of Wilson's 95 % interval for a rate of `wins` in `trials`; 0 without wins."""
    if not wins:
        return 0.0
    rate, z2 = wins / trials, WILSON_Z * WILSON_Z
    centre = rate + z2 / (2 * trials)
    margin = WILSON_Z * math.sqrt((rate * (1 - rate) + z2 / (4 * trials)) / trials)
    return (centre - margin) / (1 + z2 / trials)


def score(results: Sequence[int]) -> float:
    """The score of realised `results` (cash units, net of fees): never below 0, and 1 where there are none.

    max(0, 1 + t * n / (n + 20)), and a quarter of the win rate's lower bound; results of 0 are neither won nor lost.
    """
    n = len(results)
    wins = sum(one > 0 for one in results)
    losses = sum(one < 0 for one in results)
    shrunk = t_statistic(results) * n / (n + SHRINKAGE)
    return max(0.0, 1.0 + shrunk) + WIN_RATE_WEIGHT * wilson_lower(wins, wins + losses)


def share_max(strategies: int, settings: AllocatorSettings) -> float:
    """The most that one of so many strategies may have: a lone one `max_share`, else that or SPREAD / n."""
    if strategies < 2:
        return settings.max_share
    return min(1.0, max(settings.max_share, SPREAD / strategies))


def shares(scores: Sequence[float], settings: AllocatorSettings, before: Sequence[float] = ()) -> list[float]:
    """A share of the capital for each score, in their order; what they leave of 1 is cash.

    Proportional to the scores within `min_share` and `share_max`, and within `step_max` of the shares `before`.
    """
    high = share_max(len(scores), settings)
    low = min(settings.min_share, high, 1 / len(scores)) if scores else 0.0
    lows, highs = [low] * len(scores), [high] * len(scores)
    for place, old in enumerate(before):
        lows[place] = max(low, min(high, old - settings.step_max))
        highs[place] = min(high, max(low, old + settings.step_max))
    return pour(scores, lows, highs)


def pour(weights: Sequence[float], lows: Sequence[float], highs: Sequence[float]) -> list[float]:
    """Divide 1 in proportion to `weights`, each part within its `lows` and `highs`; parts in order.

    If all highs together are under 1 they are the answer, and so are lows over 1. Equal parts where every weight that
    is left is 0. As water: what one part can't take goes to the others, until all are within their limits.
    """
    parts = [0.0] * len(weights)
    free = list(range(len(weights)))
    while free:
        rest = 1.0 - sum(parts[place] for place in range(len(parts)) if place not in free)
        total = sum(weights[place] for place in free)
        wanted = {place: rest * weights[place] / total if total else rest / len(free) for place in free}
        held = {place: min(highs[place], max(lows[place], wanted[place])) for place in free}
        excess = sum(held[place] - wanted[place] for place in free)
        # Too much in all: those held up at their lows stay there; too little: those held down at their highs.
        done = [
            place
            for place in free
            if (excess > 0 and held[place] > wanted[place]) or (excess < 0 and held[place] < wanted[place])
        ]
        for place in done or free:
            parts[place] = held[place]
        free = [place for place in free if place not in done] if done else []
    return parts
