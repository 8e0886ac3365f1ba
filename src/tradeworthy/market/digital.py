"""Fair prices of prediction markets on a price: log-normal without drift, all functions total.

`spot` and strikes are prices in the same currency, `volatility` is annualised, `tau_years` is time left in years of
365 days. Where no time or no volatility is left the answer is 0 or 1, and a tie counts as up.
"""

from __future__ import annotations

import math

YEAR_NS = 365 * 86_400 * 1_000_000_000
"""Nanoseconds of the year that volatilities are given for."""

_ROOT_HALF = math.sqrt(0.5)


def cdf(x: float) -> float:
    """The standard normal distribution function, exact in the tails too (by the complementary error function)."""
    return 0.5 * math.erfc(-x * _ROOT_HALF)


def above(spot: float, strike: float, volatility: float, tau_years: float) -> float:
    """The probability that the price ends at or above `strike` (O1; O3 with the window's first price as strike).

    Source: d2 of Black and Scholes without drift, (ln(S/K) - s^2 t/2) / (s sqrt t).
    """
    deviation = _deviation(volatility, tau_years)
    if strike <= 0.0 or spot <= 0.0 or deviation <= 0.0:
        return 1.0 if spot >= strike else 0.0
    return cdf(_log_ratio(spot, strike) / deviation - 0.5 * deviation)


def between(spot: float, low: float, high: float, volatility: float, tau_years: float) -> float:
    """The probability that the price ends at `low` or above it and below `high`; 0 if they are the wrong way."""
    inside = above(spot, low, volatility, tau_years) - above(spot, high, volatility, tau_years)
    return max(0.0, inside)


def touch(spot: float, strike: float, volatility: float, tau_years: float) -> float:
    """The probability that the price meets `strike` in the time left (O2): from below a reach, from above a dip.

    1 where it stands there already; what was touched earlier the caller must know.
    """
    if spot < strike:
        return reach(spot, strike, volatility, tau_years)
    return dip(spot, strike, volatility, tau_years)


def reach(spot: float, strike: float, volatility: float, tau_years: float) -> float:
    """The probability that the price is at or above `strike` at some time until the end.

    Source: the reflection principle for a Brownian motion with the drift -s^2/2, whose factor is S/K.
    """
    if spot >= strike:
        return 1.0
    deviation = _deviation(volatility, tau_years)
    if spot <= 0.0 or deviation <= 0.0:
        return 0.0
    distance = _log_ratio(spot, strike) / deviation
    mirrored = spot / strike * cdf(distance + 0.5 * deviation)
    return min(1.0, cdf(distance - 0.5 * deviation) + mirrored)


def dip(spot: float, strike: float, volatility: float, tau_years: float) -> float:
    """The probability that the price is at or below `strike` at some time until the end; source as for `reach`."""
    if spot <= strike:
        return 1.0
    deviation = _deviation(volatility, tau_years)
    if strike <= 0.0 or deviation <= 0.0:
        return 0.0
    distance = _log_ratio(spot, strike) / deviation
    tail = cdf(-distance - 0.5 * deviation)
    mirrored = spot / strike * tail if tail else 0.0
    return min(1.0, cdf(0.5 * deviation - distance) + mirrored)


def _deviation(volatility: float, tau_years: float) -> float:
    """The standard deviation of the log price at the end."""
    if volatility <= 0.0 or tau_years <= 0.0:
        return 0.0
    return volatility * math.sqrt(tau_years)


def _log_ratio(spot: float, strike: float) -> float:
    """ln(spot / strike), also where the ratio itself is beyond a float."""
    ratio = spot / strike
    if 0.0 < ratio < math.inf:
        return math.log(ratio)
    return math.log(spot) - math.log(strike)
