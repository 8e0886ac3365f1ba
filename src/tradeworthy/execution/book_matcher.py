"""The book matcher's rules: which displayed size an order trades with, given what we took already.

arriving     walks the other side from its best level up to the limit (none: the whole visible depth) as
             taker, a fill for each level.
resting      a limit that rests (GTC) trades at its own price as maker, with the size displayed beyond it by
             at least a tick: a level at our price may only be the queue ahead of us.
taken        size that we traded with stays taken for a while, though the book still shows it: books of a feed
             don't know of our paper trades, and two orders must not both have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from tradeworthy.execution.reasons import Reason
from tradeworthy.market import books
from tradeworthy.market.books import Level
from tradeworthy.market.instruments import Side


class Taken(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`lots` that orders of `side` took at `ticks`, remembered until session time `until` (ns)."""

    side: Side
    ticks: int
    lots: int
    until: int


class Walk(NamedTuple):
    """The size that an order trades with, best level first; `short` ended the walk if that is too little."""

    levels: tuple[Level, ...]
    short: Reason


def taken_at(memory: Sequence[Taken], side: Side, now: int) -> dict[int, int]:
    """Lots by ticks that orders of `side` took and that are still remembered."""
    lots: dict[int, int] = {}
    for one in memory:
        if one.side is side and one.until > now:
            lots[one.ticks] = lots.get(one.ticks, 0) + one.lots
    return lots


def walk(
    levels: Sequence[Level], side: Side, limit_ticks: int | None, lots: int, taken: Mapping[int, int]
) -> Walk:
    """The walk of market/books.py, with why it found less than `lots` if it did."""
    found = books.walk(side, levels, lots, limit_ticks, taken)
    more_beyond = limit_ticks is not None and any(
        (level.ticks - limit_ticks) * side.sign > 0 for level in levels
    )
    missing = lots > sum(level.lots for level in found)
    return Walk(tuple(found), Reason.LIMIT_NOT_REACHED if missing and more_beyond else Reason.NO_LIQUIDITY)
