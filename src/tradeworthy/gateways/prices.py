"""Prices that a person injects: JSON lines of `{"instrument", "price", "ts"?}`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from tradeworthy.core.errors import UsageError
from tradeworthy.gateways.json_lines import read_objects, stamp_of
from tradeworthy.market.bars import PriceObserved, check_price

FIELDS = ("instrument", "price", "ts")
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
    ts = stamp_of(found["ts"], where) if found.get("ts") is not None else now
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
