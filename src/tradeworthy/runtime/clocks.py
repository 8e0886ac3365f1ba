"""The two clocks: simulated time, which only pacing ties to the wall, and the wall itself."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

Now = Callable[[], int]
"""UTC ns."""


def wall_now() -> int:
    """The wall clock, UTC ns."""
    return time.time_ns()


LOOK_S = 1.0
"""The longest wait without a beat."""


class Pace:
    """Ties session time to the wall: `speed` session seconds a wall second, from the first wait on.

    A wait for the next input may be long: `beat` is called in it, as it is between turns.
    """

    def __init__(
        self, speed: float, stop: asyncio.Event, beat: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._speed, self._stop, self._beat = speed, stop, beat
        self._session_start = self._wall_start = 0

    async def until(self, ts: int) -> bool:
        """Wait until session time `ts` is due; False if it was stopped before."""
        if not self._wall_start:
            self._session_start, self._wall_start = ts, time.monotonic_ns()
        due = self._wall_start + (ts - self._session_start) / self._speed
        while not self._stop.is_set() and (delay_s := (due - time.monotonic_ns()) / 1e9) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), min(delay_s, LOOK_S) if self._beat else delay_s)
            if self._beat and delay_s > LOOK_S:
                await self._beat()
        return not self._stop.is_set()
