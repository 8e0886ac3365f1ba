"""Order books as values: price in ticks, size in lots, best level first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

import msgspec

from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event
from tradeworthy.market.bars import utc_text
from tradeworthy.market.instruments import Side

NOTHING: Mapping[int, int] = MappingProxyType({})
"""No lots taken at any ticks."""


class Level(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`lots` on offer at `ticks`."""

    ticks: int
    lots: int


class BookChanged(Event, frozen=True):
    """The whole visible book to a set depth; bids fall, asks rise. `ts_event` is the venue's time, UTC ns.

    `crossed` says that the venue itself showed bids at or above asks (an auction); else that is an error.
    """

    instrument: str
    ts_event: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    crossed: bool = False

    @property
    def best_bid(self) -> Level | None:
        """The highest bid, or None."""
        return self.bids[0] if self.bids else None

    @property
    def best_ask(self) -> Level | None:
        """The lowest ask, or None."""
        return self.asks[0] if self.asks else None

    def facing(self, side: Side) -> tuple[Level, ...]:
        """The levels that an order of `side` trades against: a buy the asks, a sell the bids."""
        return self.asks if side is Side.BUY else self.bids


def check_book(book: BookChanged) -> None:
    """UsageError with value, instrument and time unless levels are above 0, ordered and not crossed."""
    fault = _level_fault("bid", book.bids, -1) or _level_fault("ask", book.asks, 1)
    bid, ask = book.best_bid, book.best_ask
    if not fault and bid and ask and bid.ticks >= ask.ticks and not book.crossed:
        fault = f"best bid {bid.ticks} is not below best ask {ask.ticks} ticks, and it is not flagged crossed"
    if fault:
        raise UsageError(f"{book.instrument} book at {utc_text(book.ts_event)}: {fault}: correct or drop it")


def _level_fault(name: str, levels: tuple[Level, ...], direction: int) -> str:
    for level in levels:
        if level.ticks < 1 or level.lots < 1:
            return f"{name} of {level.lots} lots at {level.ticks} ticks is not above 0"
    for better, worse in pairwise(levels):
        if (worse.ticks - better.ticks) * direction <= 0:
            return f"{name} {worse.ticks} follows {better.ticks} ticks, but bids fall and asks rise"
    return ""


def walk(
    side: Side,
    levels: Sequence[Level],
    lots: int,
    limit_ticks: int | None = None,
    taken: Mapping[int, int] = NOTHING,
) -> list[Level]:
    """The fills, best first, of an order of `side` for `lots` against `levels`; maybe fewer lots.

    No worse than `limit_ticks` (None: any price). `taken` is lots by ticks, gone though still shown.
    """
    fills: list[Level] = []
    for level in levels:
        if lots <= 0 or (limit_ticks is not None and (level.ticks - limit_ticks) * side.sign > 0):
            break
        lots_here = min(lots, level.lots - taken.get(level.ticks, 0))
        if lots_here > 0:
            fills.append(Level(level.ticks, lots_here))
            lots -= lots_here
    return fills
