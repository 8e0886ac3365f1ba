"""The desk's own bars: the newest of each row, in order of time, whether they came live or by backfill."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.desks.uptrend.config import UptrendSettings
from tradeworthy.desks.uptrend.names import Row, part_name
from tradeworthy.market.backfill import BackfillAnswered
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ROOM = 64
"""Bars that a row's columns have room for at first."""

FIGURES = 5
"""Open, high, low, close and volume: what a bar has besides its time."""

BAR_KEPT, BARS_MERGED, BAR_OF_NO_ROW = "bar_kept", "bars_merged", "bar_of_no_row"
"""Reasons why a turn that brought only bars has no candidate."""


class Window(NamedTuple):
    """Closed bars as columns, oldest first: open times in UTC ns, and figures as in BarClosed. There may be none.

    They look into the history itself: to be read, and not kept over the next bar.
    """

    ts: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


class Kept(msgspec.Struct, frozen=True, gc=False):
    """A row's bars as bytes: open times (int64) and the five figures, one column after the other (float64)."""

    ts: bytes
    figures: bytes


class BarHistoryState(State):
    """The bars of each row, by its key."""

    rows: dict[str, Kept] = {}


class Column:
    """The newest `kept` bars of one row, in arrays that grow to twice that and are then moved down.

    So a bar is one store, and a window is a slice.
    """

    __slots__ = ("_end", "_figures", "_kept", "_start", "_ts")

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._ts: Integers = np.empty(ROOM, np.int64)
        self._figures: Floats = np.empty((FIGURES, ROOM))
        self._start = self._end = 0

    @property
    def count(self) -> int:
        """How many bars there are."""
        return self._end - self._start

    @property
    def last_ts(self) -> int:
        """Open time of the newest bar; -1 without any."""
        return int(self._ts[self._end - 1]) if self._end else -1

    def append(self, ts: int, figures: tuple[float, ...]) -> None:
        """Take a bar that is newer than all others."""
        if self._end == len(self._ts):
            self._make_room()
        at = self._end
        self._ts[at] = ts
        self._figures[:, at] = figures
        self._end = at + 1
        self._start = max(self._start, self._end - self._kept)

    def merge(self, ts: Integers, figures: Floats) -> None:
        """Take bars of any time that are not there yet, in any order."""
        own = slice(self._start, self._end)
        # Of bars of one time the first stays, and ours stand first.
        times, first = np.unique(np.concatenate((self._ts[own], ts)), return_index=True)
        merged = np.concatenate((self._figures[:, own], figures), axis=1)[:, first]
        self._load(times[-self._kept :], merged[:, -self._kept :])

    def window(self, bars: int) -> Window:
        """The newest `bars` (0: all)."""
        first = max(self._start, self._end - bars) if bars else self._start
        return Window(self._ts[first : self._end], *self._figures[:, first : self._end])

    def dump(self) -> Kept:
        """The bars as bytes."""
        own = slice(self._start, self._end)
        return Kept(self._ts[own].tobytes(), self._figures[:, own].tobytes())

    @classmethod
    def load(cls, kept: int, dumped: Kept) -> Column:
        """A column with the bars of `dumped`."""
        ts = np.frombuffer(dumped.ts, np.int64)
        column = cls(kept)
        column._load(ts, np.frombuffer(dumped.figures).reshape(FIGURES, len(ts)))
        return column

    def _make_room(self) -> None:
        own = slice(self._start, self._end)
        self._load(self._ts[own], self._figures[:, own])

    def _load(self, ts: Integers, figures: Floats) -> None:
        """Hold exactly these, at the start of arrays with room for as many again."""
        count = len(ts)
        room = max(ROOM, min(2 * count, 2 * self._kept))
        new_ts, new_figures = np.empty(room, np.int64), np.empty((FIGURES, room))
        new_ts[:count] = ts
        new_figures[:, :count] = figures
        self._ts, self._figures = new_ts, new_figures
        self._start, self._end = 0, count


class BarHistory(Agent):
    """The part `bar-history`: the bars of the desk's tokens and of its regime's instrument.

    Of two bars of one time the first that came stays, so a backfill fills holes and changes nothing. A bar that had
    not ended when a backfill brought it is left out: it comes live.
    """

    def __init__(self, desk: str, settings: UptrendSettings) -> None:
        self._kept = settings.market.bars_kept
        regime = settings.regime
        rows = [
            Row(token.instrument, timeframe)
            for token in settings.tokens
            for timeframe in settings.market.bars
        ]
        self._keys = {row: row.key for row in (*rows, Row(regime.instrument, regime.timeframe))}
        self._columns: dict[str, Column] = {}
        super().__init__(part_name(desk, "bar-history"), BarHistoryState(), desk=desk)

    @property
    def state(self) -> BarHistoryState:
        """The bars as a snapshot holds them."""
        return BarHistoryState({key: column.dump() for key, column in self._columns.items()})

    @state.setter
    def state(self, state: BarHistoryState) -> None:
        self._columns = {key: Column.load(self._kept, kept) for key, kept in state.rows.items()}

    @on(BarClosed)
    def take_bar(self, bar: BarClosed, _: Context) -> str:
        """Keep the bar, unless there is one of its time."""
        row = Row(bar.instrument, bar.timeframe)
        if row not in self._keys:
            return BAR_OF_NO_ROW
        column = self._column(row)
        figures = (bar.open, bar.high, bar.low, bar.close, bar.volume)
        if bar.ts_event > column.last_ts:
            column.append(bar.ts_event, figures)
        else:
            column.merge(np.array([bar.ts_event]), np.array(figures).reshape(FIGURES, 1))
        return BAR_KEPT

    @on(BackfillAnswered)
    def take_bars(self, answer: BackfillAnswered, context: Context) -> str | None:
        """Put the closed bars among those that are there."""
        row = Row(answer.instrument, answer.timeframe)
        if row not in self._keys:
            return None
        ts = np.array(answer.ts, np.int64)
        figures = np.array((answer.open, answer.high, answer.low, answer.close, answer.volume), np.float64)
        closed = ts + TIMEFRAMES_NS[answer.timeframe] <= context.now
        if closed.any():
            self._column(row).merge(ts[closed], figures[:, closed])
        return BARS_MERGED

    # What the desk's other agents read

    def window(self, row: Row, bars: int = 0) -> Window:
        """The newest `bars` of `row` (0: all that are kept)."""
        column = self._columns.get(row.key)
        return (column or Column(0)).window(bars)

    def count(self, row: Row) -> int:
        """How many bars of `row` are kept: at most `bars_kept`."""
        column = self._columns.get(row.key)
        return column.count if column else 0

    def last(self, row: Row) -> BarClosed | None:
        """The newest bar of `row`."""
        window = self.window(row, 1)
        if not len(window.ts):
            return None
        figures = [float(one[0]) for one in window[1:]]
        return BarClosed(row.instrument, row.timeframe, int(window.ts[0]), *figures)

    def _column(self, row: Row) -> Column:
        key = self._keys[row]
        column = self._columns.get(key)
        if column is None:
            column = self._columns[key] = Column(self._kept)
        return column
