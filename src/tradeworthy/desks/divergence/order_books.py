"""What order books say: how a maker order would fare, and whether liquidity leans the trade's way.

imbalance  = (bids - asks) / (bids + asks)      money on the LEVELS best prices of each side
depth      = the smaller side's money
fill       = sigmoid(a + b sign imbalance - c spread_bps + d ln(depth / notional)), 0.05 to 0.95
effective  = direction * the universe's median imbalance
multiplier = 1 + 0.20 clip((effective - 0.08) / 0.12) clip((agreement - 0.70) / 0.30), mirrored down to 0.85
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from tradeworthy.desks.divergence.config import OrderBookSettings
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.market.money import Scale

LEVELS = 5
FILL_MIN, FILL_MAX = 0.05, 0.95
FILL_BASE = 0.6
FILL_IMBALANCE = -1.0
"""A book that leans the order's way runs away from it: the price goes before the queue is through."""

FILL_SPREAD = 0.1
"""For each basis point between the sides."""

FILL_DEPTH = 0.25
"""For each e-fold of depth over the order. At a spread of 1 bp, evenly, fill is 0.62: the mock's figure."""

LEAN_MIN, LEAN_SPAN = 0.08, 0.12
AGREEMENT_MIN, AGREEMENT_SPAN = 0.70, 0.30
RAISE, CUT = 0.20, 0.15
SECOND_NS = 1_000_000_000


class OBSnapshot(msgspec.Struct, frozen=True):
    """One book as the desk sees it: imbalance -1 to 1, depth in units of currency."""

    ts: int
    imbalance: float
    depth: float
    spread_bps: float


class OBMarket(msgspec.Struct, frozen=True):
    """All books of a universe: the median imbalance, and the share of assets that lean the median's way."""

    imbalance: float
    agreement: float
    assets: int


class OBProvider(Protocol):
    """Where a desk learns of liquidity; times are session time, UTC ns."""

    def imbalance(self, asset: str, now: int) -> float | None:
        """The asset's imbalance; None without a book that counts."""

    def fill_chance(self, asset: str, sign: int, notional: float, now: int) -> float:
        """The chance that a maker order fills (`sign` +1 buys, -1 sells); 0, do not post, without a book."""


class MockOBProvider:
    """The same two figures for every asset at every time."""

    def __init__(self, fill: float = 0.62, imbalance: float = -0.09) -> None:
        self._fill, self._imbalance = fill, imbalance

    def imbalance(self, asset: str, now: int) -> float | None:
        """The given imbalance."""
        return self._imbalance

    def fill_chance(self, asset: str, sign: int, notional: float, now: int) -> float:
        """The given chance."""
        return self._fill


class BookProvider:
    """Reads the books that the feed brings: `books` the last by instrument, `scale` an instrument's money.

    A book older than `age_ns_max`, crossed, or with an empty side counts as absent.
    """

    def __init__(
        self, books: Mapping[str, BookChanged], scale: Callable[[str], Scale], age_ns_max: int
    ) -> None:
        self._books, self._scale, self._age_ns_max = books, scale, age_ns_max

    def snapshot(self, asset: str, now: int) -> OBSnapshot | None:
        """The asset's book, or None where it is absent."""
        book = self._books.get(asset)
        if book is None or now - book.ts_event > self._age_ns_max:
            return None
        return snapshot_of(book, self._scale(asset))

    def imbalance(self, asset: str, now: int) -> float | None:
        """The imbalance of the asset's book."""
        seen = self.snapshot(asset, now)
        return None if seen is None else seen.imbalance

    def fill_chance(self, asset: str, sign: int, notional: float, now: int) -> float:
        """The chance by the asset's book."""
        seen = self.snapshot(asset, now)
        return 0.0 if seen is None else fill_probability(seen, sign, notional)


def provider_of(
    settings: OrderBookSettings, books: Mapping[str, BookChanged], scale: Callable[[str], Scale]
) -> OBProvider:
    """The provider that the settings name."""
    if settings.provider == "mock":
        return MockOBProvider(settings.fill, settings.imbalance)
    return BookProvider(books, scale, round(settings.max_age_s * SECOND_NS))


def snapshot_of(book: BookChanged, scale: Scale) -> OBSnapshot | None:
    """What the book says; None if a side is empty or the sides cross."""
    bid, ask = book.best_bid, book.best_ask
    if bid is None or ask is None or bid.ticks >= ask.ticks:
        return None
    bids, asks = _money(book.bids, scale), _money(book.asks, scale)
    return OBSnapshot(
        book.ts_event,
        (bids - asks) / (bids + asks),
        min(bids, asks) / CASH_UNIT,
        (ask.ticks - bid.ticks) / (ask.ticks + bid.ticks) * 20_000.0,
    )


def fill_probability(seen: OBSnapshot, sign: int, notional: float) -> float:
    """The chance that a maker order for `notional` units of currency fills; FILL_MAX of nothing."""
    if notional <= 0.0:
        return FILL_MAX
    lean = FILL_BASE + FILL_IMBALANCE * sign * seen.imbalance
    odds = lean - FILL_SPREAD * seen.spread_bps + FILL_DEPTH * math.log(seen.depth / notional)
    # Far out exp would overflow, long after the clip decides.
    chance = 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, odds))))
    return max(FILL_MIN, min(FILL_MAX, chance))


def market_of(provider: OBProvider, assets: Sequence[str], now: int) -> OBMarket | None:
    """What the books of `assets` say together; None where none counts."""
    found = sorted(one for one in (provider.imbalance(asset, now) for asset in assets) if one is not None)
    if not found:
        return None
    middle = len(found) // 2
    median = found[middle] if len(found) % 2 else 0.5 * (found[middle - 1] + found[middle])
    agreeing = sum(one * median > 0.0 for one in found)
    return OBMarket(median, agreeing / len(found), len(found))


def ob_multiplier(market: OBMarket | None, direction: int) -> float:
    """The size multiplier of a trade of `direction` (-1 short, +1 long), 0.85 to 1.20; 1 without books."""
    if market is None:
        return 1.0
    effective = direction * market.imbalance
    agreed = _clip((market.agreement - AGREEMENT_MIN) / AGREEMENT_SPAN)
    if effective >= 0.0:
        return 1.0 + RAISE * _clip((effective - LEAN_MIN) / LEAN_SPAN) * agreed
    return 1.0 - CUT * _clip((-effective - LEAN_MIN) / LEAN_SPAN) * agreed


def _clip(value: float) -> float:
    return max(0.0, min(1.0, value))


def _money(levels: Sequence[Level], scale: Scale) -> int:
    """Cash units on the best LEVELS prices."""
    return sum(level.ticks * level.lots for level in levels[:LEVELS]) * scale.tick_value
