"""Recorded best bids and asks as columns: what of them is a book, and the books that they make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradeworthy.gateways.feeds.rows import Floats, Integers
from tradeworthy.gateways.feeds.timeline import FIRST, Books, Single
from tradeworthy.market.bars import FeedGap

FAULTS = ("", "crossed", "off_tick")
"""Why a quote is no book, by code: 0 is one. `crossed`: the bid is not below the ask."""

TICK_NOISE = 0.01
"""A quote this near a tick (a hundredth of it) stands on it: records have 0.339999 for 0.34."""


class Quotes(NamedTuple):
    """Quotes as columns in order of time (`ts`, UTC ns): ticks of bid and ask, 0 where there is none.

    `market` is a place in the record's markets, `fault` a code of FAULTS.
    """

    ts: Integers
    market: Integers
    bid: Integers
    ask: Integers
    fault: Integers

    def where(self, kept: NDArray[np.bool_] | Integers) -> Quotes:
        """Some of the rows."""
        return Quotes(*(column[kept] for column in self))


def on_ticks(prices: Floats, ticks_a_unit: Integers) -> tuple[Integers, NDArray[np.bool_]]:
    """Ticks of prices within 0 to 1 (0: there is none, for NaN too), and which of them lie off their ticks."""
    steps = np.nan_to_num(prices) * ticks_a_unit
    ticks = np.rint(steps).astype(np.int64)
    off = np.abs(steps - ticks) > TICK_NOISE
    return np.where((ticks < 1) | (ticks >= ticks_a_unit), 0, ticks), off


def quotes_of(ts: Integers, market: Integers, bid: Floats, ask: Floats, ticks_a_unit: Integers) -> Quotes:
    """The rows judged; NaN says that no bid, or no ask, was there."""
    bids, bids_off = on_ticks(bid, ticks_a_unit)
    asks, asks_off = on_ticks(ask, ticks_a_unit)
    fault = np.where(bids_off | asks_off, FAULTS.index("off_tick"), 0)
    fault[(bids > 0) & (asks > 0) & (bids >= asks)] = FAULTS.index("crossed")
    return Quotes(ts, market, bids, asks, fault)


def books_of(quotes: Quotes, token: Integers, lots: int) -> Books:
    """One-level books of `lots` from the rows that have no fault, for the tokens in `token`."""
    good = quotes.fault == 0
    kept, token = quotes.where(good), token[good]
    bid, ask = kept.bid[:, None], kept.ask[:, None]
    return Books(kept.ts, kept.ts, token, bid, (bid > 0) * lots, ask, (ask > 0) * lots)


def fault_gaps(feed: str, quotes: Quotes, tokens: Sequence[tuple[str, ...]]) -> Iterator[Single]:
    """A FeedGap at each row that is no book, for each of the market's tokens: its book is unknown from then on."""
    for row in np.flatnonzero(quotes.fault).tolist():
        ts, reason = int(quotes.ts[row]), f"bad_book:{FAULTS[quotes.fault[row]]}"
        for token in tokens[int(quotes.market[row])]:
            yield Single(ts, FIRST, FeedGap(feed, token, ts, ts, reason))


def faults_counted(quotes: Quotes) -> dict[str, int]:
    """Rows that are no book, by reason."""
    counts = np.bincount(quotes.fault, minlength=len(FAULTS)).tolist()
    return {name: count for name, count in zip(FAULTS[1:], counts[1:], strict=True) if count}
