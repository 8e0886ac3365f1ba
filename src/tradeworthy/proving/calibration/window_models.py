"""Models of an up/down window (O3): which volatility, how far the price's own clock counts, and how fat the tails are.

All of them see a price when it has arrived, never before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tradeworthy.market.digital import YEAR_NS, above
from tradeworthy.market.oracles import OracleSettings
from tradeworthy.market.volatility import VOLATILITY_MAX, VOLATILITY_MIN, MinuteReturns

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SECOND_NS = 1_000_000_000
YEAR_S = YEAR_NS / SECOND_NS
SPAN_MAX = 5
"""A return over more than so many steps has a gap in it, and tells nothing."""


class Ticks(NamedTuple):
    """Prices in order of arrival, none older than the one before: when each came, what second it is of (UTC ns)."""

    ts: Integers
    ts_event: Integers
    price: Floats


class Model(msgspec.Struct, frozen=True):
    """How a forecast is made.

    With `step_s` 0 volatility is the desk's: a day of one-minute returns. Else it is of returns over `step_s`, whose
    weight halves every `half_life_s`. `tails` are the degrees of freedom of Student's t, an even number (0: normal).
    With `own_clock` the time left counts from the second that the price is of, not from when it is used.
    """

    name: str
    step_s: int = 0
    half_life_s: int = 0
    tails: int = 0
    own_clock: bool = False


class Cases(NamedTuple):
    """Moments at which to forecast: the market's number, seconds to its end by the wall and by the price's own clock.

    `tick` is the place of the last price that had arrived, `strike` the window's first price; `up` is 1.0 or 0.0.
    """

    market: Integers
    left_s: Integers
    own_left_s: Floats
    tick: Integers
    strike: Floats
    up: Floats

    def where(self, kept: NDArray[np.bool_]) -> Cases:
        """Some of them."""
        return Cases(*(column[kept] for column in self))  # type: ignore[arg-type]


def volatilities(ticks: Ticks, model: Model) -> Floats:
    """The annualised volatility as the model knew it at each price."""
    if model.step_s:
        return recent(ticks, model.step_s, model.half_life_s)
    return of_minutes(ticks)


def of_minutes(ticks: Ticks) -> Floats:
    """The desk's own: up to a day of one-minute returns, with the oracles' prior."""
    prior, returns = OracleSettings(), MinuteReturns()
    known = np.empty(len(ticks.ts))
    for at, (ts, price) in enumerate(zip(ticks.ts_event.tolist(), ticks.price.tolist(), strict=True)):
        returns.feed(ts, price)
        known[at] = returns.annualised(prior.volatility_prior, prior.prior_minutes)
    return known


def recent(ticks: Ticks, step_s: int, half_life_s: int) -> Floats:
    """Volatility of returns over `step_s` seconds, of exponential weight, drawn towards the prior while there are few.

    Prices of a second apart follow each other (a median of sources is a smoothed price), so short steps see too
    little; steps of ten seconds and more see as much as a minute does, six times as often.
    """
    prior = OracleSettings()
    seen_s = prior.prior_minutes * 60
    squares = prior.volatility_prior**2 / YEAR_S * seen_s
    decay = math.log(2) / half_life_s
    logs, seconds = np.log(ticks.price).tolist(), (ticks.ts_event // SECOND_NS).tolist()
    last, last_log = seconds[0], logs[0]
    known = np.empty(len(logs))
    for at, (second, log) in enumerate(zip(seconds, logs, strict=True)):
        span = second - last
        if span >= step_s:
            if span <= SPAN_MAX * step_s:
                kept = math.exp(-decay * span)
                squares = squares * kept + (log - last_log) ** 2
                seen_s = seen_s * kept + span
            last, last_log = second, log
        known[at] = squares / seen_s
    return np.clip(np.sqrt(known * YEAR_S), VOLATILITY_MIN, VOLATILITY_MAX)


def forecasts(cases: Cases, ticks: Ticks, volatility: Floats, model: Model) -> Floats:
    """The probability of up in each case; `volatility` is of each tick."""
    spot, sigma = ticks.price[cases.tick], volatility[cases.tick]
    left = (cases.own_left_s if model.own_clock else cases.left_s) / YEAR_S
    if model.tails:
        return heavy_above(spot, cases.strike, sigma * np.sqrt(left), model.tails)
    columns: Sequence[Floats] = (spot, cases.strike, sigma, left)
    return np.array([above(*case) for case in zip(*(column.tolist() for column in columns), strict=True)])


def heavy_above(spot: Floats, strike: Floats, deviation: Floats, tails: int) -> Floats:
    """`market.digital.above` where the log price at the end is Student's t of the same variance.

    Source: the finite sum for even degrees of freedom, Abramowitz and Stegun 26.7.4.
    """
    normal = np.log(spot / strike) / deviation - deviation / 2
    t = normal * math.sqrt(tails / (tails - 2))
    inside = 1 / (1 + t * t / tails)
    term, total = np.ones_like(t), np.ones_like(t)
    for order in range(1, tails // 2):
        term = term * inside * (2 * order - 1) / (2 * order)
        total = total + term
    probability: Floats = 0.5 + 0.5 * t / np.sqrt(tails + t * t) * total
    return probability
