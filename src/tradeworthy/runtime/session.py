"""A paper session: a run's life between its feed, its people, its database and its bus."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog

from tradeworthy.core.agents import Agent
from tradeworthy.core.errors import AllHalted, UsageError
from tradeworthy.gateways.control import ControlServer
from tradeworthy.gateways.feeds.protocol import Feed, FeedReport, LiveFeed
from tradeworthy.gateways.latch import LatchFile
from tradeworthy.journal.segments import START
from tradeworthy.runtime.clocks import Now, Pace, wall_now
from tradeworthy.runtime.desks import check_desks
from tradeworthy.runtime.doing_errands import do_errands, scheduled_jobs, wall_errands
from tradeworthy.runtime.drivers import Beat, Driver, SimulatedDriver
from tradeworthy.runtime.faces import PILOT, SESSION, Face
from tradeworthy.runtime.feeds import open_feed, open_live_feed
from tradeworthy.runtime.home import Home, SessionLock
from tradeworthy.runtime.latencies import Latencies, latencies_of
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.narration import Narrator
from tradeworthy.runtime.notify_systemd import ServiceManager
from tradeworthy.runtime.opening import OpenRun, open_run
from tradeworthy.runtime.opening_capital import taken_over
from tradeworthy.runtime.overview import overview
from tradeworthy.runtime.pid_file import pid_file
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.recovered import recovered
from tradeworthy.runtime.requests import RequestHandler
from tradeworthy.runtime.services import KeptState, Services
from tradeworthy.runtime.signals import StopSignals
from tradeworthy.runtime.tidying import Tidying
from tradeworthy.runtime.wall import WallDriver
from tradeworthy.runtime.wall_opening import open_wall_run

log = structlog.get_logger()

Watch = Callable[[dict[str, Any]], None]
WATCH_EVERY_S = 0.25


@dataclass(frozen=True)
class Ending:
    """How a session ended: the figures of `run_finished`, the last overview, what is still late, what was read."""

    figures: dict[str, Any]
    overview: dict[str, Any]
    finished: bool
    rows_late: str
    feed: FeedReport | None = None


@dataclass(frozen=True)
class Source:
    """What a session lives on: its feed's name, session time (UTC ns) now and at its end, and who drives it.

    The driver tells `latencies` how long things take.
    """

    name: str
    now: Now
    end_ts: int | None
    driver: Callable[[asyncio.Event, Beat], Driver]
    latencies: Latencies


def run_session(
    plan: Plan,
    home: Home,
    watch: Watch | None = None,
    *,
    face: Face = SESSION,
    observers: Sequence[Agent] = (),
    feed: Feed | None = None,
) -> Ending:
    """Run `plan` in paper mode until its end or until it is stopped, shown as `face`: a live feed on the wall clock.

    `observers` see each packet of a new run before the other parts do. `feed` takes the place of the plan's.

    UsageError if a session runs in this home already; NotAvailable or Retryable if feed, database or bus are
    missing at start; AllHalted if the journal can't be written or a part under the desks raised.
    """
    check_desks(plan.configuration)
    scheduled_jobs(plan)
    if plan.feed == "live":
        return run_wall_session(plan, home, open_live_feed(plan), watch, face=face)
    with _alone(home, face) as (lock, signals):
        feed = feed or open_feed(plan, home)
        with Services(home) as services, _pid_file(home, face):
            opening = partial(taken_over, plan, home, feed.name, services.read_state)
            run = open_run(plan, home, feed.identity(), feed.span()[0], observers=observers, opening=opening)
            lock.note(_note(run.life.header.run, face))
            do_errands(plan, home, run.life, feed)
            session = Session(plan, home, run, _simulated(plan, feed, run), services, Shown(face, watch))
            return replace(asyncio.run(session.run(signals)), feed=feed.report())


def run_wall_session(
    plan: Plan,
    home: Home,
    feed: LiveFeed,
    watch: Watch | None = None,
    *,
    now: Now = wall_now,
    face: Face = SESSION,
) -> Ending:
    """Run `plan` in paper mode on the wall clock `now` (UTC ns), on what `feed` delivers; as `run_session` else.

    `feed` takes the place of the plan's. UsageError if books can't be taken over from the run before.
    """
    if plan.mode is not Mode.PAPER:
        raise UsageError(f"a {plan.mode} has no wall clock; use --mode paper")
    check_desks(plan.configuration)
    scheduled_jobs(plan)
    with _alone(home, face) as (lock, signals), Services(home) as services, _pid_file(home, face):
        opening = partial(taken_over, plan, home, feed.name, services.read_state)
        run = open_wall_run(plan, home, feed.identity(), now(), opening)
        lock.note(_note(run.life.header.run, face))

        errands, latencies = wall_errands(plan, run.life, feed), latencies_of(run.life)

        def driver(stop: asyncio.Event, beat: Beat) -> Driver:
            wall = WallDriver(run.life, feed, stop, end_ts=run.end_ts, now=now, beat=beat)
            wall.errands, wall.latencies = errands, latencies
            return wall

        source = Source(feed.name, now, run.end_ts, driver, latencies)
        return asyncio.run(Session(plan, home, run, source, services, Shown(face, watch)).run(signals))


@contextmanager
def _alone(home: Home, face: Face) -> Iterator[tuple[SessionLock, StopSignals]]:
    """The home folder to oneself, and signals caught."""
    home.make()
    lock = SessionLock(home)
    lock.take(_note("starting", face))
    try:
        with StopSignals() as signals:
            yield lock, signals
    finally:
        lock.release()


def _pid_file(home: Home, face: Face) -> AbstractContextManager[None]:
    """The pilot's process id in its file; other sessions have none."""
    return pid_file(home.pid_file) if face is PILOT else nullcontext()


def _note(run: str, face: Face) -> dict[str, str]:
    """What the session lock says of who holds it."""
    return {"run": run, "face": face.name}


def _simulated(plan: Plan, feed: Feed, run: OpenRun) -> Source:
    """A feed on the simulated clock: as fast as the plan says, its time that of the last input."""
    feed_end, latencies = feed.span()[1], latencies_of(run.life)
    speed = plan.pace(endless=feed_end is None)

    def driver(stop: asyncio.Event, beat: Beat) -> Driver:
        pace = Pace(speed, stop, beat) if speed else None
        return SimulatedDriver(
            run.life, feed, stop, end_ts=run.end_ts, pace=pace, beat=beat, latencies=latencies
        )

    return Source(feed.name, lambda: run.life.core.sequencer.now, run.end_ts or feed_end, driver, latencies)


@dataclass(frozen=True)
class Shown:
    """How a session shows itself: by which names, and to whom besides the log."""

    face: Face = SESSION
    watch: Watch | None = None


class Session:
    """One process's session over an open run."""

    def __init__(
        self,
        plan: Plan,
        home: Home,
        run: OpenRun,
        source: Source,
        services: Services,
        shown: Shown,
    ) -> None:
        self._plan, self._home, self._source, self._open = plan, home, source, run
        self._life: Life = run.life
        self._services, self._face, self._watch = services, shown.face, shown.watch
        self._parts = shown.face.parts(self._life.core.sequencer.agents)
        self._jobs = scheduled_jobs(plan)
        self._narrator = Narrator(source.name) if plan.configuration.on_predictions else None
        self._watched_at = 0.0
        self._snapshot_at = self._life.core.sequencer.inputs
        self._stop = asyncio.Event()
        self._manager = ServiceManager(os.environ)
        self._tidying = Tidying(home, self._life.folder, plan.configuration.journal.keep_days)
        self._latch = LatchFile(home.path)
        self._requests = RequestHandler(self._life, self._latch, self._stop, source.now, self._overview)

    async def run(self, signals: StopSignals) -> Ending:
        """Drive the run; what is under way ends in order whatever happens.

        After a raise there is no snapshot: the state may be half changed, and the journal holds all that is true.
        """
        loop = asyncio.get_running_loop()
        signals.first_calls(lambda: None if loop.is_closed() else loop.call_soon_threadsafe(self._stop.set))
        try:
            try:
                self._starting()
                finished = await self._drive()
            except AllHalted as error:
                log.error("session_halted", error=str(error))  # noqa: TRY400 - the user gets one line
                self._services.tell(error)
                raise
            except (KeyboardInterrupt, asyncio.CancelledError):
                self._services.hurry()
                raise
            finally:
                self._stopping()
                self._tidying.stop()
                self._services.stop()
            self._tidying.end()
            if finished:
                self._life.conclude()
        finally:
            self._life.close()
        log.info(self._face.event("shutdown_complete"))
        return Ending(self._life.figures(), self._overview(), finished, self._services.late)

    async def _drive(self) -> bool:
        """Take the run to its end (True) or to where it is stopped, and write a snapshot."""
        async with ControlServer(self._home.path, self._requests.handle):
            self._started()
            self._services.start(
                self._life,
                asyncio.get_running_loop(),
                self._requests.handle,
                listeners=[self._narrator.take] if self._narrator else [],
                after=None if self._open.resumed else START,
                state=KeptState(self._plan.configuration, self._source.name, self._requests.hear),
            )
            self._services.announce(self._parts, "started", self._source.now())
            self._obey_latch()
            self._manager.ready()
            self._tidying.go_on()
            finished = await self._source.driver(self._stop, self._beat).run()
        self._life.snapshot()
        return finished

    async def _beat(self) -> None:
        """Between turns: let the outside in, show, snapshot."""
        await asyncio.sleep(0)
        self._manager.alive()
        self._source.latencies.turn_over()
        if self._latch.is_set() and not self._life.core.guardian.halted():
            self._obey_latch()
        inputs = self._life.core.sequencer.inputs
        if inputs - self._snapshot_at >= self._plan.configuration.journal.snapshot_every:
            self._snapshot_at = inputs
            self._life.snapshot()
            self._tidying.go_on()
        self._services.show(self._life.core)
        if self._watch and time.monotonic() - self._watched_at > WATCH_EVERY_S:
            self._watched_at = time.monotonic()
            self._watch(self._overview())

    def _overview(self) -> dict[str, Any]:
        admitted = self._narrator.admitted if self._narrator else None
        return {
            **overview(self._life, self._source.end_ts, face=self._face, admitted=admitted),
            "latencies": self._source.latencies.figures(),
        }

    def _obey_latch(self) -> None:
        """A latch that was set while no session heard of it halts this one."""
        latch = self._latch.read()
        if latch and not self._life.core.guardian.halted():
            self._requests.obey(latch)
        if rule := self._life.core.guardian.halted():
            log.warning("entries_halted", rule=rule, go_on="tradeworthy resume --by NAME --reason TEXT")

    def _starting(self) -> None:
        """Say what starts: the run, its parts and its jobs."""
        plan = self._plan
        log.info(
            self._face.event("starting"),
            run=self._life.header.run,
            mode=plan.mode.value,
            feed=self._source.name,
            seed=plan.the_seed,
            resumed=self._open.resumed,
        )
        for part in self._parts:
            log.info("agent_started", agent=part)
        for job, every_s in self._jobs.items():
            log.info("job_scheduled", job=job.value, every_s=every_s)

    def _started(self) -> None:
        """Say that it answers commands from now on, and what it goes on from."""
        life, face = self._life, self._face
        log.info(face.event("started"), agent_count=len(self._parts))
        if life.recovery.torn_bytes:
            log.warning("torn_tail_trimmed", bytes=life.recovery.torn_bytes)
        if life.recovery.died_at:
            log.warning("process_died_in_turn", packet=life.recovery.died_at)
        if self._open.resumed:
            if self._narrator:
                self._narrator.know(life.core)
            open_trades = len(life.core.positions())
            for part, figures in recovered(life, face):
                log.info("state_recovered", agent=part, open_trades=open_trades, **figures)
        if self._watch:
            self._watch(self._overview())

    def _stopping(self) -> None:
        """Say that it stops, then what happened up to here, then that each part has stopped, the last one first."""
        log.info(self._face.event("stopping"))
        self._manager.stopping()
        self._services.show(self._life.core, last=True)
        self._services.show_all()
        if self._narrator:
            self._narrator.close()
        for part in reversed(self._parts):
            log.info("agent_stopping", agent=part)
            log.info("agent_stopped", agent=part)
        self._services.announce(reversed(self._parts), "stopped", self._source.now())
