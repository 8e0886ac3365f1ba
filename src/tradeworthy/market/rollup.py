"""Bars of long timeframes from those of a short one, with how many there were and how many there should be."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradeworthy.core.errors import UsageError
from tradeworthy.market.bars import TIMEFRAMES_NS, utc_text

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Bars(NamedTuple):
    """Bars of one instrument as columns of one length: open times in UTC ns, and figures as in BarClosed."""

    opened: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


class Rolled(NamedTuple):
    """Bars made of source bars: `present` of them came for each, `idle` of these had no volume.

    A whole bar has `expected` source bars. Where none came there is no bar.
    """

    expected: int
    bars: Bars
    present: Integers
    idle: Integers

    @property
    def coverage(self) -> Floats:
        """The share of its source bars that came for each bar: above 0, up to 1."""
        return self.present / self.expected

    @property
    def partial(self) -> int:
        """How many bars lack some of their source bars."""
        return int(np.count_nonzero(self.present < self.expected))


class Rollup(NamedTuple):
    """The rolled bars by timeframe, and how many source rows were left out because they are no bars."""

    rolled: dict[str, Rolled]
    left_out: int


class Made(NamedTuple):
    """Where the kernel puts what it makes: the rows of one timeframe after those of the one before."""

    bars: Bars
    present: Integers
    idle: Integers


def roll(bars: Bars, timeframe: str, to: Collection[str]) -> Rollup:
    """`bars` of `timeframe` as bars of each timeframe in `to`, shortest first.

    Open, high, low and close are those of the source bars that came; volumes are summed in order of time. A row that
    breaks market.bars.BAR_RULE counts as absent. A last bar whose end the rows don't reach is left out: it has not
    closed. UsageError for rows that are not in order of time or come twice, and for timeframes that are not longer.
    """
    names = longer(timeframe, to)
    step, lengths = TIMEFRAMES_NS[timeframe], [TIMEFRAMES_NS[name] for name in names]
    rows = len(bars.opened)
    if any(len(column) != rows for column in bars):
        raise UsageError(
            f"the columns of bars have {[len(one) for one in bars]} rows; they must have equally many"
        )
    # One kind of array, so that the kernel is compiled once.
    opened = np.require(bars.opened, np.int64, ["C", "W"])
    source = Bars(opened, *(np.require(one, np.float64, ["C", "W"]) for one in bars[1:]))
    span = max(int(opened[-1]) - int(opened[0]), 0) if rows else 0
    rooms = [min(rows, span // length + 2) for length in lengths]
    begins = np.cumsum([0, *rooms])[:-1]
    made = _room(sum(rooms))
    ends = begins.copy()
    row, left_out = roll_over(source, step, np.array(lengths), ends, made)
    if row >= 0:
        raise UsageError(
            f"row {row} of the bars, opened at {utc_text(int(opened[row]))}, is not in order of time"
            " or comes twice: sort them by open time and keep one of each"
        )
    rolled = {}
    for name, length, begin, end in zip(names, lengths, begins, ends, strict=True):
        figures = [column[begin:end] for column in made.bars[1:]]
        counts = made.present[begin:end], made.idle[begin:end]
        rolled[name] = Rolled(length // step, Bars(made.bars.opened[begin:end], *figures), *counts)
    return Rollup(rolled, left_out)


def longer(timeframe: str, to: Collection[str]) -> list[str]:
    """The timeframes `to`, shortest first; UsageError unless all are known and longer than `timeframe`.

    Of the timeframes there are, each divides the next.
    """
    for name in (timeframe, *to):
        if name not in TIMEFRAMES_NS:
            raise UsageError(f"timeframe {name!r} is unknown; it is one of {', '.join(TIMEFRAMES_NS)}")
    for name in to:
        if TIMEFRAMES_NS[name] <= TIMEFRAMES_NS[timeframe]:
            raise UsageError(f"bars of {timeframe} make no bars of {name}; name a longer timeframe")
    if not to:
        raise UsageError(f"no timeframe is named to make of {timeframe}; name one or more that are longer")
    return [name for name in TIMEFRAMES_NS if name in to]


def _room(rows: int) -> Made:
    opened, present, idle = (np.empty(rows, np.int64) for _ in range(3))
    return Made(Bars(opened, *(np.empty(rows) for _ in range(5))), present, idle)


@njit(cache=True)
def is_bar(open_: float, high: float, low: float, close: float, volume: float) -> bool:
    """market.bars.BAR_RULE for figures; a NaN breaks it."""
    if not (0.0 < low <= open_ <= high < math.inf and low <= close <= high):
        return False
    return 0.0 <= volume < math.inf


@njit(cache=True)
def roll_over(bars: Bars, step: int, lengths: Integers, places: Integers, made: Made) -> tuple[int, int]:
    """Make bars of all `lengths` (ns, each a multiple of the one before) in one pass; `step` is the rows' own.

    `places` says where in `made` each length begins, and afterwards where it ends. Returns the first row that is not
    in order of time, or -1, and how many rows are no bars.
    """
    rows = len(bars.opened)
    levels = len(lengths)
    ends = np.full(levels, -1 << 62)
    volumes = np.zeros(levels)
    before = bars.opened[0] - 1 if rows else 0
    latest = bars.opened[rows - 1] if rows else 0
    high, low, close = 0.0, 0.0, 0.0
    present, idle, left_out = 0, 0, 0
    for row in range(rows):
        opened = bars.opened[row]
        if opened <= before or opened > latest:
            return row, left_out
        on_grid = opened - before == step or opened % step == 0
        before = opened
        top, bottom, volume = bars.high[row], bars.low[row], bars.volume[row]
        if not (on_grid and is_bar(bars.open[row], top, bottom, bars.close[row], volume)):
            left_out += 1
            continue
        if opened >= ends[0]:
            if present:
                _fold(made, places, (high, low, close), present, idle)
            _begin(made, places, lengths, ends, volumes, opened, bars.open[row])
            high, low, present, idle = top, bottom, 0, 0
        high = max(high, top)
        low = min(low, bottom)
        close = bars.close[row]
        present += 1
        idle += 1 if volume == 0.0 else 0
        for level in range(levels):
            volumes[level] += volume
    if present:
        _fold(made, places, (high, low, close), present, idle)
        for level in range(levels):
            made.bars.volume[places[level] - 1] = volumes[level]
            if before + step < ends[level]:
                places[level] -= 1
    return -1, left_out


@njit(cache=True)
def _begin(
    made: Made,
    places: Integers,
    lengths: Integers,
    ends: Integers,
    volumes: Floats,
    opened: int,
    first: float,
) -> None:
    """Begin the bars that `opened` is the first of; those that end with it get their volume."""
    for level in range(len(lengths)):
        if opened < ends[level]:
            return
        place = places[level]
        if ends[level] > -1 << 62:
            made.bars.volume[place - 1] = volumes[level]
        start = opened - opened % lengths[level]
        ends[level] = start + lengths[level]
        volumes[level] = 0.0
        made.bars.opened[place] = start
        made.bars.open[place] = first
        made.bars.high[place] = -math.inf
        made.bars.low[place] = math.inf
        made.present[place] = 0
        made.idle[place] = 0
        places[level] = place + 1


@njit(cache=True)
def _fold(made: Made, places: Integers, prices: tuple[float, float, float], present: int, idle: int) -> None:
    """Add high, low and close of the shortest bar that is done to the open bars of all lengths."""
    high, low, close = prices
    for level in range(len(places)):
        place = places[level] - 1
        made.bars.high[place] = max(made.bars.high[place], high)
        made.bars.low[place] = min(made.bars.low[place], low)
        made.bars.close[place] = close
        made.present[place] += present
        made.idle[place] += idle
