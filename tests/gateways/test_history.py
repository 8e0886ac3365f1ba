"""History on request: from recorded files, guarded, and in the words of an answer."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateways.recordings import MINUTE, START, Line, bar, write
from tradeworthy.core.errors import NotAvailable
from tradeworthy.gateways.history import BarColumns, RecordedHistory, answer, guarded, rolled
from tradeworthy.market.backfill import RequestBackfill
from tradeworthy.market.bars import TIMEFRAMES_NS

HOUR = 60 * MINUTE


def hours(symbol: str, count: int, price: float = 100.0) -> list[Line]:
    """Hours from START on."""
    return [bar(symbol, 60 * number, price) for number in range(count)]


def minutes(symbol: str, count: int, left_out: tuple[int, ...] = ()) -> list[Line]:
    """Minutes from START on, of rising price."""
    return [bar(symbol, number, 100.0 + number) for number in range(count) if number not in left_out]


def history_of(folder: Path, **made_of: str) -> RecordedHistory:
    """The folder's history; `h4="1h"` makes 4h of 1h."""
    names = {"m15": "15m", "h4": "4h", "h1": "1h"}
    return RecordedHistory(folder, {names[key]: base for key, base in made_of.items()}, coverage_min=0.8)


def ask(timeframe: str, bars: int, instrument: str = "A") -> RequestBackfill:
    """A request for bars."""
    return RequestBackfill("key", instrument, timeframe, bars, pool="pool")


@given(offset=st.integers(-5, 5_000), count=st.integers(1, 60), gaps=st.sets(st.integers(0, 99), max_size=60))
def test_only_bars_closed_by_then_come_and_the_newest_of_them(
    offset: int, count: int, gaps: set[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """B40: a bar that is open, or lies ahead, is never in an answer; of the others the newest."""
    kept = [one for one in minutes("A", 101) if one[1] not in gaps]
    history = history_of(write(tmp_path_factory.mktemp("bars"), kept))
    now = START + offset * 1_000_000_000
    closed = [START + one[1] * MINUTE for one in kept if START + (one[1] + 1) * MINUTE <= now]
    assert history.bars("A", "1m", now, count).opened.tolist() == closed[-count:]


def test_a_timeframes_own_file_comes_before_rolled_bars(tmp_path: Path) -> None:
    """The hours of the file, though minutes are there too."""
    write(tmp_path, minutes("A", 300))
    write(tmp_path, hours("A", 5, 900.0), "candles_1h.parquet")
    found = history_of(tmp_path).bars("A", "1h", START + 5 * HOUR, 9)
    assert found.open.tolist() == [900.0] * 5


def test_other_timeframes_are_rolled_as_the_session_makes_them_or_of_the_finest(tmp_path: Path) -> None:
    """4h of 1h where the desk says so, else of minutes; an instrument without minutes has those of its hours."""
    write(tmp_path, minutes("A", 600))
    write(tmp_path, hours("A", 10, 900.0) + hours("B", 10, 500.0), "klines_1h.parquet")
    now = START + 8 * HOUR
    assert history_of(tmp_path, h4="1h").bars("A", "4h", now, 9).open.tolist() == [900.0, 900.0]
    assert history_of(tmp_path).bars("A", "4h", now, 9).open.tolist() == [100.0, 340.0]
    assert history_of(tmp_path).bars("B", "4h", now, 9).open.tolist() == [500.0, 500.0]
    assert len(history_of(tmp_path).bars("B", "15m", now, 9).opened) == 0


def test_a_longer_bar_needs_its_share_of_minutes(tmp_path: Path) -> None:
    """L13: 12 of 15 minutes make a bar, 11 none, whichever are missing; the last minute may be."""
    write(tmp_path, minutes("A", 61, left_out=(12, 13, 14, 16, 17, 18, 19)))
    found = history_of(tmp_path).bars("A", "15m", START + 60 * MINUTE, 9)
    assert [(one - START) // MINUTE for one in found.opened.tolist()] == [0, 30, 45]
    assert found.close.tolist() == [111.5, 144.5, 159.5]
    assert found.volume.tolist() == [120.0, 150.0, 150.0]


def test_reading_goes_back_over_holes_until_enough_bars_are_there(tmp_path: Path) -> None:
    """A hole longer than what was asked for hides nothing."""
    lines = [*minutes("A", 20), *(bar("A", number) for number in range(5_000, 5_010))]
    found = history_of(write(tmp_path, lines)).bars("A", "1m", START + 5_010 * MINUTE, 15)
    assert [(one - START) // MINUTE for one in found.opened.tolist()] == [
        *range(15, 20),
        *range(5_000, 5_010),
    ]


def test_rows_that_are_no_bars_are_dropped_and_counted() -> None:
    """L13: one of the four prices at 0 or NaN, an open outside, a hundredfold close: the row is no bar."""
    good = (100.0, 101.0, 99.0, 100.5, 10.0)
    rows = [
        good,
        (0.0, 101.0, 0.0, 100.5, 10.0),
        (math.nan, 101.0, 99.0, 100.5, 10.0),
        (100.0, 101.0, -1.0, 100.5, 10.0),
        (102.0, 101.0, 99.0, 100.5, 10.0),
        (100.0, 101.0, 99.0, 98.0, 10.0),
        (100.0, math.inf, 99.0, 100.5, 10.0),
        (1.0, 101.0, 1.0, 100.1, 10.0),
        (1.0, 100.0, 1.0, 100.0, 10.0),
        (100.1, 101.0, 1.0, 1.0, 10.0),
        (100.0, 101.0, 99.0, 100.5, math.nan),
    ]
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    kept, dropped = guarded(BarColumns(START + np.arange(len(rows)) * MINUTE, *columns))
    assert [(one - START) // MINUTE for one in kept.opened.tolist()] == [0, 8]
    assert dropped == 9


def test_an_answer_holds_the_bars_oldest_first(tmp_path: Path) -> None:
    """Columns of one length, with the request's key and pool, and no error."""
    found = answer(history_of(write(tmp_path, minutes("A", 30))), ask("1m", 3), START + 10 * MINUTE)
    assert found.ts == tuple(START + number * MINUTE for number in (7, 8, 9))
    assert found.close == (107.5, 108.5, 109.5)
    assert (found.open[0], found.high[0], found.low[0], found.volume[0]) == (107.0, 108.0, 106.0, 10.0)
    assert (found.key, found.instrument, found.timeframe) == ("key", "A", "1m")
    assert (found.pool, found.dropped, found.error) == ("pool", 0, "")


def test_an_answer_without_enough_bars_says_so(tmp_path: Path) -> None:
    """None, or fewer: the error has the figures, and what there is comes all the same."""
    history = history_of(write(tmp_path, minutes("A", 30)))
    few = answer(history, ask("1m", 50), START + 10 * MINUTE)
    assert len(few.ts) == 10
    assert few.error == "there are 10 1m bars of A closed by 2025-05-04T00:10:00Z; 50 were asked for"
    none = answer(history, ask("1m", 50, "PEPE"), START + 10 * MINUTE)
    assert none.ts == none.close == ()
    assert none.error == "there are no 1m bars of PEPE closed by 2025-05-04T00:10:00Z; 50 were asked for"


def test_a_folder_without_bars_is_not_available(tmp_path: Path) -> None:
    """The message names the setting."""
    with pytest.raises(NotAvailable, match=r"data.recorded \(TRADEWORTHY_DATA__RECORDED\)"):
        history_of(tmp_path)


def test_real_minutes_make_the_longer_bars(recorded_data: Path) -> None:
    """Binance's minutes: 676 bars of 15m whose figures are those of their minutes."""
    folder = recorded_data / "binance_um_1m"
    now = 1_747_500_123_000_000_000
    found = history_of(folder, m15="1m").bars("SOLUSDT", "15m", now, 676)
    assert len(found.opened) == 676
    assert now - 2 * TIMEFRAMES_NS["15m"] < int(found.opened[-1]) <= now - TIMEFRAMES_NS["15m"]
    start = int(found.opened[-1])
    stamp = pl.col("ts").dt.epoch("ns")
    rows = (
        pl.read_parquet(folder / "klines_1m.parquet")
        .filter(pl.col("symbol") == "SOLUSDT", stamp >= start, stamp < start + TIMEFRAMES_NS["15m"])
        .sort("ts")
    )
    assert (found.open[-1], found.close[-1]) == (rows["open"][0], rows["close"][-1])
    assert (found.high[-1], found.low[-1]) == (rows["high"].max(), rows["low"].min())


def test_real_hours_are_rolled_to_four(recorded_data: Path) -> None:
    """Hyperliquid's hours: the same 4h bars as rolling them here, and none of the finer file's."""
    history = history_of(recorded_data / "hyperliquid_candles", h4="1h")
    now = 1_746_000_000_000_000_000
    found = history.bars("POPCAT", "4h", now, 100)
    whole = rolled(history.bars("POPCAT", "1h", now, 1_000), "1h", "4h", 0.8)
    assert len(found.opened) == 100
    assert found.close.tolist() == whole.part(np.isin(whole.opened, found.opened)).close.tolist()
