"""What one computation of the divergence desks came to, in the same values whatever path computed it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

from tradeworthy.desks.divergence.records import FEATURES, MEMORY, from_bytes
from tradeworthy.desks.divergence.results import BarLog, Trade
from tradeworthy.execution.fingerprint import Economic
from tradeworthy.proving.parity.differences import (
    Compared,
    Difference,
    Key,
    Place,
    Values,
    compare,
    fields_of,
    place_of_close,
    place_of_open,
    same,
    text,
)

KINDS = ("order", "fill", "close")
"""What a turn does to the account, in the order in which its layers come."""

ECONOMIC = ("kind", "desk", "instrument", "side", "ticks", "lots", "fee", "reason", "ts")
"""The names of an Economic row's fields."""

PNL = "pnl"
"""What a close has in the place of ticks."""

DIGEST_BYTES = 16


class Look(NamedTuple):
    """What a desk had in its records after a row: their bytes, or digests of them."""

    features: bytes
    memory: bytes


@dataclass
class DeskOutcome:
    """One desk's trades, bar log and capital (cash units), and a look at its records after each row."""

    trades: list[Trade] = field(default_factory=list)
    bars: list[BarLog] = field(default_factory=list)
    capital: int = 0
    looks: dict[int, Look] = field(default_factory=dict)


@dataclass
class Outcome:
    """What one path came to; `missed` counts orders that were to post only and were not filled, by desk."""

    path: str
    desks: dict[str, DeskOutcome]
    rows: list[Economic]
    fingerprint: str
    seconds: float
    missed: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def trades(self) -> int:
        """How many round trips there were, of all desks."""
        return sum(len(desk.trades) for desk in self.desks.values())


def merged(rows: Mapping[str, Sequence[Economic]]) -> list[Economic]:
    """The rows of several desks in the order in which one session does them: by time, layer and desk."""
    desks = list(rows)
    return sorted(
        (row for desk in desks for row in rows[desk]),
        key=lambda row: (row[-1], KINDS.index(row[0]), desks.index(row[1])),
    )


def look_at(answered: tuple[Any, Any], *, whole: bool) -> Look:
    """A look at FEATURES and MEMORY: `whole`, or as digests."""
    features, memory = (record.tobytes() for record in answered)
    if whole:
        return Look(features, memory)
    return Look(*(blake2b(data, digest_size=DIGEST_BYTES).digest() for data in (features, memory)))


# Comparisons of two outcomes


def compare_desk(name: str, left: DeskOutcome, right: DeskOutcome, step_ns: int) -> list[Compared]:
    """Bar log and trades of one desk, field by field, and its capital."""
    found = [
        compare_rows(f"bar log {name}", left.bars, right.bars, step_ns),
        compare_trades(f"trades {name}", left.trades, right.trades, step_ns),
    ]
    last = max((one.ts for one in (*left.bars, *right.bars)), default=0)
    capitals = ({"capital": left.capital}, {"capital": right.capital})
    found.append(compare_values(f"capital {name}", *capitals, place_of_open(last, step_ns)))
    return found


def compare_rows(what: str, left: Iterable[BarLog], right: Iterable[BarLog], step_ns: int) -> Compared:
    """Bar logs field by field."""
    one, other = ([fields_of(bar) for bar in side] for side in (left, right))
    return compare(what, one, other, by("ts"), lambda row, _: place_of_open(row["ts"], step_ns))


def compare_trades(what: str, left: Iterable[Trade], right: Iterable[Trade], step_ns: int) -> Compared:
    """Trades field by field; what differs of an exit stands at the exit's bar."""

    def where(trade: Values, field: str) -> Place:
        late = field.startswith(("exit", "pnl", "fees"))
        return place_of_close(trade["exit_ts" if late else "entry_ts"], step_ns)

    one, other = ([fields_of(trade) for trade in side] for side in (left, right))
    return compare(what, one, other, by("entry_ts"), where)


def compare_economics(
    what: str, left: Iterable[Economic], right: Iterable[Economic], step_ns: int
) -> Compared:
    """Orders, fills and closes as the fingerprint chains them."""
    one, other = ([_named(row) for row in side] for side in (left, right))
    ranks = {kind: rank for rank, kind in enumerate(KINDS)}
    desks = {row["desk"]: place for place, row in reversed(list(enumerate([*one, *other])))}

    def key(row: Values) -> tuple[int, int, int]:
        return row["ts"], ranks.get(row["kind"], len(ranks)), desks[row["desk"]]

    return compare(what, one, other, key, lambda row, _: place_of_close(row["ts"], step_ns))


def _named(row: Economic) -> Values:
    named: Values = dict(zip(ECONOMIC, row, strict=True))
    if row[0] == KINDS[-1]:
        named[PNL] = named.pop("ticks")
    return named


def compare_values(what: str, left: Values, right: Values, place: Place) -> Compared:
    """The figures of one thing, which stands at `place`."""
    return compare(what, [left], [right], lambda _: 0, lambda *_: place)


def compare_looks(
    what: str, left: Mapping[int, Look], right: Mapping[int, Look], step_ns: int
) -> tuple[Compared, int | None]:
    """What the desk had in its records after each row, and the open time of the first row that differs."""
    differing = [ts for ts in sorted(left.keys() | right.keys()) if left.get(ts) != right.get(ts)]
    if not differing:
        return Compared(what, len(left)), None
    ts = differing[0]
    first = Difference(
        what, *place_of_open(ts, step_ns), "records", *(_hex(one.get(ts)) for one in (left, right))
    )
    return Compared(what, len(left), len(differing), first), ts


def _hex(look: Look | None) -> str:
    return "nothing" if look is None else f"{look.features.hex()} {look.memory.hex()}"


def difference_of_looks(
    what: str, left: Look, right: Look, columns: Sequence[str], place: Place
) -> Difference | None:
    """The first field in which two whole looks differ, such as features.efficiency[BTC]."""
    parts = (
        ("features", FEATURES, left.features, right.features),
        ("memory", MEMORY, left.memory, right.memory),
    )
    for name, dtype, one, other in parts:
        a, b = from_bytes(one, dtype), from_bytes(other, dtype)
        for field_name in dtype.names or ():
            found = first_cell(a[field_name], b[field_name])
            if found:
                at, left_value, right_value = found
                shown = f"[{columns[at] if at < len(columns) else at}]" if at >= 0 else ""
                return Difference(
                    what, *place, f"{name}.{field_name}{shown}", text(left_value), text(right_value)
                )
    return None


def first_cell(one: Any, other: Any) -> tuple[int, Any, Any] | None:
    """The place (-1: no array) and both values of the first cell that differs."""
    left, right = np.atleast_1d(one), np.atleast_1d(other)
    for at in range(left.size):
        a, b = left.flat[at].item(), right.flat[at].item()
        if not same(a, b):
            return (at if np.ndim(one) else -1), a, b
    return None


def by(name: str) -> Key:
    """Rows go by the field `name`."""

    def key(row: Values) -> Any:
        return row[name]

    return key


Progress = Callable[[str], None]
"""Told what is being computed."""
