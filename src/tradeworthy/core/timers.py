"""Timers in session time: one for each (agent, key), first due first, ties in the order they were set."""

from __future__ import annotations

import heapq

import msgspec

NEVER = 1 << 63
"""Past all session time (int64 ns)."""


class Timer(msgspec.Struct, frozen=True, order=True):
    """Due at `ts`; `trace` and `cause` are those of the packet in which it was set."""

    ts: int
    order: int
    agent: str
    key: str
    trace: int
    cause: int
    late_ok: bool = False


class Timers:
    """A heap with replacement; `due` is when the next one fires (`NEVER` if none)."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._live: dict[tuple[str, str], Timer] = {}
        self._order = 0
        self.due = NEVER

    def set(self, timer: Timer) -> None:
        """Set `timer`, replacing the agent's timer of the same key; its `order` is given here."""
        self._order += 1
        timer = msgspec.structs.replace(timer, order=self._order)
        self._live[timer.agent, timer.key] = timer
        if len(self._heap) > 2 * len(self._live) + 16:
            self._heap = sorted(self._live.values())
        else:
            heapq.heappush(self._heap, timer)
        self._settle()

    def pop(self, ts: int) -> Timer | None:
        """The next timer due at or before `ts`, taken out, or None."""
        if self.due > ts:
            return None
        timer = heapq.heappop(self._heap)
        del self._live[timer.agent, timer.key]
        self._settle()
        return timer

    def drop_missed(self, ts: int) -> None:
        """Take out the timers due at or before `ts` that are not `late_ok`."""
        self._live = {key: timer for key, timer in self._live.items() if timer.late_ok or timer.ts > ts}
        self._settle()

    def dump(self) -> list[Timer]:
        """The live timers, in order; numbered anew, so that a resumed run's are those of an unbroken one."""
        return [msgspec.structs.replace(one, order=n) for n, one in enumerate(sorted(self._live.values()))]

    def load(self, timers: list[Timer]) -> None:
        """Hold exactly `timers` (from `dump`)."""
        self._heap = sorted(timers)
        self._live = {(timer.agent, timer.key): timer for timer in timers}
        self._order = max((timer.order for timer in timers), default=0)
        self._settle()

    def _settle(self) -> None:
        heap, live = self._heap, self._live
        while heap and live.get((heap[0].agent, heap[0].key)) is not heap[0]:
            heapq.heappop(heap)
        self.due = heap[0].ts if heap else NEVER
