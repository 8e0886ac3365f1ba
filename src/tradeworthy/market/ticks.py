"""Prices finer than bars: points of a token's price, trades of a venue, and the bars that are built of them."""

from __future__ import annotations

from typing import ClassVar

from tradeworthy.core.events import Event
from tradeworthy.market.bars import PriceObserved


class PricePoint(PriceObserved, frozen=True):
    """A token's price as a provider polls it, with what it knows of the pool (None: it does not say).

    `volume_1m` and `volume_5m` are in quote currency over the last minutes, `liquidity_usd` the pool's reserve.
    """

    volume_1m: float | None = None
    volume_5m: float | None = None
    volume_24h: float | None = None
    liquidity_usd: float | None = None
    market_cap: float | None = None


class TradeTick(PriceObserved, frozen=True):
    """One trade of a venue: `quantity` at `price`. `trade` is unique for its instrument.

    `aggressor` is the side that took: buy, sell or "".
    """

    trade: str = ""
    aggressor: str = ""


class BarBuilt(Event, frozen=True):
    """A bar that we made ourselves; the BarClosed of the same figures follows it.

    Of `expected` source bars `source_bars` were there; `source` is points, ticks, rollup or backfill. `ts_event` is the
    bar's open time, UTC ns. `volume` is in quote currency; only that of the BarClosed is in base units.
    """

    decision: ClassVar[bool] = True

    instrument: str
    timeframe: str
    ts_event: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    source: str
    source_bars: int
    expected: int
    liquidity_usd: float | None = None
    market_cap: float | None = None

    @property
    def coverage(self) -> float:
        """The share of its minutes that were there, 0 to 1."""
        return self.source_bars / self.expected


class PriceLate(Event, frozen=True):
    """A price or trade of a minute whose bar was closed already: on record, in no bar."""

    decision: ClassVar[bool] = True

    instrument: str
    ts_event: int
    price: float
    bar_ts: int
    late_ms: int


class BarRefused(Event, frozen=True):
    """A longer bar that too few minutes came for: `source_bars` of `expected`, under `coverage_min`."""

    decision: ClassVar[bool] = True

    instrument: str
    timeframe: str
    ts_event: int
    source_bars: int
    expected: int
    coverage_min: float
