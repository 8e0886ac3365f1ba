"""A feed of bars or prices with what people say of tokens between them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from operator import itemgetter

from tradeworthy.core.events import Event
from tradeworthy.core.packets import Input
from tradeworthy.gateways.feeds.protocol import Feed, FeedReport, Row, inputs_of
from tradeworthy.gateways.feeds.timeframes import numbered
from tradeworthy.market.bars import TIMEFRAMES_NS

DAY_NS = TIMEFRAMES_NS["1d"]
"""Signals are asked for up to the next whole day: sources make them by the day."""

Signals = Callable[[int, int], Iterator[tuple[int, Event]]]
"""Session times and events of [from_ts, to_ts) (UTC ns), in order: the same for the same stretch, however it is cut."""

_ts_of = itemgetter(1)


class TokensFeed:
    """The events of `feed` and of `signals` by time; a signal stands after what the feed has of its time.

    Signals run from the feed's first open to its last close, or for ever. `signals_identity` is what makes them.
    A resumed run makes the events up to its position anew and leaves them out.
    """

    def __init__(self, feed: Feed, signals: Signals, signals_identity: dict[str, object]) -> None:
        self.name, self.instruments, self.timeframe = feed.name, feed.instruments, feed.timeframe
        self._feed, self._signals, self._signals_identity = feed, signals, signals_identity
        self._end: int | None = None

    def identity(self) -> dict[str, object]:
        """The feed's identity, with that of the signals under `signals`."""
        return {**self._feed.identity(), "signals": self._signals_identity}

    def span(self) -> tuple[int, int | None]:
        """The feed's first open and last close time, UTC ns; None: endless."""
        return self._feed.span()

    def end(self) -> int | None:
        """The last position (-1: no event), or None: endless. Makes all events unless that was done."""
        if self._feed.span()[1] is None:
            return None
        if self._end is None:
            self._end = sum(len(batch) for batch in self._merged()) - 1
        return self._end

    def report(self) -> FeedReport:
        """What the feed read so far; signals are not counted."""
        return self._feed.report()

    def inputs(self, after: int = -1) -> Iterator[Input]:
        """The events past `after` one by one."""
        return inputs_of(self.batches(after))

    def batches(self, after: int = -1) -> Iterator[list[Row]]:
        """The events past `after` in lists of some thousand."""
        return numbered(self._merged(), after)

    def _merged(self) -> Iterator[list[Row]]:
        asked_ts, end_ts = self._feed.span()
        ahead: list[Row] = []
        for batch in self._feed.batches():
            until = batch[-1][1]
            if asked_ts < until:
                next_day = until - until % DAY_NS + DAY_NS
                ahead += self._rows(asked_ts, next_day)
                asked_ts = next_day
            # Signals of the last row's time wait: the next list may begin with more rows of it.
            cut = bisect_left(ahead, until, key=_ts_of)
            rows = batch + ahead[:cut]
            rows.sort(key=_ts_of)
            yield rows
            ahead = ahead[cut:]
        if end_ts is not None:
            ahead += self._rows(asked_ts, end_ts + 1)
            rest = ahead[: bisect_right(ahead, end_ts, key=_ts_of)]
            if rest:
                yield rest

    def _rows(self, from_ts: int, to_ts: int) -> list[Row]:
        return [(0, ts, event) for ts, event in self._signals(from_ts, to_ts)] if from_ts < to_ts else []
