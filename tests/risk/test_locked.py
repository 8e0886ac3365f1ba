"""Locked arbitrage through the core: money at a venue, but no direction, for as long as the set is whole."""

import pytest

from tests.risk.market_rig import ARB, DESK, SNIPER, MarketRig, leg, one, pair, question, token
from tests.risk.rig import all_of, only
from tradeworthy.core.candidates import Decision, Verdict
from tradeworthy.execution.accounting import SetsMerged, TradeClosed
from tradeworthy.execution.intents import Intent, Policy
from tradeworthy.execution.reasons import Reason
from tradeworthy.market.instruments import Side
from tradeworthy.market.money import cash_of
from tradeworthy.market.predictions import MarketResolved

SOLD = ((10, "YES"), (92, "NO"))

A, B = f"{DESK}/{ARB}@{token('a')}", f"{DESK}/{ARB}@{token('b', 'NO')}"


def exposures(decision: Decision) -> tuple[object, ...]:
    """What the decision found: of the market, the event, the underlying, the venue, and all."""
    return tuple(decision.figures[name] for name in ("position", "event", "underlying", "venue", "portfolio"))


def asked_beside(rig: MarketRig) -> tuple[object, ...]:
    """The exposures with a directional 2 in market a on top."""
    return exposures(
        rig.decide(one(shares=5, ticks=40, edge="1"), f"beside {rig.now} {len(rig.tape.packets)}")
    )


def test_a_locked_set_counts_where_its_money_lies_and_has_no_direction() -> None:
    """Reserved and then held: 160 is far beyond the limits of market, event and underlying, and within the venue's."""
    rig = MarketRig()
    decision = rig.decide(pair(200))
    assert decision.approved
    assert exposures(decision) == (0, 0, 0, cash_of(160), cash_of(160))
    assert rig.guardian.state.locks.lots == {A: 20_000, B: 20_000}
    assert asked_beside(rig) == (cash_of(2), cash_of(2), cash_of(2), cash_of(162), cash_of(162))
    assert rig.decide(pair(150), "more").reason == "platform_limit"


@pytest.mark.parametrize(
    ("intent", "why"),
    [
        (pair(200, floor=0), "nothing is promised"),
        (pair(200, 40, 61), "61 and 40 cost more than the 1 that comes back"),
        (pair(200, policy=Policy.COMPLETE, complete_ticks=11), "completing may cost 11 more on each"),
    ],
)
def test_what_may_cost_more_than_it_pays_has_direction(intent: Intent, why: str) -> None:
    """At its worst, whatever the present book asks; then every directional limit holds for it."""
    decision = MarketRig().decide(intent)
    assert decision.reason == "position_limit", why
    assert decision.figures["event"] == decision.figures["venue"]


def test_fees_count_for_the_lock() -> None:
    """A set that covers its cost and not its fees has direction."""
    rig = MarketRig()
    for name in "de":
        rig.open(question(name, event="G", title=f"BTC {name}"), rate="0.07")
    rig.refresh()
    cheap, dear = pair(20, 48, 48, names="de"), pair(20, 49, 49, names="de")
    assert exposures(rig.decide(cheap))[:2] == (0, 0)
    assert exposures(rig.decide(dear, "dear"))[0] == cash_of("9.8")


def test_what_a_sold_leg_leaves_has_direction() -> None:
    """Half of one leg sold: half of the other is directional, rounded against us."""
    rig = MarketRig()
    rig.ask(pair(100))
    rig.ask(Intent((leg("a", 50, 39, side=Side.SELL, by=ARB),), reduce_only=True, strategy=ARB), kind="exit")
    assert rig.guardian.state.locks.lots == {A: 5_000, B: 5_000}
    assert exposures(rig.decide(one("b", shares=5)))[0] == cash_of(20 + 2)
    assert rig.decide(one("b", shares=80), "more").reason == "position_limit"


def test_a_settled_leg_leaves_the_rest_locked() -> None:
    """A payout is what the set was bought for; when the last leg is paid nothing is remembered."""
    rig = MarketRig()
    rig.ask(pair(100))
    trade = only(rig.admit(MarketResolved("polymarket:b", rig.now, cash_of(1))), TradeClosed)
    assert trade.pnl == -cash_of(40)
    assert rig.guardian.state.locks.lots == {A: 10_000}
    assert asked_beside(rig)[0] == cash_of(2)
    rig.admit(MarketResolved("polymarket:a", rig.now, cash_of(1)))
    assert (rig.guardian.state.locks.lots, rig.guardian.state.locks.sets) == ({}, {})


def test_a_complete_set_is_money_at_once() -> None:
    """YES and NO of one market are merged: nothing stays locked, and the two trades are one win."""
    rig = MarketRig(loss_streak_max=1)
    rig.book(token("a", "NO"), bid=49, ask=50)
    events = rig.ask(pair(100, 40, 50, names="aa"))
    assert only(events, SetsMerged).lots == 10_000
    assert len(all_of(events, TradeClosed)) == 2
    assert (rig.guardian.state.locks.lots, rig.guardian.state.locks.sets) == ({}, {})
    assert rig.guardian.state.paces[f"{DESK}/{ARB}"].paused_until == 0
    assert rig.ledger.equity_at_cost() == cash_of(510)


def test_sets_that_are_sold_are_locked_by_their_proceeds() -> None:
    """Both tokens sold for more than the 1 a share that is owed: no direction; for less: all of it."""
    legs = tuple(leg("a", 100, 51, outcome=outcome, side=Side.SELL, by=ARB) for outcome in ("YES", "NO"))
    for owed, locked in ((100, True), (103, False)):
        rig = MarketRig(slippage_bps_max=None, slippage_edge_max=None)
        for outcome in ("YES", "NO"):
            rig.book(token("a", outcome), bid=51, ask=52)
        intent = Intent(legs, edge=cash_of(2), strategy=ARB, payout_floor=-cash_of(owed))
        assert (exposures(rig.decide(intent))[0] == 0) is locked


def test_a_group_that_falls_short_locks_only_its_whole_sets() -> None:
    """HOLD keeps what was filled: 60 of one leg and 100 of the other are 60 sets and 40 bare."""
    wide = dict.fromkeys(("position_max", "event_max", "underlying_max"), "1")
    rig = MarketRig(**wide, slippage_bps_max=None, slippage_edge_max=None)
    rig.book(token("a"), lots=6_000)
    events = rig.ask(pair(100, policy=Policy.HOLD))
    assert exposures(only(events, Decision))[1] == cash_of(80), (
        "before it fills nobody knows what it will hold"
    )
    assert only(events, Verdict).reason == Reason.PARTLY_FILLED
    assert rig.guardian.state.locks.lots == {A: 6_000, B: 6_000}
    assert exposures(rig.decide(one("b", shares=5)))[0] == cash_of(16 + 2)


def test_a_group_that_was_unwound_locks_nothing() -> None:
    """What was sold back is no set."""
    rig = MarketRig(slippage_bps_max=None, slippage_edge_max=None)
    rig.book(token("a"), lots=6_000)
    events = rig.ask(pair(100, policy=Policy.UNWIND))
    assert only(events, Verdict).reason == Reason.UNWOUND
    assert rig.guardian.state.locks.lots == {}
    assert rig.ledger.positions() == []


def test_the_same_position_may_hold_more_than_one_set() -> None:
    """A sale breaks the newest set first; the older one stays whole."""
    rig = MarketRig()
    first = only(rig.ask(pair(50)), Decision).candidate
    second = only(rig.ask(pair(30, names="ac"), kind="more"), Decision).candidate
    assert list(rig.guardian.state.locks.sets) == [first, second]
    assert rig.guardian.state.locks.lots[A] == 8_000
    rig.ask(Intent((leg("a", 30, 39, side=Side.SELL, by=ARB),), reduce_only=True, strategy=ARB), kind="exit")
    assert list(rig.guardian.state.locks.sets) == [first]
    assert rig.guardian.state.locks.lots == {A: 5_000, B: 5_000}


def test_an_outcome_of_one_half_breaks_the_lock_of_its_set() -> None:
    """A set of NO on two outcomes counted on 1: paid .5, what is left of it is a bet like any other."""
    rig = MarketRig()
    rig.ask(pair(100))
    rig.ask(pair(40, names="ac"), kind="more")
    rig.admit(MarketResolved("polymarket:b", rig.now, cash_of("0.5")))
    assert rig.guardian.state.locks.lots == {A: 4_000, f"{DESK}/{ARB}@{token('c', 'NO')}": 4_000}
    assert asked_beside(rig)[0] == cash_of(42)


@pytest.mark.parametrize("policy", list(Policy))
def test_a_token_that_is_sold_binds_all_that_it_may_have_to_pay(policy: Policy) -> None:
    """1 a share, unless a whole set is split for it that brings in more than the 1."""
    legs = tuple(leg("a", 100, ticks, outcome=outcome, side=Side.SELL, by=ARB) for ticks, outcome in SOLD)
    rig = MarketRig(slippage_bps_max=None, slippage_edge_max=None, venue_max="1", position_max="1")
    for ticks, outcome in SOLD:
        rig.book(token("a", outcome), bid=ticks, ask=ticks + 1)
    intent = Intent(legs, policy, edge=cash_of(2), strategy=ARB, payout_floor=-cash_of(100))
    decision = rig.decide(intent)
    whole = policy is Policy.ALL_OR_NONE
    assert decision.figures["cash_left"] == cash_of(500 - (104 if whole else 200))
    assert decision.figures["event"] == (cash_of(200) if policy is Policy.HOLD else 0)


def test_a_bare_short_counts_with_all_that_it_may_lose() -> None:
    """Sold at .10: 10 came in, 100 may have to be paid; 90 are exposed and 100 of the cash are bound."""
    wide = dict.fromkeys(("position_max", "event_max", "underlying_max", "venue_max"), "1")
    rig = MarketRig(**wide, slippage_bps_max=None, slippage_edge_max=None)
    rig.book(token("a"), bid=10, ask=11)
    sold = Intent((leg("a", 100, 10, side=Side.SELL),), edge=cash_of(2), strategy=SNIPER)
    decision = rig.decide(sold)
    assert decision.approved
    assert (decision.figures["position"], decision.figures["cash_left"]) == (cash_of(100), cash_of(400))
    beside = rig.decide(one("b", shares=5), "beside")
    assert beside.figures["portfolio"] == cash_of(90 + 2)
    assert beside.figures["cash_left"] == cash_of(500 + 10 - 100 - 2)
    rig.admit(MarketResolved("polymarket:a", rig.now, cash_of(1)))
    assert rig.ledger.state.cash == cash_of(500 + 10 - 100 - 2)
