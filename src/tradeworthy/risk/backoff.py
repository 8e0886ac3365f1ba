"""How long a desk that faulted waits before its next entry, and when it has faulted too often."""

from __future__ import annotations

import msgspec

SECOND = 1_000_000_000
WAIT_S_MAX = 60
WINDOW_NS = 600 * SECOND
"""Ten minutes: faults this close together count together, and a desk without one for so long is healthy."""

FAULTS_MAX = 5
"""As many faults within WINDOW_NS latch the desk."""


class Backoff(msgspec.Struct):
    """One desk's faults of the last ten minutes, how many came in a row, and the wait's end (session ns)."""

    times: list[int] = []
    streak: int = 0
    until: int = 0


def after_fault(before: Backoff, now: int) -> Backoff:
    """The desk's back-off after one more fault at `now`: it waits 1, 2, 4 ... 60 s from here.

    The wait doubles with each fault that comes within ten minutes of the one before it.
    """
    times = [ts for ts in before.times if now - ts < WINDOW_NS]
    streak = before.streak + 1 if times else 1
    wait_s = min(WAIT_S_MAX, 1 << min(streak - 1, WAIT_S_MAX))
    return Backoff([*times, now][-FAULTS_MAX:], streak, now + wait_s * SECOND)


def must_latch(backoff: Backoff) -> bool:
    """Whether the last ten minutes before the newest fault hold five of them."""
    return len(backoff.times) >= FAULTS_MAX
