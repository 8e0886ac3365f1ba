"""What the scanner does not trade, and by which name it is counted."""

from collections.abc import Callable

import msgspec
import pytest

from tests.desks.arbitrage.scanning import (
    DAY,
    EXACT,
    MINUTE,
    MS,
    SECOND,
    START,
    Rig,
    lagging,
    levels,
    market,
)
from tradeworthy.desks.arbitrage.events import Method
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.market.bars import FeedGap
from tradeworthy.market.predictions import (
    Market,
    MarketClosed,
    MarketDisputed,
    MarketOpened,
    MarketResolved,
)

WINDOW_LABELS = ("Up", "Down")


def closed(rig: Rig, one: Market) -> None:
    """The venue takes no orders any more."""
    rig.put(MarketClosed(one.id, START))
    rig.quote(one, 83, 85)


def disputed(rig: Rig, one: Market) -> None:
    """The outcome is contested."""
    rig.put(MarketDisputed(one.id, START))
    rig.quote(one, 83, 85)


def resolved(rig: Rig, one: Market) -> None:
    """The outcome is known."""
    rig.put(MarketResolved(one.id, START, 0))
    rig.quote(one, 83, 85)


def not_accepting(rig: Rig, one: Market) -> None:
    """The new definition says that no orders are taken."""
    rig.put(MarketOpened(msgspec.structs.replace(one, accepting_orders=False)))
    rig.quote(one, 83, 85)


def near_end(rig: Rig, one: Market) -> None:
    """Less than 20 s are left."""
    rig.wait(15 * MINUTE - 19 * SECOND)
    rig.price(97_500.0)
    rig.quote(one, 83, 85)


def old_price(rig: Rig, one: Market) -> None:
    """The last price is older than 2 s."""
    rig.wait(2_001 * MS)
    rig.quote(one, 83, 85)


def at_the_strike(rig: Rig, one: Market) -> None:
    """The price is 2 bps from the strike."""
    rig.price(97_020.0)


def no_books(rig: Rig, one: Market) -> None:
    """The feed lost both books."""
    for token in (one.yes, one.no):
        rig.put(FeedGap("venue", token, START, START, "reconnect"))
    rig.price(97_510.0)


def empty_book(rig: Rig, one: Market) -> None:
    """Nobody quotes."""
    rig.book(one.no, (), ())
    rig.book(one.yes, (), ())


def no_bids(rig: Rig, one: Market) -> None:
    """Nobody buys."""
    rig.book(one.yes, (), levels((85, 400)))


def at_one(rig: Rig, one: Market) -> None:
    """A bid at 1."""
    rig.book(one.yes, levels((100, 9)), levels((85, 400)), crossed=True)


def wide(rig: Rig, one: Market) -> None:
    """Bid and ask are 16 cents apart."""
    rig.quote(one, 69, 85)


def old_book(rig: Rig, one: Market) -> None:
    """The last book is older than 3 s."""
    rig.wait(3_001 * MS)
    rig.price(97_510.0)


def frozen(rig: Rig, one: Market) -> None:
    """The same book for 31 s, while the price ran away."""
    for _ in range(31):
        rig.wait(SECOND)
        rig.price(97_500.0)
        rig.quote(one, 83, 85)
    rig.reasons()
    for price in (97_700.0, 97_900.0):
        rig.price(price)
    rig.quote(one, 83, 85)


def one_token_behind(rig: Rig, one: Market) -> None:
    """The other token's message is still to come."""
    rig.book(one.yes, levels((78, 400)), levels((80, 400)))


def too_good(rig: Rig, one: Market) -> None:
    """More edge than can be believed."""
    rig.quote(one, 60, 62)


def no_edge(rig: Rig, one: Market) -> None:
    """The market caught up."""
    rig.quote(one, 96, 97)


def small_move(rig: Rig, one: Market) -> None:
    """The same price again."""
    rig.price(97_500.0)
    rig.price(97_500.0)


GATES: dict[SkipReason, list[Callable[[Rig, Market], None]]] = {
    SkipReason.CLOSED: [closed, not_accepting],
    SkipReason.DISPUTED: [disputed],
    SkipReason.RESOLVED: [resolved],
    SkipReason.TOO_NEAR_END: [near_end],
    SkipReason.STALE_ORACLE: [old_price],
    SkipReason.NEAR_STRIKE: [at_the_strike],
    SkipReason.NO_BOOK: [no_books],
    SkipReason.ONE_SIDED: [empty_book, no_bids],
    SkipReason.PRICE_BOUNDS: [at_one],
    SkipReason.WIDE_SPREAD: [wide],
    SkipReason.STALE_BOOK: [old_book],
    SkipReason.FROZEN_BOOK: [frozen],
    SkipReason.SKEW: [one_token_behind],
    SkipReason.NOT_CREDIBLE: [too_good],
    SkipReason.GAP_VANISHED: [no_edge],
    SkipReason.SMALL_MOVE: [small_move],
}


@pytest.mark.parametrize(
    ("reason", "happen"),
    [(reason, happen) for reason, each in GATES.items() for happen in each],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_each_gate_shuts_with_its_reason(reason: SkipReason, happen: Callable[[Rig, Market], None]) -> None:
    """What makes an edge unfit to trade is counted by name, and a gap that stood ends for it (P2)."""
    rig, one = lagging()
    rig.wait(250 * MS)
    rig.reasons()
    told = len(rig.opportunities())
    happen(rig, one)
    assert reason in rig.reasons()
    assert len(rig.opportunities()) == told
    endings = {
        not_accepting.__name__: [SkipReason.REDEFINED],
        one_token_behind.__name__: [],
        small_move.__name__: [],
    }
    assert [gap.reason for gap in rig.closed()] == endings.get(happen.__name__, [reason])


def test_a_market_without_a_price_or_an_end_shows_no_edge() -> None:
    """No oracle, no end, no match, no such market: each by its name."""
    rig = Rig(**EXACT)
    known = market("a")
    endless = market("b", title="Will the price of Ethereum be above $97,000 on December 1?", end_ts=0)
    other = market("c", title="Will it rain on December 1?")
    rig.open(known, endless, other)
    rig.quote(known, 83, 85)
    assert SkipReason.NO_ORACLE in rig.reasons()
    rig.price(97_500.0, "ETH")
    rig.quote(endless, 83, 85)
    assert SkipReason.END_UNKNOWN in rig.reasons()
    rig.quote(other, 83, 85)
    assert SkipReason.NOT_MATCHED in rig.reasons()
    rig.book("polymarket:z:YES", levels((83, 1)), levels((85, 1)))
    assert SkipReason.UNKNOWN_MARKET in rig.reasons()
    rig.price(1.0, "SOL")
    assert SkipReason.NO_MARKETS in rig.reasons()
    assert rig.opportunities() == []


def window(name: str = "btc-updown-5m-1704067200", start_ts: int = START, series: str = "") -> Market:
    """A five-minute window that starts at `start_ts`."""
    return market(
        name,
        "Bitcoin Up or Down - January 1, 12:00AM-12:05AM ET",
        slug=name,
        labels=WINDOW_LABELS,
        start_ts=start_ts,
        end_ts=start_ts + 5 * MINUTE,
        series=series,
    )


def test_a_window_needs_the_price_at_its_start() -> None:
    """O3: captured within 2 s of the start it is the strike, else strike_unknown; before, it is not_started."""
    rig = Rig(**EXACT)
    early = window("btc-updown-5m-1704067500", START + 5 * MINUTE)
    rig.open(early)
    rig.price(97_500.0)
    rig.quote(early, 49, 51)
    assert SkipReason.NOT_STARTED in rig.reasons()
    rig = Rig(**EXACT)
    one = window(start_ts=START)
    rig.open(one)
    rig.wait(3 * SECOND)
    rig.price(97_500.0)
    rig.quote(one, 49, 51)
    assert SkipReason.STRIKE_UNKNOWN in rig.reasons()
    rig = Rig(volatility=0.6, **EXACT)
    rig.open(one)
    rig.wait(SECOND)
    rig.price(97_500.0)
    rig.wait(3 * MINUTE)
    for price in (97_500.0, 97_650.0):
        rig.price(price)
    rig.quote(one, 80, 82)
    rig.wait(250 * MS)
    (told,) = rig.opportunities()
    assert told.method is Method.WINDOW
    assert told.figures["strike"] == 97_500.0


def test_a_touch_is_remembered() -> None:
    """O2: a price beyond the strike makes YES certain, though the price fell back since."""
    rig = Rig(**EXACT)
    one = market("t", "Will Bitcoin reach $98,000 by January 8?", end_ts=START + 7 * DAY)
    rig.open(one)
    rig.price(97_500.0)
    rig.price(98_001.0)
    rig.price(96_000.0)
    assert one.id in rig.scanner.state.watched.touched
    rig.quote(one, 88, 90)
    rig.wait(250 * MS)
    (told,) = rig.opportunities()
    assert (told.method, told.fair) == (Method.TOUCH, 1.0)


def test_a_touch_before_the_market_starts_does_not_count() -> None:
    """Prices before the start are another period's."""
    rig = Rig(**EXACT)
    one = market(
        "t", "Will Bitcoin reach $98,000 by January 8?", start_ts=START + DAY, end_ts=START + 7 * DAY
    )
    rig.open(one)
    rig.price(98_001.0)
    assert rig.scanner.state.watched.touched == {}
    rig.quote(one, 68, 70)
    assert rig.reasons()[SkipReason.NOT_STARTED] == 3
    rig.wait(SECOND)
    assert rig.opportunities() == []


def test_a_strike_behind_the_first_price_is_no_touch_if_the_title_says_no_direction() -> None:
    """`hit $95,000` at 97,500 is no certain YES at 0.72, but a dip, or a market that is over."""
    rig = Rig(**EXACT)
    one = market("t", "Will Bitcoin hit $95,000 by January 8?", end_ts=START + 7 * DAY)
    rig.open(one)
    rig.price(97_500.0)
    rig.quote(one, 70, 72)
    rig.wait(SECOND)
    assert rig.opportunities() == []
    assert rig.reasons()[SkipReason.TOUCH_UNCLEAR] == 2
    directed = market("d", "Will Bitcoin reach $95,000 by January 8?", end_ts=START + 7 * DAY)
    rig.open(directed)
    rig.price(97_500.0)
    rig.quote(directed, 70, 72)
    rig.wait(250 * MS)
    assert [told.fair for told in rig.opportunities()] == [1.0]


def test_a_quote_left_by_the_window_before_is_not_traded() -> None:
    """The books of the last window stand in the new one: carried_over."""
    rig = Rig(volatility=0.6, **EXACT)
    first = window(series="btc-5m")
    second = window("btc-updown-5m-1704067500", START + 5 * MINUTE, "btc-5m")
    rig.open(first, second)
    rig.price(97_500.0)
    rig.quote(first, 80, 82)
    rig.wait(5 * MINUTE)
    rig.price(97_500.0)
    rig.wait(3 * MINUTE)
    rig.price(97_650.0)
    rig.quote(second, 80, 82)
    assert SkipReason.CARRIED_OVER in rig.reasons()
    assert rig.opportunities() == []


def test_a_series_whose_quotes_never_settled_is_not_traded() -> None:
    """A window that ended at one half though its winner was clear: the next is refused as never_settled."""
    rig = Rig(volatility=0.6, **EXACT)
    first = window(series="btc-5m")
    second = window("btc-updown-5m-1704067500", START + 5 * MINUTE, "btc-5m")
    rig.open(first, second)
    for price in (97_500.0, *(98_000.0 for _ in range(299)), 97_500.0):
        rig.price(price)
        rig.quote(first, 49, 51)
        rig.wait(SECOND)
    assert SkipReason.FROZEN_BOOK in rig.reasons()
    rig.price(97_500.0)
    rig.wait(3 * MINUTE)
    rig.price(97_650.0)
    rig.quote(second, 80, 82)
    rig.wait(250 * MS)
    assert SkipReason.NEVER_SETTLED in rig.reasons()
    assert rig.opportunities() == []
