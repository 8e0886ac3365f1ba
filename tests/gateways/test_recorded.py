"""The recorded feed: order, resuming, bad bars, and what a user is told."""

import math
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateways.recordings import (
    MINUTE,
    START,
    Line,
    bar,
    bars_of,
    events_of,
    instrument,
    rows_of,
    write,
)
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.gateways.feeds.recorded import RecordedFeed
from tradeworthy.market.bars import BarClosed, FeedGap, check_bar

A, B = instrument("A"), instrument("B")


def feed_of(folder: Path, **options: int | None) -> RecordedFeed:
    """The feed of B and A, in that order."""
    return RecordedFeed(folder, [B, A], "1m", **options)  # type: ignore[arg-type]


prices = st.sampled_from([100.0, 100.0, 101.0, math.nan, -1.0, 0.0, math.inf])
line = st.tuples(
    st.sampled_from(["A", "B"]),
    st.integers(0, 40),
    prices,
    st.sampled_from([102.0, 102.0, 102.0, 90.0]),
    st.sampled_from([99.0, 99.0, 103.0]),
    st.sampled_from([100.0, 101.0]),
    st.sampled_from([1.0, 0.0, math.nan]),
)
messy = st.lists(line, max_size=60).map(lambda lines: [*lines, bar("A", 41), bar("B", 41)])


@given(lines=messy)
def test_only_valid_bars_come_and_every_other_row_is_a_gap(
    lines: list[Line], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever a file holds: bars obey the one rule, and no row vanishes without a FeedGap that names why."""
    feed = feed_of(write(tmp_path_factory.mktemp("rows"), lines))
    rows = rows_of(feed)
    for found in bars_of(rows):
        check_bar(found)
    stamps = {(found.instrument, found.ts_event) for found in bars_of(rows)}
    assert len(stamps) == len(bars_of(rows))
    bad = [
        event
        for event in events_of(rows)
        if isinstance(event, FeedGap) and event.reason.startswith("bad_bar:")
    ]
    assert len(bars_of(rows)) + len(bad) == len(lines)
    assert feed.report().bad == len(bad)
    assert {position for position, _, _ in rows} == set(range(len(rows)))
    assert [position for position, _, _ in rows] == sorted(position for position, _, _ in rows)
    assert [ts for _, ts, _ in rows] == sorted(ts for _, ts, _ in rows)
    assert feed.end() == rows[-1][0]


@given(lines=messy, window=st.integers(2, 90), data=st.data())
def test_a_feed_entered_anywhere_goes_on_with_the_same_rows(
    lines: list[Line], window: int, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A resumed run meets the same events, however the reading is cut into windows."""
    folder = write(tmp_path_factory.mktemp("rows"), lines)
    whole = rows_of(feed_of(folder))
    after = data.draw(st.integers(-1, len(whole)))
    small = feed_of(folder, rows_a_window=window)
    assert repr(rows_of(small, after)) == repr(whole[after + 1 :])
    assert [(one.position, one.ts) for one in small.inputs(after)] == [row[:2] for row in whole[after + 1 :]]
    assert feed_of(folder, rows_a_window=window).end() == len(whole) - 1


def test_rows_come_by_close_time_then_as_the_configuration_lists_them(tmp_path: Path) -> None:
    """The merged order is a rule, not the file's."""
    folder = write(tmp_path, [bar("A", 1), bar("A", 0), bar("B", 1), bar("B", 0)])
    rows = rows_of(feed_of(folder))
    assert [(found.instrument, found.ts_event) for found in bars_of(rows)] == [
        ("B", START),
        ("A", START),
        ("B", START + MINUTE),
        ("A", START + MINUTE),
    ]
    assert [ts for _, ts, _ in rows] == [START + MINUTE] * 2 + [START + 2 * MINUTE] * 2


def test_missing_minutes_are_a_gap_before_the_next_bar(tmp_path: Path) -> None:
    """The hole is told with the bar that ends it, also across two windows."""
    folder = write(tmp_path, [bar("A", 0), bar("B", 0), bar("A", 50), bar("B", 1), bar("B", 50)])
    for window in (4, 1000):
        rows = rows_of(feed_of(folder, rows_a_window=window))
        gaps = [row for row in rows if isinstance(row[2], FeedGap)]
        end = START + 50 * MINUTE
        assert [(row[0], row[1], row[2]) for row in gaps] == [
            (3, end + MINUTE, FeedGap("recorded", "B", START + 2 * MINUTE, end, "missing")),
            (5, end + MINUTE, FeedGap("recorded", "A", START + MINUTE, end, "missing")),
        ]
        assert isinstance(rows[4][2], BarClosed)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (("A", 1, math.nan, 2.0, 1.0, 1.5, 1.0), "nan"),
        (("A", 1, 1.0, math.inf, 1.0, 1.5, 1.0), "nan"),
        (("A", 1, 0.0, 2.0, 0.0, 1.5, 1.0), "non_positive"),
        (("A", 1, 1.0, 1.0, 2.0, 1.5, 1.0), "high_below_low"),
        (("A", 1, 3.0, 2.0, 1.0, 1.5, 1.0), "outside_range"),
        (("A", 1, 1.0, 2.0, 1.0, 1.5, -1.0), "volume"),
        (bar("A", 0), "duplicate"),
    ],
)
def test_a_bad_bar_is_a_gap_in_its_place_and_counted(tmp_path: Path, wrong: Line, reason: str) -> None:
    """Each way in which a row breaks the rule has its word (NaN bars: one line each, nothing lost)."""
    folder = write(tmp_path, [bar("A", 0), wrong, bar("A", 2), bar("B", 0)])
    feed = feed_of(folder, to_ts=START + 2 * MINUTE)
    rows = rows_of(feed)
    opened = START + wrong[1] * MINUTE
    assert FeedGap("recorded", "A", opened, opened + MINUTE, f"bad_bar:{reason}") in events_of(rows)
    assert feed.report().instruments["A"].bad == {reason: 1}
    assert len(bars_of(rows)) == 2


def test_a_bar_off_the_minute_is_no_bar(tmp_path: Path) -> None:
    """A bar opens on a whole timeframe."""
    folder = write(tmp_path, [bar("A", 0), bar("B", 0)])
    path = folder / "klines_1m.parquet"
    shifted = pl.read_parquet(path).with_columns(pl.col("ts").dt.offset_by("30s"))
    pl.concat([pl.read_parquet(path), shifted.head(1)]).write_parquet(path)
    feed = feed_of(folder)
    assert len(bars_of(rows_of(feed))) == 2
    assert feed.report().instruments["A"].bad == {"off_grid": 1}


def test_of_two_rows_with_one_stamp_the_first_valid_one_counts(tmp_path: Path) -> None:
    """A broken row does not push out the good one behind it."""
    broken: Line = ("A", 0, math.nan, 2.0, 1.0, 1.5, 1.0)
    folder = write(tmp_path, [broken, bar("A", 0, 50.0), bar("A", 0, 60.0), bar("B", 0)])
    feed = feed_of(folder)
    assert [found.open for found in bars_of(rows_of(feed)) if found.instrument == "A"] == [50.0]
    assert feed.report().instruments["A"].bad == {"nan": 1, "duplicate": 1}


def test_real_bars_come_whole_and_in_order(recorded_data: Path) -> None:
    """Three symbols of recorded 1-minute bars: every row of the file, once, in the merged order."""
    folder = recorded_data / "binance_um_1m"
    symbols = ["SOLUSDT", "BTCUSDT", "ETHUSDT"]
    feed = RecordedFeed(folder, [instrument(symbol) for symbol in symbols], "1m", rows_a_window=20_000)
    rows = rows_of(feed)
    order = pl.col("symbol").replace_strict(symbols, [0, 1, 2], return_dtype=pl.Int8)
    there = pl.read_parquet(folder / "klines_1m.parquet").filter(pl.col("symbol").is_in(symbols))
    there = there.with_columns(pl.col("ts").dt.epoch("ns")).sort("ts", order)
    assert [position for position, _, _ in rows] == list(range(there.height))
    assert [
        (one.instrument, one.ts_event, one.open, one.high, one.low, one.close, one.volume)
        for one in bars_of(rows)
    ] == there.rows()
    assert feed.report().bad == 0


def test_a_range_bounds_open_times(tmp_path: Path) -> None:
    """From is within, to is not; positions count within the range."""
    folder = write(tmp_path, [bar(name, minute) for name in "AB" for minute in range(5)])
    rows = rows_of(feed_of(folder, from_ts=START + MINUTE, to_ts=START + 3 * MINUTE))
    assert [(row[0], row[2].ts_event) for row in rows if isinstance(row[2], BarClosed)] == [
        (0, START + MINUTE),
        (1, START + MINUTE),
        (2, START + 2 * MINUTE),
        (3, START + 2 * MINUTE),
    ]


def test_the_identity_is_of_the_content_not_of_the_place(tmp_path: Path) -> None:
    """The same file in two folders is one feed; another byte, range or order is another."""
    lines = [bar("A", 0), bar("B", 0)]
    first = feed_of(write(tmp_path / "one", lines)).identity()
    assert first == feed_of(write(tmp_path / "two", lines)).identity()
    assert first != feed_of(write(tmp_path / "three", [*lines, bar("A", 1)])).identity()
    assert first != feed_of(tmp_path / "one", from_ts=START).identity()
    assert first != RecordedFeed(tmp_path / "one", [A, B], "1m").identity()
    assert str(tmp_path) not in str(first)


def test_a_rewritten_file_has_a_new_hash(tmp_path: Path) -> None:
    """The hash that is kept is not taken for the new content."""
    before = feed_of(write(tmp_path, [bar("A", 0), bar("B", 0)])).identity()
    assert before != feed_of(write(tmp_path, [bar("A", 0), bar("B", 0, 101.0)])).identity()


def message_of(kind: type[UsageError], folder: Path, *names: str, **options: int) -> str:
    """The one line that opening the feed ends with."""
    with pytest.raises(kind) as error:
        RecordedFeed(folder, [instrument(name) for name in names or "A"], "1m", **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_absent_is_named_with_the_next_step(tmp_path: Path) -> None:
    """Missing data: one line, exit 3."""
    assert "does not exist" in (said := message_of(NotAvailable, tmp_path / "none"))
    assert "data.recorded (TRADEWORTHY_DATA__RECORDED)" in said
    (tmp_path / "file").write_text("")
    assert "is a file" in message_of(NotAvailable, tmp_path / "file")
    write(tmp_path / "deeper", [bar("A", 0)])
    assert "its folders deeper do" in message_of(NotAvailable, tmp_path)
    write(tmp_path / "other", [bar("A", 0)], "candles_5m.parquet")
    assert "it has candles_5m.parquet" in message_of(NotAvailable, tmp_path / "other")
    later = message_of(NotAvailable, tmp_path / "deeper", from_ts=START + MINUTE)
    assert "from 2025-05-04T00:00:00Z" in later


def test_a_wrong_symbol_is_named_with_its_nearest(tmp_path: Path) -> None:
    """A typing mistake costs one look."""
    folder = write(tmp_path, [bar("BTCUSDT", 0), bar("ETHUSDT", 0)])
    assert "has no symbol 'BTCUSD'; the nearest are BTCUSDT" in message_of(UsageError, folder, "BTCUSD")


def test_a_file_that_holds_no_bars_is_one_line(tmp_path: Path) -> None:
    """No Parquet, lacking columns, wrong types, rows without a stamp, two files: each is named."""
    path = tmp_path / "klines_1m.parquet"
    path.write_bytes(b"not parquet at all")
    assert "can't be read as Parquet" in message_of(UsageError, tmp_path)
    good = pl.read_parquet(write(tmp_path, [bar("A", 0)]) / path.name)
    good.drop("volume").write_parquet(path)
    assert "lacks volume: it has symbol, open" in message_of(UsageError, tmp_path)
    good.with_columns(pl.col("high").cast(pl.String)).write_parquet(path)
    assert "column high of" in message_of(UsageError, tmp_path)
    good.with_columns(pl.col("ts").dt.epoch("ms")).write_parquet(path)
    assert "it must be a timestamp" in message_of(UsageError, tmp_path)
    good.with_columns(ts=pl.lit(None, good.schema["ts"])).write_parquet(path)
    assert "1 rows without a stamp" in message_of(UsageError, tmp_path)
    write(tmp_path, [bar("A", 0)])
    write(tmp_path, [bar("A", 0)], "candles_1m.parquet")
    assert "has both" in message_of(UsageError, tmp_path)
    good.clear().write_parquet(write(tmp_path / "empty", [bar("A", 0)]) / path.name)
    assert message_of(UsageError, tmp_path / "empty").endswith(
        "has no rows; replace it by a file that holds bars"
    )


def test_what_is_no_file_in_the_place_of_bars_is_named(tmp_path: Path) -> None:
    """A folder or a link to nothing is not said to be missing and there at once."""
    place = tmp_path / "candles_1m.parquet"
    place.mkdir()
    assert message_of(UsageError, tmp_path) == f"{place} is a folder; put a Parquet file of bars there"
    place.rmdir()
    place.symlink_to(tmp_path / "nothing")
    assert "is a link to nothing; put" in message_of(UsageError, tmp_path)


def test_a_file_damaged_after_its_head_is_one_line(tmp_path: Path) -> None:
    """Damage that only shows when pages are read."""
    folder = write(tmp_path, [bar("A", minute) for minute in range(2000)])
    path = folder / "klines_1m.parquet"
    content = bytearray(path.read_bytes())
    content[4:400] = bytes(396)
    path.write_bytes(bytes(content))
    assert "can't be read as Parquet" in message_of(UsageError, folder)
