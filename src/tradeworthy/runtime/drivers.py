"""Drives a life on the simulated clock, by the inputs' own time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from tradeworthy.gateways.feeds.protocol import Feed, Row
from tradeworthy.runtime.clocks import Pace
from tradeworthy.runtime.latencies import FREE_EVERY, PACED_EVERY, Latencies
from tradeworthy.runtime.life import FEED, Life

CHUNK = 2_000
"""Inputs between two looks at the outside world."""

Beat = Callable[[], Awaitable[None]]
"""Called between turns, often: progress, snapshots."""


class Driver(Protocol):
    """What takes a life from here to its end, or to where it is stopped."""

    async def run(self) -> bool:
        """Drive to the end; False if it was stopped before. The run is finished after True."""


class SimulatedDriver:
    """Takes a feed's rows as they come, or paced, up to `end_ts` (session time, ns) or the feed's end.

    `latencies` are told how long some of them take.
    """

    def __init__(
        self,
        life: Life,
        feed: Feed,
        stop: asyncio.Event,
        *,
        end_ts: int | None,
        pace: Pace | None,
        beat: Beat,
        latencies: Latencies | None = None,
    ) -> None:
        self._life, self._feed, self._stop = life, feed, stop
        self._end_ts, self._pace, self._beat, self._latencies = end_ts, pace, beat, latencies

    async def run(self) -> bool:
        """Drive to the end; False if it was stopped before. The run is finished after True."""
        life, end_ts = self._life, self._end_ts
        for batch in self._feed.batches(life.core.sequencer.positions.get(FEED, -1)):
            for at in range(0, len(batch), CHUNK):
                rows = batch[at : at + CHUNK]
                ends = end_ts is not None and rows[-1][1] > end_ts
                if ends:
                    rows = [row for row in rows if row[1] <= end_ts]  # type: ignore[operator]
                if not await self._take(rows):
                    return False
                if ends:
                    return await self._end(end_ts)  # type: ignore[arg-type]
        last = life.core.sequencer.now
        return await self._end(last if end_ts is None else max(end_ts, last))

    async def _take(self, rows: Sequence[Row]) -> bool:
        if self._pace is None:
            self._admit(rows)
            await self._beat()
            return not self._stop.is_set()
        start = 0
        for at, row in enumerate(rows):
            if at + 1 == len(rows) or rows[at + 1][1] != row[1]:
                if not await self._pace.until(row[1]):
                    return False
                self._admit(rows[start : at + 1])
                await self._beat()
                start = at + 1
        return not self._stop.is_set()

    def _admit(self, rows: Sequence[Row]) -> None:
        if self._latencies is None:
            self._life.admit_rows(rows)
        else:
            every = PACED_EVERY if self._pace else FREE_EVERY
            self._latencies.sampled(self._life.admit_rows, rows, every)

    async def _end(self, ts: int) -> bool:
        if self._pace and not await self._pace.until(ts):
            return False
        self._life.finish(ts)
        return True
