"""Simulated books around recorded prices: makers who quote the fair price of a window, some time too late.

At the arrival of each price, plus the market's own lag, both books are quoted anew: YES around the fair price of
what the makers know, NO as its mirror. Volatility is that of the prices which had arrived. Nothing else is
assumed of them but what PredictionSettings say, and with a lag of 0 they know all that a desk can know.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tradeworthy.gateways.feeds.market_lives import LOT
from tradeworthy.gateways.feeds.rows import Floats, Integers
from tradeworthy.gateways.feeds.timeline import Books
from tradeworthy.gateways.feeds.window_record import MS_NS, Arrivals, Window
from tradeworthy.gateways.simulator.noise import Stream
from tradeworthy.gateways.simulator.prediction_settings import PredictionSettings
from tradeworthy.market.digital import YEAR_NS, above
from tradeworthy.market.oracles import OracleSettings
from tradeworthy.market.volatility import MinuteReturns

LEVEL_STEP = 0.01
"""From one level to the next, in price."""

ROUNDING = 1e-9
"""A quote this near a tick stands on it."""

PLACES, LEVELS = 1024, 16
"""So many windows and levels have draws of their own."""


class Makers(NamedTuple):
    """Who quotes: their settings and lag, what they draw from, and the volatility at each price that arrived."""

    settings: PredictionSettings
    lag_ms: int
    draws: Stream
    arrivals: Arrivals
    volatility: Floats


def makers_of(settings: PredictionSettings, lag_ms: int, seed: int, arrivals: Arrivals) -> Makers:
    """The makers of a record."""
    return Makers(settings, lag_ms, Stream(seed, "recorded.makers"), arrivals, volatilities(arrivals))


def volatilities(arrivals: Arrivals) -> Floats:
    """The annualised volatility as it was known at each arrival, with the oracles' prior."""
    prior, returns = OracleSettings(), MinuteReturns()
    known = np.empty(len(arrivals.ts))
    for at, (ts, price) in enumerate(zip(arrivals.ts_event.tolist(), arrivals.price.tolist(), strict=True)):
        returns.feed(ts, price)
        known[at] = returns.annualised(prior.volatility_prior, prior.prior_minutes)
    return known


def window_books(makers: Makers, window: Window, strike: float | None, place: int, opened_ts: int) -> Books:
    """The books of one window, whose YES token has the place 2 * `place`: even odds until its start is known."""
    settings, arrivals = makers.settings, makers.arrivals
    key = window.start_ts // MS_NS
    lag_share, spread_share = makers.draws.uniform(np.array([2 * key, 2 * key + 1])).tolist()
    lag_ns = int(makers.lag_ms * (0.5 + lag_share)) * MS_NS
    seen = (
        (arrivals.ts_event >= window.start_ts)
        & (arrivals.ts + lag_ns < window.end_ts)
        & (arrivals.ts + lag_ns > opened_ts)
    )
    heeded = np.flatnonzero(seen) if strike is not None else np.zeros(0, np.int64)
    ts = np.concatenate([[opened_ts], arrivals.ts[heeded] + lag_ns])
    fair = np.array([0.5, *_fair(makers, window, strike or 0.0, heeded, lag_ns)])
    half = settings.half_spread_min + spread_share * (settings.half_spread_max - settings.half_spread_min)
    return _both_books(makers, ts, fair, half, (round(1 / float(window.tick)), place))


def _fair(makers: Makers, window: Window, strike: float, heeded: Integers, lag_ns: int) -> list[float]:
    arrivals = makers.arrivals
    left = window.end_ts - (arrivals.ts[heeded] + lag_ns)
    columns = arrivals.price[heeded], makers.volatility[heeded], left / YEAR_NS
    return [above(s, strike, v, t) for s, v, t in zip(*(one.tolist() for one in columns), strict=True)]


def _both_books(makers: Makers, ts: Integers, fair: Floats, half: float, token: tuple[int, int]) -> Books:
    """YES and NO books, one after the other; `token` is ticks a unit of currency, and the place of the window."""
    steps, place = token
    levels = np.arange(makers.settings.depth) * max(1, round(LEVEL_STEP * steps))
    bid = np.floor((fair - half) * steps + ROUNDING).astype(np.int64)[:, None] - levels
    ask = np.ceil((fair + half) * steps - ROUNDING).astype(np.int64)[:, None] + levels
    spell = ts // (makers.settings.requote_ms * MS_NS)
    bid_lots = np.where((bid >= 1) & (bid < steps), _lots(makers, 2 * spell, place), 0)
    ask_lots = np.where((ask >= 1) & (ask < steps), _lots(makers, 2 * spell + 1, place), 0)
    stamps = np.repeat(ts, 2)
    return Books(
        stamps,
        stamps,
        np.tile([2 * place, 2 * place + 1], len(ts)),
        _one_by_one(bid, steps - ask),
        _one_by_one(bid_lots, ask_lots),
        _one_by_one(ask, steps - bid),
        _one_by_one(ask_lots, bid_lots),
    )


def _one_by_one(yes: Integers, no: Integers) -> Integers:
    """The rows of both, a YES before its NO."""
    return np.stack([yes, no], axis=1).reshape(2 * len(yes), -1)


def _lots(makers: Makers, spell: Integers, place: int) -> Integers:
    """Sizes of one side's levels: half to one and a half of the usual; they stand for one spell of requoting."""
    settings = makers.settings
    keys = (spell[:, None] * PLACES + place) * LEVELS + np.arange(settings.depth)
    shares = settings.level_shares * (0.5 + makers.draws.uniform(keys.ravel()).reshape(keys.shape))
    return np.maximum(1, np.rint(shares / float(LOT))).astype(np.int64)
