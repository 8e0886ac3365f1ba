"""The servers around a session: the database that it is projected into, and the bus that mirrors it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import psycopg
import structlog

from tradeworthy.core.errors import AllHalted, TradeworthyError
from tradeworthy.core.events import Event
from tradeworthy.core.packets import Kind
from tradeworthy.gateways import embedded as redis_server
from tradeworthy.gateways.bus import Bus
from tradeworthy.gateways.bus import connect as connect_bus
from tradeworthy.gateways.bus import place_of as place_of_bus
from tradeworthy.gateways.control import Flatten, Halt, Request, Resume
from tradeworthy.gateways.messages import SystemCommand
from tradeworthy.gateways.state_reports import Hear, StateReports
from tradeworthy.gateways.state_store import StateStore, read_value
from tradeworthy.journal.reader import read
from tradeworthy.journal.segments import START, Place
from tradeworthy.market.instruments import Instrument
from tradeworthy.runtime.alerting import STOP_S_MAX, Alerting
from tradeworthy.runtime.assembly import Core
from tradeworthy.runtime.clocks import wall_now
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.mirror import Listener, Mirror
from tradeworthy.runtime.requests import ACCOUNT
from tradeworthy.runtime.state_keeping import StateKeeping, kept_desks, report_age_ns
from tradeworthy.store import addresses, init_db
from tradeworthy.store.catch_up import project_all
from tradeworthy.store.projector import Projector
from tradeworthy.store.values import Ids

log = structlog.get_logger()

DRAIN_S_MAX = 30.0
SHOW_EVERY_S = 0.25
CATCH_UP_S_MAX = 3.0
"""A session's end does not wait longer for the rows of other runs: what is left follows with the next start."""

Handle = Callable[[Request], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class KeptState:
    """What is kept of a session's panel desks: by which configuration, on the feed of which name.

    `hear` takes what other processes say, in the session's own thread.
    """

    configuration: Configuration
    feed: str
    hear: Hear


class Services:
    """Database and bus of one session; entering refuses (Retryable, NotAvailable) if one of them is absent."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._redis_url = ""
        self._projector: Projector | None = None
        self._mirror: Mirror | None = None
        self._bus: Bus | None = None
        self._store: StateStore | None = None
        self._keeping: StateKeeping | None = None
        self._alerting: Alerting | None = None
        self._addressing = threading.Lock()
        self._catching_up: threading.Thread | None = None
        self._drain_s, self._show_at = DRAIN_S_MAX, 0.0
        self.late = ""

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            undo.push(self)
            self._alerting = Alerting(self._home)
            asyncio.run(init_db(self._home.path))
            self._redis_url = redis_server.redis_url(self._home.path)
            connect_bus(self._redis_url).close()
            undo.pop_all()
        log.info(
            "services_ready",
            database=addresses.place_of(self._url()),
            redis=place_of_bus(self._redis_url),
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.ExitStack() as ends:
            ends.callback(addresses.leave, self._home.path)
            ends.callback(redis_server.leave, self._home.path)

    def _url(self) -> str:
        return addresses.database_url(self._home.path)

    def _redis_address(self) -> str:
        """Where Redis is by now: bus and store may both ask, and one of them starts it again."""
        with self._addressing:
            return redis_server.redis_url(self._home.path)

    def read_state(self, key: str) -> dict[str, Any]:
        """What a session before this one left at `key` of the state store; Retryable if it can't be read."""
        return read_value(self._redis_url, key)

    def start(
        self,
        life: Life,
        loop: asyncio.AbstractEventLoop,
        handle: Handle,
        *,
        listeners: Sequence[Listener] = (),
        after: Place | None = None,
        state: KeptState | None = None,
    ) -> None:
        """Follow the durable journal of `life` into both; commands on the bus go to `handle` in `loop`.

        The bus and the `listeners` are shown what stands past `after` (None: what comes from now on), the ledgers and
        the state store all of it. UsageError if a ledger is damaged, or contradicts the journal.
        """

        def durable() -> Place:
            return life.writer.durable_bytes

        def on_command(command: SystemCommand) -> None:
            asyncio.run_coroutine_threadsafe(_obey(command, handle), loop)

        def instrument_of(name: str) -> Instrument | None:
            return life.core.listing.state.instruments.get(name)

        self._bus = Bus(
            self._redis_url,
            Ids(life.header.run).of,
            on_command,
            instrument_of=instrument_of,
            address=self._redis_address,
        )
        self._bus.start()
        place = durable() if after is None else after
        kept = [self._keep(state, life, loop, place).take] if state and _has_panel(state) else []
        told = [self._alerting.take] if self._alerting else []
        listening = [self._bus.offer, *kept, *told, *listeners]
        if self._alerting:
            self._alerting.start(life, loop, resumed=after is None)
        self._mirror = Mirror(life.folder, codec(), durable, listening, place)
        self._mirror.start()
        self._projector = Projector(life.folder, self._url, codec(), durable)
        self._projector.start()
        self._catching_up = threading.Thread(
            target=self._catch_up, args=(life.header.run,), name="catch-up", daemon=True
        )
        self._catching_up.start()

    def _keep(
        self, state: KeptState, life: Life, loop: asyncio.AbstractEventLoop, until: Place
    ) -> StateKeeping:
        """Bring ledgers and store up to `until`, and let other processes be heard from now on."""

        def hear(source: str, position: int, event: Event) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(state.hear, source, position, event)

        configuration = state.configuration
        reports = StateReports(
            hear,
            age_ns_max=report_age_ns(configuration),
            now=wall_now,
            expects_posture=configuration.posture.reports == "expected",
        )
        self._store = StateStore(self._redis_url, reports, address=self._redis_address)
        keeping = StateKeeping(
            configuration,
            kept_desks(configuration, self._home, state.feed),
            state.feed,
            life.header,
            life.core.listing.state.instruments.get,
            self._store.put,
        )
        on_record = (
            codec().decode(record.body)[1]
            for record in read(life.folder, None, until)
            if record.kind in {Kind.INPUT, Kind.DECISION}
        )
        if until != START:
            keeping.catch_up(on_record)
        self._store.start()
        self._keeping = keeping
        return keeping

    def show(self, core: Core, *, last: bool = False) -> None:
        """Tell the state store what the desks' last bars came to, now and then; call it between turns."""
        if self._keeping and (last or time.monotonic() >= self._show_at):
            self._show_at = time.monotonic() + SHOW_EVERY_S
            self._keeping.show(core)

    def _catch_up(self, living: str) -> None:
        """Project what earlier runs could not: their database was away, or their process was killed."""
        try:
            for run, records, error in project_all(
                self._home.path, self._url(), codec(), skip=living, backtests=False
            ):
                log.info("rows_caught_up", run=run, records=records, error=error)
        except (psycopg.Error, OSError, TradeworthyError) as error:
            log.warning("rows_of_earlier_runs_late", error=str(error).strip())

    def announce(self, agents: Iterable[str], state: str, ts: int) -> None:
        """Say on the bus that each of `agents` is `state`, at session time `ts` (UTC ns)."""
        for agent in agents if self._bus else ():
            self._bus.announce(agent, state, ts)  # type: ignore[union-attr]

    def hurry(self) -> None:
        """Have `stop` wait for nothing: a person wants an end at once, and the rows follow with the next start."""
        self._drain_s = 0.0

    def tell(self, error: AllHalted) -> None:
        """Tell people outside what ended the session."""
        if self._alerting:
            self._alerting.tell(error)

    def show_all(self) -> None:
        """Show the listeners what is durable by now; nothing more is shown to them."""
        if self._mirror:
            self._mirror.stop()

    def stop(self) -> None:
        """Bring bus and rows up to the journal, as far as they let us; `late` says what is missing."""
        self.show_all()
        if self._bus:
            self._bus.close()
        if self._alerting:
            self._alerting.stop(min(self._drain_s, STOP_S_MAX))
        if self._keeping:
            self._keeping.close()
        if self._store:
            self._store.close()
        if self._projector and not self._projector.stop(self._drain_s):
            lag = self._projector.lag()
            self.late = f"its rows end at seq {lag.seq}; the rest follows with the next run or report"
            log.warning("rows_late", seq=lag.seq, error=lag.error)
        if self._catching_up:
            self._catching_up.join(min(self._drain_s, CATCH_UP_S_MAX))


def _has_panel(state: KeptState) -> bool:
    return any(desk.on_panel for desk in state.configuration.desks)


async def _obey(command: SystemCommand, handle: Handle) -> None:
    """A command from the bus, as the control socket would have it."""
    by, reason = command.by or "bus", command.reason or "HALT_ALL on system.commands"
    requests: dict[str, Callable[[], Request]] = {
        "HALT_ALL": lambda: Halt(by=by, reason=reason),
        "RESUME": lambda: Resume(by=by, reason=reason),
        "FLATTEN": lambda: Flatten(account=ACCOUNT, by=by, reason=reason, confirm=True),
    }
    try:
        await handle(requests[command.command]())
    except TradeworthyError as error:
        log.warning("bus_command_refused", command=command.command, error=str(error))
