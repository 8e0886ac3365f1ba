"""Holds two lists of values against each other, and names the first place at which they differ.

Equal means equal to the bit: a float is its 64 bits, but for NaN, which equals NaN; -0.0 is not 0.0, 1 is not 1.0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from math import isnan
from typing import Any, NamedTuple

import msgspec

DAY_NS = 86_400_000_000_000
NOTHING = "nothing"
"""What stands where one side has no such row."""


class Place(NamedTuple):
    """Where a row stands: its UTC day, and the number of its bar in that day."""

    date: str
    bar: int


class Difference(msgspec.Struct, frozen=True):
    """The first place at which two computations differ: what, on which day and bar, in which field, both values."""

    what: str
    date: str
    bar: int
    field: str
    left: str
    right: str


class Compared(msgspec.Struct, frozen=True):
    """One comparison: how many rows the left side has, how many differ, and the first that does."""

    what: str
    rows: int
    differences: int = 0
    first: Difference | None = None


Values = dict[str, Any]
Key = Callable[[Values], Any]
"""What tells rows of one list apart and orders them."""
Where = Callable[[Values, str], Place]
"""Where the named field of a row belongs."""


def compare(what: str, left: Sequence[Values], right: Sequence[Values], key: Key, where: Where) -> Compared:
    """Row by row and field by field; a row that one side lacks is named as missing there."""
    encode = msgspec.msgpack.encode
    first: Difference | None = None
    differences = at = of = 0
    while at < len(left) or of < len(right):
        one = left[at] if at < len(left) else None
        other = right[of] if of < len(right) else None
        if one is not None and other is not None and key(one) != key(other):
            one, other = (one, None) if key(one) < key(other) else (None, other)
        at, of = at + (one is not None), of + (other is not None)
        if one is not None and other is not None and encode(one) == encode(other):
            continue
        found = _difference(what, one, other, where)
        if found:
            differences += 1
            first = first or found
    return Compared(what, len(left), differences, first)


def _difference(what: str, one: Values | None, other: Values | None, where: Where) -> Difference | None:
    if one is None or other is None:
        there = one or other or {}
        shown = f"{next(iter(there.values()))} {msgspec.json.encode(there).decode()}" if there else NOTHING
        left, right = (shown, NOTHING) if one else (NOTHING, shown)
        return Difference(what, *where(there, "missing"), "missing", left, right)
    for field in dict.fromkeys([*one, *other]):
        left_value, right_value = one.get(field, NOTHING), other.get(field, NOTHING)
        if not same(left_value, right_value):
            return Difference(what, *where(one, field), field, text(left_value), text(right_value))
    return None


def same(left: Any, right: Any) -> bool:
    """Whether both values are equal to the bit."""
    if isinstance(left, float) and isinstance(right, float) and isnan(left) and isnan(right):
        return True
    return msgspec.msgpack.encode(left) == msgspec.msgpack.encode(right)


def text(value: Any) -> str:
    """A value in full: floats in the shortest digits that give the same float back."""
    return value if isinstance(value, str) else repr(value)


def day_of(ts: int) -> str:
    """The UTC day of `ts` (ns), such as 2025-05-10."""
    return datetime.fromtimestamp(ts // 1_000_000_000, UTC).date().isoformat()


def date_of(day: int) -> str:
    """The UTC day that is `day` days after 1970-01-01."""
    return date.fromordinal(date(1970, 1, 1).toordinal() + day).isoformat()


def place_of_open(ts: int, step_ns: int) -> Place:
    """The bar that opened at `ts` (UTC ns)."""
    return Place(day_of(ts), ts % DAY_NS // step_ns)


def place_of_close(ts: int, step_ns: int) -> Place:
    """The bar that was the last to have closed at session time `ts` (UTC ns)."""
    return place_of_open(ts // step_ns * step_ns - step_ns, step_ns)


def fields_of(row: msgspec.Struct) -> Values:
    """A struct as values by name."""
    return msgspec.structs.asdict(row)
