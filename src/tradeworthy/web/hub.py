"""Watches the installation once for all pages: which run, whether packets flow, which rows came; and tells them.

Pages never ask on a timer of their own. The hub sees that the journal grows (a look at its newest file) and that rows
came (one row of `runs`), gives the news topics, and hands each listener what is new since it was last told.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple, TypeVar

import psycopg
import structlog

from tradeworthy.core.errors import TradeworthyError
from tradeworthy.runtime import health
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.pulse import STOPPED, Pulse, pulse_of
from tradeworthy.runtime.records import bring_up
from tradeworthy.web.records import Reading, Records
from tradeworthy.web.topics import TOPICS, topics_of

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
STARTING = "starting"
"""What the session lock says of a run that is not known yet."""

SECRET = ("database_url", "redis_url")
"""What a session's status says and no page needs."""

T = TypeVar("T")


class Change(NamedTuple):
    """What is new: topics of `run`, whose tables stand at `seq`."""

    run: str
    seq: int
    topics: frozenset[str]
    pulse: Pulse


class Hub:
    """One watcher of the installation in `home`; listeners are told at most once each `push_every_s`.

    `run` is the running session's, else the newest ("" if there is none), `status` what the session last said of
    itself, `trouble` why the tables can't be read ("": they can).
    """

    def __init__(self, home: Home, records: Records, *, push_every_s: float = 0.1) -> None:
        self._home, self._records, self.push_every_s = home, records, push_every_s
        self.run, self.seq, self.trouble = "", 0, ""
        self.pulse = Pulse(STOPPED, None)
        self.status: dict[str, Any] = {"running": False, "answers": False}
        self._listeners: set[_Listener] = set()
        self._versions = dict.fromkeys(TOPICS, 0)
        self._memo: dict[tuple[str, str], tuple[int, Any]] = {}
        self._asking: dict[tuple[str, str], asyncio.Lock] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._is_behind = True

    async def start(self) -> None:
        """Look once, and go on looking until `close`."""
        self._loop = asyncio.get_running_loop()
        await self._look()
        await self._follow()
        self._tasks = [
            asyncio.create_task(self._every(LOOK_EVERY_S, self._look), name="hub-look"),
            asyncio.create_task(self._every(self.push_every_s, self._follow), name="hub-follow"),
        ]

    async def close(self) -> None:
        """Look no more; every listener's loop ends."""
        for task in self._tasks:
            task.cancel()
        for listener in self._listeners:
            listener.end()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def changes(self) -> AsyncIterator[Change]:
        """What changes from now on, coalesced: a slow listener hears of all topics at once."""
        listener = _Listener()
        self._listeners.add(listener)
        try:
            while topics := await listener.next():
                yield Change(self.run, self.seq, topics, self.pulse)
                await asyncio.sleep(self.push_every_s)
        finally:
            self._listeners.discard(listener)

    async def read(self, name: str, ask: Callable[[Reading], T], topics: frozenset[str], run: str = "") -> T:
        """What `ask` finds about `run`; all listeners share one answer, called `name`, until one of `topics` moves.

        Errors as of Records.read.
        """
        key = (name, run or self.run)
        async with self._asking.setdefault(key, asyncio.Lock()):
            version = sum(self._versions[topic] for topic in topics | {"run"})
            known = self._memo.get(key)
            if known is None or known[0] != version:
                known = (version, await self._records.read(ask, key[1]))
                self._keep(key, known)
        found: T = known[1]
        return found

    def tell_soon(self, topics: frozenset[str]) -> None:
        """The same from another thread; too late once the server has ended."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.tell, topics)

    def tell(self, topics: frozenset[str]) -> None:
        """Let every listener know that `topics` moved."""
        for topic in topics:
            self._versions[topic] += 1
        for listener in self._listeners:
            listener.add(topics)

    def _keep(self, key: tuple[str, str], known: tuple[int, Any]) -> None:
        if len(self._memo) >= 500:
            self._memo.clear()
            self._asking = {held: lock for held, lock in self._asking.items() if lock.locked()}
        self._memo[key] = known

    async def _every(self, seconds: float, work: Callable[[], Any]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await work()

    async def _look(self) -> None:
        """Ask the session how it stands, and see which run is shown."""
        said = await asyncio.to_thread(health.status, self._home)
        self.status = {name: value for name, value in said.items() if name not in SECRET}
        run = str(said["run"] or "")
        moved = {"status", "prices"} if said["running"] else {"status"}
        if run not in {self.run, STARTING}:
            self.run, self.seq = run, 0
            moved |= TOPICS
        if not said["running"] and self._is_behind:
            await self._bring_up()
        self._is_behind = bool(said["running"])
        self.tell(frozenset(moved))

    async def _bring_up(self) -> None:
        """Write the rows that a session could not: it was killed, or its database was away."""
        try:
            for run, records, error in await asyncio.to_thread(bring_up, self._home):
                log.info("rows_caught_up", run=run, records=records, error=error)
        except (psycopg.Error, OSError, TradeworthyError) as error:
            self.trouble = str(error).strip()
            log.warning("rows_late", error=self.trouble)

    async def _follow(self) -> None:
        """See whether packets flow, and which rows came."""
        before = self.pulse
        self.pulse = await asyncio.to_thread(pulse_of, self._home, self.run)
        topics = frozenset({"pulse"}) if self.pulse.state != before.state else frozenset[str]()
        if self.run:
            topics |= await self._rows()
        if topics:
            self.tell(topics)

    async def _rows(self) -> frozenset[str]:
        since = self.seq

        def ask(reading: Reading) -> tuple[int, frozenset[str]]:
            row = reading.connection.execute(
                "SELECT last_seq FROM runs WHERE run = %s", [reading.run]
            ).fetchone()
            seq = int(row[0]) if row else 0
            return seq, topics_of(reading.listings.types_since(since)) if seq != since else frozenset()

        had, topics = self.trouble, frozenset[str]()
        try:
            self.seq, topics = await self._records.read(ask, self.run)
            self.trouble = ""
        except TradeworthyError as error:
            self.trouble = str(error)
            if not had:
                log.warning("tables_unreadable", error=self.trouble)
        return topics | {"status"} if had != self.trouble else topics


class _Listener:
    """The topics that one listener was not told of yet."""

    def __init__(self) -> None:
        self._topics: frozenset[str] = frozenset()
        self._wake = asyncio.Event()
        self._is_over = False

    def add(self, topics: frozenset[str]) -> None:
        self._topics |= topics
        self._wake.set()

    def end(self) -> None:
        self._is_over = True
        self._wake.set()

    async def next(self) -> frozenset[str]:
        """The topics that moved, at least one; none at the end."""
        await self._wake.wait()
        self._wake.clear()
        topics, self._topics = self._topics, frozenset()
        return frozenset() if self._is_over else topics
