"""The desk's bars: the newest of each row in order of time, live or by backfill, over a restart."""

from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.market.session import Session, reborn
from tradeworthy.desks.uptrend.config import UptrendSettings
from tradeworthy.desks.uptrend.history import BarHistory
from tradeworthy.desks.uptrend.names import Row
from tradeworthy.market.backfill import BackfillAnswered
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed

HOUR = TIMEFRAMES_NS["1h"]
START = 1_746_316_800_000_000_000
"""2025-05-04 00:00 UTC, ns."""

ROW = Row("BONK", "1h")
KEPT = 400


class Line(NamedTuple):
    """A bar `hour` after START; its figures tell where it came from."""

    hour: int
    close: float


def bar(hour: int, close: float = 1.0, instrument: str = "BONK", timeframe: str = "1h") -> BarClosed:
    """A live bar."""
    return BarClosed(instrument, timeframe, START + hour * HOUR, 1.0, 9.0, 0.5, close, 3.0)


def answer(*lines: Line, timeframe: str = "1h") -> BackfillAnswered:
    """A backfill of `lines`."""
    count = len(lines)
    ts = tuple(START + line.hour * HOUR for line in lines)
    closes = tuple(line.close for line in lines)
    columns = ((2.0,) * count, (9.0,) * count, (0.5,) * count, closes, (7.0,) * count)
    return BackfillAnswered("1", "BONK", timeframe, ts, *columns)


class Desk:
    """A session with only the history of a desk that trades BONK."""

    def __init__(self) -> None:
        tokens = [{"instrument": "BONK", "ticker": "BONK"}]
        regime = {"instrument": "BTC", "timeframe": "4h"}
        market = {"bars_kept": KEPT}
        settings = UptrendSettings.model_validate({"tokens": tokens, "regime": regime, "market": market})
        self.history = BarHistory("uptrend", settings)
        self.session = Session(self.history)

    def take(self, event: BarClosed | BackfillAnswered, hour: int = 10_000) -> None:
        """Admit `event` at `hour`."""
        self.session.admit(event, START + hour * HOUR)

    def lines(self) -> list[Line]:
        """What is kept."""
        window = self.history.window(ROW)
        hours = ((window.ts - START) // HOUR).tolist()
        return [Line(*one) for one in zip(hours, window.close.tolist(), strict=True)]


def test_the_newest_bars_are_kept() -> None:
    """B2: of more bars than are kept the oldest go, so that indicators never freeze."""
    desk = Desk()
    for hour in range(3 * KEPT):
        desk.take(bar(hour, hour + 1.0), hour + 1)
    assert desk.lines() == [Line(hour, hour + 1.0) for hour in range(2 * KEPT, 3 * KEPT)]
    assert desk.history.count(ROW) == KEPT
    assert desk.history.last(ROW) == bar(3 * KEPT - 1, 3.0 * KEPT)


def test_a_window_has_the_newest_bars_asked_for() -> None:
    """Its columns are arrays that a kernel can take: of float64 and in one piece."""
    desk = Desk()
    for hour in range(100):
        desk.take(bar(hour, hour + 1.0))
    window = desk.history.window(ROW, 3)
    assert window.close.tolist() == [98.0, 99.0, 100.0]
    assert desk.history.window(ROW, 500).ts.shape == (100,)
    for column in window:
        assert column.flags.c_contiguous
    assert {column.dtype for column in window[1:]} == {np.dtype(np.float64)}
    assert window.ts.dtype == np.int64


def test_a_row_without_bars_has_an_empty_window() -> None:
    """Nothing is made up."""
    desk = Desk()
    assert desk.history.window(ROW).close.tolist() == []
    assert desk.history.count(ROW) == 0
    assert desk.history.last(ROW) is None


def test_rows_of_others_are_not_kept() -> None:
    """The desk keeps its tokens' timeframes and its regime's instrument."""
    desk = Desk()
    for instrument, timeframe in (("WIF", "1h"), ("BONK", "5m"), ("BTC", "1h"), ("BTC", "4h")):
        desk.take(bar(0, 1.0, instrument, timeframe))
    desk.take(answer(Line(0, 1.0), timeframe="1d"))
    assert list(desk.history.state.rows) == ["4h@BTC"]


def test_a_backfill_fills_in_below_and_between_live_bars() -> None:
    """L13: in order of time, and where a live bar stands it stays."""
    desk = Desk()
    for hour in (10, 11, 14):
        desk.take(bar(hour, 5.0))
    desk.take(answer(*(Line(hour, 6.0) for hour in range(8, 16))))
    live = {10, 11, 14}
    assert desk.lines() == [Line(hour, 5.0 if hour in live else 6.0) for hour in range(8, 16)]


def test_a_live_bar_of_a_time_that_is_there_changes_nothing() -> None:
    """The first bar of a time stays, so that what was judged on it stays true."""
    desk = Desk()
    desk.take(answer(Line(3, 6.0), Line(4, 6.0)))
    for hour in (4, 3, 5):
        desk.take(bar(hour, 5.0))
    assert desk.lines() == [Line(3, 6.0), Line(4, 6.0), Line(5, 5.0)]


def test_a_bar_that_has_not_ended_is_not_taken_from_a_backfill() -> None:
    """B40: the hour that goes on comes live when it is over."""
    desk = Desk()
    desk.take(answer(Line(3, 6.0), Line(4, 6.0)), hour=4)
    assert desk.lines() == [Line(3, 6.0)]


def test_an_empty_answer_changes_nothing() -> None:
    """A provider without the pool has no bars."""
    desk = Desk()
    desk.take(answer())
    assert desk.history.count(ROW) == 0


hours = st.lists(st.integers(0, 30), max_size=20)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(st.integers(0, 30), hours), max_size=12))
def test_bars_of_any_order_end_up_in_order_of_time(steps: list[int | list[int]]) -> None:
    """Each time once, the first that came, whatever mix of live bars and backfills it was."""
    desk = Desk()
    model: dict[int, float] = {}
    for number, step in enumerate(steps):
        if isinstance(step, int):
            desk.take(bar(step, number + 1.0))
        else:
            desk.take(answer(*(Line(hour, number + 1.0) for hour in sorted(set(step)))))
        for hour in [step] if isinstance(step, int) else step:
            model.setdefault(hour, number + 1.0)
    assert desk.lines() == [Line(*one) for one in sorted(model.items())]


def test_a_snapshot_brings_the_bars_back() -> None:
    """What is kept goes on growing from there."""
    desk, other = Desk(), Desk()
    for hour in range(KEPT + 30):
        desk.take(bar(hour, hour + 1.0))
    other.history.state = reborn(desk.history.state)
    for one in (desk, other):
        one.take(bar(KEPT + 30, 7.0))
    assert other.lines() == desk.lines()
    assert other.history.state == desk.history.state
    assert len(desk.lines()) == KEPT
