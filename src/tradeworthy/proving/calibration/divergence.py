"""Calibration of the divergence desks on recorded bars: how their figures lie beside the champion's, and the stop.

The stop's rule (specification, section 5): a driftless walk touches x within the hold with P = 2 (1 - Phi(x / sigma)),
by the reflection principle. The share of trades that touched the take-profit gives sigma over the hold, and sigma
gives the stop that STOP_SHARE of trades touch. It takes each touch as if the other exits were not there: where most
trades touch something it is a rough guide, and a wider stop loses more on each trade that it ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tradeworthy.core.errors import UsageError
from tradeworthy.desks.divergence.codes import Code
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.engine import run_engine
from tradeworthy.desks.divergence.features import feature_step
from tradeworthy.desks.divergence.making import feature_state
from tradeworthy.desks.divergence.records import FEATURES, ROW, record_of
from tradeworthy.desks.divergence.results import Trade
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.proving.parity.batch_path import engine_of
from tradeworthy.proving.parity.differences import DAY_NS, date_of, day_of
from tradeworthy.proving.subject import Subject

Floats = NDArray[np.float64]

EXITS = (Code.MAX_HOLD, Code.FIXED_TP, Code.STOP_LOSS)
CHAMPION = {Code.MAX_HOLD.word: 0.86, Code.FIXED_TP.word: 0.10, Code.STOP_LOSS.word: 0.04}
"""The champion's mix of exits."""

STOP_SHARE = CHAMPION[Code.STOP_LOSS.word]
SHOCK_SHARE = 0.005
"""This share of bars, those of the largest growth of the market mode, are shocks."""


class Day(msgspec.Struct, frozen=True):
    """One UTC day: bars, those whose vel_div is known, and which share of these is beyond the threshold each way."""

    date: str
    bars: int
    known: int
    below: float
    above: float


class Echo(msgspec.Struct, frozen=True):
    """What a shock does when it leaves the fast window, `lag` bars later: means of the fast velocity, in its sd.

    Both kernels are read at the same bars. `box_beyond` and `exp_beyond` are the shares of these bars whose vel_div is
    below the threshold, `base_beyond` that of all bars by the box kernel. NaN without a shock.
    """

    lag: int
    shocks: int
    box: float
    exp: float
    box_beyond: float
    exp_beyond: float
    base_beyond: float


class Stop(msgspec.Struct, frozen=True):
    """The stop by the rule: the share of trades that touched the take-profit, sigma over the hold, and the stop."""

    touched: float
    sigma: float
    stop: float


class Volatility(msgspec.Struct, frozen=True):
    """The gate's threshold: its source, its value (NaN: not calibrated), and the days that it was made of."""

    mode: str
    vol_p60: float
    dates: tuple[str, ...]


class DeskCalibration(msgspec.Struct, frozen=True):
    """One desk. `exits` counts all of its exits; pnl is in cash units after fees, and NaN stands for no trades."""

    desk: str
    direction: int
    threshold: float
    days: tuple[Day, ...]
    below: float
    above: float
    vel_div_sd: float
    echo: Echo
    trades: int
    exits: dict[str, int]
    win_rate: float
    profit_factor: float
    pnl: int
    stop_now: float
    stop: Stop | None
    volatility: Volatility


def calibrate_desks(subject: Subject) -> tuple[DeskCalibration, ...]:
    """Each divergence desk of `subject` over all its rows."""
    found = []
    for name, desk in subject.desks.items():
        engine = engine_of(subject, name)
        run_engine(engine, desk.frame)
        ids = [one.id for one in desk.instruments]
        box, exp = (
            feature_rows(desk.settings.model_copy(update={"kernel": kernel}), ids, desk.frame)
            for kernel in ("box", "exp")
        )
        own = box if desk.settings.kernel == "box" else exp
        found.append(calibration_of(name, desk.settings, desk.frame, (box, exp, own), engine.trades))
    return tuple(found)


def calibration_of(
    name: str,
    settings: DivergenceSettings,
    frame: PanelFrame,
    features: tuple[Any, Any, Any],
    trades: Sequence[Trade],
) -> DeskCalibration:
    """The figures of one desk, from FEATURES by the box, the exponential and its own kernel, and its trades."""
    box, exp, own = features
    threshold = abs(settings.vel_div_threshold)
    vel_div = own["vel_div"]
    known = vel_div[~np.isnan(vel_div)]
    exits = Counter(trade.exit_reason for trade in trades)
    pnls = [trade.pnl_absolute for trade in trades]
    return DeskCalibration(
        name,
        settings.direction,
        threshold,
        days_of(frame.ts, vel_div, threshold),
        _share(known < -threshold),
        _share(known > threshold),
        float(known.std()) if len(known) else float("nan"),
        echo_of(box, exp, settings.windows[0] * frame.step_ns, threshold),
        len(trades),
        dict(exits),
        _share(np.array(pnls) > 0),
        profit_factor(pnls),
        sum(pnls),
        settings.stop_pct,
        stop_of(exits, settings.fixed_tp_pct),
        _volatility(settings, frame, own["vol_p60"]),
    )


def feature_rows(settings: DivergenceSettings, instruments: Sequence[str], frame: PanelFrame) -> Any:
    """The FEATURES of every row of `frame`."""
    state, row, out = (
        feature_state(settings, instruments, frame.timeframe),
        record_of(ROW),
        record_of(FEATURES),
    )
    columns = len(instruments)
    found = np.zeros(frame.rows, FEATURES)
    row.columns = columns
    for i in range(frame.rows):
        row.ts = frame.ts[i]
        row.close[:columns] = frame.close[i]
        row.present[:columns] = frame.close[i] > 0.0
        feature_step(state, row, out)
        found[i] = out
    return found


def days_of(ts: NDArray[np.int64], vel_div: Floats, threshold: float) -> tuple[Day, ...]:
    """The shares of each UTC day of rows that opened at `ts`."""
    found = []
    for day in np.unique(ts // DAY_NS).tolist():
        values = vel_div[ts // DAY_NS == day]
        known = values[~np.isnan(values)]
        shares = _share(known < -threshold), _share(known > threshold)
        found.append(Day(date_of(day), len(values), len(known), *shares))
    return tuple(found)


def echo_of(box: Any, exp: Any, lag_ns: int, threshold: float) -> Echo:
    """The echo of shocks, which are bars of the box's fast velocity; a hole in the rows hides it."""
    ts, fast = box["ts"], box["velocity"][:, 0]
    step_ns = int(np.diff(ts).min()) if len(ts) > 1 else lag_ns
    sizes = fast[~np.isnan(fast)]
    floor = np.quantile(sizes, 1.0 - SHOCK_SHARE) if len(sizes) else np.inf
    shocks = np.flatnonzero(fast > floor)
    places = np.searchsorted(ts, ts[shocks] + lag_ns)
    there = places < len(ts)
    there[there] = ts[places[there]] == ts[shocks[there]] + lag_ns
    at = places[there]
    at = at[~np.isnan(fast[at]) & ~np.isnan(exp["velocity"][at, 0])]
    base = box["vel_div"][~np.isnan(box["vel_div"])]
    return Echo(
        lag_ns // step_ns,
        len(at),
        _in_sd(fast, at),
        _in_sd(exp["velocity"][:, 0], at),
        _share(box["vel_div"][at] < -threshold),
        _share(exp["vel_div"][at] < -threshold),
        _share(base < -threshold),
    )


def stop_of(exits: Counter[str], take_profit: float) -> Stop | None:
    """The stop by the rule, of exits by reason; None if no trade, or each, ended at the take-profit."""
    ended = sum(exits[code.word] for code in EXITS)
    touched = exits[Code.FIXED_TP.word] / ended if ended else 0.0
    if not 0.0 < touched < 1.0:
        return None
    sigma = sigma_by_touch(touched, take_profit)
    return Stop(touched, sigma, distance_touched(STOP_SHARE, sigma))


def sigma_by_touch(share: float, distance: float) -> float:
    """The sd over the hold of a driftless walk that touches `distance` in this `share` of cases.

    UsageError unless the share is above 0 and below 1.
    """
    return distance / _quantile(share)


def distance_touched(share: float, sigma: float) -> float:
    """The distance that a driftless walk of sd `sigma` over the hold touches in this `share` of cases; as above."""
    return sigma * _quantile(share)


def profit_factor(pnls: Sequence[int]) -> float:
    """What the winners made for each unit that the losers lost; infinite without losers, NaN without trades."""
    won, lost = sum(pnl for pnl in pnls if pnl > 0), -sum(pnl for pnl in pnls if pnl < 0)
    if lost:
        return won / lost
    return float("inf") if won else float("nan")


def _quantile(share: float) -> float:
    if not 0.0 < share < 1.0:
        raise UsageError(f"a share of touches is {share}; give one above 0 and below 1")
    return NormalDist().inv_cdf(1.0 - share / 2.0)


def _share(hits: Any) -> float:
    return float(hits.mean()) if len(hits) else float("nan")


def _in_sd(values: Floats, at: Any) -> float:
    known = values[~np.isnan(values)]
    return float(values[at].mean() / known.std()) if len(at) else float("nan")


def _volatility(settings: DivergenceSettings, frame: PanelFrame, vol_p60: Floats) -> Volatility:
    calibration = settings.vol_calibration
    value = float(vol_p60[-1]) if len(vol_p60) else float("nan")
    dates: list[str] = []
    if calibration.mode == "static" and frame.rows:
        first = int(frame.ts[0]) // DAY_NS
        days = np.unique(frame.ts // DAY_NS)
        dates = [day_of(int(day) * DAY_NS) for day in days[days < first + calibration.days]]
    return Volatility(calibration.mode, value, tuple(dates))
