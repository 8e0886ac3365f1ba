"""Signals between the bars of a feed: order, resuming, endless feeds."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateways.recordings import MINUTE, START, bar, instrument, rows_of, write
from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.config import CuratorSettings, TokenSettings
from tradeworthy.desks.uptrend.events import SocialSignal
from tradeworthy.gateways.feeds.protocol import Row
from tradeworthy.gateways.feeds.recorded import RecordedFeed
from tradeworthy.gateways.feeds.seeded_signals import SignalSettings, seeded_signals
from tradeworthy.gateways.feeds.tokens import Signals, TokensFeed
from tradeworthy.gateways.simulator.points import PointsFeed, PointsSettings
from tradeworthy.gateways.simulator.settings import SimulatorSettings
from tradeworthy.market.bars import BarClosed

A, B = instrument("A"), instrument("B")
TOKENS = [TokenSettings(instrument="A", ticker="A"), TokenSettings(instrument="B", ticker="B")]


def said_at(*stamps: int) -> Signals:
    """A source of signals at these times."""

    def signals(from_ts: int, to_ts: int) -> Iterator[tuple[int, Event]]:
        for number, ts in enumerate(sorted(stamps)):
            if from_ts <= ts < to_ts:
                yield ts, SocialSignal(f"s{number}", "curator", "A", ts)

    return signals


def seeded(from_ts: int, to_ts: int) -> Iterator[tuple[int, SocialSignal]]:
    """Forty signals a token and day."""
    settings = SignalSettings(source="seeded", per_token_per_day=40)
    curators = [CuratorSettings(id="one"), CuratorSettings(id="two")]
    return seeded_signals(settings, TOKENS, curators, seed=3, from_ts=from_ts, to_ts=to_ts)


def recorded(folder: Path, count: int = 30) -> RecordedFeed:
    """Minutes of A and B."""
    lines = [bar(symbol, minute) for minute in range(count) for symbol in "AB"]
    return RecordedFeed(write(folder, lines), [A, B], "1m")


def first_rows(feed: TokensFeed, count: int, after: int = -1) -> list[Row]:
    """The first rows past `after` of a feed without end."""
    return list(islice((row for batch in feed.batches(after) for row in batch), count))


def test_a_signal_stands_after_the_bars_of_its_time(tmp_path: Path) -> None:
    """At 00:01 the bars of A and B, then what was said at that time; what was said within a minute before its bars."""
    signals = said_at(START, START + MINUTE, START + MINUTE + 5)
    rows = rows_of(TokensFeed(recorded(tmp_path), signals, {}))
    kinds = [event.instrument if isinstance(event, BarClosed) else event.signal for _, _, event in rows]  # type: ignore[attr-defined]
    assert kinds[:7] == ["s0", "A", "B", "s1", "s2", "A", "B"]
    assert [position for position, _, _ in rows] == list(range(len(rows)))


def test_signals_outside_the_feed_are_left_out_and_those_at_its_ends_are_in(tmp_path: Path) -> None:
    """From the first open to the last close, both included."""
    end = START + 30 * MINUTE
    feed = TokensFeed(recorded(tmp_path), said_at(START - 1, START, end, end + 1), {})
    said = [ts for _, ts, event in rows_of(feed) if isinstance(event, SocialSignal)]
    assert said == [START, end]
    assert feed.end() == 61
    assert feed.span() == (START, end)


@given(
    offsets=st.lists(st.integers(0, 30 * 60), max_size=40),
    after=st.integers(-1, 110),
)
def test_resuming_at_any_position_gives_the_same_tail(
    offsets: list[int], after: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """L2: no signal is lost or told twice, wherever a session goes on."""
    signals = said_at(*(START + offset * 1_000_000_000 for offset in offsets))
    feed = TokensFeed(recorded(tmp_path_factory.mktemp("bars")), signals, {})
    whole = rows_of(feed)
    assert len(whole) == 60 + len(offsets)
    assert rows_of(feed, after) == whole[after + 1 :]
    assert [ts for _, ts, _ in whole] == sorted(ts for _, ts, _ in whole)


def test_an_endless_feed_with_seeded_signals_is_the_same_wherever_it_is_entered() -> None:
    """Points and seeded signals over days: an index in the order, all signals there once."""
    points = PointsSettings(history_days=1)
    feed = TokensFeed(
        PointsFeed(SimulatorSettings(), points, [A, B], TOKENS, seed=3), seeded, {"source": "seeded"}
    )
    rows = first_rows(feed, 26_000)
    assert [position for position, _, _ in rows] == list(range(26_000))
    for after in (0, 2_047, 12_345):
        assert first_rows(feed, 3_000, after) == rows[after + 1 : after + 3_001]
    start, last = feed.span()[0], rows[-1][1]
    said = [(ts, event) for _, ts, event in rows if isinstance(event, SocialSignal)]
    assert said == list(seeded(start, last))
    assert len(said) > 80
    assert feed.end() is None


def test_the_identity_names_feed_and_signals(tmp_path: Path) -> None:
    """Other signals are another feed; the rest is the feed's own."""
    inner = recorded(tmp_path)
    feed = TokensFeed(inner, said_at(), {"source": "seeded", "seed": 3})
    assert feed.identity() == {**inner.identity(), "signals": {"source": "seeded", "seed": 3}}
    assert (feed.name, feed.instruments, feed.timeframe) == ("recorded", ("A", "B"), "1m")
    rows_of(feed)
    assert feed.report().instruments["A"].bars == 30
