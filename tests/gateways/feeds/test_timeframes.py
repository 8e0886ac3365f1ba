"""Several timeframes as one feed: order, resuming, missing instruments, and what a user is told."""

from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateways.recordings import MINUTE, START, Line, bar, bars_of, events_of, instrument, rows_of, write
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.gateways.feeds.recorded import RecordedFeed
from tradeworthy.gateways.feeds.timeframes import TimeframesFeed
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed, FeedGap

A, B = instrument("A"), instrument("B")
NAMES = {"1m": "klines_1m.parquet", "5m": "candles_5m.parquet", "1h": "klines_1h.parquet"}


def folder_of(folder: Path, files: dict[str, list[Line]]) -> Path:
    """A folder with a file for each timeframe."""
    for timeframe, lines in files.items():
        write(folder, lines, NAMES[timeframe])
    return folder


def steady(symbol: str, timeframe: str, count: int, first: int = 0) -> list[Line]:
    """`count` bars without a hole, from minute `first` on."""
    step = TIMEFRAMES_NS[timeframe] // MINUTE
    return [bar(symbol, first + number * step) for number in range(count)]


def both(folder: Path) -> Path:
    """130 minutes of A and B, and 26 five-minute bars of A alone."""
    minutes = steady("A", "1m", 130) + steady("B", "1m", 130)
    return folder_of(folder, {"1m": minutes, "5m": steady("A", "5m", 26)})


def key_of(event: BarClosed) -> tuple[int, int, int]:
    """Where a bar stands: close time, timeframe, place in [B, A]."""
    length = TIMEFRAMES_NS[event.timeframe]
    return event.ts_event + length, length, ("B", "A").index(event.instrument)


def test_bars_come_by_close_then_finest_timeframe_then_configured_order(tmp_path: Path) -> None:
    """At 00:05 the minute of B, that of A, then A's five minutes; positions are the index in that order."""
    feed = TimeframesFeed(both(tmp_path), [B, A], ["5m", "1m"])
    rows = rows_of(feed)
    bars = bars_of(rows)
    assert [key_of(one) for one in bars] == sorted(key_of(one) for one in bars)
    assert [(one.instrument, one.timeframe) for one in bars[8:11]] == [("B", "1m"), ("A", "1m"), ("A", "5m")]
    assert [position for position, _, _ in rows] == list(range(len(rows)))
    assert len(bars) == 286
    assert feed.end() == 285
    assert feed.timeframe == "1m"
    assert feed.span() == (START, START + 130 * MINUTE)


def test_each_file_gives_what_it_gives_alone(tmp_path: Path) -> None:
    """Merging changes no event and loses none, gaps included."""
    holes = [one for one in steady("A", "1m", 130) if one[1] not in (7, 8, 60)] + steady("B", "1m", 90, 40)
    folder = folder_of(tmp_path, {"1m": holes, "5m": steady("A", "5m", 26)[3:]})
    merged = rows_of(TimeframesFeed(folder, [B, A], ["1m", "5m"]))
    minutes = rows_of(RecordedFeed(folder, [B, A], "1m"))
    fives = rows_of(RecordedFeed(folder, [A], "5m"))
    assert len(merged) == len(minutes) + len(fives)
    events = events_of(merged)
    assert [one for one in events if not isinstance(one, BarClosed) or one.timeframe == "1m"] == events_of(
        minutes
    )
    assert [one for one in events if isinstance(one, BarClosed) and one.timeframe == "5m"] == events_of(fives)
    assert any(isinstance(one, FeedGap) for one in events)
    assert all(before[1] <= after[1] for before, after in pairwise(merged))


def test_one_timeframe_is_the_recorded_feed(tmp_path: Path) -> None:
    """With one file the events and positions are those of the plain feed."""
    folder = both(tmp_path)
    assert rows_of(TimeframesFeed(folder, [A, B], ["1m"])) == rows_of(RecordedFeed(folder, [A, B], "1m"))


minutes_of = st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 200)), min_size=1, max_size=80)


@settings(max_examples=30)
@given(minutes=minutes_of, fives=minutes_of, after=st.integers(-1, 200), rows_a_window=st.integers(2, 400))
def test_resuming_at_any_position_gives_the_same_tail(
    minutes: list[tuple[str, int]],
    fives: list[tuple[str, int]],
    after: int,
    rows_a_window: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """However the files are read, the events past `after` are those that an unbroken run meets."""
    folder = folder_of(
        tmp_path_factory.mktemp("files"),
        {
            "1m": [bar(*one) for one in [*minutes, ("A", 201), ("B", 201)]],
            "5m": [bar(symbol, minute * 5) for symbol, minute in [*fives, ("A", 201)]],
        },
    )
    whole = rows_of(TimeframesFeed(folder, [B, A], ["1m", "5m"]))
    again = TimeframesFeed(folder, [B, A], ["1m", "5m"], rows_a_window=rows_a_window)
    assert rows_of(again, after) == [row for row in whole if row[0] > after]
    assert again.end() == len(whole) - 1
    assert [ts for _, ts, _ in whole] == sorted(ts for _, ts, _ in whole)


def test_the_range_bounds_every_file_and_one_may_be_empty(tmp_path: Path) -> None:
    """From and to cut by open time; a file without a bar there gives none, and the identity still names it."""
    late = folder_of(tmp_path, {"1m": steady("A", "1m", 60), "1h": steady("A", "1h", 5, 600)})
    feed = TimeframesFeed(late, [A], ["1m", "1h"], from_ts=START + 10 * MINUTE, to_ts=START + 20 * MINUTE)
    bars = bars_of(rows_of(feed))
    assert [(one.timeframe, one.ts_event) for one in bars] == [
        ("1m", START + minute * MINUTE) for minute in range(10, 20)
    ]
    files = feed.identity()["files"]
    assert isinstance(files, list)
    assert [one["name"] for one in files] == ["klines_1m.parquet", "klines_1h.parquet"]
    with pytest.raises(
        NotAvailable, match=r"no bars of A in the range asked for; it has them from 2025-05-04T00"
    ):
        TimeframesFeed(late, [A], ["1m", "1h"], to_ts=START)


def test_equal_identities_mean_equal_events_and_a_changed_file_another(tmp_path: Path) -> None:
    """Two folders of the same files are one feed; another figure in one of the files is another."""
    first, second = both(tmp_path / "first"), both(tmp_path / "second")
    feeds = [TimeframesFeed(folder, [A, B], ["1m", "5m"]) for folder in (first, second)]
    assert feeds[0].identity() == feeds[1].identity()
    assert rows_of(feeds[0]) == rows_of(feeds[1])
    write(second, [*steady("A", "5m", 25), bar("A", 125, 107.0)], NAMES["5m"])
    assert TimeframesFeed(second, [A, B], ["1m", "5m"]).identity() != feeds[0].identity()


def test_the_report_counts_all_timeframes_of_an_instrument(tmp_path: Path) -> None:
    """Bars, holes and bad rows of the files are added up."""
    odd = [*steady("A", "1m", 9), bar("A", 20, -5.0), bar("A", 21)]
    feed = TimeframesFeed(folder_of(tmp_path, {"1m": odd, "5m": steady("A", "5m", 4)}), [A], ["1m", "5m"])
    rows_of(feed)
    one = feed.report().instruments["A"]
    assert (one.bars, one.missing, one.bad) == (14, 1, {"non_positive": 1})
    assert (one.first_ts, one.last_ts) == (START, START + 21 * MINUTE)


def test_what_can_not_be_fed_is_one_clear_line(tmp_path: Path) -> None:
    """An unknown symbol, an unknown timeframe, a missing file: what, and what there is."""
    folder = both(tmp_path)
    with pytest.raises(UsageError, match=r"has no symbol 'AB'; the nearest are B, A"):
        TimeframesFeed(folder, [A, instrument("AB")], ["1m", "5m"])
    with pytest.raises(UsageError, match=r"candles_5m.parquet has no symbol 'B'"):
        TimeframesFeed(folder, [B], ["1m", "5m"])
    with pytest.raises(UsageError, match=r"timeframes 1m, 7m can't be fed; give one or more of 1m, 5m"):
        TimeframesFeed(folder, [A], ["1m", "7m"])
    with pytest.raises(NotAvailable, match=r"no klines_4h.parquet or candles_4h.parquet"):
        TimeframesFeed(folder, [A], ["1m", "4h"])


def test_real_hours_and_five_minutes_make_one_order(recorded_data: Path) -> None:
    """Hyperliquid's 1h and 5m candles: every bar of both files once, by close, resumable."""
    folder = recorded_data / "hyperliquid_candles"
    names = ["BTC", "POPCAT", "LAUNCHCOIN"]
    from_ts = 1_747_000_000_000_000_000
    feed = TimeframesFeed(folder, [instrument(one) for one in names], ["1h", "5m"], from_ts=from_ts)
    rows = rows_of(feed)
    counts = {
        timeframe: pl.scan_parquet(folder / f"candles_{timeframe}.parquet")
        .filter(pl.col("symbol").is_in(names), pl.col("ts").dt.epoch("ns") >= from_ts)
        .select(pl.len())
        .collect()
        .item()
        for timeframe in ("1h", "5m")
    }
    for timeframe, count in counts.items():
        assert len([one for one in bars_of(rows) if one.timeframe == timeframe]) == count > 0
    assert [row[1] for row in rows] == sorted(row[1] for row in rows)
    assert rows_of(feed, 1_234) == rows[1_235:]
