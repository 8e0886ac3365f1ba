"""The two levers: A, how eagerly a row is added to, and E, how firmly it is left (specs/uptrend.md 7.2).

What is not known moves nothing: an unknown phase is neutral, a figure that is missing multiplies by 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

HOUR_NS = 3_600_000_000_000
HALF_LIFE_H = 72.0
"""Hours after which a person's word counts half."""

DECAY_MIN = 0.01
"""A word that counts less than this is not heard any more."""

ACTIVE_NEUTRAL = 9
"""As many active rows move nothing."""

DELTA_MAX = 0.4

MESO = {
    "dip": (0.2, 0.8),
    "double-dip": (0.4, 0.7),
    "oh-shit": (0.9, 0.8),
    "recover": (1.0, 0.5),
    "good": (0.5, 0.3),
    "euphoria": (0.4, 0.5),
}
MESO_UNKNOWN = (0.5, 0.5)

MACRO = {
    "dip": (0.6, 1.4),
    "double-dip": (0.8, 1.2),
    "oh-shit": (1.2, 0.8),
    "recover": (1.3, 1.0),
    "good": (1.1, 1.1),
    "euphoria": (1.0, 1.4),
}

INTENT_KINDS = {
    "adding_to_position": "hi_buy",
    "research_positive": "hi_buy",
    "new_discovery": "med_buy",
    "comparison_highlighted": "med_buy",
    "other_positive": "med_buy",
    "profit_taking": "profit",
}
"""What a signal's intent counts as; the other intents count as nothing."""


class Intents(NamedTuple):
    """How much is said of a token, by kind, each 0 to 1."""

    hi_buy: float = 0.0
    med_buy: float = 0.0
    profit: float = 0.0
    sell: float = 0.0
    mock: float = 0.0


SILENCE = Intents()
"""Nothing is said."""


class Mention(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One word on a token: when it was said (UTC ns), its kind, and its author's weight, 0 to 1."""

    ts: int
    kind: str
    weight: float


class Levers(NamedTuple):
    """A and E, 0 to 1, and the share of its allocation that a position of that A is meant to take."""

    a: float
    e: float

    @property
    def size_frac(self) -> float:
        """0.10 to 0.60, a figure for the record; what is bought comes of the size tables."""
        return 0.10 + 0.50 * self.a


def levers(
    *,
    meso: str = "",
    macro: str = "",
    cut_pressure: float = 0.0,
    active: int = ACTIVE_NEUTRAL,
    intents: Intents = SILENCE,
    age_h: float | None = None,
    market_cap: float | None = None,
    bucket: float = 1.0,
) -> Levers:
    """A and E from phases, pressure, the count of active rows, what is said, age (hours), capitalisation (USD).

    `bucket` is what `bucket_multiplier` says of the token's capitalisation bucket.
    """
    a, e = MESO.get(meso, MESO_UNKNOWN)
    macro_a, macro_e = MACRO.get(macro, (1.0, 1.0))
    a, e = a * macro_a, e * macro_e
    a, e = a * (1.0 - 0.33 * cut_pressure), e * (1.0 + 0.33 * cut_pressure)
    a, e = _by_count(a, e, active - ACTIVE_NEUTRAL)
    delta_a, delta_e = intent_deltas(intents)
    a, e = a + delta_a, e + delta_e
    boost = age_boost(age_h) * cap_boost(market_cap)
    a, e = a * boost, e * boost
    a, e = a * bucket, e / max(bucket, 0.2)
    return Levers(_clamp01(a), _clamp01(e))


def intent_deltas(intents: Intents) -> tuple[float, float]:
    """What is said moves A and E by this much, at most DELTA_MAX either way."""
    hi_buy, med_buy, profit, sell, mock = (_clamp01(one) for one in intents)
    delta_a = 0.25 * hi_buy + 0.15 * med_buy - 0.15 * profit - 0.25 * sell - 0.30 * mock
    delta_e = -0.10 * hi_buy - 0.05 * med_buy + 0.15 * profit + 0.35 * sell + 0.50 * mock
    return _clamp(delta_a, DELTA_MAX), _clamp(delta_e, DELTA_MAX)


def age_boost(age_h: float | None) -> float:
    """1.15 under 6 hours of age, 1.10 under 12, 1.05 under 72."""
    return _step(age_h, ((6.0, 1.15), (12.0, 1.10), (72.0, 1.05)))


def cap_boost(market_cap: float | None) -> float:
    """1.15 under 100,000 USD of capitalisation, 1.10 under 500,000, 1.05 under a million."""
    return _step(market_cap, ((1e5, 1.15), (5e5, 1.10), (1e6, 1.05)))


def bucket_multiplier(
    rank: float, slope: float, confidence: float, *, slope_weight: float, least: float
) -> float:
    """1 and the bucket's `rank` adjustment and weighted slope, 0.7 to 1.3; 1 under `least` confidence."""
    return min(1.3, max(0.7, 1.0 + rank + slope_weight * slope)) if confidence >= least else 1.0


def decay(hours: float) -> float:
    """What a word counts after so many hours: half after HALF_LIFE_H."""
    return math.exp(-math.log(2.0) * hours / HALF_LIFE_H)


def intents_of(mentions: Iterable[Mention], now: int) -> Intents:
    """How much is said at session time `now`: by kind, min(1, mean weight * (1 + ln(count)) / 2)."""
    heard: dict[str, list[float]] = {name: [] for name in Intents._fields}
    for mention in mentions:
        share = decay(max(0, now - mention.ts) / HOUR_NS)
        if share >= DECAY_MIN and mention.kind in heard:
            heard[mention.kind].append(mention.weight * share)
    return Intents(*(_score(weights) for weights in heard.values()))


def _score(weights: Sequence[float]) -> float:
    if not weights:
        return 0.0
    return min(1.0, math.fsum(weights) / len(weights) * (1.0 + math.log(len(weights))) / 2.0)


def _by_count(a: float, e: float, above: int) -> tuple[float, float]:
    """Many active rows make A smaller and E larger, few the other way."""
    if above > 0:
        return a * math.exp(-0.10 * above), e * math.exp(0.10 * above)
    if above < 0:
        return min(1.0, a * (1.0 - 0.05 * above)), max(0.0, e * (1.0 + 0.05 * above))
    return a, e


def _step(value: float | None, steps: tuple[tuple[float, float], ...]) -> float:
    if value is None:
        return 1.0
    return next((boost for limit, boost in steps if value < limit), 1.0)


def _clamp(value: float, most: float) -> float:
    return min(most, max(-most, value))


def _clamp01(value: float) -> float:
    return min(1.0, max(0.0, value))
