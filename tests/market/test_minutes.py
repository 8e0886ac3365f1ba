"""One-minute bars of points and of trades: open, volume, gaps, lateness, order and repeats."""

import math
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.market.session import Session, reborn
from tradeworthy.core.events import Event
from tradeworthy.market.backfill import BackfillAnswered
from tradeworthy.market.bars import BarClosed, PriceObserved, check_bar
from tradeworthy.market.minutes import MinuteBars
from tradeworthy.market.ticks import BarBuilt, PriceLate, PricePoint, TradeTick

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
START = 1_746_316_800_000_000_000
"""2025-05-04 00:00 UTC, ns."""


def at(minute: int, second: float = 0.0) -> int:
    """So long after START."""
    return START + minute * MINUTE + round(second * SECOND)


def point(minute: int, second: float, price: float, **more: float) -> PricePoint:
    """A point of BONK."""
    return PricePoint("BONK", price, at(minute, second), **more)


def trade(
    second: float, price: float, name: str, quantity: float = 1.0, instrument: str = "BTC"
) -> TradeTick:
    """A trade in the first minute."""
    return TradeTick(instrument, price, at(0, second), quantity, trade=name)


class Feed:
    """A session with only the agent, fed with prices at their own times."""

    def __init__(self, buffer_s: int = 0, *, record: bool = False) -> None:
        self.agent = MinuteBars(tick_buffer_ns=buffer_s * SECOND, record=record)
        self.session = Session(self.agent)

    def take(self, *events: PriceObserved) -> list[Event]:
        """Admit each at its own time, or now if that is over; all that came of them."""
        made: list[Event] = []
        for event in events:
            made += self.session.admit(event, max(event.ts_event, self.session.sequencer.now))
        return made

    def bars(self, *events: PriceObserved) -> list[BarClosed]:
        """The bars of `events` once all their minutes are over."""
        return closed([*self.take(*events), *self.session.advance(at(9_000))])


def closed(events: list[Event]) -> list[BarClosed]:
    """The bars among `events`."""
    return [event for event in events if isinstance(event, BarClosed)]


def test_a_minute_opens_where_the_one_before_closed() -> None:
    """L13: high and low include that open; the first minute of all opens at its first price."""
    first, second = Feed().bars(
        point(0, 1, 10.0), point(0, 30, 12.0), point(0, 59, 11.0), point(1, 5, 9.0), point(1, 6, 10.0)
    )
    assert (first.open, first.high, first.low, first.close) == (10.0, 12.0, 10.0, 11.0)
    assert (second.open, second.high, second.low, second.close) == (11.0, 11.0, 9.0, 10.0)
    assert (first.ts_event, second.ts_event) == (at(0), at(1))


def test_a_minute_without_points_has_no_bar() -> None:
    """L13: no bar is made up; the next one opens at the last close there was."""
    bars = Feed().bars(point(0, 1, 10.0), point(7, 1, 12.0))
    assert [bar.ts_event for bar in bars] == [at(0), at(7)]
    assert bars[1].open == 10.0


@pytest.mark.parametrize(
    ("first", "second", "turnover"),
    [
        ({"volume_1m": 30.0}, {"volume_1m": 12.0}, 42.0),
        ({"volume_1m": 30.0, "volume_5m": 900.0}, {"volume_5m": 100.0}, 30.0),
        ({"volume_5m": 100.0}, {"volume_5m": 50.0}, 30.0),
        ({}, {}, 0.0),
        ({"volume_1m": math.nan, "volume_5m": 50.0}, {"volume_1m": -4.0, "volume_5m": math.inf}, 10.0),
        ({"volume_1m": 0.0, "volume_5m": 50.0}, {}, 0.0),
    ],
)
def test_volume_is_that_of_the_minutes_or_a_fifth_of_five(
    first: dict[str, float], second: dict[str, float], turnover: float
) -> None:
    """L13: in quote currency on the record, in base units on the bar; what is no volume counts for nothing."""
    feed = Feed(record=True)
    feed.take(point(0, 1, 4.0, **first), point(0, 2, 2.0, **second))
    built, bar = feed.session.advance(at(1))
    assert isinstance(built, BarBuilt)
    assert isinstance(bar, BarClosed)
    assert built.volume == turnover
    assert bar.volume == turnover / 2.0


def test_the_record_has_the_pool_of_the_last_point() -> None:
    """What a point does not know stays unknown."""
    feed = Feed(record=True)
    feed.take(point(0, 1, 4.0, liquidity_usd=1e5, market_cap=3e6), point(0, 2, 2.0, liquidity_usd=2e5))
    built = feed.session.advance(at(1))[0]
    assert built == BarBuilt("BONK", "1m", at(0), 4.0, 4.0, 2.0, 2.0, 0.0, "points", 1, 1, 2e5, None)


def test_trades_make_open_high_low_close_and_turnover() -> None:
    """L13, section 23: 10, 12, 9, 11 of one each are a turnover of 42 and a volume of 4."""
    feed = Feed(75, record=True)
    feed.take(trade(1, 10.0, "1"), trade(2, 12.0, "2"), trade(3, 9.0, "3"), trade(4, 11.0, "4"))
    built, bar = feed.session.advance(at(2, 15))
    assert built == BarBuilt("BTC", "1m", at(0), 10.0, 12.0, 9.0, 11.0, 42.0, "ticks", 1, 1)
    assert bar == BarClosed("BTC", "1m", at(0), 10.0, 12.0, 9.0, 11.0, 4.0)


def test_a_late_trade_inside_the_buffer_is_in_its_minute() -> None:
    """B19: 75 seconds after its end the minute closes, once and whole; what comes then is on record as late."""
    feed = Feed(75)
    feed.take(trade(1, 10.0, "1"))
    assert feed.session.admit(trade(59, 8.0, "2"), at(2, 14)) == []
    late = trade(30, 20.0, "3")
    made = feed.session.admit(late, at(2, 16))
    assert made == [
        BarClosed("BTC", "1m", at(0), 10.0, 10.0, 8.0, 8.0, 2.0),
        PriceLate("BTC", late.ts_event, 20.0, at(0), 1_000),
    ]
    assert feed.session.advance(at(9)) == []


def test_no_bar_is_made_before_its_minute_is_over() -> None:
    """B19: not a nanosecond before its end; a price of the next minute closes nothing early."""
    feed = Feed(10)
    assert feed.take(trade(1, 10.0, "1"), TradeTick("BTC", 11.0, at(1, 1), 1.0, trade="2")) == []
    assert feed.session.advance(at(1, 10) - 1) == []
    assert [bar.close for bar in closed(feed.session.advance(at(1, 10)))] == [10.0]


def test_a_trade_counts_once_and_two_of_one_hash_count_twice() -> None:
    """B19: the venue's trade id tells fills apart, not the transaction's hash."""
    feed = Feed()
    same = trade(1, 10.0, "7")
    bars = feed.bars(
        same, same, trade(1, 10.0, "0xab/1"), trade(1, 10.0, "0xab/2"), trade(1, 10.0, "7", 1.0, "ETH")
    )
    assert {bar.instrument: bar.volume for bar in bars} == {"BTC": 3.0, "ETH": 1.0}


def test_a_trade_without_an_id_is_told_by_its_figures() -> None:
    """The same time, price and quantity are the same trade; another quantity is another."""
    bars = Feed().bars(trade(1, 10.0, ""), trade(1, 10.0, ""), trade(1, 10.0, "", 2.0))
    assert [bar.volume for bar in bars] == [3.0]


ticks = st.lists(
    st.tuples(st.integers(0, 59), st.floats(1.0, 100.0), st.floats(0.0, 10.0), st.integers(0, 200)),
    min_size=1,
    max_size=30,
    unique_by=lambda one: one[3],
)


@settings(deadline=None, max_examples=60)
@given(ticks, st.randoms(use_true_random=False))
def test_shuffled_and_repeated_trades_make_the_same_bar(
    rows: list[tuple[int, float, float, int]], shuffler: Random
) -> None:
    """B19: bit for bit, whatever order they came in; and it is a bar by the rule of all bars."""
    trades = [trade(second, price, str(name), quantity) for second, price, quantity, name in rows]
    shuffled = [*trades, *shuffler.sample(trades, len(trades) // 2)]
    shuffler.shuffle(shuffled)
    expected, made = Feed(75).bars(*trades), Feed(75).bars(*shuffled)
    assert made == expected
    assert len(made) == 1
    check_bar(made[0])
    ordered = sorted(rows, key=lambda one: (one[0], one[3]))
    assert (made[0].open, made[0].close) == (ordered[0][1], ordered[-1][1])


def test_trades_make_the_bar_where_points_came_too() -> None:
    """What was traded says more than what was quoted."""
    bars = Feed().bars(PricePoint("BTC", 99.0, at(0, 1)), trade(2, 10.0, "1"))
    assert [(bar.open, bar.close) for bar in bars] == [(10.0, 10.0)]


def test_a_repeated_point_counts_once() -> None:
    """The provider's second word on one time stands."""
    one, other = point(0, 1, 10.0, volume_1m=5.0), point(0, 1, 11.0, volume_1m=6.0)
    (bar,) = Feed().bars(one, one, other)
    assert (bar.open, bar.close, bar.volume) == (11.0, 11.0, 6.0 / 11.0)


def test_a_plain_price_makes_no_bar() -> None:
    """Only points and trades do."""
    assert Feed().bars(PriceObserved("BONK", 5.0, at(0, 1))) == []


def test_a_minute_that_the_feed_brought_is_not_made_again() -> None:
    """One bar a minute: the feed's stands, and points of that minute are late."""
    feed = Feed()
    feed.take(point(0, 1, 10.0))
    feed.session.admit(BarClosed("BONK", "1m", at(0), 10.0, 11.0, 9.0, 10.5, 3.0), at(0, 59))
    assert feed.take(point(0, 59.5, 12.0)) == [PriceLate("BONK", at(0, 59.5), 12.0, at(0), 0)]
    assert closed(feed.session.advance(at(1))) == []
    (bar,) = feed.bars(point(1, 1, 12.0))
    assert bar.open == 10.5


def test_a_minute_opens_where_a_backfill_ends() -> None:
    """L13: the newest close before the open minutes, not one of their own time; other timeframes say nothing."""
    feed = Feed()
    feed.take(point(2, 1, 20.0))
    times = (at(0), at(1), at(2))
    columns = (times, (1.0, 2.0, 3.0), (1.0, 2.0, 3.0), (1.0, 2.0, 3.0), (1.0, 2.0, 3.0), (0.0, 0.0, 0.0))
    feed.session.admit(BackfillAnswered("a", "BONK", "1m", *columns), at(2, 2))
    feed.session.admit(BackfillAnswered("b", "BONK", "15m", (at(1),), *((7.0,),) * 4, (0.0,)), at(2, 3))
    feed.session.admit(BackfillAnswered("c", "BONK", "1m", error="none"), at(2, 4))
    (bar,) = feed.bars()
    assert (bar.open, bar.close) == (2.0, 20.0)


@pytest.mark.parametrize(("came", "opened"), [(at(2) - 1, 1.0), (at(2), 2.0), (at(3) - 1, 2.0), (at(3), 3.0)])
def test_a_minute_that_goes_on_is_no_close_though_a_backfill_has_it(came: int, opened: float) -> None:
    """L13: nothing of the future is known: of minutes 0 to 2 only those that were over when the backfill came."""
    feed = Feed()
    closes = (1.0, 2.0, 3.0)
    columns = ((at(0), at(1), at(2)), *(closes,) * 4, (0.0,) * 3)
    feed.session.admit(BackfillAnswered("a", "BONK", "1m", *columns), came)
    feed.take(point(3, 1, 20.0))
    (bar,) = feed.bars()
    assert (bar.open, bar.close) == (opened, 20.0)


def test_several_tokens_close_in_order_of_their_names() -> None:
    """The order in which their prices came does not show."""
    feed = Feed()
    feed.take(*(PricePoint(name, 1.0, at(0, 1)) for name in ("WIF", "BONK", "POPCAT")))
    assert [bar.instrument for bar in closed(feed.session.advance(at(1)))] == ["BONK", "POPCAT", "WIF"]


def test_an_interrupted_minute_goes_on_from_a_snapshot() -> None:
    """The state as a snapshot brings it back makes the same bar; and it forgets minutes that are closed."""
    feed, other = Feed(75), Feed(75)
    feed.take(trade(1, 10.0, "1"), point(0, 5, 3.0))
    other.agent.state = reborn(feed.agent.state)
    other.session.sequencer.load(feed.session.sequencer.dump())
    other.session._position = feed.session._position
    for one in (feed, other):
        one.take(trade(9, 12.0, "2"))
    assert other.bars() == feed.bars()
    assert msgspec.to_builtins(feed.agent.state)["minutes"] == {}
