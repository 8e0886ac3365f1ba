"""The index of watched markets, and what was touched."""

from tests.desks.arbitrage.scanning import DAY, START, market, tokens
from tradeworthy.desks.arbitrage.views import MarketView
from tradeworthy.desks.arbitrage.watching import Watched, ladder_of
from tradeworthy.market.matching import match
from tradeworthy.market.predictions import Market


def view(one: Market) -> MarketView:
    """The market as the scanner sees it."""
    return MarketView(one, match(one), *tokens(one))


REACH = view(market("r", "Will Bitcoin reach $98,000 by January 8?", end_ts=START + 7 * DAY))
DIP = view(market("d", "Will Bitcoin dip to $90,000 by January 8?", end_ts=START + 7 * DAY))
OTHER = view(market("o", "Will it rain on December 1?"))


def test_a_touch_is_the_strike_itself_or_beyond() -> None:
    """Up from below, down from above; what was touched once stays so."""
    watched = Watched()
    for one in (REACH, DIP, OTHER):
        watched.add(one, START)
    watched.meet("BTC", 97_999.0, START)
    watched.meet("ETH", 98_500.0, START)
    assert watched.touched == {}
    watched.meet("BTC", 98_000.0, START + 1)
    watched.meet("BTC", 90_000.0, START + 2)
    watched.meet("BTC", 99_000.0, START + 3)
    assert watched.touched == {REACH.id: START + 1, DIP.id: START + 2}
    assert watched.barriers == {}


HIT = view(market("h", "Will Bitcoin hit $98,000 by January 8?", end_ts=START + 7 * DAY))
FEBRUARY = view(market("f", "Will Bitcoin reach $98,000 in February?", end_ts=START + 60 * DAY))
EST = 5 * 3_600_000_000_000


def test_a_strike_behind_the_first_price_tells_nothing_without_a_direction() -> None:
    """`hit $98,000` at 99,000: it was met before, or has to be met from above; nobody takes it for touched."""
    watched = Watched()
    watched.add(HIT, START)
    assert watched.is_unclear(HIT, 99_000.0), "before any price was heard, too"
    watched.meet("BTC", 99_000.0, START)
    assert (watched.touched, watched.unclear, watched.barriers) == ({}, {HIT.id: START}, {})
    watched.meet("BTC", 97_000.0, START + 1)
    watched.add(HIT, START + 2)
    watched.meet("BTC", 98_500.0, START + 3)
    assert watched.is_unclear(HIT, 97_000.0)
    assert watched.touched == {}
    watched.drop(HIT.id)
    assert watched == Watched()


def test_a_guess_that_the_first_price_bears_out_is_a_touch_from_then_on() -> None:
    """From below, as taken; a new definition does not begin the guessing again."""
    watched = Watched()
    watched.add(HIT, START)
    watched.meet("BTC", 97_000.0, START)
    watched.add(HIT, START + 1)
    assert not watched.is_unclear(HIT, 97_000.0)
    watched.meet("BTC", 98_000.0, START + 2)
    assert (watched.touched, watched.unclear) == ({HIT.id: START + 2}, {})


def test_only_touches_within_the_period_count() -> None:
    """`in February` is opened in January: what is met before New York's February begins is none."""
    begins = START + 31 * DAY + EST
    assert FEBRUARY.start_ts == begins
    watched = Watched()
    watched.add(FEBRUARY, START)
    watched.meet("BTC", 99_000.0, begins - 1)
    assert watched.touched == {}
    assert watched.is_unclear(FEBRUARY, 99_000.0)
    watched.meet("BTC", 98_000.0, begins)
    assert watched.touched == {FEBRUARY.id: begins}


def test_a_new_definition_forgets_no_touch() -> None:
    """The market is told of again after it was touched."""
    watched = Watched()
    watched.add(REACH, START)
    watched.meet("BTC", 98_000.0, START)
    watched.add(REACH, START + 1)
    assert (watched.touched, watched.barriers) == ({REACH.id: START}, {})
    assert watched.symbols == {"BTC": [REACH.id]}


def test_nothing_is_left_of_a_market_that_is_dropped() -> None:
    """All its places in the index go; dropping twice, or what was never watched, changes nothing."""
    watched = Watched()
    for one in (REACH, DIP, OTHER):
        watched.add(one, START)
    watched.meet("BTC", 98_000.0, START)
    for one in (REACH, OTHER, DIP, DIP):
        watched.drop(one.id)
    assert watched == Watched()


def test_only_ends_and_touches_have_a_ladder() -> None:
    """Ends of one time share one; touches of all times do, since the earlier is within the later."""
    later = view(market("l", "Will Bitcoin reach $99,000 by January 9?", end_ts=START + 8 * DAY))
    assert ladder_of(REACH) == ladder_of(later) != ladder_of(DIP)
    assert ladder_of(view(market("a"))) != ladder_of(view(market("b", end_ts=START)))
    assert ladder_of(OTHER) == ""
