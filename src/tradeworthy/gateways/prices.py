"""Prices that a person injects: JSON lines of `{"instrument", "price", "ts"?}`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from tradeworthy.core.errors import UsageError
from tradeworthy.gateways.json_lines import read_objects
from tradeworthy.market.bars import PriceObserved, check_price

FIELDS = ("instrument", "price", "ts")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EXAMPLE = '{"instrument": "BTCUSDT", "price": 101.5}'


def read_prices(path: Path) -> list[dict[str, Any]]:
    """The file's objects, each checked: nothing is injected if one line is wrong. Empty lines are passed over.

    UsageError names the file, the line and what is wrong with it.
    """
    return read_objects(path, lambda found, where: price_of(found, 0, where), noun="price", example=EXAMPLE)


def prices_of(objects: Iterable[Mapping[str, Any]], now: int) -> list[PriceObserved]:
    """The events of `objects`; one without `ts` is of `now` (UTC ns). UsageError names the first wrong one."""
    return [price_of(found, now, f"price {number}") for number, found in enumerate(objects, start=1)]


def price_of(found: Mapping[str, Any], now: int, where: str) -> PriceObserved:
    """The event of one object; errors begin with `where`."""
    unknown = [name for name in found if name not in FIELDS]
    if unknown:
        raise UsageError(f"{where}: unknown field {unknown[0]!r}; there are {', '.join(FIELDS)}")
    instrument = found.get("instrument")
    if not isinstance(instrument, str) or not instrument:
        raise UsageError(f"{where}: instrument is {instrument!r}; it must be an instrument's id")
    price = _number(found.get("price"), where)
    ts = _stamp(found["ts"], where) if found.get("ts") is not None else now
    try:
        check_price(instrument, "price", price, ts)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error
    return PriceObserved(instrument, price, ts)


def _number(value: object, where: str) -> float:
    """A JSON number, or a decimal as text."""
    try:
        if isinstance(value, str):
            return float(Decimal(value))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    except (InvalidOperation, OverflowError):
        pass
    raise UsageError(f"{where}: price is {value!r}; it must be a number above 0")


def _stamp(value: object, where: str) -> int:
    """UTC ns of an ISO-8601 time (without a zone: UTC) or of whole ns since 1970."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63:
        return value
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            found = None
        if found is not None and found.year >= 1970:
            since = (found if found.tzinfo else found.replace(tzinfo=UTC)) - _EPOCH
            return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
    raise UsageError(f"{where}: ts is {value!r}; it must be like 2025-05-04T00:01:00Z, or ns since 1970")
