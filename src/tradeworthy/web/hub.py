"""Watches the installation once for all pages: which run, whether packets flow, which rows came; and tells them.

Pages never ask on a timer of their own. The hub sees that the journal grows (a look at its newest file) and that rows
came (one row of `runs`), gives the news topics, and hands each listener what is new since it was last told.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

import psycopg
import structlog

from tradeworthy.core.errors import Retryable, TradeworthyError
from tradeworthy.runtime import health
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.pulse import QUIET, STOPPED, Pulse, pulse_of
from tradeworthy.runtime.records import bring_up
from tradeworthy.web.records import Reading, Records
from tradeworthy.web.topics import TOPICS, topics_of

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
KEPT_MAX = 500
"""Answers that are kept for all listeners; their names come from what people ask."""

ROWS_S_MAX = 10.0
"""Pages say that they may be old once the tables have been silent for so long."""

BRING_UP_S_MAX, BRING_UP_AGAIN_S = 5.0, 30.0
"""So long a start waits for rows that are late, and so long a failed try of that rests."""

STARTING = "starting"
"""What the session lock says of a run that is not known yet."""

SECRET = ("database_url", "redis_url")
"""What a session's status says and no page needs."""

T = TypeVar("T")
Work = Callable[[], Awaitable[None]]
Said = Callable[[str], None]
"""Takes what went wrong, "" if nothing did."""


class Change(NamedTuple):
    """What is new: topics of `run`, whose tables stand at `seq`."""

    run: str
    seq: int
    topics: frozenset[str]
    pulse: Pulse


class Hub:
    """One watcher of the installation in `home`; listeners are told at most once each `push_every_s`.

    `run` is the running session's, else the newest ("" if there is none), `status` what the session last said of
    itself.
    """

    def __init__(self, home: Home, records: Records, *, push_every_s: float = 0.1) -> None:
        self._home, self._records, self.push_every_s = home, records, push_every_s
        self.run, self.seq = "", 0
        self._troubles: dict[str, str] = {}
        self.pulse = Pulse(STOPPED, None)
        self.status: dict[str, Any] = {"running": False, "answers": False}
        self._listeners: set[_Listener] = set()
        self._versions = dict.fromkeys(TOPICS, 0)
        self._memo: dict[tuple[str, str], tuple[int, Any]] = {}
        self._asking: dict[tuple[str, str], asyncio.Lock] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._bringing_up: asyncio.Task[None] | None = None
        self._is_behind, self._bring_up_at = True, 0.0

    @property
    def trouble(self) -> str:
        """Why what is shown may be old ("": it is not): most often the tables that can't be read."""
        return next(iter(self._troubles.values()), "")

    async def start(self) -> None:
        """Look once, and go on looking until `close`."""
        self._loop = asyncio.get_running_loop()
        await self._tried(self._look, self._unheard)
        if self._bringing_up:
            await asyncio.wait({self._bringing_up}, timeout=BRING_UP_S_MAX)
        await self._tried(self._feel, self._unseen)
        await self._tried(self._follow, self._unread)
        # Each by itself: a database that keeps silent must not keep the pulse from being felt.
        for name, seconds, work, failed in (
            ("look", LOOK_EVERY_S, self._look, self._unheard),
            ("pulse", self.push_every_s, self._feel, self._unseen),
            ("rows", self.push_every_s, self._follow, self._unread),
        ):
            self._tasks.append(asyncio.create_task(self._every(seconds, work, failed), name=f"hub-{name}"))

    async def close(self) -> None:
        """Look no more; every listener's loop ends."""
        tasks = [*self._tasks, *([self._bringing_up] if self._bringing_up else ())]
        for task in tasks:
            task.cancel()
        for listener in self._listeners:
            listener.end()
        await asyncio.gather(*tasks, return_exceptions=True)

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
        if key not in self._asking and len(self._asking) >= KEPT_MAX:
            self._asking = {held: lock for held, lock in self._asking.items() if lock.locked()}
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
        if len(self._memo) >= KEPT_MAX:
            self._memo.clear()
        self._memo[key] = known

    async def _every(self, seconds: float, work: Work, failed: Said) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._tried(work, failed)

    async def _tried(self, work: Work, failed: Said) -> None:
        """Do it. Where it fails the next look may go well; until then `failed` holds, and is said."""
        try:
            await work()
        except (TradeworthyError, psycopg.Error, OSError) as error:
            failed(str(error).strip() or type(error).__name__)
        else:
            failed("")

    def _unheard(self, error: str) -> None:
        """What the session says of itself can't be had: of what it said last only a halt still holds."""
        if self._note("session", error) and error:
            log.warning("session_unheard", error=error)
        if error:
            kept = ("running", "halted", "latch")
            held = {name: value for name, value in self.status.items() if name in kept}
            self.status = held | {"answers": False}
            self.tell(frozenset({"status", "prices"}))

    def _unseen(self, error: str) -> None:
        """Whether packets flow can't be seen: a dot that stays green would be a guess."""
        if self._note("pulse", error) and error:
            log.warning("pulse_unseen", error=error)
        if error:
            self.pulse = Pulse(QUIET, None)

    def _unread(self, error: str) -> None:
        """What the tables hold can't be had."""
        if self._note("tables", error) and error:
            log.warning("tables_unreadable", error=error)

    def _note(self, what: str, error: str) -> bool:
        """Let pages know what goes wrong with it, or that nothing does (""); whether that is news."""
        if self._troubles.get(what, "") == error:
            return False
        if error:
            self._troubles[what] = error
        else:
            del self._troubles[what]
        self.tell(frozenset({"pulse", "status"}))
        return True

    async def _look(self) -> None:
        """Ask the session how it stands, and see which run is shown."""
        said = await asyncio.to_thread(health.status, self._home)
        self.status = {name: value for name, value in said.items() if name not in SECRET}
        run = str(said["run"] or "")
        moved = {"status", "prices"} if said["running"] else {"status"}
        if run not in {self.run, STARTING}:
            self.run, self.seq = run, 0
            moved |= TOPICS
        self._is_behind |= bool(said["running"])
        is_free = self._bringing_up is None or self._bringing_up.done()
        if not said["running"] and self._is_behind and is_free and time.monotonic() >= self._bring_up_at:
            # It may take long, and who halts, and what runs, is to be seen meanwhile.
            self._is_behind = False
            self._bringing_up = asyncio.create_task(self._bring_up(), name="hub-bring-up")
        self.tell(frozenset(moved))

    async def _bring_up(self) -> None:
        """Write the rows that a session could not: it was killed, or its database was away."""
        try:
            for run, records, error in await asyncio.to_thread(bring_up, self._home):
                log.info("rows_caught_up", run=run, records=records, error=error)
        except (psycopg.Error, OSError, TradeworthyError) as error:
            self._is_behind, self._bring_up_at = True, time.monotonic() + BRING_UP_AGAIN_S
            if self._note("rows", f"the last rows are not written yet: {str(error).strip()}"):
                log.warning("rows_late", error=str(error).strip())
        else:
            self._note("rows", "")

    async def _feel(self) -> None:
        """See whether packets flow."""
        before = self.pulse
        self.pulse = await asyncio.to_thread(pulse_of, self._home, self.run)
        if self.pulse.state != before.state:
            self.tell(frozenset({"pulse"}))

    async def _follow(self) -> None:
        """See which rows came."""
        run, since = self.run, self.seq

        def ask(reading: Reading) -> tuple[int, frozenset[str]]:
            row = reading.connection.execute(
                "SELECT last_seq FROM runs WHERE run = %s", [reading.run]
            ).fetchone()
            seq = int(row[0]) if row else 0
            if seq == since:
                return seq, frozenset()
            # All of a long run is more than can be looked through, and a page that begins asks everything anyway.
            return seq, topics_of(reading.listings.types_since(since)) if since else TOPICS

        if run:
            try:
                async with asyncio.timeout(ROWS_S_MAX):
                    seq, topics = await self._records.read(ask, run)
            except TimeoutError:
                raise Retryable(f"the tables have not answered for {ROWS_S_MAX:g} s; wait") from None
            if run != self.run:
                return
            self.seq = seq
            if topics:
                self.tell(topics)


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
