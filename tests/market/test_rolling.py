"""Longer bars of shorter ones while a session runs: what closes them, and when there are too few."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.market.session import Session, reborn
from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed, FeedGap
from tradeworthy.market.minutes import MinuteBars
from tradeworthy.market.rolling import BarRollup
from tradeworthy.market.rollup import Bars, roll
from tradeworthy.market.ticks import BarBuilt, BarRefused, PricePoint, TradeTick

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
START = 1_746_316_800_000_000_000
"""2025-05-04 00:00 UTC, ns."""

DIRECT = {"1m": "1m", "15m": "1m", "1h": "1m", "4h": "1m"}


def minute_bar(minute: int, price: float = 10.0, volume: float = 1.0, instrument: str = "BONK") -> BarClosed:
    """A minute after START that opens at `price` and closes one higher."""
    return BarClosed(
        instrument, "1m", START + minute * MINUTE, price, price + 2.0, price - 1.0, price + 1.0, volume
    )


class Feed:
    """A session with only the agent; bars come at their close."""

    def __init__(
        self,
        made_of: dict[str, str] | None = None,
        coverage_min: float = 0.8,
        grace_s: int = 2,
        *,
        record: bool = False,
    ) -> None:
        self.agent = BarRollup(
            made_of=made_of or DIRECT,
            coverage_min=coverage_min,
            grace_ns=grace_s * SECOND,
            record=record,
        )
        self.session = Session(self.agent)

    def take(self, *bars: BarClosed, late_ns: int = 0) -> list[Event]:
        """Admit each at its close; all that came of them."""
        made: list[Event] = []
        for bar in bars:
            made += self.session.admit(bar, bar.ts_event + TIMEFRAMES_NS[bar.timeframe] + late_ns)
        return made

    def end(self) -> list[Event]:
        """Let all timers fire."""
        return self.session.advance(START + 3 * TIMEFRAMES_NS["1d"])


def bars_of(events: list[Event], timeframe: str) -> list[BarClosed]:
    """The bars of `timeframe` among `events`."""
    return [event for event in events if isinstance(event, BarClosed) and event.timeframe == timeframe]


def test_a_longer_bar_closes_with_its_last_minute() -> None:
    """B18: the 1h bar is that of the hour that just ended, and of its own token alone."""
    feed = Feed()
    made = feed.take(*(minute_bar(minute, 10.0 + minute) for minute in range(59)), minute_bar(59, 5.0))
    assert [(one.timeframe, one.ts_event) for one in made if isinstance(one, BarClosed)] == [
        *(("15m", START + quarter * 15 * MINUTE) for quarter in range(4)),
        ("1h", START),
    ]
    assert bars_of(made, "1h") == [BarClosed("BONK", "1h", START, 10.0, 70.0, 4.0, 6.0, 60.0)]


@pytest.mark.parametrize(("came", "accepted"), [(59, True), (48, True), (47, False)])
def test_a_bar_counts_from_four_minutes_in_five_on(came: int, *, accepted: bool) -> None:
    """L13, section 23: 59 and 48 of 60 minutes are enough at 80 %, 47 are not; the refusal says how many."""
    feed = Feed({"1h": "1m"})
    feed.take(*(minute_bar(minute) for minute in range(60 - came, 60)))
    made = feed.session.tape.packets[-1].event
    if accepted:
        assert isinstance(made, BarClosed)
        assert made.volume == came
    else:
        assert made == BarRefused("BONK", "1h", START, 47, 60, 0.8)


def test_a_bar_whose_last_minutes_are_missing_closes_after_its_grace() -> None:
    """L13: two seconds after its end, or with the first bar after it; never before."""
    feed = Feed({"15m": "1m"})
    assert feed.take(*(minute_bar(minute) for minute in range(13))) == []
    end = START + 15 * MINUTE
    assert feed.session.advance(end + 2 * SECOND - 1) == []
    assert [one.volume for one in bars_of(feed.session.advance(end + 2 * SECOND), "15m")] == [13.0]
    feed.take(*(minute_bar(minute) for minute in range(15, 29)))
    made = feed.session.admit(minute_bar(30), START + 30 * MINUTE + SECOND)
    assert [one.volume for one in bars_of(made, "15m")] == [14.0]


def test_a_bar_without_any_minute_is_not_there() -> None:
    """L13: a gap makes neither bar nor refusal."""
    feed = Feed({"15m": "1m"})
    made = [*feed.take(*(minute_bar(minute) for minute in (*range(15), *range(60, 75)))), *feed.end()]
    assert [one.ts_event for one in made if isinstance(one, BarClosed)] == [START, START + 60 * MINUTE]
    assert len(made) == 2


def test_a_late_or_repeated_minute_is_a_gap_and_in_no_bar() -> None:
    """What came too late for its bar is said, and changes nothing."""
    feed = Feed({"15m": "1m"})
    feed.take(*(minute_bar(minute) for minute in range(13)))
    repeat = feed.session.admit(minute_bar(12))
    older = feed.session.admit(minute_bar(3))
    made = feed.session.advance(START + 15 * MINUTE + 2 * SECOND)
    late = feed.session.admit(minute_bar(14))
    gaps = [(12, "repeated_bar"), (3, "late_bar"), (14, "late_bar")]
    assert [*repeat, *older, *late] == [
        FeedGap("bar-rollup", "BONK", START + at * MINUTE, START + (at + 1) * MINUTE, reason)
        for at, reason in gaps
    ]
    assert [one.volume for one in bars_of(made, "15m")] == [13.0]


def test_minutes_that_come_in_a_burst_make_their_bar() -> None:
    """After an outage the grace runs from the last bar that came, so that catching up loses no bar."""
    feed = Feed({"15m": "1m"})
    made = [
        event
        for minute in range(15)
        for event in feed.session.admit(minute_bar(minute), START + 90 * MINUTE + minute * SECOND)
    ]
    assert [one.volume for one in bars_of(made, "15m")] == [15.0]


def test_a_timeframe_of_the_feed_is_left_as_it_is() -> None:
    """A bar of 1h that is made of 1h is the feed's own; 4h is made of it."""
    feed = Feed({"1h": "1h", "4h": "1h"}, record=True)
    hours = [
        BarClosed("BONK", "1h", START + hour * 60 * MINUTE, 1.0, 2.0, 0.5, 1.5, 4.0) for hour in range(4)
    ]
    assert feed.take(*hours) == [
        BarBuilt("BONK", "4h", START, 1.0, 2.0, 0.5, 1.5, 24.0, "rollup", 4, 4),
        BarClosed("BONK", "4h", START, 1.0, 2.0, 0.5, 1.5, 16.0),
    ]


def test_rollups_of_rollups_close_after_what_they_are_made_of() -> None:
    """L13: an hour that closes by its timer is still in the four hours that end with it."""
    feed = Feed({"1h": "1m", "4h": "1h"})
    minutes = [minute for minute in range(240) if minute % 60 < 55]
    made = [*feed.take(*(minute_bar(minute) for minute in minutes)), *feed.end()]
    assert [one.volume for one in bars_of(made, "1h")] == [55.0] * 4
    assert [one.volume for one in bars_of(made, "4h")] == [220.0]


@st.composite
def gappy_minutes(draw: st.DrawFn) -> list[BarClosed]:
    """Rising minutes of half a day with holes and whole volumes, so that no order of summing shows."""
    minutes = sorted(draw(st.sets(st.integers(0, 720), min_size=1, max_size=200)))
    prices = st.integers(2, 100)
    return [minute_bar(one, float(draw(prices)), float(draw(prices))) for one in minutes]


@settings(deadline=None, max_examples=30)
@given(gappy_minutes())
def test_a_rollup_of_rollups_equals_the_direct_one(bars: list[BarClosed]) -> None:
    """Section 23: 4h of 1h of 15m of minutes, wherever the holes are."""
    chained = Feed({"15m": "1m", "1h": "15m", "4h": "1h"}, 1e-9)
    direct = Feed(coverage_min=1e-9)
    made = [[*feed.take(*bars), *feed.end()] for feed in (chained, direct)]
    for timeframe in ("15m", "1h", "4h"):
        one, other = (bars_of(events, timeframe) for events in made)
        assert one == other
        assert math.fsum(bar.volume for bar in one) == math.fsum(bar.volume for bar in bars)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32))
def test_the_session_makes_what_the_columns_make(seed: int) -> None:
    """L13: bit for bit the bars of market.rollup, with holes; only the last one's close is told by the clock."""
    rng = np.random.default_rng(seed)
    minutes = np.flatnonzero(rng.random(600) < rng.random())
    bars = [minute_bar(int(one), float(10.0 + rng.random()), float(rng.random())) for one in minutes]
    feed = Feed(coverage_min=1e-9)
    made = [*feed.take(*bars), *feed.end()]
    columns = Bars(
        np.array([bar.ts_event for bar in bars], np.int64),
        *(
            np.array([getattr(bar, name) for bar in bars])
            for name in ("open", "high", "low", "close", "volume")
        ),
    )
    rolled = roll(columns, "1m", ["15m", "1h", "4h"]).rolled
    for timeframe, one in rolled.items():
        rows = list(zip(*(column.tolist() for column in one.bars), strict=True))
        mine = [
            (bar.ts_event, bar.open, bar.high, bar.low, bar.close, bar.volume)
            for bar in bars_of(made, timeframe)
        ]
        assert mine[: len(rows)] == rows
        assert len(mine) - len(rows) <= 1


def test_the_record_sums_the_turnover_of_its_minutes() -> None:
    """L13: in quote currency, as the trades had it, and with the pool of the last point."""
    minutes = MinuteBars(tick_buffer_ns=0, record=True)
    rollup = BarRollup(made_of={"5m": "1m"}, coverage_min=0.2, grace_ns=2 * SECOND, record=True)
    session = Session(minutes, rollup)
    for minute in range(5):
        for second, price in enumerate((10.0, 12.0, 9.0, 11.0)):
            ts = START + minute * MINUTE + second * SECOND
            session.admit(TradeTick("BTC", price, ts, 1.0, trade=f"{minute}-{second}"), ts)
            session.admit(PricePoint("BONK", price, ts, volume_1m=1.5, liquidity_usd=float(minute)), ts)
    made = session.advance(START + 6 * MINUTE)
    built = {one.instrument: one for one in made if isinstance(one, BarBuilt) and one.timeframe == "5m"}
    assert (built["BTC"].volume, built["BTC"].source_bars, built["BTC"].expected) == (210.0, 5, 5)
    assert (built["BONK"].volume, built["BONK"].liquidity_usd) == (30.0, 4.0)
    assert [one.volume for one in bars_of(made, "5m") if one.instrument == "BTC"] == [20.0]


def test_an_interrupted_bar_goes_on_from_a_snapshot() -> None:
    """The state as a snapshot brings it back makes the same bars."""
    feed, other = Feed(record=True), Feed(record=True)
    feed.take(*(minute_bar(minute) for minute in range(7)))
    other.agent.state = reborn(feed.agent.state)
    rest = [minute_bar(minute) for minute in range(7, 60)]
    assert other.take(*rest) == feed.take(*rest)


def test_timeframes_that_make_no_bars_are_refused() -> None:
    """One line with the value and what there is."""
    with pytest.raises(UsageError, match="timeframe '2m' is unknown"):
        Feed({"15m": "2m"})
    with pytest.raises(UsageError, match="bars of 1h make no bars of 15m"):
        Feed({"15m": "1h"})
