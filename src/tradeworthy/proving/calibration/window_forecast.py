"""Calibration of the window forecast (O3) on a recorded day: how good it is, and what would make it better.

One forecast for each market at each of LEFT_S seconds to its end, from the prices that had arrived by then. The
better model is chosen by prices alone, in the first half of the day: windows are laid at every START_STEP_S seconds
of it, their outcome is the price at their end, and the candidate of the least log loss is taken. What it is worth
is then read off the venue's markets of the second half, which had no part in the choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import msgspec
import numpy as np

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.gateways.feeds.window_record import STRIKE_TOLERANCE_NS, Arrivals, Window
from tradeworthy.proving.calibration.scoring import (
    Bin,
    Floats,
    Integers,
    Interval,
    brier,
    log_loss,
    mean_by_market,
    reliability,
)
from tradeworthy.proving.calibration.window_models import (
    SECOND_NS,
    Cases,
    Model,
    Ticks,
    forecasts,
    volatilities,
)
from tradeworthy.runtime.configuration import Configuration

LEFT_S = (240, 180, 120, 60, 30)
WINDOW_S = 300
START_STEP_S = 20
WARM_UP_S = 600
"""Windows of the choice begin this long after the record does."""

HALF, SIGN = "constant 0.5", "sign of S-K"
DESK = Model("O3, minute volatility")
STEPS_S = (5, 10, 15, 30, 60)
HALF_LIVES_S = (120, 300, 600, 1200, 3600)
TAILS = (0, 8, 6, 4)
BETTER = "O3, better"
MARKETS_MIN = 20
"""With fewer markets in one half nothing can be said."""


class Score(msgspec.Struct, frozen=True):
    """One model on some markets: Brier score with its interval, by seconds left, log loss, and the gain on the desk's.

    `gain` is the desk model's Brier score less this one's, forecast by forecast: above 0 it is better.
    """

    model: str
    brier: Interval
    by_left_s: dict[int, float]
    log_loss: float
    gain: Interval
    reliability: tuple[Bin, ...]


class Scope(msgspec.Struct, frozen=True):
    """The scores on one stretch of the day."""

    name: str
    markets: int
    forecasts: int
    scores: tuple[Score, ...]


class Calibration(msgspec.Struct, frozen=True):
    """What the day shows. `chosen` is the better model; `tried` candidates were compared on `windows` of prices.

    `stale` forecasts were made from a price that had arrived more than two seconds before. Intervals are of 95 %.
    """

    chosen: Model
    tried: int
    windows: int
    stale: int
    scopes: tuple[Scope, ...]
    seed: int
    resamples: int


def on_panel(configuration: Configuration) -> bool:
    """Whether `configuration` asks for the figures of divergence desks; else for those of the window forecast.

    UsageError if its desks rest on neither.
    """
    if any(desk.on_panel for desk in configuration.desks):
        return True
    if not configuration.on_predictions:
        raise UsageError(
            f"no desk of {configuration.name} rests on figures that a calibration knows: give a configuration with a"
            " divergence or an arbitrage desk, or none"
        )
    return False


def calibrate(
    arrivals: Arrivals, windows: Sequence[Window], *, seed: int = 7, resamples: int = 2000
) -> Calibration:
    """Score the desk's model and the better one; NotAvailable if a half of the day has under MARKETS_MIN markets."""
    ticks = believed(arrivals)
    middle_ts = int(ticks.ts[0] + ticks.ts[-1]) // 2
    cases, stale = market_cases(ticks, windows)
    ends = np.array([window.end_ts for window in windows], np.int64)
    late = np.array([window.start_ts >= middle_ts for window in windows], np.bool_)[cases.market]
    early = (ends <= middle_ts)[cases.market]
    for half in (early, late):
        if len(np.unique(cases.market[half])) < MARKETS_MIN:
            raise NotAvailable(
                f"the record has under {MARKETS_MIN} resolved windows in a half of its time: too few"
            )
    choice, count = choose(ticks, middle_ts)
    whole = np.ones(len(cases.market), np.bool_)
    scopes = [
        _scope(name, cases.where(kept), ticks, choice, (seed, resamples))
        for name, kept in (("whole day", whole), ("first half", early), ("second half", late))
    ]
    return Calibration(choice, len(candidates()), count, stale, tuple(scopes), seed, resamples)


def believed(arrivals: Arrivals) -> Ticks:
    """The prices in order of arrival, without those older than one that was there already."""
    newest = np.maximum.accumulate(arrivals.ts_event)
    fresh = np.ones(len(newest), np.bool_)
    fresh[1:] = arrivals.ts_event[1:] > newest[:-1]
    return Ticks(arrivals.ts[fresh], arrivals.ts_event[fresh], arrivals.price[fresh])


def market_cases(ticks: Ticks, windows: Sequence[Window]) -> tuple[Cases, int]:
    """The forecasts of the venue's resolved markets, and how many rest on a stale price.

    A market needs a strike, the venue's or the first price within two seconds of its start, and prices by then.
    """
    rows: list[tuple[int, int, float, int, float, bool]] = []
    stale = 0
    for number, window in enumerate(windows):
        first = int(np.searchsorted(ticks.ts_event, window.start_ts))
        if window.up is None or first == len(ticks.ts) or ticks.ts_event[first] >= window.end_ts:
            continue
        strike = window.strike
        if strike is None and ticks.ts_event[first] <= window.start_ts + STRIKE_TOLERANCE_NS:
            strike = float(ticks.price[first])
        if strike is None:
            continue
        for left_s in LEFT_S:
            when = window.end_ts - left_s * SECOND_NS
            tick = int(np.searchsorted(ticks.ts, when, side="right")) - 1
            if tick >= first:
                own_left_s = (window.end_ts - int(ticks.ts_event[tick])) / SECOND_NS
                rows.append((number, left_s, own_left_s, tick, strike, window.up))
                stale += when - int(ticks.ts[tick]) > STRIKE_TOLERANCE_NS
    return _cases(rows), stale


def price_cases(ticks: Ticks, until_ts: int) -> Cases:
    """Forecasts of windows laid over the prices that end by `until_ts`; start and end must be on record."""
    seconds = ticks.ts_event // SECOND_NS
    first_s, until_s = int(seconds[0]) + WARM_UP_S, until_ts // SECOND_NS - WINDOW_S
    starts = np.arange(first_s, until_s, START_STEP_S)
    begin, end = (
        np.searchsorted(seconds, at).clip(max=len(seconds) - 1) for at in (starts, starts + WINDOW_S)
    )
    there = (seconds[begin] == starts) & (seconds[end] == starts + WINDOW_S)
    rows = []
    for number in np.flatnonzero(there).tolist():
        strike, last = float(ticks.price[begin[number]]), float(ticks.price[end[number]])
        end_s = int(starts[number]) + WINDOW_S
        for left_s in LEFT_S:
            tick = int(np.searchsorted(ticks.ts, (end_s - left_s) * SECOND_NS, side="right")) - 1
            if tick >= begin[number]:
                rows.append((number, left_s, float(end_s - seconds[tick]), tick, strike, last >= strike))
    return _cases(rows)


def candidates() -> tuple[Model, ...]:
    """The models among which the prices choose."""
    return tuple(
        Model(BETTER, step_s, half_life_s, tails, own_clock)
        for step_s, half_life_s, tails, own_clock in product(STEPS_S, HALF_LIVES_S, TAILS, (False, True))
    )


def choose(ticks: Ticks, until_ts: int) -> tuple[Model, int]:
    """The candidate of the least log loss on windows laid over the prices until `until_ts`, and how many those are.

    NotAvailable if there is none.
    """
    cases = price_cases(ticks, until_ts)
    if not len(cases.tick):
        raise NotAvailable(
            "the first half of the record has no window of prices without a gap: too few to choose by"
        )
    used = int(cases.tick.max()) + 1
    seen = Ticks(ticks.ts[:used], ticks.ts_event[:used], ticks.price[:used])
    best, chosen = np.inf, DESK
    known: dict[tuple[int, int], Floats] = {}
    for model in candidates():
        key = (model.step_s, model.half_life_s)
        if key not in known:
            known[key] = volatilities(seen, model)
        loss = float(log_loss(forecasts(cases, seen, known[key], model), cases.up).mean())
        if loss < best:
            best, chosen = loss, model
    return chosen, len(np.unique(cases.market))


def _cases(rows: Sequence[tuple[int, int, float, int, float, bool]]) -> Cases:
    market, left_s, own_left_s, tick, strike, up = zip(*rows, strict=True) if rows else ((),) * 6
    return Cases(
        np.array(market, np.int64),
        np.array(left_s, np.int64),
        np.array(own_left_s, np.float64),
        np.array(tick, np.int64),
        np.array(strike, np.float64),
        np.array(up, np.float64),
    )


def _scope(name: str, cases: Cases, ticks: Ticks, choice: Model, draws: tuple[int, int]) -> Scope:
    """All models on the same cases."""
    of = {
        HALF: np.full(len(cases.up), 0.5),
        SIGN: (ticks.price[cases.tick] >= cases.strike).astype(np.float64),
    }
    for model in (DESK, choice):
        of[model.name] = forecasts(cases, ticks, volatilities(ticks, model), model)
    desk = brier(of[DESK.name], cases.up)
    scores = tuple(_score(model, forecast, cases, desk, draws) for model, forecast in of.items())
    return Scope(name, len(np.unique(cases.market)), len(cases.up), scores)


def _score(model: str, forecast: Floats, cases: Cases, desk: Floats, draws: tuple[int, int]) -> Score:
    seed, resamples = draws
    losses = brier(forecast, cases.up)

    def mean_of(values: Floats, market: Integers) -> Interval:
        return mean_by_market(values, market, seed=seed, resamples=resamples)

    return Score(
        model=model,
        brier=mean_of(losses, cases.market),
        by_left_s={left_s: float(losses[cases.left_s == left_s].mean()) for left_s in LEFT_S},
        log_loss=float(log_loss(forecast, cases.up).mean()),
        gain=mean_of(desk - losses, cases.market),
        reliability=reliability(forecast, cases.up),
    )
