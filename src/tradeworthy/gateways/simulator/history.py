"""History of simulated tokens: the bars that a session would have made of all points before."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from tradeworthy.desks.uptrend.config import TokenSettings
from tradeworthy.gateways.history import BarColumns, closed_by, rolled
from tradeworthy.gateways.simulator.path import GAP_CELL
from tradeworthy.gateways.simulator.points import MINUTE_NS, PointsSettings, SimulatedToken
from tradeworthy.gateways.simulator.settings import SimulatorSettings
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.market.instruments import Instrument

CHUNK_MINUTES = 8_192
"""Minutes computed at a time, or one block if that is more: 400 kB."""

CHUNKS_KEPT = 32


class SimulatedHistory:
    """Bars of what a PointsFeed of the same settings and seed feeds, from settings.start on.

    They equal, to the last bit, what MinuteBars and BarRollup make of its points: a token's minute opens at the close
    before it, longer bars are there if at least the share `coverage_min` of their minutes is.
    """

    def __init__(
        self,
        settings: SimulatorSettings,
        points: PointsSettings,
        instruments: Sequence[Instrument],
        tokens: Sequence[TokenSettings],
        *,
        seed: int,
        coverage_min: float,
    ) -> None:
        known = {token.instrument: token for token in tokens}
        self._tokens = {
            one.id: SimulatedToken(settings, points, one, known.get(one.id), seed=seed) for one in instruments
        }
        self._start_ts, self._coverage_min = settings.start_ts, coverage_min
        self._chunks: OrderedDict[tuple[str, int], BarColumns] = OrderedDict()

    def bars(self, instrument: str, timeframe: str, before_ts: int, count: int) -> BarColumns:
        """The newest `count` bars that are closed by `before_ts`; see History."""
        token = self._tokens.get(instrument)
        if token is None:
            return BarColumns.none()
        length_ns = TIMEFRAMES_NS[timeframe]
        end = before_ts - before_ts % length_ns
        asked = count
        while True:
            start = end - asked * length_ns
            # A minute beyond the end shows that the last bar is over, whatever it lacks; no gap is as long as a cell.
            minutes = self._minutes(token, start, end + GAP_CELL * MINUTE_NS)
            made = minutes if timeframe == "1m" else rolled(minutes, "1m", timeframe, self._coverage_min)
            bars = closed_by(made, timeframe, before_ts, count)
            if len(bars.opened) == count or start <= self._start_ts:
                return bars
            asked *= 2

    def _minutes(self, token: SimulatedToken, from_ts: int, to_ts: int) -> BarColumns:
        """The minutes opened in [from_ts, to_ts)."""
        chunk_ns = self._blocks(token) * token.block_minutes * MINUTE_NS
        first = max(from_ts - self._start_ts, 0) // chunk_ns
        last = max(to_ts - 1 - self._start_ts, 0) // chunk_ns
        chunks = [self._chunk(token, number) for number in range(first, last + 1)]
        whole = BarColumns(*map(np.concatenate, zip(*chunks, strict=True)))
        return whole.part(slice(*np.searchsorted(whole.opened, (from_ts, to_ts)).tolist()))

    def _chunk(self, token: SimulatedToken, number: int) -> BarColumns:
        key = (token.id, number)
        if key not in self._chunks:
            blocks = self._blocks(token)
            minutes = token.blocks(number * blocks, blocks)
            first = number * blocks * token.block_minutes
            opened = self._start_ts + np.arange(first, first + len(minutes.missing)) * MINUTE_NS
            self._chunks[key] = BarColumns(opened, *minutes.figures).part(~minutes.missing)
            if len(self._chunks) > CHUNKS_KEPT:
                self._chunks.popitem(last=False)
        self._chunks.move_to_end(key)
        return self._chunks[key]

    @staticmethod
    def _blocks(token: SimulatedToken) -> int:
        """Blocks of a chunk."""
        return math.ceil(CHUNK_MINUTES / token.block_minutes)
