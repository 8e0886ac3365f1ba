"""Quotes around a fair price: one book of a market, seen from both its tokens."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tradeworthy.core import draws
from tradeworthy.gateways.simulator.noise import Stream
from tradeworthy.gateways.simulator.prediction_settings import PredictionSettings
from tradeworthy.market.books import Level

LOTS_A_SHARE = 100
COARSE, FINE = 100, 1000
"""Ticks in 1: of 0.01, and of 0.001."""

DEAD_CENTS = 2
DEAD_SHARES = 20
NO_SIZE = -1
ROUNDING = 1e-9

Levels = tuple[Level, ...]


class Shown(NamedTuple):
    """A YES book in short: its maker's best quotes in ticks of 1 / `unit` (bid 0, ask `unit`: none), and which sizes.

    `sizes` of NO_SIZE makes it a dead book of one small level. Of the best levels so many are gone: others took them.
    """

    bid: int
    ask: int
    unit: int
    sizes: int
    bids_gone: int = 0
    asks_gone: int = 0

    @property
    def apart(self) -> int:
        """Ticks from one level to the next."""
        return max(1, self.unit // 200)


class Maker:
    """Who quotes one market. What is drawn of it depends on `seed` and `market`; the half spread on `group`.

    Fair price plus or minus half spread, rounded away from it to the tick: no quote is ever better than what the
    maker holds fair. A function of fair price and step.
    """

    def __init__(self, settings: PredictionSettings, seed: int, market: str, group: str) -> None:
        def drawn(what: str, of: str) -> float:
            return draws.draw(seed, f"predictions/{what}", of)

        spread = settings.half_spread_max - settings.half_spread_min
        self.half_spread = settings.half_spread_min + spread * drawn("spread", group)
        self._lots = settings.level_shares * LOTS_A_SHARE * math.exp(1.4 * drawn("size", market) - 0.7)
        self._hold = max(1, round(settings.requote_ms * (0.5 + drawn("hold", market)) / settings.step_ms))
        self._offset = int(drawn("offset", market) * self._hold)
        self._depth = settings.depth
        self._bid_sizes = Stream(seed, f"predictions/bids/{market}")
        self._ask_sizes = Stream(seed, f"predictions/asks/{market}")
        self._late = Stream(seed, f"predictions/late/{market}")
        self._skew_share, self._skew = settings.skew_share, settings.skew_ms

    def shown(self, fair: float, step: int, unit: int, *, crossed_by: float = 0.0) -> Shown:
        """The book at `step` around `fair`; with `crossed_by` bids are that far above asks."""
        middle, half = fair * unit, self.half_spread * unit
        if crossed_by:
            half = -crossed_by * unit / 2.0
        ask = min(unit, max(1, math.ceil(middle + half - ROUNDING)))
        bid = max(0, min(unit - 1, math.floor(middle - half + ROUNDING)))
        if crossed_by and (bid < 1 or ask >= unit):
            return self.shown(fair, step, unit)
        return Shown(bid, ask, unit, (step + self._offset) // self._hold)

    def dead(self, unit: int, share: float) -> Shown:
        """A dead book: both sides, or one, by `share` in [0, 1)."""
        edge = DEAD_CENTS * unit // COARSE
        return Shown(edge if share < 2 / 3 else 0, unit - edge if share > 1 / 3 else unit, unit, NO_SIZE)

    def skews_ms(self, first: int, end: int) -> list[int]:
        """By step from `first` to before `end`: how much later the NO token's message is, mostly 0."""
        least, most = self._skew
        if not self._skew_share:
            return [0] * (end - first)
        drawn = self._late.uniform(np.arange(first, end)) / self._skew_share
        late: list[int] = np.where(drawn < 1.0, least + drawn * (most - least), 0.0).astype(np.int64).tolist()
        return late

    def book(self, shown: Shown) -> tuple[Levels, Levels]:
        """Bids and asks of the YES token, best first."""
        if shown.sizes == NO_SIZE:
            lots = DEAD_SHARES * LOTS_A_SHARE
            bid, ask = (Level(shown.bid, lots),), (Level(shown.ask, lots),)
            return (
                bid if shown.bid and not shown.bids_gone else (),
                ask if shown.ask < shown.unit and not shown.asks_gone else (),
            )
        gap = shown.apart
        bid_sizes, ask_sizes = (
            self._sizes(self._bid_sizes, shown.sizes),
            self._sizes(self._ask_sizes, shown.sizes),
        )
        bids = tuple(
            Level(ticks, lots) for ticks, lots in zip(range(shown.bid, 0, -gap), bid_sizes, strict=False)
        )
        asks = tuple(
            Level(ticks, lots)
            for ticks, lots in zip(range(shown.ask, shown.unit, gap), ask_sizes, strict=False)
        )
        return bids[shown.bids_gone :], asks[shown.asks_gone :]

    def _sizes(self, stream: Stream, number: int) -> list[int]:
        """Lots of each level: one byte of a draw each, and more the further from the best."""
        word = stream.word_at(number)
        return [
            int(self._lots * (0.4 + (word >> 8 * level & 255) / 212.0) * (1.0 + 0.5 * level)) + LOTS_A_SHARE
            for level in range(self._depth)
        ]


def mirrored(side: Levels, unit: int) -> Levels:
    """The NO token's other side: its bids are what is asked for YES, taken from 1."""
    return tuple([Level(unit - level.ticks, level.lots) for level in side])
