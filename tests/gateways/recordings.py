"""Instruments and small files of bars for the tests of feeds and catalog."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

import polars as pl

from tradeworthy.core.events import Event
from tradeworthy.gateways.feeds.protocol import Feed, Row
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.instruments import Instrument

MINUTE = 60_000_000_000
START = 1_746_316_800_000_000_000
"""2025-05-04 00:00 UTC, ns."""

SCHEMA = {
    "symbol": pl.String,
    "minute": pl.Int64,
    "open": pl.Float64,
    "high": pl.Float64,
    "low": pl.Float64,
    "close": pl.Float64,
    "volume": pl.Float64,
}
Line = tuple[str, int, float, float, float, float, float]
"""Symbol, minutes after START, open, high, low, close, volume."""


def instrument(name: str, tick: str = "0.1", venue: str = "binance") -> Instrument:
    """An instrument quoted in USDT."""
    return Instrument(
        name, venue, "USDT", Decimal(tick), Decimal("0.001"), Decimal("0.0005"), Decimal("0.0002")
    )


def bar(symbol: str, minute: int, price: float = 100.0) -> Line:
    """A valid bar around `price`."""
    return symbol, minute, price, price + 1, price - 1, price + 0.5, 10.0


def write(folder: Path, lines: Sequence[Line], name: str = "klines_1m.parquet") -> Path:
    """A file of `lines`, as they stand."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame(lines, schema=SCHEMA, orient="row")
    stamps = pl.from_epoch(pl.col("minute") * MINUTE + START, time_unit="ns").dt.replace_time_zone("UTC")
    frame.with_columns(ts=stamps.dt.cast_time_unit("ms")).drop("minute").write_parquet(folder / name)
    return folder


def rows_of(feed: Feed, after: int = -1) -> list[Row]:
    """All rows of a feed that ends."""
    return [row for batch in feed.batches(after) for row in batch]


def events_of(rows: Iterable[Row]) -> list[Event]:
    """The events alone."""
    return [event for _, _, event in rows]


def bars_of(rows: Iterable[Row]) -> list[BarClosed]:
    """The bars among the events."""
    return [event for _, _, event in rows if isinstance(event, BarClosed)]
