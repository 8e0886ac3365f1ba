"""The simulator as a feed: endless, and the same for the same seed wherever it is entered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradeworthy.core.errors import UsageError
from tradeworthy.core.packets import Input
from tradeworthy.gateways.feeds.checking import MISSING
from tradeworthy.gateways.feeds.files import STAMP_MAX
from tradeworthy.gateways.feeds.protocol import FeedReport, InstrumentReport, Row, inputs_of
from tradeworthy.gateways.feeds.rows import FIGURES, ROWS_A_BATCH, Floats, bar_rows, in_order
from tradeworthy.gateways.simulator.bars import Bars, SimulatedInstrument, check_start_prices
from tradeworthy.gateways.simulator.settings import SimulatorSettings
from tradeworthy.market.bars import TIMEFRAMES_NS, FeedGap
from tradeworthy.market.instruments import Instrument

ROWS_A_WINDOW = 50_000
"""Rows computed at a time, or one block of each instrument if that is more."""


class Window(NamedTuple):
    """Bars of all instruments in merged order, from `first_bar` on: FIGURES and gaps as columns."""

    first_bar: int
    figures: list[Floats]
    missing: NDArray[np.bool_]
    gap_from: NDArray[np.int64]


class SimulatorFeed:
    """Bars of `instruments`, opened in [from_ts, to_ts) (UTC ns; None: from settings.start, without end).

    Position = bar's number since settings.start * instruments + place in the configuration. A missing bar has no
    event, but the last one of a gap is the place of its FeedGap. `from_ts` shifts no position.
    """

    def __init__(
        self,
        settings: SimulatorSettings,
        instruments: Sequence[Instrument],
        timeframe: str,
        *,
        seed: int,
        from_ts: int | None = None,
        to_ts: int | None = None,
    ) -> None:
        self.name, self.timeframe = "simulator", timeframe
        self.instruments = tuple(instrument.id for instrument in instruments)
        check_start_prices(settings, self.instruments)
        self._settings, self._seed = settings, seed
        self._timeframe = (timeframe, TIMEFRAMES_NS[timeframe])
        self._start = settings.start_ts
        self._range = (from_ts, to_ts)
        self._first_bar = self._bar_at(from_ts) if from_ts is not None else 0
        self._bars_end = self._bar_at(STAMP_MAX if to_ts is None else min(to_ts, STAMP_MAX))
        if self._bars_end <= self._first_bar:
            raise UsageError(f"the simulator starts at {settings.start}: no bar opens in the range asked for")
        self._parts = [SimulatedInstrument(settings, seed, one, self._timeframe[1]) for one in instruments]
        self._names = np.array([*self.instruments, None], dtype=np.object_)[:-1]
        self._report = self._empty_report()

    def identity(self) -> dict[str, object]:
        """Settings, seed, instruments and range."""
        return {
            "feed": self.name,
            "settings": self._settings.model_dump(mode="json"),
            "seed": self._seed,
            "instruments": list(self.instruments),
            "timeframe": self.timeframe,
            "from": self._range[0],
            "to": self._range[1],
        }

    def span(self) -> tuple[int, int | None]:
        """First open and last close time, UTC ns; None: endless."""
        return self._opened(self._first_bar), None if self._range[1] is None else self._opened(self._bars_end)

    def end(self) -> int | None:
        """The highest position that there can be (its bar may be missing); None: endless."""
        return None if self._range[1] is None else self._bars_end * len(self.instruments) - 1

    def report(self) -> FeedReport:
        """Counts of what was computed so far."""
        return self._report

    def inputs(self, after: int = -1) -> Iterator[Input]:
        """The events past `after` one by one."""
        return inputs_of(self.batches(after))

    def batches(self, after: int = -1) -> Iterator[list[Row]]:
        """The events past `after` in lists of about ROWS_A_BATCH."""
        self._report = self._empty_report()
        width = len(self.instruments)
        block_bars = self._parts[0].block_bars
        blocks = max(1, ROWS_A_WINDOW // (block_bars * width))
        bars_a_batch = max(1, ROWS_A_BATCH // width)
        bar = max(self._first_bar, (after + 1) // width)
        while bar < self._bars_end:
            block = bar // block_bars
            until = min((block + blocks) * block_bars, self._bars_end)
            window = self._window(block, blocks, (bar, until))
            for start in range(bar, until, bars_a_batch):
                rows = self._rows(window, (start, min(start + bars_a_batch, until)), after)
                if rows:
                    yield rows
            bar = until

    def _window(self, block: int, blocks: int, bars: tuple[int, int]) -> Window:
        """Whole blocks of all instruments; the bars numbered from bars[0] to before bars[1] are counted."""
        parts = [part.blocks(block, blocks) for part in self._parts]
        first = block * self._parts[0].block_bars
        self._count(parts, slice(bars[0] - first, bars[1] - first), bars[0])
        return Window(
            first,
            [np.stack([one.figures[at] for one in parts], axis=1).ravel() for at in range(len(FIGURES))],
            np.stack([one.missing for one in parts], axis=1).ravel(),
            np.stack([one.gap_from for one in parts], axis=1).ravel(),
        )

    def _rows(self, window: Window, bars: tuple[int, int], after: int) -> list[Row]:
        """The events of the bars numbered from bars[0] to before bars[1]."""
        width = len(self.instruments)
        part = slice((bars[0] - window.first_bar) * width, (bars[1] - window.first_bar) * width)
        figures = [column[part] for column in window.figures]
        missing = window.missing[part]
        opened = np.repeat(self._start + np.arange(bars[0], bars[1]) * self._timeframe[1], width)
        names = np.tile(self._names, bars[1] - bars[0])
        first = bars[0] * width
        if not missing.any() and first > after:
            positions = range(first, first + len(opened))
            return bar_rows(positions, opened, self._timeframe, names, figures)
        good = ~missing
        there = bar_rows(
            (np.flatnonzero(good) + first).tolist(),
            opened[good],
            self._timeframe,
            names[good],
            [column[good] for column in figures],
        )
        gap_from = window.gap_from[part]
        gaps = [self._gap(first + row, int(gap_from[row])) for row in np.flatnonzero(gap_from >= 0).tolist()]
        return in_order(there, gaps, after)

    def _gap(self, position: int, from_bar: int) -> Row:
        last_bar, place = divmod(position, len(self.instruments))
        end = self._opened(last_bar + 1)
        gap = FeedGap(self.name, self.instruments[place], self._opened(from_bar), end, MISSING)
        return position, end, gap

    def _count(self, parts: list[Bars], part: slice, first_bar: int) -> None:
        for instrument, bars in zip(self.instruments, parts, strict=True):
            one = self._report.instruments[instrument]
            present = np.flatnonzero(~bars.missing[part])
            one.missing += int(np.count_nonzero(bars.gap_from[part] >= 0))
            if len(present):
                one.bars += len(present)
                one.first_ts = one.first_ts or self._opened(first_bar + int(present[0]))
                one.last_ts = self._opened(first_bar + int(present[-1]))

    def _bar_at(self, ts: int) -> int:
        """The number of the first bar opened at or after `ts`."""
        return max(0, -((self._start - ts) // self._timeframe[1]))

    def _opened(self, bar: int) -> int:
        return self._start + bar * self._timeframe[1]

    def _empty_report(self) -> FeedReport:
        return FeedReport(self.name, {instrument: InstrumentReport() for instrument in self.instruments})
