"""Candles are what the run's journal says, however it is cut into looks, segments and timeframes."""

import threading
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.story import BEGIN, CODEC, MINUTE, Story
from tradeworthy.core.packets import Kind, Packet
from tradeworthy.journal.reader import verify
from tradeworthy.journal.segments import START, list_segments
from tradeworthy.journal.writer import JournalWriter
from tradeworthy.market.bars import PriceObserved
from tradeworthy.web.candles import Candle, CandleBook, JournalCandles, beginning, grouped

BEGIN_MS = BEGIN // 1_000_000
MINUTE_MS = MINUTE // 1_000_000


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Story]:
    """A run whose journal the test writes."""
    with Story(tmp_path / "runs" / "told-1") as story:
        yield story


def hear(story: Story, price: float, after_s: float = 10.0) -> None:
    """A price, some time after what came before."""
    story.ts += round(after_s * 1_000_000_000)
    story.turn(PriceObserved("ETH", price, story.ts))
    story.durable()


def test_prices_become_candles_of_the_minute_they_came_in(told: Story) -> None:
    """Open is the first, close the last, high and low the extremes; volume is not known."""
    for price in (10.0, 12.0, 9.0):
        hear(told, price)
    hear(told, 11.0, after_s=60.0)
    candles = JournalCandles(told.folder)
    assert candles.advance() == (True, False)
    assert candles.candles("ETH", "1m") == [
        Candle(BEGIN_MS, 10.0, 12.0, 9.0, 9.0),
        Candle(BEGIN_MS + MINUTE_MS, 11.0, 11.0, 11.0, 11.0),
    ]
    assert candles.candles("ETH", "5m") == [Candle(BEGIN_MS, 10.0, 12.0, 9.0, 11.0)]
    assert candles.names() == {"ETH": ["1m", "5m", "15m", "1h"]}


def test_each_look_goes_on_where_the_last_one_ended(told: Story) -> None:
    """A growing journal is read once; a look without news changes nothing."""
    hear(told, 10.0)
    candles = JournalCandles(told.folder)
    assert candles.advance() == (True, False)
    assert candles.advance() == (False, False)
    hear(told, 13.0)
    assert candles.advance() == (True, False)
    assert candles.candles("ETH", "1m") == [Candle(BEGIN_MS, 10.0, 13.0, 10.0, 13.0)]


def test_bars_are_kept_as_they_closed(told: Story) -> None:
    """Bars have their volume and open time, and come before candles of prices of the same name."""
    for price in (100.0, 101.0):
        told.turn(told.bar(price))
    told.durable()
    candles = JournalCandles(told.folder)
    candles.advance()
    assert candles.candles("BTCUSDT", "1m") == [
        Candle(BEGIN_MS, 100.0, 100.0, 100.0, 100.0, 1.0),
        Candle(BEGIN_MS + MINUTE_MS, 101.0, 101.0, 101.0, 101.0, 1.0),
    ]


def test_a_look_that_takes_too_long_goes_on_in_the_next(told: Story) -> None:
    """Slices of no time at all see every price once."""
    for number in range(20):
        hear(told, float(number + 1))
    candles, looks = JournalCandles(told.folder), 1
    while candles.advance(slice_s=-1.0)[1]:
        looks += 1
    assert looks > 10
    assert candles.candles("ETH", "1h") == [Candle(BEGIN_MS, 1.0, 20.0, 1.0, 20.0)]


def test_of_a_long_journal_the_newest_segments_are_read(tmp_path: Path, told: Story) -> None:
    """Reading begins at a segment, which has the chain that its records go on from."""
    folder = tmp_path / "runs" / "long-1"
    with closing(JournalWriter(verify(folder), told.header, segment_bytes=2_000)) as writer:
        for number in range(1, 101):
            ts = BEGIN + number * MINUTE
            packet = Packet(number, number, 0, ts, "feed", PriceObserved("ETH", float(number), ts))
            writer.append(CODEC.encode(Kind.INPUT, packet))
            writer.end_turn(urgent=False)
            writer.wait_durable()
    numbers = list_segments(folder)
    assert len(numbers) > 4
    assert beginning(folder, 1 << 20) == START
    place = beginning(folder, 5_000)
    assert 1 < place.segment < numbers[-1]
    candles = JournalCandles(folder, bytes_max=5_000)
    candles.advance()
    found = candles.candles("ETH", "1m")
    assert not candles.is_whole
    assert not candles.trouble
    assert found[-1].close == 100.0
    assert 10 < len(found) < 100
    assert beginning(folder, 1).segment == numbers[-1]
    packed = folder / f"{place.segment:08d}.journal"
    packed.with_name(f"{packed.name}.z").write_bytes(zlib.compress(packed.read_bytes()))
    packed.unlink()
    candles = JournalCandles(folder, bytes_max=5_000)
    candles.advance()
    assert not candles.trouble
    assert candles.candles("ETH", "1m")[-len(found) :] == found


def test_a_journal_that_is_gone_is_said(tmp_path: Path) -> None:
    """No folder is an empty journal; one that misses its first segment is trouble, not an error of the page."""
    assert JournalCandles(tmp_path / "none").advance() == (False, False)
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "00000001.journal").write_bytes(b"\1" * 10)
    (folder / "00000003.journal").write_bytes(b"")
    candles = JournalCandles(folder)
    assert candles.advance() == (False, False)
    assert "can't be read on" in candles.trouble


def test_the_book_tells_when_candles_changed(told: Story) -> None:
    """Who asks gets what is read so far, and hears of it when there is more."""
    hear(told, 10.0)
    heard = threading.Event()
    book = CandleBook(told.folder.parent, heard.set)
    try:
        book.candles([told.run], "ETH", "1m")
        assert heard.wait(10)
        assert book.candles([told.run], "ETH", "1m") == [Candle(BEGIN_MS, 10.0, 10.0, 10.0, 10.0)]
    finally:
        book.close()


minutes = st.lists(st.tuples(st.integers(0, 500), st.floats(1, 1e6)), min_size=1, max_size=80).map(
    lambda pairs: [
        Candle(number * MINUTE_MS, price, price * 1.5, price / 2, price, 1.0)
        for number, price in sorted(dict(pairs).items())
    ]
)


@given(minutes, st.sampled_from(["1m", "5m", "15m", "1h"]))
def test_larger_candles_hold_the_smaller_ones(candles: list[Candle], timeframe: str) -> None:
    """First open, last close, extremes and the sum of volume are the same in every timeframe."""
    found = grouped(candles, timeframe)
    assert (found[0].open, found[-1].close) == (candles[0].open, candles[-1].close)
    assert max(one.high for one in found) == max(one.high for one in candles)
    assert min(one.low for one in found) == min(one.low for one in candles)
    assert sum(one.volume or 0.0 for one in found) == len(candles)
    assert [one.open_ms for one in found] == sorted({one.open_ms for one in found})
    assert grouped(candles, "1m") == candles
