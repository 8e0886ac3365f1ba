"""Bars as values: float64 prices for signals; the matcher makes ticks of them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event

TIMEFRAMES_NS = {
    "1m": 60_000_000_000,
    "5m": 300_000_000_000,
    "15m": 900_000_000_000,
    "1h": 3_600_000_000_000,
    "4h": 14_400_000_000_000,
    "1d": 86_400_000_000_000,
}
"""Length of each timeframe in ns."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BarClosed(Event, frozen=True):
    """A closed bar, admitted at its close. `ts_event` is its open time, UTC ns; volume in base units."""

    instrument: str
    timeframe: str
    ts_event: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class FeedGap(Event, frozen=True):
    """A feed has a hole (`from_ts` to `to_ts`, ns) or dropped what it could not hold."""

    feed: str
    instrument: str
    from_ts: int
    to_ts: int
    reason: str


class PriceObserved(Event, frozen=True):
    """A last price, from a feed or a person (`inject price`); `ts_event` is the venue's time, UTC ns."""

    instrument: str
    price: float
    ts_event: int
    quantity: float = 0.0


BAR_RULE = (
    "prices are finite and above 0, high is the highest and low the lowest of the four,"
    " volume is finite and 0 or more, and the bar opens on a whole timeframe"
)
"""What makes a bar valid, in words; gateways check whole columns for the same."""


def check_bar(bar: BarClosed) -> None:
    """UsageError with the first offending value, its instrument and time unless BAR_RULE holds."""
    for name, price in (("open", bar.open), ("high", bar.high), ("low", bar.low), ("close", bar.close)):
        check_price(bar.instrument, name, price, bar.ts_event)
    step = TIMEFRAMES_NS.get(bar.timeframe)
    if bar.high < bar.low:
        fault = f"high {bar.high!r} is below low {bar.low!r}"
    elif not bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high:
        fault = f"open {bar.open!r} or close {bar.close!r} is outside low {bar.low!r} to high {bar.high!r}"
    elif not 0.0 <= bar.volume < math.inf:
        fault = f"volume is {bar.volume!r}"
    elif step is None:
        fault = f"timeframe {bar.timeframe!r} is none of {', '.join(TIMEFRAMES_NS)}"
    elif bar.ts_event % step:
        fault = f"its open time is no whole {bar.timeframe}"
    else:
        return
    raise UsageError(
        f"{bar.instrument} bar at {utc_text(bar.ts_event)}: {fault}, but {BAR_RULE}: correct or remove it"
    )


def check_price(instrument: str, name: str, price: float, ts: int) -> None:
    """UsageError with value, instrument and time unless `price` (called `name`) is finite and above 0."""
    if not 0.0 < price < math.inf:
        raise UsageError(
            f"{instrument} {name} at {utc_text(ts)} is {price!r}, but a price is finite and above 0:"
            " correct or remove it"
        )


def utc_text(ts: int) -> str:
    """`ts` (UTC ns) as `2026-11-21T09:30:00Z`, with nine places if it is no whole second."""
    seconds, rest = divmod(ts, 1_000_000_000)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}Z" if rest else f"{text}Z"
