"""The life of prediction markets: what is known of each, and for how long."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.market.session import Session, reborn
from tests.market.tokens import SHARE, market, opening
from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event
from tradeworthy.market.instruments import InstrumentDelisted
from tradeworthy.market.listing import Listing
from tradeworthy.market.markets import Markets, MarketStatus
from tradeworthy.market.predictions import (
    Market,
    MarketClosed,
    MarketDisputed,
    MarketOpened,
    MarketResolved,
)


def told(*events: Event) -> Markets:
    """Markets that heard `events`."""
    markets = Markets()
    session = Session(Listing(), markets)
    for event in events:
        session.admit(event)
    return markets


def gone(one: Market) -> list[Event]:
    """Both its tokens are delisted."""
    return [InstrumentDelisted(one.yes), InstrumentDelisted(one.no)]


def test_a_market_is_found_by_its_id_and_by_its_tokens() -> None:
    """Each token's twin is the other one; what is not known answers as nothing."""
    one = market()
    markets = told(*opening(one))
    assert markets.market(one.id) == markets.of(one.yes) == markets.of(one.no) == one
    assert (markets.twin(one.yes), markets.twin(one.no), markets.twin("BTC")) == (one.no, one.yes, "")
    assert (markets.market("x"), markets.of("BTC"), markets.status("x")) == (None, None, "unknown")
    assert (markets.event("x"), markets.resolved_yes("x"), markets.payout("x")) == ((), False, None)


def test_a_life_goes_on_and_never_back() -> None:
    """Open, closed, disputed, resolved; an old word changes nothing, nor does a second outcome."""
    one = market()
    steps = (
        (MarketOpened(one), "open", None),
        (MarketClosed(one.id, 1), "closed", None),
        (MarketOpened(one), "closed", None),
        (MarketDisputed(one.id, 2), "disputed", None),
        (MarketClosed(one.id, 3), "disputed", None),
        (MarketResolved(one.id, 4, SHARE), "resolved", SHARE),
        (MarketDisputed(one.id, 5), "resolved", SHARE),
        (MarketResolved(one.id, 6, 0), "resolved", SHARE),
    )
    markets = Markets()
    session = Session(markets)
    for event, status, payout in steps:
        session.admit(event)
        assert (markets.status(one.id), markets.payout(one.id)) == (status, payout)


def test_the_markets_of_an_event_are_those_without_an_outcome_in_order_of_opening() -> None:
    """What was resolved is counted, and whether anything was paid on YES."""
    first, second, third = (market(name, event="e") for name in "abc")
    markets = told(*(MarketOpened(one) for one in (first, second, third)), MarketResolved(second.id, 1, 0))
    assert markets.event("e") == (first.id, third.id)
    assert (markets.resolved("e"), markets.resolved_yes("e")) == (1, False)
    markets = told(*(MarketOpened(one) for one in (first, second)), MarketResolved(first.id, 1, SHARE // 2))
    assert (markets.resolved("e"), markets.resolved_yes("e")) == (1, True)


def test_a_market_is_forgotten_with_its_second_token_and_its_event_with_its_last_market() -> None:
    """A resolved YES is remembered as long as any market of the event is known."""
    first, second = market("a", event="e"), market("b", event="e")
    markets = Markets()
    session = Session(Listing(), markets)
    for event in (*opening(first), *opening(second), MarketResolved(first.id, 1, SHARE)):
        session.admit(event)
    assert markets.match(first.id).underlying == "BTC"
    for event in gone(first):
        assert markets.market(first.id) == first
        session.admit(event)
    assert markets.market(first.id) is None
    assert (markets.of(first.yes), markets.status(first.id)) == (None, MarketStatus.UNKNOWN)
    assert (markets.event("e"), markets.resolved_yes("e")) == ((second.id,), True)
    for event in gone(second):
        session.admit(event)
    assert markets.state == type(markets.state)()
    assert not markets.resolved_yes("e")


def test_the_match_follows_the_title_and_survives_a_snapshot() -> None:
    """It is made of the present definition, once."""
    one = market()
    markets = told(*opening(one))
    found = markets.match(one.id)
    assert (found.underlying, found.strike) == ("BTC", 97_000.0)
    assert markets.match(one.id) is found
    assert markets.underlying(one.no) == "BTC"
    assert markets.underlying("BTC") == ""
    markets.state = reborn(markets.state)
    assert markets.match(one.id) == found
    Session(markets).admit(
        MarketOpened(market(title="Will the price of Ethereum be above $2,400 on March 1?"))
    )
    assert markets.underlying(one.yes) == "ETH"
    with pytest.raises(UsageError, match="market 'x' is not known"):
        markets.match("x")


def test_the_tokens_of_a_market_can_not_change() -> None:
    """Nor can a token belong to two markets."""
    one = market()
    with pytest.raises(UsageError, match=r"has tokens 'polymarket:m:YES' and .* open it under another id"):
        told(MarketOpened(one), MarketOpened(market(yes="other")))
    with pytest.raises(UsageError, match=r"token 'polymarket:m:YES' of market 'polymarket:n' is one of"):
        told(MarketOpened(one), MarketOpened(market("n", yes=one.yes)))


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("occdrryn")), max_size=60))
def test_nothing_is_left_of_markets_that_are_gone(steps: list[tuple[int, str]]) -> None:
    """Whatever the order of what is told, in events of two markets each."""
    lives = [market(str(number), event=f"e{number // 2}") for number in range(6)]
    markets = Markets()
    session = Session(markets)
    for number, step in steps:
        one = lives[number]
        session.admit(
            {
                "o": MarketOpened(one),
                "c": MarketClosed(one.id, 1),
                "d": MarketDisputed(one.id, 1),
                "r": MarketResolved(one.id, 1, SHARE),
                "y": InstrumentDelisted(one.yes),
                "n": InstrumentDelisted(one.no),
            }[step]
        )
        known = [life.market.event for life in markets.state.markets.values()]
        assert {name: life.known for name, life in markets.state.events.items()} == Counter(known)
    for one in lives:
        for event in gone(one):
            session.admit(event)
    assert markets.state == type(markets.state)()
