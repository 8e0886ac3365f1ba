"""The uptrend desk's orders in NautilusTrader: its own fills, fees, positions and pnl, against the batch engine's.

What is ours are the orders, and the venue's rule of how much of a bar may be had: each order comes with the bar that it
traded in, whose volume is what was left of it. Prices, fees and the result of each round trip are Nautilus's.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from tradeworthy.core.errors import NotAvailable
from tradeworthy.execution.fingerprint import Economic
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.market.instruments import Side
from tradeworthy.proving.parity.differences import Compared, Difference, place_of_close
from tradeworthy.proving.parity.nautilus_pair import UNITS_A_FILL, require_nautilus
from tradeworthy.proving.parity.outside_pairs import NAUTILUS
from tradeworthy.proving.parity.pairs import Pair
from tradeworthy.proving.parity.uptrend_account import Closed
from tradeworthy.proving.parity.uptrend_batch import UptrendBatch
from tradeworthy.proving.parity.uptrend_subject import UptrendSubject

NAME = f"{NAUTILUS} = batch engine, the same orders"
STEP_NS = TIMEFRAMES_NS["1m"]


class OutsideFill(NamedTuple):
    """One fill as Nautilus reported it: price in ticks, fee in cash units, time in UTC ns."""

    ts: int
    instrument: str
    side: Side
    ticks: int
    lots: int
    fee: int
    reason: str


class OutsideClose(NamedTuple):
    """One position that Nautilus closed: its row, when (UTC ns), and its pnl in cash units."""

    ts: int
    key: str
    pnl: int


class OutsideRun(NamedTuple):
    """All fills and closed positions, in order."""

    fills: tuple[OutsideFill, ...]
    closes: tuple[OutsideClose, ...]


def nautilus_pair(subject: UptrendSubject, batch: UptrendBatch) -> Pair:
    """The batch engine's orders in NautilusTrader; without nautilus_trader the pair is absent."""
    began = time.perf_counter()
    try:
        require_nautilus()
    except NotAvailable as error:
        return Pair(NAME, (), 0, time.perf_counter() - began, absent=str(error))
    from tradeworthy.proving.parity.uptrend_strategy import run_orders

    found = run_orders(batch.sent, subject.instruments, subject.configuration.venue, subject.cash)
    fills = compare_fills([row for row in batch.outcome.rows if row[0] == "fill"], found.fills)
    closes = compare_closes(batch.closed, found.closes)
    missing = () if batch.closed else ("a round trip",)
    note = f"{len(found.fills)} fills and {len(found.closes)} round trips of theirs"
    return Pair(NAME, (fills, closes), len(batch.closed), time.perf_counter() - began, missing, note=note)


def compare_fills(ours: Sequence[Economic], theirs: Sequence[OutsideFill]) -> Compared:
    """Fills in order: all exactly equal but the fee, which may be a unit apart, as they round to the nearest."""
    rows: list[tuple[int, list[tuple[str, Any, Any]]]] = []
    for mine, their in zip_longest(ours, theirs):
        if mine is None or their is None:
            ts = mine[8] if mine else their.ts
            rows.append((ts, [("fill", mine, their)]))
            continue
        _, _, instrument, side, ticks, lots, fee, reason, ts = mine
        known = OutsideFill(ts, instrument, Side(side), ticks or 0, lots, fee, reason)
        near = abs(fee - their.fee) <= UNITS_A_FILL
        pairs = [
            (name, one, other)
            for name, one, other in zip(OutsideFill._fields, known, their, strict=True)
            if one != other and not (name == "fee" and near)
        ]
        rows.append((ts, pairs))
    return _compared("fills", rows)


def compare_closes(ours: Sequence[Closed], theirs: Sequence[OutsideClose]) -> Compared:
    """Round trips in order: row and time exactly, pnl to a unit a fill."""
    rows: list[tuple[int, list[tuple[str, Any, Any]]]] = []
    for mine, their in zip_longest(ours, theirs):
        if mine is None or their is None:
            rows.append(((mine or their).ts, [("round trip", mine, their)]))
            continue
        near = abs(mine.pnl - their.pnl) <= UNITS_A_FILL * mine.fills
        pairs = [("ts", mine.ts, their.ts), ("key", mine.key, their.key), ("pnl", mine.pnl, their.pnl)]
        rows.append((mine.ts, [one for one in pairs if one[1] != one[2] and not (one[0] == "pnl" and near)]))
    return _compared("round trips", rows)


def _compared(what: str, rows: Sequence[tuple[int, list[tuple[str, Any, Any]]]]) -> Compared:
    first: Difference | None = None
    differing = [(place, ts, pairs[0]) for place, (ts, pairs) in enumerate(rows) if pairs]
    if differing:
        place, ts, (name, one, other) = differing[0]
        first = Difference(f"{what} {place}", *place_of_close(ts, STEP_NS), name, str(one), str(other))
    return Compared(what, len(rows), len(differing), first)
