"""The engine's scores: trend strength, over-extension and deep discount, all pure (specs 6.4, 6.5, 6.7)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tradeworthy.desks.uptrend.geometry import Level
    from tradeworthy.desks.uptrend.technicals import Technicals

ADX_FLOOR = 18.0
"""Below it a slope of the ADX says nothing."""

EDX_LOW, EDX_HIGH = 0.5, 0.7
"""Decay from which the discount must be deeper, and from which it must be deeper by EDX_SUPPRESSION."""

EDX_SUPPRESSION = 0.15

FAR = 1e6
"""A distance in ATRs that stands for all greater ones, so that figures stay finite."""


def clamp(value: float, low: float = 0.0, high: float = 1.0) -> float:
    """`value`, held between `low` and `high`."""
    return low if value < low else min(value, high)


def sigma(x: float, k: float = 1.0) -> float:
    """The logistic function of x / k, 0 to 1; without a scale (k = 0) a step at 0."""
    if k <= 0.0:
        return 0.5 if x == 0.0 else 1.0 if x > 0.0 else 0.0
    z = x / k
    if z >= 0.0:
        return 1.0 / (1.0 + math.exp(-z))
    grown = math.exp(z)
    return grown / (1.0 + grown)


def distance_atr(price: float, anchor: float, atr: float) -> float:
    """How far `price` is from `anchor`, in ATRs, FAR at most."""
    gap = abs(price - anchor)
    if gap == 0.0:
        return 0.0
    return min(gap / atr, FAR) if atr > 0.0 else FAR


def trend_strength(rsi_slope: float, adx_slope: float) -> float:
    """TS, 0 to 1, from the slopes of RSI and ADX in points a bar: the form that the thresholds were tuned with."""
    return (clamp((rsi_slope + 5.0) / 10.0) + clamp((adx_slope + 2.0) / 4.0)) / 2.0


def logistic_trend_strength(rsi_slope: float, adx_slope: float, adx: float) -> float:
    """The other form of TS: the ADX counts from ADX_FLOOR on."""
    return 0.6 * sigma(rsi_slope, 0.5) + 0.4 * _adx_trend(adx_slope, adx)


def level_boost(levels: Iterable[Level], anchor: float, atr: float, boost_max: float) -> float:
    """What the best level within 1 ATR of `anchor` adds to TS: its confidence (0 to 1), its nearness, `boost_max`."""
    if atr <= 0.0:
        return 0.0
    best = 0.0
    for level in levels:
        nearness = 1.0 - abs(level.price - anchor) / atr
        if nearness > 0.0:
            best = max(best, clamp(level.confidence) * nearness * boost_max)
    return min(best, boost_max)


def over_extension(price: float, technicals: Technicals) -> float:
    """OX without decay, 0 to 1: how far the price has run from its averages. It does not fall as the price rises."""
    emas, atr = technicals.emas, technicals.atr
    return (
        0.35 * sigma(price - emas.ema20, 1.5 * atr)
        + 0.20 * sigma(price - emas.ema60, 2.0 * atr)
        + 0.10 * sigma(price - emas.ema144, 1.5 * atr)
        + 0.10 * sigma(price - emas.ema250, 2.0 * atr)
        + 0.10 * sigma(technicals.dsep_fast_5, 0.0015)
        + 0.05 * sigma(technicals.dsep_mid_5, 0.0010)
        + 0.05 * sigma(_atr_ratio(technicals) - 1.0)
        + 0.05 * sigma(-technicals.ema20_slope, 0.0008)
    )


def aged_over_extension(base: float, edx: float) -> float:
    """OX in S3: an ageing trend is trimmed earlier."""
    return clamp(base * (1.0 + 0.33 * clamp(edx - 0.5, 0.0, 0.5)))


def deep_discount(price: float, technicals: Technicals, edx: float) -> float:
    """DX, 0 to 1: how good a price between EMA144 and EMA333 is to buy again; 0 where EMA144 is not above EMA333."""
    emas = technicals.emas
    width = emas.ema144 - emas.ema333
    if not width > 0.0:
        return 0.0
    place = clamp((price - emas.ema333) / width)
    tightness = sigma(0.03 - width / price, 0.02)
    location = math.exp(-3.0 * place) * (1.0 + 0.3 * tightness)
    exhaustion = sigma(-technicals.vo_z)
    momentum = 0.5 * sigma(technicals.rsi_slope_10, 0.5) + 0.5 * _adx_trend(
        technicals.adx_slope_10, technicals.adx
    )
    relief = 0.5 * sigma(_atr_ratio(technicals) - 0.9, 0.05) + 0.5 * momentum
    curl = 1.0 if technicals.ema144_accel > 0.0 else 0.0
    raw = 0.45 * location + 0.25 * exhaustion + 0.25 * relief + 0.05 * curl
    return clamp(raw * (1.0 - 0.5 * clamp(edx - 0.6, 0.0, 0.4)))


class DiscountThreshold(NamedTuple):
    """What DX must reach: `base` + `suppression` (decay) - `boost` (place between the bands), 0 at least."""

    base: float
    suppression: float
    boost: float

    @property
    def final(self) -> float:
        """The sum."""
        return max(0.0, self.base + self.suppression - self.boost)


def discount_threshold(
    price: float, ema144: float, ema333: float, edx: float, base: float
) -> DiscountThreshold:
    """The threshold of DX: lower at EMA333 than at EMA144, higher in an ageing trend.

    In S3 EMA144 lies above EMA333; where it does not, the price counts as at EMA144.
    """
    width = ema144 - ema333
    place = clamp((ema144 - price) / width) if width > 0.0 else 0.0
    suppression = 0.0
    if edx >= EDX_HIGH:
        suppression = EDX_SUPPRESSION
    elif edx >= EDX_LOW:
        suppression = (edx - EDX_LOW) * 0.5
    return DiscountThreshold(base, suppression, 0.10 * place - 0.05 * (1.0 - place))


def _adx_trend(adx_slope: float, adx: float) -> float:
    return sigma(adx_slope, 0.3) if adx >= ADX_FLOOR else 0.0


def _atr_ratio(technicals: Technicals) -> float:
    return technicals.atr / technicals.atr_mean_20 if technicals.atr_mean_20 > 0.0 else 1.0
