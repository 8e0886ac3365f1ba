"""An event's integers, times and structs as a row's values: exact, and the same each time."""

from __future__ import annotations

import math
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

import msgspec

NAMESPACE = uuid.UUID("6f1c8a52-3a55-5c0a-9d8f-0f6f5a7d2c11")
"""The root of all ids; a constant, so that the same run and seq give the same id everywhere."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AVERAGE = Context(prec=18)
_PLAIN = frozenset({str, int, float, bool, type(None)})
_encode = msgspec.json.Encoder().encode


class Ids:
    """The UUIDv5 ids of one run's packets, and of what else has a name in it."""

    def __init__(self, run: str) -> None:
        self._run = uuid.uuid5(NAMESPACE, run)

    def of(self, seq: int) -> uuid.UUID:
        """The id of packet `seq`."""
        return uuid.uuid5(self._run, str(seq))

    def named(self, name: str) -> uuid.UUID:
        """The id of what has `name` in the run, `trade/<trade>` for one; no packet's, whose names are numbers."""
        return uuid.uuid5(self._run, name)


def at(ns: int) -> datetime:
    """UTC ns as PostgreSQL's microseconds, rounded down."""
    return _EPOCH + timedelta(microseconds=ns // 1000)


def at_or_none(ns: int) -> datetime | None:
    """As `at`; 0, which events use for never, is None."""
    return at(ns) if ns else None


def day_of(ns: int) -> date:
    """The UTC day of a time in ns."""
    return at(ns).date()


def decimal_near(value: float) -> Decimal | None:
    """The decimal that `value` is written as; None for what is no number."""
    return Decimal(repr(value)) if math.isfinite(value) else None


def average(notional: Decimal, quantity: Decimal) -> Decimal | None:
    """The price at which `quantity` costs `notional`, to 18 digits; None for no quantity."""
    return _AVERAGE.divide(notional, quantity) if quantity else None


def plain(value: Any) -> Any:
    """A struct as a dict by field names, all the way down; other values as they are."""
    if isinstance(value, msgspec.Struct):
        fields = ((name, getattr(value, name)) for name in value.__struct_fields__)
        return {name: one if type(one) in _PLAIN else plain(one) for name, one in fields}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value


def json_of(value: Any) -> str:
    """`value` as JSON text that JSONB takes: NaN and infinities are null, the character NUL is replaced."""
    text = _encode(plain(value)).decode()
    return text.replace("\\u0000", "\\ufffd") if "\\u0000" in text else text
