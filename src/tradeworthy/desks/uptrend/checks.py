"""The buy checks of each state; all their figures are filled, also where they fail (specs 6.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tradeworthy.core.events import Figure
from tradeworthy.desks.uptrend.config import EngineSettings
from tradeworthy.desks.uptrend.geometry import Level
from tradeworthy.desks.uptrend.names import Stage
from tradeworthy.desks.uptrend.scores import (
    deep_discount,
    discount_threshold,
    distance_atr,
    level_boost,
    logistic_trend_strength,
    trend_strength,
)
from tradeworthy.desks.uptrend.technicals import Technicals

FIRST_DIP_HALO_ATR = 0.5
FIRST_DIP_FAST_BARS, FIRST_DIP_BARS = 6, 12
"""Bars since S3 began in which a first dip to EMA20 or EMA30, or to EMA60, counts."""


class Gates(NamedTuple):
    """The thresholds in force: fields as in EngineSettings. Looser ones buy more, and worse."""

    ts_threshold: float
    first_dip_ts_threshold: float
    sr_boost_max: float
    s1_halo_atr: float
    s2_halo_atr: float
    ox_sell_threshold: float
    dx_buy_threshold: float
    trim_halo_atr: float
    rules: EngineSettings


def gates_of(settings: EngineSettings, read: Callable[[str, float], float]) -> Gates:
    """The gates by `read(key, default)`; the defaults and all that is no number are the settings'."""
    values = {name: float(read(name, getattr(settings, name))) for name in Gates._fields[:-1]}
    return Gates(**values, rules=settings)


class Strength(NamedTuple):
    """TS, what a level near the state's anchor adds to it, and both."""

    score: float
    boost: float
    total: float


class Sight(NamedTuple):
    """All that the checks of one bar look at. `bars_since_s3` is 0 on the bar that S3 began with."""

    state: Stage
    price: float
    technicals: Technicals
    levels: tuple[Level, ...]
    gates: Gates
    edx: float = 0.0
    bars_since_s3: int = 0
    first_dip_taken: bool = False

    @property
    def anchor(self) -> float:
        """The average that a buy leans on: EMA333 in S2 and S3, EMA60 before."""
        emas = self.technicals.emas
        return emas.ema333 if self.state in {Stage.S2, Stage.S3} else emas.ema60

    @property
    def emergency(self) -> bool:
        """Whether S3's price is under EMA333."""
        return self.state is Stage.S3 and self.price < self.technicals.emas.ema333


class Checked(NamedTuple):
    """Whether the state's buy check, and whether the first dip's, is met; and the figures of both."""

    met: bool
    first_dip: bool
    figures: dict[str, Figure]


def strength(sight: Sight) -> Strength:
    """TS in the form that the settings name, with its boost."""
    seen, gates = sight.technicals, sight.gates
    if gates.rules.ts_form == "logistic":
        score = logistic_trend_strength(seen.rsi_slope_10, seen.adx_slope_10, seen.adx)
    else:
        score = trend_strength(seen.rsi_slope_10, seen.adx_slope_10)
    boost = level_boost(sight.levels, sight.anchor, seen.atr, gates.sr_boost_max)
    return Strength(score, boost, score + boost)


def check(sight: Sight, ts: Strength) -> Checked:
    """The check of the state: the discount's in S3, the retest's in S2, the entry's in all others."""
    figures: dict[str, Figure] = {
        "ts_score": ts.score,
        "sr_boost": ts.boost,
        "ts_with_boost": ts.total,
        "ts_threshold": sight.gates.ts_threshold,
        "ts_ok": ts.total >= sight.gates.ts_threshold,
        "price": sight.price,
        "atr": sight.technicals.atr,
        "ema_anchor": sight.anchor,
        "halo_distance": distance_atr(sight.price, sight.anchor, sight.technicals.atr),
        "seed_share": sight.technicals.seed_share,
    }
    if sight.state is Stage.S3:
        return _check_discount(sight, ts, figures)
    return _check_zone(sight, figures)


def _check_zone(sight: Sight, figures: dict[str, Figure]) -> Checked:
    seen, gates = sight.technicals, sight.gates
    if sight.state is Stage.S2:
        halo, faster, slower = gates.s2_halo_atr, "ema250_slope", "ema333_slope"
    else:
        halo, faster, slower = gates.s1_halo_atr, "ema60_slope", "ema144_slope"
    fast_slope, slow_slope = getattr(seen, faster), getattr(seen, slower)
    in_zone = distance_atr(sight.price, sight.anchor, seen.atr) <= halo
    slope_ok = fast_slope > 0.0 or slow_slope >= 0.0
    figures |= {
        "check": "s2_retest_check" if sight.state is Stage.S2 else "buy_check",
        "entry_zone_ok": in_zone,
        "slope_ok": slope_ok,
        "halo": halo,
        faster: fast_slope,
        slower: slow_slope,
    }
    return Checked(bool(in_zone and slope_ok and figures["ts_ok"]), first_dip=False, figures=figures)


def _check_discount(sight: Sight, ts: Strength, figures: dict[str, Figure]) -> Checked:
    seen, gates, price = sight.technicals, sight.gates, sight.price
    emas = seen.emas
    dx = deep_discount(price, seen, sight.edx)
    limit = discount_threshold(price, emas.ema144, emas.ema333, sight.edx, gates.dx_buy_threshold)
    in_zone, dx_ok = price <= emas.ema144, dx >= limit.final
    slope_ok = seen.ema250_slope > 0.0 or seen.ema333_slope >= 0.0
    dip_ok = _is_first_dip(sight, ts)
    figures |= {
        "check": "s3_buy_check",
        "ema144": emas.ema144,
        "ema333": emas.ema333,
        "price_in_discount_zone": in_zone,
        "entry_zone_ok": in_zone,
        "dx": dx,
        "dx_ok": dx_ok,
        "dx_threshold_base": limit.base,
        "edx_suppression": limit.suppression,
        "price_position_boost": limit.boost,
        "dx_threshold_final": limit.final,
        "slope_ok": slope_ok,
        "ema250_slope": seen.ema250_slope,
        "ema333_slope": seen.ema333_slope,
        "emergency_exit": sight.emergency,
        "first_dip_ok": dip_ok,
        "first_dip_taken": sight.first_dip_taken,
        "bars_since_s3": sight.bars_since_s3,
    }
    met = dx_ok and in_zone and slope_ok and bool(figures["ts_ok"]) and not sight.emergency
    return Checked(met, dip_ok and not sight.first_dip_taken, figures)


def _is_first_dip(sight: Sight, ts: Strength) -> bool:
    """A dip soon after S3 began, to the fast averages or to EMA60, in a trend that holds."""
    seen, price = sight.technicals, sight.price
    emas, atr = seen.emas, seen.atr
    if not sight.gates.rules.first_dip or sight.emergency or ts.total < sight.gates.first_dip_ts_threshold:
        return False
    if not (seen.ema144_slope > 0.0 or seen.ema250_slope >= 0.0):
        return False
    reach = min(distance_atr(price, emas.ema20, atr), distance_atr(price, emas.ema30, atr))
    if sight.bars_since_s3 <= FIRST_DIP_FAST_BARS and reach <= FIRST_DIP_HALO_ATR:
        return True
    in_time = sight.bars_since_s3 <= FIRST_DIP_BARS
    return in_time and distance_atr(price, emas.ema60, atr) <= FIRST_DIP_HALO_ATR
