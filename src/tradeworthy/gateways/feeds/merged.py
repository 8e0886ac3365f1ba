"""Bars of several instruments in one order, read in stretches of time so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import polars as pl

from tradeworthy.core.packets import Input
from tradeworthy.gateways.feeds.checking import MISSING, REASONS, Checked
from tradeworthy.gateways.feeds.protocol import FeedReport, InstrumentReport, Row, inputs_of
from tradeworthy.gateways.feeds.rows import ROWS_A_BATCH, bar_rows, in_order
from tradeworthy.market.bars import TIMEFRAMES_NS, FeedGap

ROWS_A_WINDOW = 500_000
"""Rows read and sorted at a time, about 30 MB a copy: a file sorted by symbol is scanned for each window."""


class BarSource(Protocol):
    """Where bars come from."""

    def load(self, from_ts: int, to_ts: int) -> pl.DataFrame:
        """Rows opened in [from_ts, to_ts), in file order: instrument (its index), ts, FIGURES."""

    def identity(self) -> dict[str, object]:
        """What makes the content."""


class MergedFeed:
    """A Feed over a BarSource. `span`: open times, [from, to) in ns; `rows_a_window` bounds memory."""

    def __init__(
        self,
        name: str,
        source: BarSource,
        instruments: Sequence[str],
        timeframe: str,
        span: tuple[int, int],
        *,
        rows_a_window: int = ROWS_A_WINDOW,
    ) -> None:
        self.name, self.instruments, self.timeframe = name, tuple(instruments), timeframe
        self._source, self._span = source, span
        self._timeframe = (timeframe, TIMEFRAMES_NS[timeframe])
        self._window_ns = max(1, rows_a_window // len(self.instruments)) * self._timeframe[1]
        self._names = np.array([*self.instruments, None], dtype=np.object_)[:-1]
        self._end: int | None = None
        self._report = self._empty_report()

    def identity(self) -> dict[str, object]:
        """The source's identity."""
        return self._source.identity()

    def span(self) -> tuple[int, int | None]:
        """First open and last close time, UTC ns."""
        return self._span[0], self._span[1] - 1 + self._timeframe[1]

    def end(self) -> int | None:
        """The last position (-1: no event); reads the whole feed unless that was done."""
        if self._end is None:
            self._end = sum(int(window.events[-1]) for window in self._windows() if len(window.events)) - 1
        return self._end

    def report(self) -> FeedReport:
        """Counts of the windows that were read so far."""
        return self._report

    def inputs(self, after: int = -1) -> Iterator[Input]:
        """The events past `after` one by one."""
        return inputs_of(self.batches(after))

    def batches(self, after: int = -1) -> Iterator[list[Row]]:
        """The events past `after` in lists of about ROWS_A_BATCH."""
        self._report = self._empty_report()
        base = 0
        for window in self._windows():
            self._count(window)
            rows = len(window.events)
            events = int(window.events[-1]) if rows else 0
            if base + events > after + 1:
                first = int(np.searchsorted(window.events, after + 1 - base, side="right"))
                for start in range(first, rows, ROWS_A_BATCH):
                    yield self._batch(window, slice(start, min(start + ROWS_A_BATCH, rows)), base, after)
            base += events
            del window  # before the next one is read: two at once would double the memory
        self._end = base - 1

    def _windows(self) -> Iterator[Checked]:
        start, stop = self._span
        last_slots = np.full(len(self.instruments), -1, np.int64)
        while start < stop:
            until = min(stop, start + self._window_ns)
            yield Checked(self._source.load(start, until), self._timeframe[1], last_slots)
            start = until

    def _batch(self, window: Checked, part: slice, base: int, after: int) -> list[Row]:
        names = self._names[window.instrument[part]]
        opened = window.opened[part]
        figures = [column[part] for column in window.figures]
        positions = window.events[part] + (base - 1)
        odd = window.odd[part]
        if not odd.any():
            first = int(positions[0])
            return bar_rows(range(first, first + len(opened)), opened, self._timeframe, names, figures)
        good = window.reason[part] == 0
        bars = bar_rows(
            positions[good].tolist(),
            opened[good],
            self._timeframe,
            names[good],
            [column[good] for column in figures],
        )
        gaps = [
            gap
            for row in np.flatnonzero(odd).tolist()
            for gap in self._gaps(window, part.start + row, int(positions[row]))
        ]
        return in_order(bars, gaps, after)

    def _gaps(self, window: Checked, row: int, position: int) -> Iterator[Row]:
        """What stands at and before a row that is no bar or follows a hole."""
        timeframe_ns = self._timeframe[1]
        opened = int(window.opened[row])
        instrument = self.instruments[int(window.instrument[row])]
        if missing_from := int(window.missing_from[row]):
            gap = FeedGap(self.name, instrument, missing_from, opened, MISSING)
            yield position - 1, opened + timeframe_ns, gap
        if code := int(window.reason[row]):
            gap = FeedGap(self.name, instrument, opened, opened + timeframe_ns, f"bad_bar:{REASONS[code]}")
            yield position, opened + timeframe_ns, gap

    def _empty_report(self) -> FeedReport:
        return FeedReport(self.name, {instrument: InstrumentReport() for instrument in self.instruments})

    def _count(self, window: Checked) -> None:
        for number, instrument in enumerate(self.instruments):
            rows = np.flatnonzero(window.instrument == number)
            if not len(rows):
                continue
            one = self._report.instruments[instrument]
            one.first_ts = one.first_ts or int(window.opened[rows[0]])
            one.last_ts = int(window.opened[rows[-1]])
            one.missing += int(np.count_nonzero(window.missing_from[rows]))
            counts = np.bincount(window.reason[rows], minlength=len(REASONS)).tolist()
            one.bars += counts[0]
            for code, count in enumerate(counts[1:], start=1):
                if count:
                    one.bad[REASONS[code]] = one.bad.get(REASONS[code], 0) + count
