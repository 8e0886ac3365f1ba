"""Looks at every service that the installation stands on, each with one live question; nothing here is secret."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from tradeworthy.core.errors import NotAvailable, TradeworthyError
from tradeworthy.gateways.bus import connect as connect_bus
from tradeworthy.runtime import health
from tradeworthy.runtime.doctor import GIB
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.pulse import LIVE, QUIET, STOPPED
from tradeworthy.web.face import Face
from tradeworthy.web.hub import Hub

KEPT_S: Final = 1.0
"""Whoever asks sooner is told the same: the page is open to all."""

ANSWER_S_MAX: Final = 3.0
LAG_PACKETS_FINE: Final = 1_000
LAG_S_MAX: Final = 30.0
"""Rows may be further behind for so long, as long as they come on."""

DISK_GIB_MIN: Final = 0.25
"""As for `doctor`: a session halts when its journal can't grow."""

AWAY, SILENT, NO_RUN = "away", "no answer in time", "no run yet"


class Part(NamedTuple):
    """How a service stands: `word` says it, `figure` is in the unit that UNITS names, None if there is none."""

    ok: bool
    word: str
    figure: float | None = None


UNITS: Final = {
    "server": "seconds since its start",
    "session": "seconds since its journal grew",
    "database": "ms for one question",
    "redis": "ms for one question",
    "journal": "seconds since it grew",
    "rows_lag": "packets that the tables are behind",
    "agents": "parts that are halted or have faults",
    "disk": "GiB free",
}
"""By part, in their order."""


BEGAN: Final = time.monotonic()
"""When this process began to be a server, by the monotonic clock, s: whoever asks later has no other beginning."""


class Checkup:
    """Examines what one server stands on, at most once in KEPT_S."""

    def __init__(self) -> None:
        self._known: tuple[float, dict[str, Part]] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._asking: dict[str, asyncio.Task[Part]] = {}
        self._moved = (0, 0.0)

    async def parts(self, face: Face) -> dict[str, Part]:
        """Every part, in the order of UNITS."""
        async with self._one_at_a_time:
            now = time.monotonic()
            if self._known is None or now - self._known[0] >= KEPT_S:
                self._known = (now, await self._examined(face, now))
            return self._known[1]

    async def _examined(self, face: Face, now: float) -> dict[str, Part]:
        hub = face.hub
        database, redis = await asyncio.gather(
            self._asked("database", lambda: _database(face)),
            self._asked("redis", lambda: asyncio.to_thread(_redis, face.home, hub.pulse.state != STOPPED)),
        )
        return {
            "server": Part(ok=True, word="serving", figure=now - BEGAN),
            "session": _session(hub),
            "database": database,
            "redis": redis,
            "journal": _journal(hub),
            "rows_lag": self._rows_lag(hub, now),
            "agents": _agents(hub),
            "disk": _disk(face.home),
        }

    async def _asked(self, name: str, ask: Callable[[], Awaitable[Part]]) -> Part:
        """What `ask` says within ANSWER_S_MAX; who has not answered yet is not asked again."""
        task = self._asking.get(name)
        if task is None or task.done():
            task = self._asking[name] = asyncio.ensure_future(_part(ask))
        done, _ = await asyncio.wait({task}, timeout=ANSWER_S_MAX)
        return task.result() if done else Part(ok=False, word=SILENT)

    def _rows_lag(self, hub: Hub, now: float) -> Part:
        if hub.seq != self._moved[0]:
            self._moved = (hub.seq, now)
        if hub.trouble:
            return Part(ok=False, word="unknown")
        if not hub.status.get("answers"):
            return Part(ok=True, word=NO_RUN if not hub.run else "no session")
        lag = max(0, int(hub.status["packets"]) - hub.seq)
        is_fine = lag <= LAG_PACKETS_FINE or now - self._moved[1] < LAG_S_MAX
        word = "up to date" if lag <= LAG_PACKETS_FINE else "catching up" if is_fine else "stuck"
        return Part(ok=is_fine, word=word, figure=float(lag))


async def _part(ask: Callable[[], Awaitable[Part]]) -> Part:
    return await ask()


async def _database(face: Face) -> Part:
    began = time.perf_counter()
    try:
        await face.records.read(lambda reading: reading.connection.execute("SELECT 1").fetchone())
    except NotAvailable:
        return Part(ok=True, word=NO_RUN)
    except TradeworthyError:
        return Part(ok=False, word=AWAY)
    return Part(ok=True, word="answers", figure=(time.perf_counter() - began) * 1e3)


def _redis(home: Home, is_needed: bool) -> Part:  # noqa: FBT001 - said at one place
    """The bus; only a session needs it, and starts it."""
    try:
        url = health.servers(home)["redis_url"]
        if url is None:
            return Part(ok=not is_needed, word="not started" if not is_needed else AWAY)
        with contextlib.closing(connect_bus(url)) as bus:
            began = time.perf_counter()
            bus.ping()
            return Part(ok=True, word="answers", figure=(time.perf_counter() - began) * 1e3)
    except TradeworthyError:
        return Part(ok=False, word=AWAY)


def _session(hub: Hub) -> Part:
    halted = ", halted" if hub.status.get("halted") or hub.status.get("latch") else ""
    return Part(ok=hub.pulse.state == LIVE, word=hub.pulse.state + halted, figure=hub.pulse.age_s)


def _journal(hub: Hub) -> Part:
    if hub.pulse.age_s is None:
        return Part(ok=True, word=NO_RUN)
    words = {LIVE: "grows", QUIET: "does not grow", STOPPED: "at rest"}
    return Part(ok=hub.pulse.state != QUIET, word=words[hub.pulse.state], figure=hub.pulse.age_s)


def _agents(hub: Hub) -> Part:
    if not hub.status.get("answers"):
        return Part(ok=True, word="no session" if hub.pulse.state == STOPPED else "unknown")
    ill = sum(1 for part in hub.status["parts"] if part["halted"] or part["faults"])
    return Part(ok=not ill, word="running" if not ill else "some are halted or faulty", figure=float(ill))


def _disk(home: Home) -> Part:
    try:
        free = shutil.disk_usage(home.path).free / GIB
    except OSError:
        return Part(ok=False, word=AWAY)
    return Part(ok=free >= DISK_GIB_MIN, word="room" if free >= DISK_GIB_MIN else "almost full", figure=free)
