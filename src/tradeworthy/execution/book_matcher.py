"""The book matcher's rules: which displayed size an order trades with, given what we took already.

arriving     walks the other side from its best level up to the limit (none: the whole visible depth) as
             taker, a fill for each level.
resting      a limit that rests (GTC) trades at its own price as maker, with the size displayed beyond it by
             at least a tick: a level at our price may only be the queue ahead of us.
taken        size that we traded with stays taken for a while, though the book still shows it: books of a feed
             don't know of our paper trades, and two orders must not both have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from tradeworthy.execution.reasons import Reason
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
    levels: Sequence[Level], side: Side, limit_ticks: int | None, lots: int, taken: dict[int, int]
) -> Walk:
    """Take up to `lots` from `levels` (best first), none beyond `limit_ticks`, less what is `taken`."""
    found: list[Level] = []
    for level in levels:
        if limit_ticks is not None and (limit_ticks - level.ticks) * side.sign < 0:
            return Walk(tuple(found), Reason.LIMIT_NOT_REACHED)
        here = min(lots, level.lots - taken.get(level.ticks, 0))
        if here > 0:
            found.append(Level(level.ticks, here))
            lots -= here
            if not lots:
                break
    return Walk(tuple(found), Reason.NO_LIQUIDITY)
