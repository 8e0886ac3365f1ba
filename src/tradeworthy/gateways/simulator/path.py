"""The path of one simulated instrument: any stretch of it can be computed alone.

Bars are grouped in blocks, blocks in epochs. An epoch's ends are drawn by themselves, so that prices stay
within bounds for ever; the starts of its blocks are a Brownian bridge between them, by midpoints (Levy's
construction); the bars of a block are a walk with regimes and jumps, bent to meet the next block's start.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradeworthy.gateways.simulator.noise import Floats, Stream, pieces
from tradeworthy.gateways.simulator.settings import SimulatorSettings
from tradeworthy.market.bars import TIMEFRAMES_NS

DAY_NS = TIMEFRAMES_NS["1d"]
YEAR_NS = 365 * DAY_NS
REGIMES_A_BLOCK = 8
GAP_CELL = 64
"""Bars in which at most one gap lies, never at the cell's ends."""

GAP_BARS_MAX = 30
DEPTH_MAX = 20
BRIDGES_MAX = 1024
JUMP_BARS = 8.0
"""A jump's standard deviation, in those of a bar."""

MARKET_MOVE = "simulator market/move"
"""The stream of the moves that all instruments share; no instrument's own begins so."""

EPOCH_DEVIATION = 0.4
LOG_PRICE_MAX = 3.0
"""Prices stay within e^3, about 20 times, of the start price: they turn round there."""


class Regime(NamedTuple):
    """`until` is the upper end of its share of draws; drift is in standard deviations of a bar."""

    until: float
    volatility: float
    drift: float


REGIMES = (Regime(0.5, 0.6, 0.0), Regime(0.7, 1.0, 0.08), Regime(0.9, 1.0, -0.08), Regime(1.0, 2.2, 0.0))
"""Calm, rising, falling, wild."""

_UNTIL = np.array([regime.until for regime in REGIMES])
_VOLATILITY = np.array([regime.volatility for regime in REGIMES])
_DRIFT = np.array([regime.drift for regime in REGIMES])


class Stretch(NamedTuple):
    """Whole blocks: `levels` are log prices relative to the start, one more than there are bars.

    `deviation` is of a bar's log return; `high`, `low` and `activity` are uniform draws, the last times
    volatility. `gap_from` has, for the last bar of a gap, the number of its first (-1 for all others).
    """

    levels: Floats
    deviation: Floats
    high: Floats
    low: Floats
    activity: Floats
    missing: NDArray[np.bool_]
    gap_from: NDArray[np.int64]


class PricePath:
    """An instrument's path: a function of seed, instrument, settings, timeframe and the bar's number."""

    def __init__(self, settings: SimulatorSettings, seed: int, instrument: str, timeframe_ns: int) -> None:
        self._regime_bars = settings.regime_bars
        self.block_bars = GAP_CELL * math.ceil(REGIMES_A_BLOCK * settings.regime_bars / GAP_CELL)
        self._bar_deviation = settings.volatility * math.sqrt(timeframe_ns / YEAR_NS)
        self._block_variance = self.block_bars * self._bar_deviation * self._bar_deviation
        self._jump_chance = min(1.0, settings.jumps_per_day * timeframe_ns / DAY_NS)
        self._gap_chance = min(1.0, settings.gaps_per_day * GAP_CELL * timeframe_ns / DAY_NS)
        self._epoch_blocks = 1
        while self._epoch_blocks < 1 << DEPTH_MAX and self._epoch_blocks * self._block_variance < 1.0:
            self._epoch_blocks *= 2
        self._bridges: dict[int, float] = {}
        self._streams: dict[str, Stream] = {}
        self._name, self._seed = f"simulator/{instrument}", seed
        self._market = Stream(seed, MARKET_MOVE) if settings.correlation else None
        self._common, self._own = math.sqrt(settings.correlation), math.sqrt(1.0 - settings.correlation)

    def anchor(self, block: int) -> float:
        """The log price at the start of `block`, relative to the start price."""
        epoch, inside = divmod(block, self._epoch_blocks)
        low, high = 0, self._epoch_blocks
        left, right = self._epoch_end(epoch), self._epoch_end(epoch + 1)
        while low < inside:
            middle = (low + high) // 2
            deviation = math.sqrt((high - low) / 4 * self._block_variance)
            value = (left + right) / 2 + self._bridge(epoch * self._epoch_blocks + middle) * deviation
            if middle <= inside:
                low, left = middle, value
            else:
                high, right = middle, value
        return left

    def stretch(self, first_block: int, blocks: int) -> Stretch:
        """The bars of `blocks` blocks from `first_block` on."""
        bars = np.arange(first_block * self.block_bars, (first_block + blocks) * self.block_bars)
        regime = self._regimes(bars)
        high, low, activity, jump = pieces(self._stream("bar").words(bars), (14, 14, 12, 24))
        moves = self._stream("move").normal(bars)
        if self._market is not None:
            moves *= self._own
            moves += self._market.normal(bars) * self._common
        moves += _DRIFT[regime]
        jumps = np.flatnonzero(jump < self._jump_chance)
        moves[jumps] += self._stream("jump").normal(bars[jumps]) * JUMP_BARS
        volatility = _VOLATILITY[regime]
        deviation = volatility * self._bar_deviation
        moves *= deviation
        missing, gap_from = self._gaps(bars)
        levels = self._bent(moves.reshape(blocks, self.block_bars), first_block)
        return Stretch(levels, deviation, high, low, activity * volatility, missing, gap_from)

    def _bent(self, moves: Floats, first_block: int) -> Floats:
        """Levels that make `moves` within each block and meet the anchors at its ends."""
        blocks, width = moves.shape
        anchors = np.array([self.anchor(first_block + number) for number in range(blocks + 1)])
        walk = np.cumsum(moves, axis=1)
        short = np.diff(anchors) - walk[:, -1]
        walk += anchors[:-1, None]
        walk += short[:, None] * (np.arange(1, width + 1) / width)
        walk[:, -1] = anchors[1:]
        return folded(np.concatenate((anchors[:1], walk.ravel())))

    def _stream(self, name: str) -> Stream:
        if name not in self._streams:
            self._streams[name] = Stream(self._seed, f"{self._name}/{name}")
        return self._streams[name]

    def _bridge(self, block: int) -> float:
        """The midpoint noise of `block`, remembered: neighbours share most of theirs."""
        if block not in self._bridges:
            if len(self._bridges) >= BRIDGES_MAX:
                self._bridges.clear()
            self._bridges[block] = self._stream("bridge").normal_at(block)
        return self._bridges[block]

    def _epoch_end(self, epoch: int) -> float:
        return self._stream("epoch").normal_at(epoch) * EPOCH_DEVIATION if epoch else 0.0

    def _regimes(self, bars: NDArray[np.int64]) -> NDArray[np.int64]:
        """The number of each bar's regime: cells of regime_bars, each with its beginning somewhere within."""
        cells, inside = np.divmod(bars, self._regime_bars)
        first = int(cells[0])
        every = np.arange(first - 1, int(cells[-1]) + 1)
        begins = self._stream("regime begin").uniform(every) * self._regime_bars
        kinds = np.searchsorted(_UNTIL, self._stream("regime").uniform(every), side="right")
        place = cells - (first - 1)
        mine: NDArray[np.int64] = kinds[place - (inside < begins[place])]
        return mine

    def _gaps(self, bars: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """`missing` and `gap_from` of a Stretch."""
        cells, inside = bars[::GAP_CELL] // GAP_CELL, np.arange(GAP_CELL)
        present = self._stream("gap").uniform(cells) < self._gap_chance
        begin = 1 + np.floor(self._stream("gap begin").uniform(cells) * (GAP_CELL - 2)).astype(np.int64)
        room = np.minimum(GAP_BARS_MAX, GAP_CELL - 1 - begin)
        length = 1 + np.floor(self._stream("gap length").uniform(cells) * room).astype(np.int64)
        after = inside[None, :] - begin[:, None]
        missing = present[:, None] & (after >= 0) & (after < length[:, None])
        last = missing & (after == length[:, None] - 1)
        gap_from = np.where(last, (cells * GAP_CELL + begin)[:, None], -1)
        return missing.ravel(), gap_from.ravel()


def folded(levels: Floats) -> Floats:
    """`levels` turned round at LOG_PRICE_MAX and its negative, as often as it takes."""
    turned = np.mod(levels + LOG_PRICE_MAX, 4 * LOG_PRICE_MAX)
    return np.minimum(turned, 4 * LOG_PRICE_MAX - turned) - LOG_PRICE_MAX
