"""A wall that stands still until a test moves it, live feeds that are scripts, and drives on both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tests.runtime.rig import START
from tradeworthy.core.events import Event
from tradeworthy.gateways.feeds.protocol import Put
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.wall import WallDriver

PATIENCE_S = 30.0


class Wall:
    """The wall clock: `wall()` is the time, UTC ns."""

    def __init__(self, ts: int = START) -> None:
        self.ts = ts

    def __call__(self) -> int:
        """Now."""
        return self.ts


class Drive:
    """A life on the wall clock, driven while a script takes its steps; `slept` are the back-offs, in seconds."""

    def __init__(
        self, life: Life, wall: Wall, *, end_ts: int | None = None, waiting_max: int = 1_000
    ) -> None:
        self.life, self.wall, self.end_ts, self.waiting_max = life, wall, end_ts, waiting_max
        self.slept: list[float] = []
        self.stop = asyncio.Event()
        self._beaten = asyncio.Event()

    def run(self, script: Script) -> bool:
        """Drive until the script is over (False), or to the run's end (True)."""
        script.drive = self
        self.driver = self._driver(script)
        return asyncio.run(asyncio.wait_for(self.driver.run(), PATIENCE_S))

    def _driver(self, script: Script) -> WallDriver:
        return WallDriver(
            self.life,
            script,
            self.stop,
            end_ts=self.end_ts,
            now=self.wall,
            beat=self._beat,
            sleep=self._sleep,
            waiting_max=self.waiting_max,
        )

    async def taken(self) -> None:
        """Return once the session has looked at clock and inbox since."""
        self._beaten.clear()
        await self._beaten.wait()

    async def _beat(self) -> None:
        self._beaten.set()
        await asyncio.sleep(0)

    async def _sleep(self, seconds: float) -> None:
        """The time of a back-off passes on the wall alone."""
        self.slept.append(seconds)
        self.wall.ts += round(seconds * 1e9)
        await self.taken()


Step = Callable[["Script", Put], Awaitable[None]]


class Script:
    """A live feed that takes its steps one after the other, and then has the session stopped.

    `afters` are the positions that it was asked to go on from.
    """

    name = "script"

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.afters: list[int] = []
        self.position = -1
        self.drive: Drive | None = None

    def identity(self) -> dict[str, object]:
        """It is one of a kind."""
        return {"feed": "script"}

    async def run(self, put: Put, after: int) -> None:
        """Go on with the next step, wherever the session stands."""
        assert self.drive
        self.afters.append(after)
        self.position = max(self.position, after)
        while self.steps:
            await self.steps.pop(0)(self, put)
        await self.drive.taken()
        self.drive.stop.set()
        await asyncio.Event().wait()

    async def seen(self) -> None:
        """Return once the session has looked."""
        assert self.drive
        await self.drive.taken()


def says(*events: Event) -> Step:
    """A step that delivers `events` at the next positions."""

    async def step(script: Script, put: Put) -> None:
        for event in events:
            script.position += 1
            await put(script.position, event)
        await script.seen()

    return step


def repeats(position: int, event: Event) -> Step:
    """A step that delivers `event` at a position of its own."""

    async def step(script: Script, put: Put) -> None:
        await put(position, event)
        await script.seen()

    return step


def clock(ts: int) -> Step:
    """A step that sets the wall clock."""

    async def step(script: Script, _: Put) -> None:
        assert script.drive
        script.drive.wall.ts = ts
        await script.seen()

    return step


def crashes(error: Exception) -> Step:
    """A step that raises."""

    async def step(_: Script, __: Put) -> None:
        raise error

    return step


def looks(see: Callable[[], None]) -> Step:
    """A step that lets the test look at the session as it stands."""

    async def step(_: Script, __: Put) -> None:
        see()

    return step
