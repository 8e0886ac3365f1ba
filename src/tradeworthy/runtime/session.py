"""A paper session: a run's life between its feed, its people, its database and its bus."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import structlog

from tradeworthy.core.errors import AllHalted
from tradeworthy.gateways.control import ControlServer, Halt
from tradeworthy.gateways.feeds.protocol import Feed
from tradeworthy.gateways.latch import LatchFile
from tradeworthy.runtime.clocks import Pace, wall_now
from tradeworthy.runtime.drivers import SimulatedDriver
from tradeworthy.runtime.feeds import open_feed
from tradeworthy.runtime.home import Home, SessionLock
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.opening import OpenRun, open_run
from tradeworthy.runtime.overview import overview
from tradeworthy.runtime.plan import Plan
from tradeworthy.runtime.requests import RequestHandler
from tradeworthy.runtime.services import Services

log = structlog.get_logger()

Watch = Callable[[dict[str, Any]], None]
WATCH_EVERY_S = 0.25


@dataclass(frozen=True)
class Ending:
    """How a session ended: the figures of `run_finished`, the last overview, what is still late."""

    figures: dict[str, Any]
    overview: dict[str, Any]
    finished: bool
    rows_late: str


def run_session(plan: Plan, home: Home, watch: Watch | None = None) -> Ending:
    """Run `plan` in paper mode until its end or until it is stopped.

    UsageError if a session runs in this home already; NotAvailable or Retryable if feed, database or bus are
    missing at start; AllHalted if the journal can't be written or a part under the desks raised.
    """
    home.make()
    lock = SessionLock(home)
    lock.take({"run": "starting"})
    try:
        feed = open_feed(plan, home)
        with Services(home) as services:
            run = open_run(plan, home, feed.identity(), feed.span()[0])
            lock.note({"run": run.life.header.run})
            return asyncio.run(Session(plan, home, feed, run, services, watch).run())
    finally:
        lock.release()


class Session:
    """One process's session over an open run."""

    def __init__(
        self,
        plan: Plan,
        home: Home,
        feed: Feed,
        run: OpenRun,
        services: Services,
        watch: Watch | None,
    ) -> None:
        self._plan, self._home, self._feed, self._open = plan, home, feed, run
        self._life: Life = run.life
        self._services, self._watch = services, watch
        self._watched_at = 0.0
        self._snapshot_at = self._life.core.sequencer.inputs
        self._stop = asyncio.Event()
        self._latch = LatchFile(home.path)
        self._requests = RequestHandler(self._life, self._latch, self._stop)

    async def run(self) -> Ending:
        """Drive the run; what is under way ends in order whatever happens."""
        self._announce()
        finished = False
        with self._signals():
            try:
                async with ControlServer(self._home.path, self._requests.handle):
                    self._services.start(self._life, asyncio.get_running_loop(), self._requests.handle)
                    await self._obey_latch()
                    finished = await self._driver().run()
            except AllHalted as error:
                log.error("session_halted", error=str(error))  # noqa: TRY400 - the user gets one line
                self._latch.set("session", str(error), wall_now())
                raise
            finally:
                self._stopping()
                with contextlib.ExitStack() as ends:
                    ends.callback(self._services.stop)
                    ends.callback(self._life.close)
                    if not self._life.writer.failed:
                        ends.callback(self._life.snapshot)
        log.info("session_shutdown_complete")
        return Ending(self._life.figures(), overview(self._life), finished, self._services.late)

    def _driver(self) -> SimulatedDriver:
        speed = self._plan.pace(endless=self._feed.span()[1] is None)
        pace = Pace(speed, self._stop) if speed else None
        return SimulatedDriver(
            self._life, self._feed, self._stop, end_ts=self._open.end_ts, pace=pace, beat=self._beat
        )

    async def _beat(self) -> None:
        """Between turns: let the outside in, show, snapshot."""
        await asyncio.sleep(0)
        inputs = self._life.core.sequencer.inputs
        if inputs - self._snapshot_at >= self._plan.configuration.journal.snapshot_every:
            self._snapshot_at = inputs
            self._life.snapshot()
        if self._watch and time.monotonic() - self._watched_at > WATCH_EVERY_S:
            self._watched_at = time.monotonic()
            self._watch(overview(self._life))

    async def _obey_latch(self) -> None:
        """A latch that was set while no session ran halts this one from its first turn on."""
        latch = self._latch.read()
        if latch and not self._life.core.guardian.halted():
            await self._requests.handle(Halt(by=latch.by, reason=latch.reason))

    def _announce(self) -> None:
        life, plan = self._life, self._plan
        log.info(
            "session_starting",
            run=life.header.run,
            mode=plan.mode.value,
            feed=self._feed.name,
            seed=plan.the_seed,
            resumed=self._open.resumed,
        )
        parts = [name for name in life.core.sequencer.agents if name != "counters"]
        for name in parts:
            log.info("agent_started", agent=name)
        log.info("session_started", agent_count=len(parts))
        if life.recovery.torn_bytes:
            log.warning("torn_tail_trimmed", bytes=life.recovery.torn_bytes)
        if life.recovery.died_at:
            log.warning("process_died_in_turn", packet=life.recovery.died_at)
        if self._open.resumed:
            log.info(
                "state_recovered",
                agent="ledger",
                open_trades=len(life.core.positions()),
                packets=life.core.sequencer.seq,
                inputs_replayed=life.recovery.replayed,
            )

    def _stopping(self) -> None:
        log.info("session_stopping")
        for name in reversed([name for name in self._life.core.sequencer.agents if name != "counters"]):
            log.info("agent_stopped", agent=name)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl+C and SIGTERM stop in good order; a second one at once."""
        loop = asyncio.get_running_loop()
        asked = (signal.SIGINT, signal.SIGTERM)
        for one in asked:
            loop.add_signal_handler(one, self._on_signal)
        try:
            yield
        finally:
            for one in asked:
                loop.remove_signal_handler(one)

    def _on_signal(self) -> None:
        if self._stop.is_set():
            raise KeyboardInterrupt
        self._stop.set()
