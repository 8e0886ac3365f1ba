"""Rolled bars are what their source bars make, with how many of them there were."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeworthy.core.errors import UsageError
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed, check_bar
from tradeworthy.market.rollup import Bars, Made, is_bar, roll, roll_over

MINUTE = TIMEFRAMES_NS["1m"]
START = 1_746_316_800_000_000_000
"""2025-05-04 00:00 UTC, ns."""

ALL = ("5m", "15m", "1h", "4h", "1d")


class Line(NamedTuple):
    """One source row, `minute` after START."""

    minute: int
    open: float = 10.0
    high: float = 12.0
    low: float = 9.0
    close: float = 11.0
    volume: float = 1.0


class Row(NamedTuple):
    """One rolled bar."""

    opened: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    present: int
    idle: int


def bars_of(lines: Sequence[Line]) -> Bars:
    """The columns of `lines`."""
    opened = np.array([START + line.minute * MINUTE for line in lines], np.int64)
    return Bars(opened, *(np.array([line[at] for line in lines], np.float64) for at in range(1, 6)))


def rows_of(lines: Sequence[Line], timeframe: str) -> list[Row]:
    """What the kernel makes, as rows."""
    done = roll(bars_of(lines), "1m", ALL).rolled[timeframe]
    columns = [column.tolist() for column in (*done.bars, done.present, done.idle)]
    return [Row(*row) for row in zip(*columns, strict=True)]


def expected(lines: Sequence[Line], timeframe: str) -> list[Row]:
    """The same from the words of the definition."""
    length = TIMEFRAMES_NS[timeframe]
    good = [line for line in lines if is_bar.py_func(*line[1:])]
    reached = max((START + (line.minute + 1) * MINUTE for line in lines), default=0)
    slots: dict[int, list[Line]] = {}
    for line in good:
        opened = START + line.minute * MINUTE
        slots.setdefault(opened - opened % length, []).append(line)
    rows = []
    for opened, group in slots.items():
        volume = 0.0
        for line in group:
            volume += line.volume
        high, low = max(line.high for line in group), min(line.low for line in group)
        idle = sum(line.volume == 0.0 for line in group)
        rows.append(Row(opened, group[0].open, high, low, group[-1].close, volume, len(group), idle))
    return [row for row in rows if row.opened + length <= reached]


prices = st.floats(1.0, 100.0)


@st.composite
def some_lines(draw: st.DrawFn) -> list[Line]:
    """Rising minutes with holes; valid rows, rows without volume, and rows that are no bars."""
    minutes = sorted(draw(st.sets(st.integers(0, 600), min_size=1, max_size=60)))
    lines = []
    for minute in minutes:
        low, open_, close, high = sorted(draw(st.tuples(prices, prices, prices, prices)))
        volume = draw(st.sampled_from([0.0, 0.1, 3.7]))
        line = Line(minute, open_, high, low, close, volume)
        lines.append(line._replace(close=math.nan) if draw(st.integers(0, 9)) == 0 else line)
    return lines


@settings(deadline=None, max_examples=60)
@given(some_lines(), st.sampled_from(ALL))
def test_a_rolled_bar_is_what_its_source_bars_make(lines: list[Line], timeframe: str) -> None:
    """L13: first open, highest, lowest, last close, sum of volumes, with holes and coverage; bit for bit."""
    assert rows_of(lines, timeframe) == expected(lines, timeframe)


def test_the_plain_python_kernel_equals_the_compiled_one() -> None:
    """No arithmetic is reordered by compiling."""
    rng = np.random.default_rng(1)
    lines = [Line(minute, volume=float(rng.random())) for minute in range(700) if rng.random() > 0.1]
    bars = bars_of(lines)
    lengths = np.array([TIMEFRAMES_NS[name] for name in ALL])
    made = []
    for kernel in (roll_over, roll_over.py_func):
        places = np.arange(5) * 700
        columns = Bars(np.zeros(3500, np.int64), *(np.zeros(3500) for _ in range(5)))
        room = Made(columns, np.zeros(3500, np.int64), np.zeros(3500, np.int64))
        assert kernel(bars, MINUTE, lengths, places, room) == (-1, 0)
        made.append([column.tolist() for column in (*columns, room.present, room.idle, places)])
    assert made[0] == made[1]


def test_coverage_is_the_share_of_source_bars_that_came() -> None:
    """L13: a hole makes no bar up; a bar of which some are missing says how many there were."""
    lines = [Line(minute) for minute in (*range(5), 5, 7, 15, 16, 17, 18, 19)]
    done = roll(bars_of(lines), "1m", ["5m"]).rolled["5m"]
    assert ((done.bars.opened - START) // MINUTE).tolist() == [0, 5, 15]
    assert done.expected == 5
    assert done.coverage.tolist() == [1.0, 0.4, 1.0]
    assert done.partial == 1


def test_a_bar_closes_when_the_source_reaches_its_end() -> None:
    """L13: a bar that is not closed is never there; a hole at its end closes with the next row."""
    lines = [Line(minute) for minute in range(9)]
    assert [row.present for row in rows_of(lines, "5m")] == [5]
    assert [row.present for row in rows_of([*lines, Line(9)], "5m")] == [5, 5]
    assert [row.present for row in rows_of([*lines, Line(10)], "5m")] == [5, 4]
    assert [row.present for row in rows_of([*lines, Line(9, close=math.nan)], "5m")] == [5, 4]


def test_the_shortest_timeframe_asked_for_changes_no_other() -> None:
    """Volumes are summed minute by minute, whichever timeframes are made together."""
    rng = np.random.default_rng(2)
    bars = bars_of([Line(minute, volume=float(rng.random())) for minute in range(1440)])
    alone = roll(bars, "1m", ["4h"]).rolled["4h"]
    together = roll(bars, "1m", ["4h", "5m", "1h"]).rolled
    assert list(together) == ["5m", "1h", "4h"]
    assert alone.bars.volume.tolist() == together["4h"].bars.volume.tolist()


@settings(deadline=None)
@given(
    st.tuples(
        *(st.sampled_from([math.nan, math.inf, -math.inf, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0]) for _ in range(5))
    )
)
def test_what_is_a_bar_is_one_rule(figures: tuple[float, float, float, float, float]) -> None:
    """The kernel and the event agree on every combination."""
    try:
        check_bar(BarClosed("A", "1m", START, *figures))
        fits = True
    except UsageError:
        fits = False
    assert is_bar(*figures) == fits


def test_rows_that_are_no_bars_are_counted_and_absent() -> None:
    """NaN, a high below the low, a volume below 0 or a stamp off the grid: none of it is silent."""
    lines = [
        Line(0),
        Line(1, close=math.nan),
        Line(2, high=1.0),
        Line(3, volume=-1.0),
        Line(4, volume=0.0),
    ]
    bars = bars_of(lines)
    done = roll(bars, "1m", ["5m"])
    assert done.left_out == 3
    assert done.rolled["5m"].present.tolist() == [2]
    assert done.rolled["5m"].idle.tolist() == [1]
    bars.opened[4] += 1
    assert roll(bars, "1m", ["5m"]).left_out == 4


@pytest.mark.parametrize("minutes", [[0, 1, 1, 2], [0, 2, 1, 3], [0, 9, 1], [5, 0]])
def test_rows_out_of_order_or_twice_are_refused(minutes: list[int]) -> None:
    """One line names the row."""
    with pytest.raises(UsageError, match=r"row [01234] of the bars, opened at 2025-05-04T00:"):
        roll(bars_of([Line(minute) for minute in minutes]), "1m", ALL)


def test_no_rows_make_no_bars() -> None:
    """Nothing in, nothing out."""
    done = roll(bars_of([]), "1m", ["5m", "1h"])
    assert [len(one.present) for one in done.rolled.values()] == [0, 0]


def test_a_wrong_timeframe_or_column_is_refused() -> None:
    """One line with the value and what there is."""
    bars = bars_of([Line(0)])
    with pytest.raises(UsageError, match="timeframe '2m' is unknown"):
        roll(bars, "1m", ["2m"])
    with pytest.raises(UsageError, match="bars of 5m make no bars of 5m"):
        roll(bars, "5m", ["5m"])
    with pytest.raises(UsageError, match="no timeframe is named"):
        roll(bars, "1m", [])
    with pytest.raises(UsageError, match="equally many"):
        roll(bars._replace(high=np.zeros(2)), "1m", ["5m"])
