"""The forewarner: how bad the days ahead may get, from the desk's own trades.

The last trades are drawn again in blocks (the stationary bootstrap, Politis and Romano 1994) into PATHS futures of
HORIZON_DAYS. `p_cat` is the share of futures that lose CATASTROPHE from a peak, `cvar95` the mean of the worst
twentieth of their days. `env_dist` is how far the settings and the market stand outside the champion's box, in half
widths of the box.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numba import njit

from tradeworthy.core.draws import word_of
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.execution.steps import draw_step
from tradeworthy.market.bars import utc_text
from tradeworthy.risk.stance import MC_SCALES, ForewarnerReported, McStatus

PATHS = 4_000
HORIZON_DAYS = 10
BLOCK_TRADES = 20
CATASTROPHE = 0.25
WORST = 0.05
TRADES_MIN, TRADES_MAX = 200, 500
P_CAT_RED, P_CAT_ORANGE = 0.10, 0.03
DISTANCE_RED, DISTANCE_ORANGE = 2.0, 1.0
CVAR_ORANGE = -0.06

DAY_NS = 86_400_000_000_000
REPORT_AGE_NS_MAX = DAY_NS
DRAWS_A_TRADE = 2

BOX = {
    "fraction": (0.10, 0.25),
    "max_leverage": (3.0, 6.0),
    "fixed_tp_pct": (0.006, 0.014),
    "max_hold_bars": (60.0, 180.0),
    "vel_div_threshold": (-0.035, -0.015),
}
"""The champion's box of settings; VOLATILITY_BOX and DVOL_BOX are that of the market."""

VOLATILITY_BOX = (0.8, 4.0)
DVOL_BOX = (30.0, 90.0)


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """A closed trade: when (UTC ns), its net return on its notional, and its notional over the desk's capital."""

    closed_ts: int
    on_notional: float
    exposure: float


def distance(value: float, box: tuple[float, float]) -> float:
    """How far `value` lies outside the box, in half widths; 0 within, and of NaN, which says nothing."""
    low, high = box
    outside = max(0.0, low - value, value - high)
    return outside / (0.5 * (high - low))


def env_distance(settings: DivergenceSettings, volatility: float, dvol: float | None) -> float:
    """The largest distance of the settings, of volatility over its threshold (NaN: unknown), and of the index."""
    values = [(float(getattr(settings, name)), box) for name, box in BOX.items()]
    if not math.isnan(volatility):
        values.append((volatility, VOLATILITY_BOX))
    if dvol is not None:
        values.append((dvol, DVOL_BOX))
    return max(distance(value, box) for value, box in values)


def status_of(p_cat: float, cvar95: float, env_dist: float) -> McStatus:
    """The status that the three figures come to."""
    if p_cat >= P_CAT_RED or env_dist > DISTANCE_RED:
        return McStatus.RED
    if p_cat >= P_CAT_ORANGE or env_dist > DISTANCE_ORANGE or cvar95 <= CVAR_ORANGE:
        return McStatus.ORANGE
    return McStatus.OK


def standing(report: ForewarnerReported | None, now: int) -> McStatus:
    """The status that holds at `now`: OK before the first report, at best ORANGE once it is older than a day."""
    if report is None:
        return McStatus.OK
    if report.status is McStatus.OK and now - report.asof > REPORT_AGE_NS_MAX:
        return McStatus.ORANGE
    return report.status


def forewarn(
    outcomes: Sequence[Outcome], env_dist: float, asof: int, seed: int, paths: int = PATHS, desk: str = ""
) -> ForewarnerReported:
    """The report as of `asof` (UTC ns) on trades of `desk` in the order of their closing; the last TRADES_MAX count.

    Each future makes as many trades a day as the last HORIZON_DAYS saw, at least one, each at the mean exposure of
    those. Under TRADES_MIN trades the status is OK and the evidence "insufficient".
    """
    kept = outcomes[-TRADES_MAX:]
    if len(kept) < TRADES_MIN:
        return ForewarnerReported(
            *(McStatus.OK, MC_SCALES[McStatus.OK], asof),
            env_dist=env_dist,
            n_trades=len(kept),
            evidence="insufficient",
            desk=desk,
        )
    recent = [one for one in kept if one.closed_ts > asof - HORIZON_DAYS * DAY_NS]
    exposures = [one.exposure for one in recent or kept]
    exposure = math.fsum(exposures) / len(exposures)
    returns = np.array([one.on_notional * exposure for one in kept])
    a_day = max(1, round(len(recent) / HORIZON_DAYS))
    stream = np.uint64(word_of(f"{utc_text(asof)[:10]}/MC"))
    days = np.empty(paths * HORIZON_DAYS)
    fallen = futures(returns, days, a_day, np.uint64(seed), stream)
    p_cat, cvar95 = fallen / paths, worst_mean(days, WORST)
    status = status_of(p_cat, cvar95, env_dist)
    return ForewarnerReported(status, MC_SCALES[status], asof, p_cat, cvar95, env_dist, len(kept), desk=desk)


@njit(cache=True)
def futures(returns: Any, days: Any, a_day: int, seed: Any, stream: Any) -> int:
    """Fill `days` with the day returns of one future after the other; how many futures lost CATASTROPHE.

    A trade follows the one before it in `returns` (the first follows the last) but for one in BLOCK_TRADES, which
    begins anew anywhere. The draws are core's, keyed by the trade's number.
    """
    fallen = 0
    trades = returns.shape[0]
    for path in range(days.shape[0] // HORIZON_DAYS):
        equity, peak, lost, place = 1.0, 1.0, 0, -1
        for day in range(HORIZON_DAYS):
            before = equity
            for trade in range(a_day):
                key = ((path * HORIZON_DAYS + day) * a_day + trade) * DRAWS_A_TRADE
                if place < 0 or draw_step(seed, stream, key) * BLOCK_TRADES < 1.0:
                    place = int(draw_step(seed, stream, key + 1) * trades)
                else:
                    place = (place + 1) % trades
                equity = max(0.0, equity * (1.0 + returns[place]))
                peak = max(peak, equity)
                if equity <= peak * (1.0 - CATASTROPHE):
                    lost = 1
            days[path * HORIZON_DAYS + day] = equity / before - 1.0 if before > 0.0 else 0.0
        fallen += lost
    return fallen


@njit(cache=True)
def worst_mean(values: Any, share: float) -> float:
    """The mean of the lowest `share` of the values, at least of one."""
    ordered = np.sort(values)
    count = max(1, int(share * float(ordered.shape[0])))
    total = 0.0
    for i in range(count):
        total += ordered[i]
    return total / float(count)
