"""What a live gateway delivered and the session has not admitted yet."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import NamedTuple

import structlog

from tradeworthy.core.events import Event
from tradeworthy.market.bars import FeedGap
from tradeworthy.market.books import BookChanged
from tradeworthy.risk.operators import HealthObserved

log = structlog.get_logger()

WAITING_MAX = 100_000
"""Events that may wait; what comes beyond is lost, and on record as a FeedGap."""

YIELD_EVERY = 256
"""Deliveries after which a gateway lets the session work, however much it has in hand."""

NOWHERE = -1
"""The position of what the runtime itself has to say about the feed."""

OVERFLOW = "overflow"


class Lost(NamedTuple):
    """What was lost of one instrument: up to which arrival and position, and from when to when (ns)."""

    arrival: int
    position: int
    from_ts: int
    to_ts: int


class Inbox:
    """Events of the live feed `feed` past position `after`, in the order of their arrival.

    Of an instrument's books only the newest waits: an older one gives way. Prices, bars and orders are never
    dropped in silence.
    """

    def __init__(self, feed: str, after: int, *, waiting_max: int = WAITING_MAX) -> None:
        self.after = after
        self._feed, self._waiting_max = feed, waiting_max
        self._arrivals = self._puts = 0
        self._waiting: dict[int, tuple[int, Event]] = {}
        self._books: dict[str, int] = {}
        self._lost: dict[str, Lost] = {}
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    async def put(self, position: int, event: Event) -> None:
        """Take what the gateway delivers; what stood at `after` or before it is a repeat, dropped."""
        if position > self.after:
            self.after = position
            self._receive(position, event)
        self._puts += 1
        if not self._puts % YIELD_EVERY:
            await asyncio.sleep(0)

    def note_gap(self, reason: str, ts: int) -> None:
        """The feed itself has a hole from `ts` on: what is known of its books is worth nothing."""
        self._arrivals += 1
        self._add(NOWHERE, FeedGap(self._feed, "", ts, ts, reason))

    def note_health(self, word: str, *, ok: bool) -> None:
        """The feed went down, or is back."""
        self._arrivals += 1
        self._add(NOWHERE, HealthObserved(self._feed, ok, 0.0, word))

    def take(self, most: int) -> list[tuple[int, Event]]:
        """Up to `most` events with their positions, out of the inbox."""
        taken = list(islice(self._waiting.items(), most))
        for arrival, (_, event) in taken:
            del self._waiting[arrival]
            if isinstance(event, BookChanged) and self._books.get(event.instrument) == arrival:
                del self._books[event.instrument]
        if self._lost:
            self._own_up()
        if not self._waiting:
            self._filled.clear()
        return [delivered for _, delivered in taken]

    async def filled(self) -> None:
        """Return once there is something to take."""
        await self._filled.wait()

    def _receive(self, position: int, event: Event) -> None:
        self._arrivals += 1
        if isinstance(event, BookChanged):
            self._waiting.pop(self._books.pop(event.instrument, NOWHERE), None)
        if len(self._waiting) >= self._waiting_max:
            self._lose(position, event)
            return
        if isinstance(event, BookChanged):
            self._books[event.instrument] = self._arrivals
        self._add(position, event)

    def _add(self, position: int, event: Event) -> None:
        self._waiting[self._arrivals] = position, event
        self._filled.set()

    def _lose(self, position: int, event: Event) -> None:
        instrument, ts = getattr(event, "instrument", ""), getattr(event, "ts_event", 0)
        before = self._lost.get(instrument)
        self._lost[instrument] = Lost(self._arrivals, position, before.from_ts if before else ts, ts)

    def _own_up(self) -> None:
        """Put a FeedGap where the last of what was lost would stand."""
        for instrument, lost in self._lost.items():
            gap = FeedGap(self._feed, instrument, lost.from_ts, lost.to_ts, OVERFLOW)
            self._waiting[lost.arrival] = lost.position, gap
            log.warning(
                "feed_overflow", feed=self._feed, instrument=instrument, waiting_max=self._waiting_max
            )
        self._lost.clear()
        self._waiting = dict(sorted(self._waiting.items()))
