"""What a candidate reserves: the worst that its legs may cost."""

from decimal import Decimal

import pytest

from tests.risk.rig import Rig
from tradeworthy.execution.intents import Intent, Leg, Policy
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import Side
from tradeworthy.market.money import cash_of
from tradeworthy.risk.facts import MarketParts
from tradeworthy.risk.requests import Asked, Proposal, asked_of
from tradeworthy.risk.settings import RiskSettings, limits_of

LIMITS = limits_of(RiskSettings(market_order_margin=Decimal("0.02")))


def asked(rig: Rig, *legs: Leg, **options: object) -> Asked:
    """What desk alpha asks for with `legs`."""
    intent = Intent(legs, **options)  # type: ignore[arg-type]
    proposal = Proposal(1, "alpha", "signal", "AAA", intent)
    parts = MarketParts(rig.listing, rig.marks, rig.markets, rig.oracles, rig.freshness)
    return asked_of(proposal, rig.now, share_ppm=1, parts=parts, limits=LIMITS)


@pytest.mark.parametrize(
    ("side", "limit_ticks", "price"),
    [
        (Side.BUY, None, "102"),
        (Side.SELL, None, "102"),
        (Side.BUY, 9_000, "90"),
        (Side.BUY, 11_000, "110"),
        (Side.SELL, 9_000, "102"),
        (Side.SELL, 11_000, "110"),
    ],
)
def test_a_leg_reserves_its_worst_price(side: Side, limit_ticks: int | None, price: str) -> None:
    """At market the last price and the margin; a limit buy its limit; a limit sale the higher of both."""
    (hold,) = asked(Rig(), Leg("AAA", side, 1000, limit_ticks)).reservation.holds
    assert hold.lots * hold.each == cash_of(price)
    assert hold.sign == side.sign


def test_what_complete_may_pay_is_reserved() -> None:
    """COMPLETE may go past its limit for a missing leg."""
    legs = Leg("AAA", Side.BUY, 1000, 10_000), Leg("BBB", Side.BUY, 1000, 10_000)
    request = asked(Rig(), *legs, policy=Policy.COMPLETE, complete_ticks=50)
    assert [hold.lots * hold.each for hold in request.reservation.holds] == [cash_of("100.5")] * 2


def test_fees_are_reserved_for_each_leg() -> None:
    """The taker's fee on the worst notional, rounded up."""
    reservation = asked(Rig(), Leg("AAA", Side.BUY, 1000), Leg("BBB", Side.SELL, 1000)).reservation
    assert reservation.fees == 2 * cash_of("0.051")


def test_an_exit_reserves_nothing() -> None:
    """It can only shrink what is there."""
    request, reservation = asked(Rig(), Leg("AAA", Side.SELL, 1000), reduce_only=True)
    assert (request.orders, reservation.holds, reservation.fees) == (0, [], 0)


def test_a_book_is_read_on_the_side_that_the_leg_takes() -> None:
    """A buy is priced at the ask and a sale at the bid."""
    rig = Rig()
    rig.admit(BookChanged("AAA", rig.now + 1, (Level(9_900, 5),), (Level(10_100, 5),)))
    (buy,) = asked(rig, Leg("AAA", Side.BUY, 1)).reservation.holds
    (sale,) = asked(rig, Leg("AAA", Side.SELL, 1)).reservation.holds
    tick = rig.listing.scale("AAA").tick_value
    assert (buy.each, sale.each) == (10_302 * tick, 10_098 * tick)


def test_a_margin_stays_below_the_highest_price() -> None:
    """What can't be traded at is not reserved."""
    rig = Rig()
    rig.price("AAA", 999_999.0)
    (hold,) = asked(rig, Leg("AAA", Side.BUY, 1)).reservation.holds
    assert hold.each == rig.listing.scale("AAA").cost(100_000_000, 1)


@pytest.mark.parametrize(
    ("leg", "fault"),
    [
        (Leg("AAA", Side.BUY, 0), "AAA: 0 lots, 1 to "),
        (Leg("AAA", Side.BUY, -5), "AAA: -5 lots, 1 to "),
        (Leg("AAA", Side.BUY, 1, 0), "AAA: limit of 0 ticks, 1 to "),
        (Leg("ZZZ", Side.BUY, 1), "instrument 'ZZZ' is not listed"),
    ],
)
def test_a_leg_that_no_venue_would_take_is_a_fault(leg: Leg, fault: str) -> None:
    """It says what and the limit, and reserves nothing."""
    request, reservation = asked(Rig(), leg)
    assert request.fault.startswith(fault)
    assert reservation.holds == []


def test_the_oldest_price_counts() -> None:
    """One leg without a price is a request without one, wherever it stands."""
    rig = Rig()
    rig.wait(5)
    rig.price("BBB", 100.0)
    assert asked(rig, Leg("BBB", Side.BUY, 1)).request.mark_age_ns == 0
    assert asked(rig, Leg("BBB", Side.BUY, 1), Leg("AAA", Side.BUY, 1)).request.mark_age_ns == 5_000_000_000
    rig.marks.state.prices.clear()
    rig.price("BBB", 100.0)
    for legs in (("AAA", "BBB"), ("BBB", "AAA")):
        assert asked(rig, *[Leg(name, Side.BUY, 1) for name in legs]).request.mark_age_ns is None
