"""Drives a life on the wall clock: what a live gateway delivers, and timers when they are due."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from time import perf_counter_ns

import structlog

from tradeworthy.core.events import Event
from tradeworthy.core.timers import NEVER
from tradeworthy.gateways.feeds.protocol import LiveFeed
from tradeworthy.runtime.clocks import Now
from tradeworthy.runtime.drivers import CHUNK, Beat
from tradeworthy.runtime.errands import WallErrands
from tradeworthy.runtime.inbox import NOWHERE, WAITING_MAX, Inbox
from tradeworthy.runtime.latencies import latencies_of
from tradeworthy.runtime.life import FEED, Life
from tradeworthy.runtime.runs import WALL
from tradeworthy.runtime.supervisor import kept_running

log = structlog.get_logger()

GATEWAY_CRASHED, GATEWAY_BACK = "gateway_crashed", "gateway_back"
AGENT_STALE = "agent_stale"

STALE_NS = 120_000_000_000
"""A gateway that delivers nothing for so long is stale."""

LOOK_NS = 100_000_000
"""The longest wait: the wall clock may step, a person may set a timer, the gateway may end."""


class WallDriver:
    """Admits what `feed` delivers, stamped max(now, last ts), and lets timers fire when `now` reaches them.

    `now` may step back: session time then stands still until it is reached again. `sleep` is what the restarts
    of a crashed gateway wait with.
    """

    def __init__(
        self,
        life: Life,
        feed: LiveFeed,
        stop: asyncio.Event,
        *,
        end_ts: int | None,
        now: Now,
        beat: Beat,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self.errands: WallErrands | None = None
        self.latencies = latencies_of(life)
        self._life, self._feed, self._stop = life, feed, stop
        self._end_ts, self._now, self._beat, self._sleep = end_ts, now, beat, sleep
        after = life.core.sequencer.positions.get(FEED, -1)
        self._inbox = Inbox(feed.name, after, waiting_max=waiting_max)
        self._is_down = self._is_stale = False
        self._has_said, self._heard_ts = True, 0

    async def run(self) -> bool:
        """Drive until stopped (False) or until the duration is over (True; the run is then finished)."""
        gateway = asyncio.create_task(self._keep_gateway(), name=self._feed.name)
        try:
            while not self._stop.is_set():
                if self._work():
                    return True
                await self._beat()
                if gateway.done():
                    gateway.result()
                await self._wait()
            return False
        finally:
            gateway.cancel()
            if self.errands:
                self.errands.cancel()
            await asyncio.gather(gateway, return_exceptions=True)

    async def _keep_gateway(self) -> None:
        await kept_running(
            self._feed.name,
            lambda: self._feed.run(self._put, self._inbox.after),
            sleep=self._sleep,
            crashed=self._note_crash,
        )

    def _note_crash(self) -> None:
        """Once for each time that it went away, however often it fails to come back."""
        if not self._is_down:
            self._inbox.note_health(GATEWAY_CRASHED, ok=False)
        self._is_down = True
        self._inbox.note_gap(GATEWAY_CRASHED, self._now())

    async def _put(self, position: int, event: Event) -> None:
        """Take what the gateway delivers; the first of it after a crash or a silence says that it is back."""
        self._has_said = True
        self.latencies.arrived(event, self._now())
        if self._is_down or self._is_stale:
            self._is_down = self._is_stale = False
            self._inbox.note_health(GATEWAY_BACK, ok=True)
        await self._inbox.put(position, event)

    def _look_after(self, now: int) -> None:
        """Once for each silence, say that nothing comes any more; one that crashed may be silent, too."""
        if self._has_said or now < self._heard_ts:
            self._has_said, self._heard_ts = False, now
        if not self._is_stale and now - self._heard_ts >= STALE_NS:
            self._is_stale = True
            log.warning(AGENT_STALE, agent=self._feed.name, silent_s=(now - self._heard_ts) // 1_000_000_000)
            self._inbox.note_health(AGENT_STALE, ok=False)

    def _work(self) -> bool:
        """Let due timers fire, and admit some of what waits; True once the run is over."""
        life, end_ts, now = self._life, NEVER if self._end_ts is None else self._end_ts, self._now()
        if now >= end_ts:
            life.finish(end_ts)
            return True
        self._look_after(now)
        life.advance(now)
        self._run_errands()
        for position, event in self._inbox.take(CHUNK):
            now = self._now()
            if now >= end_ts:
                break
            began = perf_counter_ns()
            life.admit(WALL if position == NOWHERE else FEED, now, event, position=position)
            self.latencies.handled(began)
        return False

    def _run_errands(self) -> None:
        """Begin what is asked for, and admit the answers that came."""
        if self.errands is None:
            return
        for packet, event in self.errands.go_on(self._life.outbox.unanswered):
            self._life.admit_answer(packet, self._now(), event)

    async def _wait(self) -> None:
        """Until something is delivered, or a timer or the end is due."""
        if self._inbox:
            return
        now = self._now()
        due = min(self._life.core.sequencer.timers.due, self._end_ts or NEVER, now + LOOK_NS)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._inbox.filled(), max(0, due - now) / 1e9)
