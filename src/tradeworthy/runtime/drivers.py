"""Drives a life: on the simulated clock by the inputs' own time, on the wall clock by the wall's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from tradeworthy.core.events import Event, Resumed
from tradeworthy.core.timers import NEVER
from tradeworthy.gateways.feeds.protocol import Feed, Row
from tradeworthy.runtime.clocks import Now, Pace
from tradeworthy.runtime.life import FEED, Life
from tradeworthy.runtime.supervisor import kept_running

CHUNK = 2_000
"""Inputs between two looks at the outside world."""

QUEUE_MAX = 100_000
"""Inputs that a live gateway may have waiting; it waits itself beyond that."""

Beat = Callable[[], Awaitable[None]]
"""Called between turns, often: progress, snapshots."""


class SimulatedDriver:
    """Takes a feed's rows as they come, or paced, up to `end_ts` (session time, ns) or the feed's end."""

    def __init__(
        self,
        life: Life,
        feed: Feed,
        stop: asyncio.Event,
        *,
        end_ts: int | None,
        pace: Pace | None,
        beat: Beat,
    ) -> None:
        self._life, self._feed, self._stop = life, feed, stop
        self._end_ts, self._pace, self._beat = end_ts, pace, beat

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
            self._life.admit_rows(rows)
            await self._beat()
            return not self._stop.is_set()
        start = 0
        for at, row in enumerate(rows):
            if at + 1 == len(rows) or rows[at + 1][1] != row[1]:
                if not await self._pace.until(row[1]):
                    return False
                self._life.admit_rows(rows[start : at + 1])
                await self._beat()
                start = at + 1
        return not self._stop.is_set()

    async def _end(self, ts: int) -> bool:
        if self._pace and not await self._pace.until(ts):
            return False
        self._life.finish(ts)
        return True


class LiveFeed(Protocol):
    """A gateway on the wall clock: it puts events into the session as they come."""

    name: str

    async def run(self, put: Callable[[int, Event], Awaitable[None]], after: int) -> None:
        """Deliver (position, event) with `put`, from the position after `after` on, until cancelled."""


class WallDriver:
    """Admits what a live gateway delivers, stamped by the wall clock, and lets due timers fire."""

    def __init__(
        self,
        life: Life,
        feed: LiveFeed,
        stop: asyncio.Event,
        *,
        end_ts: int | None,
        now: Now,
        beat: Beat,
    ) -> None:
        self._life, self._feed, self._stop = life, feed, stop
        self._end_ts, self._now, self._beat = end_ts, now, beat
        self._queue: asyncio.Queue[tuple[int, Event]] = asyncio.Queue(QUEUE_MAX)

    def resume(self) -> int:
        """Tell a run that goes on how long nobody was here; the gap in ns."""
        last, now = self._life.core.sequencer.now, self._now()
        gap_ns = max(0, now - last)
        if last:
            self._life.admit("wall", now, Resumed(gap_ns))
        return gap_ns

    async def run(self) -> bool:
        """Drive until stopped (False) or until the duration is over (True; the run is then finished)."""
        after = self._life.core.sequencer.positions.get(FEED, -1)
        gateway = asyncio.create_task(kept_running(self._feed.name, lambda: self._feed.run(self._put, after)))
        try:
            while not self._stop.is_set():
                now = self._now()
                self._life.advance(now)
                if self._end_ts is not None and now >= self._end_ts:
                    self._life.finish(self._end_ts)
                    return True
                await self._admit_waiting(now)
                await self._beat()
                if gateway.done():
                    gateway.result()
            return False
        finally:
            gateway.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await gateway

    async def _put(self, position: int, event: Event) -> None:
        await self._queue.put((position, event))

    async def _admit_waiting(self, now: int) -> None:
        """Wait for an input until the next timer, and admit what is there."""
        due = min(self._life.core.sequencer.timers.due, self._end_ts or NEVER, now + 100_000_000)
        try:
            position, event = await asyncio.wait_for(self._queue.get(), max(0.0, (due - now) / 1e9))
        except TimeoutError:
            return
        while True:
            self._life.admit(FEED, self._now(), event, position=position)
            if self._queue.empty():
                return
            position, event = self._queue.get_nowait()
