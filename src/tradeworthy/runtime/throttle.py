"""How often the same may be said: sparsely in session time, and never more in a wall second than a person can read."""

from __future__ import annotations

import time
from collections.abc import Callable

KEYS_MAX = 4_096
"""Keys that are remembered at a time; markets come and go by the thousand."""


class Throttle:
    """One line for each key in `every_ns` of session time."""

    def __init__(self, every_ns: int) -> None:
        self._every_ns = every_ns
        self._due: dict[str, int] = {}

    def lets(self, key: str, ts: int) -> bool:
        """Whether a line about `key` is due at session time `ts`; if so, the next one is due later."""
        if ts < self._due.get(key, 0):
            return False
        if len(self._due) >= KEYS_MAX:
            self._due.clear()
        self._due[key] = ts + self._every_ns
        return True


class Allowance:
    """`burst` lines at once, then `a_second` of wall time; `seconds` is the clock."""

    def __init__(self, burst: int, a_second: float, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._a_second, self._seconds = float(burst), a_second, seconds
        self._left, self._at = float(burst), seconds()

    def take(self) -> bool:
        """Whether one more may be said now."""
        now = self._seconds()
        self._left = min(self._burst, self._left + (now - self._at) * self._a_second)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
