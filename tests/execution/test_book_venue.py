"""Paper on order books, from candidate to verdict."""

from typing import Any

from tests.execution.trading import (
    BUY,
    FOK,
    GTC,
    MS,
    SELL,
    START,
    Trading,
    ends,
    fills,
    leg,
    verdict,
)
from tests.market.tokens import market, opening, token
from tradeworthy.core.events import Resumed
from tradeworthy.execution.accounting import Settled
from tradeworthy.execution.orders import CancelWorking, FillObserved
from tradeworthy.market.bars import FeedGap
from tradeworthy.market.instruments import InstrumentChanged
from tradeworthy.market.predictions import Market, MarketDisputed

SHOWN = {99: 5, 98: 5}, {101: 5, 102: 5, 104: 5}


def on_books(**settings: Any) -> Trading:
    """A session whose market shows 5 lots a level."""
    trading = Trading(matcher="book", **settings)
    trading.book("A", *SHOWN)
    trading.book("B", *SHOWN)
    return trading


def test_without_latency_an_order_walks_the_book_at_once() -> None:
    """A fill for each level, each with its own fee."""
    trading = on_books()
    made = trading.ask(leg("A", BUY, 7, 102))
    assert [one[1:] for one in fills(made)] == [(101, 5, False), (102, 2, False)]
    scale = trading.listing.scale("A")
    assert [one.fee for one in made if isinstance(one, FillObserved)] == [
        scale.fee(101, 5, maker=False),
        scale.fee(102, 2, maker=False),
    ]
    assert verdict(made) == ("FILLED", "filled", 1.0)


def test_after_the_latency_an_order_walks_the_book_as_it_is_then() -> None:
    """What was there at the decision has gone: the limit holds."""
    trading = on_books(latency_ms=250)
    assert not fills(trading.ask(leg("A", BUY, 10, 85)))
    trading.book("A", {95: 5}, {96: 400})
    made = trading.advance(START + 250 * MS)
    assert verdict(made) == ("CANCELLED", "limit_not_reached", 0.0)
    trading.ask(leg("A", SELL, 10))
    trading.book("A", {80: 50}, {96: 400})
    made = trading.advance(START + 500 * MS)
    assert fills(made)[0][1:] == (80, 10, False)
    assert next(one for one in made if isinstance(one, FillObserved)).ts_event == START + 500 * MS


def test_a_timer_fires_before_a_book_of_the_same_time() -> None:
    """The book that is admitted at the moment of arrival comes after the order."""
    trading = on_books(latency_ms=250)
    trading.ask(leg("A", BUY, 5))
    trading.sequencer.now = START
    made = trading.admit(FeedGap("feed", "B", 0, 0, "test"), START + 250 * MS)
    assert fills(made)[0][1:] == (101, 5, False)


def test_time_in_force_on_a_book() -> None:
    """FAK takes what there is, FOK all or nothing, GTC rests with the remainder."""
    assert verdict(on_books().ask(leg("A", BUY, 20))) == ("FILLED", "partly_filled", 0.75)
    assert verdict(on_books().ask(leg("A", BUY, 20, None, FOK))) == ("CANCELLED", "no_liquidity", 0.0)
    assert verdict(on_books().ask(leg("A", BUY, 11, 102, FOK))) == ("CANCELLED", "limit_not_reached", 0.0)
    assert verdict(on_books().ask(leg("A", BUY, 10, 102, FOK))) == ("FILLED", "filled", 1.0)
    resting = on_books()
    assert [one[2] for one in fills(resting.ask(leg("A", BUY, 12, 102, GTC)))] == [5, 5]
    assert list(resting.venue.state.orders) == resting.venue.state.working["A"]


def test_a_resting_limit_fills_at_its_price_when_the_book_goes_through_it() -> None:
    """Size at its price may be the queue ahead; size beyond it has crossed us."""
    trading = on_books()
    trading.ask(leg("A", BUY, 8, 100, GTC))
    assert not fills(trading.book("A", {98: 5}, {100: 50}))
    made = trading.book("A", {98: 5}, {97: 2, 99: 3, 100: 50})
    assert [one[1:] for one in fills(made)] == [(100, 5, True)]
    scale = trading.listing.scale("A")
    assert next(one for one in made if isinstance(one, FillObserved)).fee == scale.fee(100, 5, maker=True)


def test_a_resting_market_order_takes_what_each_book_offers() -> None:
    """At any price: that is what was asked."""
    trading = on_books()
    trading.ask(leg("A", BUY, 20, None, GTC))
    made = trading.book("A", {99: 5}, {150: 50})
    assert fills(made)[0][1:] == (150, 5, False)
    assert verdict(made) == ("FILLED", "filled", 1.0)


def test_two_orders_do_not_take_the_same_size() -> None:
    """Though the book still shows it, for as long as it is remembered."""
    trading = on_books(consumed_memory_ms=2000)
    assert [one[1:3] for one in fills(trading.ask(leg("A", BUY, 4)))] == [(101, 4)]
    assert [one[1:3] for one in fills(trading.ask(leg("A", BUY, 4)))] == [(101, 1), (102, 3)]
    trading.book("A", *SHOWN)
    assert [one[1:3] for one in fills(trading.ask(leg("A", BUY, 3)))] == [(102, 2), (104, 1)]
    assert [one[1:3] for one in fills(trading.ask(leg("A", SELL, 4)))] == [(99, 4)]
    trading.admit(FeedGap("feed", "B", 0, 0, "test"), START + 2000 * MS)
    assert [one[1:3] for one in fills(trading.ask(leg("A", BUY, 4)))] == [(101, 4)]
    assert len(trading.venue.state.taken["A"]) == 1  # type: ignore[attr-defined]


def test_without_a_memory_the_book_is_taken_at_its_word() -> None:
    """A setting for books that do know of our trades."""
    trading = on_books(consumed_memory_ms=0)
    for _ in range(2):
        assert [one[1:3] for one in fills(trading.ask(leg("A", BUY, 4)))] == [(101, 4)]


def test_a_group_fills_whole_at_one_moment_or_not_at_all() -> None:
    """After one latency for all."""
    trading = on_books(latency_ms=250, latency_jitter_ms=100)
    trading.ask(leg("A", BUY, 5, 101), leg("B", BUY, 5, 101))
    waits = [one.eligible_at for one in trading.venue.state.orders.values()]
    assert waits[0] == waits[1]
    made = trading.advance(START + 400 * MS)
    assert len(fills(made)) == 2
    assert verdict(made) == ("FILLED", "filled", 1.0)
    trading.ask(leg("A", BUY, 5, 104), leg("B", BUY, 11, 104))
    made = trading.advance(START + 800 * MS)
    assert not fills(made)
    assert verdict(made) == ("CANCELLED", "group_incomplete", 0.0)


def test_legs_of_one_book_count_its_size_once() -> None:
    """Each alone would fill."""
    made = on_books().ask(leg("A", BUY, 8, key="one"), leg("A", BUY, 8, key="two"))
    assert verdict(made) == ("CANCELLED", "group_incomplete", 0.0)


def test_a_group_that_can_wait_waits_for_both_books() -> None:
    """Resting, it trades at its limits when both are gone through."""
    trading = on_books()
    trading.ask(leg("A", BUY, 5, 100, GTC), leg("B", BUY, 5, 100, GTC))
    assert not fills(trading.book("A", {90: 1}, {98: 10}))
    made = trading.book("B", {90: 1}, {98: 10})
    assert [one[1:] for one in fills(made)] == [(100, 5, True), (100, 5, True)]


def test_a_gap_makes_the_book_unknown() -> None:
    """Nothing fills from a book that may be gone; the next one is good again."""
    trading = on_books()
    trading.admit(FeedGap("feed", "A", 0, 0, "overflow"))
    assert verdict(trading.ask(leg("A", BUY, 1))) == ("CANCELLED", "no_price", 0.0)
    assert verdict(trading.ask(leg("B", BUY, 1)))[0] == "FILLED"
    trading.admit(FeedGap("feed", "", 0, 0, "overflow"))
    assert verdict(trading.ask(leg("B", BUY, 1))) == ("CANCELLED", "no_price", 0.0)
    trading.book("A", *SHOWN)
    assert verdict(trading.ask(leg("A", BUY, 1)))[0] == "FILLED"


def test_a_restart_forgets_books_and_ends_orders_on_their_way() -> None:
    """What was in flight ends as CANCELLED restart."""
    trading = on_books(latency_ms=250)
    trading.ask(leg("A", BUY, 1))
    made = trading.admit(Resumed(10**9), START + 10**9)
    assert verdict(made) == ("CANCELLED", "restart", 0.0)
    trading.ask(leg("A", BUY, 1))
    assert verdict(trading.advance(START + 2 * 10**9)) == ("CANCELLED", "no_price", 0.0)


def test_an_order_on_its_way_is_not_overtaken_by_its_cancel() -> None:
    """It arrives first, and is judged; a cancel of a resting one takes the latency too."""
    trading = on_books(latency_ms=250)
    trading.ask(leg("A", BUY, 5, 101))
    assert not ends(trading.admit(CancelWorking("", "halted")))
    assert verdict(trading.advance(START + 250 * MS)) == ("FILLED", "filled", 1.0)
    trading.ask(leg("A", BUY, 5, 90, GTC))
    trading.advance(START + 500 * MS)
    trading.admit(CancelWorking("", "halted"), START + 600 * MS)
    assert fills(trading.book("A", {80: 1}, {89: 2}))[0][1:] == (90, 2, True)
    made = trading.advance(START + 850 * MS)
    assert verdict(made) == ("FILLED", "partly_filled", 0.4)
    assert trading.verdicts()[-1].figures["short_reason"] == "halted"


def test_reduce_only_on_a_book() -> None:
    """Clipped to the position, however much is shown."""
    trading = on_books()
    trading.ask(leg("A", BUY, 3))
    made = trading.ask(leg("A", SELL, 9), reduce_only=True)
    assert [one[1:3] for one in fills(made)] == [(99, 3)]
    assert verdict(trading.ask(leg("A", SELL, 9), reduce_only=True))[1] == "nothing_to_reduce"


def test_a_settled_market_is_forgotten() -> None:
    """Its orders end, its book and what we took of it go."""
    trading = on_books()
    trading.ask(leg("A", BUY, 3))
    trading.ask(leg("A", BUY, 3, 50, GTC))
    made = trading.admit(Settled("A", 10**8, trading.now))
    assert verdict(made) == ("CANCELLED", "market_settled", 0.0)
    assert "A" not in trading.venue.state.books  # type: ignore[attr-defined]
    assert "A" not in trading.venue.state.taken  # type: ignore[attr-defined]


def on_tokens(**settings: Any) -> tuple[Trading, Market]:
    """A market whose two books show the same size: YES 40 bid, 42 asked; NO 58 bid, 60 asked."""
    one = market()
    trading = Trading(matcher="book", listed=(), **settings)
    for event in opening(one):
        trading.admit(event)
    trading.book(one.yes, {40: 1_000}, {42: 1_000})
    trading.book(one.no, {58: 1_000}, {60: 1_000})
    return trading, one


def test_what_is_taken_of_one_token_is_gone_from_the_book_of_its_twin() -> None:
    """An ask of YES at .42 is a bid of NO at .58: one size, shown twice."""
    trading, one = on_tokens()
    trading.ask(leg(one.yes, BUY, 700, 42))
    made = trading.ask(leg(one.no, SELL, 1_000, 58))
    assert [fill[1:] for fill in fills(made)] == [(58, 300, False)]
    made = trading.ask(leg(one.no, BUY, 1_000, 60))
    assert [fill[1:] for fill in fills(made)] == [(60, 1_000, False)]
    assert verdict(trading.ask(leg(one.yes, SELL, 1_000, 40))) == ("CANCELLED", "no_liquidity", 0.0)
    trading.admit(MarketDisputed(one.id, START), START + 2_000 * MS)
    assert verdict(trading.ask(leg(one.yes, SELL, 1_000, 40))) == ("FILLED", "filled", 1.0)


def test_a_group_can_not_take_one_size_in_both_books() -> None:
    """Buying YES and selling NO is the same trade twice; buying both takes two sizes."""
    trading, one = on_tokens(consumed_memory_ms=0)
    made = trading.ask(leg(one.yes, BUY, 600, 42), leg(one.no, SELL, 600, 58))
    assert verdict(made) == ("CANCELLED", "group_incomplete", 0.0)
    made = trading.ask(leg(one.yes, BUY, 1_000, 42), leg(one.no, BUY, 1_000, 60))
    assert verdict(made) == ("FILLED", "filled", 1.0)


def test_books_in_different_ticks_are_no_mirrors() -> None:
    """A level of one has no level of the same price in the other."""
    trading, one = on_tokens()
    trading.admit(InstrumentChanged(token(one, "NO", tick="0.001")))
    trading.book(one.no, {580: 1_000}, {600: 1_000})
    trading.ask(leg(one.yes, BUY, 700, 42))
    assert verdict(trading.ask(leg(one.no, SELL, 1_000, 580))) == ("FILLED", "filled", 1.0)


def test_an_old_book_fills_nothing() -> None:
    """What would not have been traded on is not traded with: an order that can wait waits for the next book."""
    trading, one = on_tokens(book_max_age_ms=3_000)
    trading.admit(MarketDisputed(one.id, START), START + 3_000 * MS)
    assert verdict(trading.ask(leg(one.yes, BUY, 500, 42))) == ("FILLED", "filled", 1.0)
    trading.admit(MarketDisputed(one.id, START), START + 3_001 * MS)
    assert verdict(trading.ask(leg(one.yes, SELL, 500), reduce_only=True)) == ("CANCELLED", "no_price", 0.0)
    assert fills(trading.ask(leg(one.yes, SELL, 500, None, GTC), reduce_only=True)) == []
    made = trading.book(one.yes, {38: 1_000}, {42: 1_000})
    assert [fill[1:3] for fill in fills(made)] == [(38, 500)]


def test_nobody_trades_beyond_the_highest_price() -> None:
    """A share pays 1 at the most: a bid at 1.50 buys nothing of us, and we buy nothing at 1.20."""
    trading, one = on_tokens()
    trading.ask(leg(one.yes, BUY, 500, 42))
    trading.book(one.yes, {150: 1_000}, {160: 1_000})
    assert verdict(trading.ask(leg(one.yes, SELL, 500), reduce_only=True)) == ("CANCELLED", "no_price", 0.0)
    trading.book(one.yes, {40: 1_000}, {120: 1_000})
    assert verdict(trading.ask(leg(one.yes, BUY, 500))) == ("CANCELLED", "limit_not_reached", 0.0)
