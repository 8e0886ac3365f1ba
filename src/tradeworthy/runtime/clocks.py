"""The two clocks: simulated time, which only pacing ties to the wall, and the wall itself."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

Now = Callable[[], int]
"""UTC ns."""


def wall_now() -> int:
    """The wall clock, UTC ns."""
    return time.time_ns()


class Pace:
    """Ties session time to the wall: `speed` session seconds a wall second, from the first wait on."""

    def __init__(self, speed: float, stop: asyncio.Event) -> None:
        self._speed, self._stop = speed, stop
        self._session_start = self._wall_start = 0

    async def until(self, ts: int) -> bool:
        """Wait until session time `ts` is due; False if it was stopped before."""
        if not self._wall_start:
            self._session_start, self._wall_start = ts, time.monotonic_ns()
        due = self._wall_start + (ts - self._session_start) / self._speed
        delay_s = (due - time.monotonic_ns()) / 1e9
        if delay_s > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), delay_s)
        return not self._stop.is_set()
