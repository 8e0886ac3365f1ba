"""What a feed on the simulated clock offers the runtime."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Protocol

import msgspec

from tradeworthy.core.events import Event
from tradeworthy.core.packets import Input

SOURCE = "feed"
"""The source of a feed's inputs: a session has one feed."""

Row = tuple[int, int, Event]
"""Position, session time (UTC ns: a bar's close) and the event, a BarClosed or a FeedGap."""


class InstrumentReport(msgspec.Struct):
    """What was read of one instrument: bars, holes, and rows that were no bar by reason; open times in ns."""

    bars: int = 0
    missing: int = 0
    bad: dict[str, int] = {}
    first_ts: int = 0
    last_ts: int = 0


class FeedReport(msgspec.Struct):
    """What was read so far, by instrument."""

    feed: str
    instruments: dict[str, InstrumentReport]

    @property
    def bad(self) -> int:
        """Rows that were no bar, over all instruments."""
        return sum(sum(one.bad.values()) for one in self.instruments.values())


class Feed(Protocol):
    """Bars of the configured instruments in one order: by close time, then as the configuration lists them.

    A position is an event's index in that order over the feed's whole range: a resumed run goes on past
    `after` (the last position that it admitted; -1 from the start) and meets the same events.
    """

    @property
    def name(self) -> str:
        """What FeedGap.feed and the identity say: recorded, catalog, simulator."""

    @property
    def instruments(self) -> tuple[str, ...]:
        """Ids, in the configuration's order."""

    @property
    def timeframe(self) -> str:
        """A key of TIMEFRAMES_NS."""

    def identity(self) -> dict[str, object]:
        """What makes the feed's content: equal identities yield equal events. Names and hashes, no paths."""

    def span(self) -> tuple[int, int | None]:
        """First open and last close time, UTC ns; None: endless."""

    def end(self) -> int | None:
        """The last position, or None: endless. May read the whole feed once."""

    def batches(self, after: int = -1) -> Iterator[list[Row]]:
        """The events past `after` in lists of some thousand: the cheap way for a fast session."""

    def inputs(self, after: int = -1) -> Iterator[Input]:
        """The same events one by one."""

    def report(self) -> FeedReport:
        """Counts of what was read so far in this process."""


Put = Callable[[int, Event], Awaitable[None]]
"""Takes what a live feed delivers: its position and the event."""

Say = Callable[[Event], Awaitable[None]]
"""Takes what a part of a live feed has to say, which the feed gives its position."""


class LiveFeed(Protocol):
    """Events of the outside world, on the wall clock, as they come.

    Positions grow for as long as the feed exists, over any number of connections and processes.
    """

    @property
    def name(self) -> str:
        """What FeedGap.feed and the log say."""

    def identity(self) -> dict[str, object]:
        """What is fed, from where: a change of it begins another run. No secrets."""

    async def run(self, put: Put, after: int) -> None:
        """Deliver what comes past position `after` with `put`, until cancelled.

        It is started again, with back-off, after whatever it raises; NotAvailable and AllHalted end the session.
        """


def inputs_of(batches: Iterable[list[Row]]) -> Iterator[Input]:
    """The inputs that `batches` hold."""
    for batch in batches:
        for position, ts, event in batch:
            yield Input(SOURCE, position, ts, event)
