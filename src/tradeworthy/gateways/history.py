"""Closed bars of the past on request, from recorded files; who asks is a desk that needs history to judge."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tradeworthy.gateways.feeds.checking import Checked
from tradeworthy.gateways.feeds.files import symbols_of
from tradeworthy.gateways.feeds.recorded import STEMS, RecordedSource, find_file
from tradeworthy.gateways.feeds.rows import FIGURES, Floats, Integers
from tradeworthy.market.backfill import BackfillAnswered, RequestBackfill
from tradeworthy.market.bars import TIMEFRAMES_NS, utc_text

RATIO_MAX = 100.0
"""How many times its open a bar's close may be, or the other way round; beyond it is no bar."""


class BarColumns(NamedTuple):
    """Bars of one instrument, oldest first: open times in UTC ns, and FIGURES."""

    opened: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    @classmethod
    def none(cls) -> BarColumns:
        """No bar at all."""
        return cls(np.zeros(0, np.int64), *(np.zeros(0) for _ in FIGURES))

    def part(self, rows: slice | NDArray[np.bool_]) -> BarColumns:
        """These rows alone."""
        return BarColumns(self.opened[rows], *(column[rows] for column in self.figures))

    @property
    def figures(self) -> tuple[Floats, ...]:
        """The columns of FIGURES."""
        return self[1:]


class History(Protocol):
    """Where bars of the past come from."""

    def bars(self, instrument: str, timeframe: str, before_ts: int, count: int) -> BarColumns:
        """The newest `count` bars that are closed by `before_ts` (UTC ns), or as many as there are; none if unknown.

        A bar that is made of shorter ones is there if enough of these are; what comes after `before_ts` is in none.
        """


def answer(history: History, request: RequestBackfill, now: int) -> BackfillAnswered:
    """The answer to `request` at session time `now`; its error says what is lacking."""
    found = history.bars(request.instrument, request.timeframe, now, request.bars)
    return answer_of(request, found, now)


def answer_of(
    request: RequestBackfill,
    found: BarColumns,
    now: int,
    *,
    pool: str = "",
    fault: str = "",
    dropped: int = 0,
) -> BackfillAnswered:
    """The answer that `found`, closed by `now`, makes: the newest bars of it that are bars.

    `fault` says why there may be fewer than were asked for, `dropped` counts rows that were left out before, `pool` is
    what they are of if the request named none.
    """
    good, refused = guarded(found)
    good = good.part(slice(max(0, len(good.opened) - request.bars), None))
    error = fault
    if not fault and len(good.opened) < request.bars:
        number = len(good.opened) or "no"
        error = (
            f"there are {number} {request.timeframe} bars of {request.instrument} closed by {utc_text(now)};"
            f" {request.bars} were asked for"
        )
    return BackfillAnswered(
        key=request.key,
        instrument=request.instrument,
        timeframe=request.timeframe,
        ts=tuple(good.opened.tolist()),
        **{name: tuple(column.tolist()) for name, column in zip(FIGURES, good.figures, strict=True)},
        error=error,
        pool=pool or request.pool,
        dropped=dropped + refused,
    )


def guarded(bars: BarColumns) -> tuple[BarColumns, int]:
    """The rows that may be bars of a token, and how many were not. Source: specs/uptrend.md 3.5.

    Prices are finite and above 0, high and low enclose open and close, neither of these is more than RATIO_MAX times
    the other, and the volume is finite and 0 or more.
    """
    _, opened, high, low, closed, volume = bars
    enclosed = (low > 0) & (low <= np.minimum(opened, closed)) & (high >= np.maximum(opened, closed))
    near = (closed <= opened * RATIO_MAX) & (opened <= closed * RATIO_MAX)
    good = enclosed & near & np.isfinite(high) & np.isfinite(volume) & (volume >= 0)
    return bars.part(good), int(np.count_nonzero(~good))


def rolled(bars: BarColumns, base: str, timeframe: str, coverage_min: float) -> BarColumns:
    """`bars` of `base` as bars of the longer `timeframe`, those of which at least the share `coverage_min` came."""
    from tradeworthy.market.rollup import Bars, roll

    made = roll(Bars(*bars), base, [timeframe]).rolled[timeframe]
    return BarColumns(*made.bars).part(made.coverage >= coverage_min)


def closed_by(bars: BarColumns, timeframe: str, before_ts: int, count: int) -> BarColumns:
    """The newest `count` of `bars` that are closed by `before_ts`."""
    last = int(np.searchsorted(bars.opened, before_ts - TIMEFRAMES_NS[timeframe], side="right"))
    return bars.part(slice(max(0, last - count), last))


class Served(NamedTuple):
    """What a timeframe's bars of one symbol are read from, and the timeframe that is there."""

    base: str
    source: RecordedSource


class RecordedHistory:
    """Bars of a folder's files: of the timeframe's own, else rolled from shorter ones.

    Those are the ones that `made_of` names for the timeframe (as the session makes it), or the finest there are.
    NotAvailable if the folder has no bars at all, UsageError if a file can't be read.
    """

    def __init__(self, folder: Path, made_of: Mapping[str, str], *, coverage_min: float) -> None:
        self._files = _files(folder)
        self._symbols = {timeframe: set(symbols_of(path)) for timeframe, path in self._files.items()}
        self._made_of, self._coverage_min = dict(made_of), coverage_min
        self._sources: dict[tuple[str, str], RecordedSource] = {}

    def bars(self, instrument: str, timeframe: str, before_ts: int, count: int) -> BarColumns:
        """The newest `count` bars that are closed by `before_ts`; see History."""
        base = self._base(instrument, timeframe)
        if base is None:
            return BarColumns.none()
        source = self._source(instrument, base)
        length_ns = TIMEFRAMES_NS[timeframe]
        end = before_ts - before_ts % length_ns
        asked = count
        while True:
            start = end - asked * length_ns
            # A bar beyond the end shows that the last one before it is over, whatever it lacks.
            found = _read(source, base, (start, end + length_ns))
            made = found if base == timeframe else rolled(found, base, timeframe, self._coverage_min)
            bars = closed_by(made, timeframe, before_ts, count)
            if len(bars.opened) == count or start <= source.first:
                return bars
            asked *= 2

    def _base(self, instrument: str, timeframe: str) -> str | None:
        """The timeframe whose file serves."""
        length_ns = TIMEFRAMES_NS[timeframe]
        shorter = [name for name in TIMEFRAMES_NS if TIMEFRAMES_NS[name] < length_ns]
        there = (timeframe, self._made_of.get(timeframe, timeframe), *shorter)
        return next((name for name in there if instrument in self._symbols.get(name, ())), None)

    def _source(self, instrument: str, base: str) -> RecordedSource:
        key = (instrument, base)
        if key not in self._sources:
            self._sources[key] = RecordedSource(self._files[base], [instrument], {})
        return self._sources[key]


def _files(folder: Path) -> dict[str, Path]:
    """The folder's files of bars by timeframe."""
    there = [
        name for name in TIMEFRAMES_NS if any((folder / f"{stem}_{name}.parquet").exists() for stem in STEMS)
    ]
    return {name: find_file(folder, name) for name in there or list(TIMEFRAMES_NS)[:1]}


def _read(source: RecordedSource, timeframe: str, span: tuple[int, int]) -> BarColumns:
    """The bars opened in `span`; rows that are no bars are left out."""
    rows = Checked(source.load(*span), TIMEFRAMES_NS[timeframe], np.full(1, -1, np.int64))
    return BarColumns(rows.opened, *rows.figures).part(rows.reason == 0)
