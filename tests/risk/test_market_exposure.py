"""Whatever a desk asks for on prediction markets: exposure is what was paid, limits hold, and nothing is left over."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.market.session import reborn
from tests.risk.market_rig import ARB, DESK, SNIPER, MarketRig, leg, one, pair, question, token
from tests.risk.rig import all_of
from tradeworthy.core.candidates import Decision, Verdict
from tradeworthy.execution.accounting import EquityMarked
from tradeworthy.execution.intents import Intent, Leg, Policy
from tradeworthy.market.instruments import InstrumentDelisted, Side
from tradeworthy.market.money import cash_of
from tradeworthy.market.predictions import MarketResolved
from tradeworthy.risk.exposure import Reservation, exposure_of, grouped
from tradeworthy.risk.facts import MarketParts
from tradeworthy.risk.operators import HaltChanged

NAMES = "abc"


def held_at_cost(rig: MarketRig) -> dict[str, int]:
    """By market, what its open positions cost, both tokens together."""
    costs: dict[str, int] = {}
    for position in rig.ledger.positions():
        market = rig.markets.of(position.instrument)
        assert market is not None
        costs[market.id] = costs.get(market.id, 0) + abs(position.cost)
    return costs


@pytest.mark.parametrize(
    ("code", "figure", "first", "second", "risk"),
    [
        ("position_limit", "position", one(shares=62, by="x"), one(shares=62, outcome="NO", by="y"), {}),
        ("event_limit", "event", one(shares=92), one("b", shares=92), {"position_max": "0.2"}),
        ("underlying_limit", "underlying", one(shares=124), one("d", shares=124), {"position_max": "0.2"}),
        ("platform_limit", "venue", one(shares=310), one("c", shares=310), {}),
    ],
)
def test_what_belongs_together_adds_up(
    code: str, figure: str, first: Intent, second: Intent, risk: dict[str, str]
) -> None:
    """Both tokens of a market, the markets of an event, all that hangs on BTC, a venue: held and asked for (P2)."""
    wide = {"position_max": "1", "event_max": "1", "underlying_max": "1"} if figure == "venue" else risk
    wide |= {"event_max": "0.3"} if figure == "underlying" else {}
    rig = MarketRig(**wide)
    rig.open(question("d", event="H", title="BTC d"))
    rig.refresh()
    assert rig.decide(first, "first").approved
    both = rig.decide(second, "second")
    assert both.approved
    spent = sum(leg.lots * 40 * 10**4 for intent in (first, second) for leg in intent.legs)
    assert both.figures[figure] == spent
    more = rig.decide(msgspec.structs.replace(second, legs=(small(second),)), "more")
    assert (more.reason, more.figures[figure]) == (code, spent + cash_of(2))


def small(intent: Intent) -> Leg:
    """Its leg again, for 5 shares."""
    (asked,) = intent.legs
    return Leg(asked.instrument, asked.side, 500, asked.limit_ticks, asked.position)


def test_what_belongs_to_nothing_else_is_not_in_the_way() -> None:
    """ETH's market of another event goes on when BTC's are full."""
    rig = MarketRig(position_max="0.2")
    rig.ask(one(shares=92))
    rig.ask(one("b", shares=92))
    decision = rig.decide(one("c", shares=92))
    assert decision.approved
    assert decision.figures["underlying"] == decision.figures["event"] == cash_of("36.8")


def test_a_drawdown_counts_positions_at_what_they_would_sell_for() -> None:
    """Bought at 40 and bid at 10: the fall is there before anything is sold, and latches (A9)."""
    rig = MarketRig(
        position_max="1", event_max="1", underlying_max="1", daily_loss_max="1", drawdown_max="0.2"
    )
    rig.ask(one(shares=400))
    rig.book(token("a"), bid=10, ask=11)
    events = rig.wait(30)
    (marked,) = all_of(events, EquityMarked)
    assert marked.equity == cash_of(500 - 160 + 40)
    assert [changed.rule for changed in all_of(events, HaltChanged)] == ["drawdown"]
    rig.refresh()
    assert rig.decide(one("c")).figures["drawdown"] == cash_of(120)


# Any history

names = st.sampled_from(NAMES)
shares = st.sampled_from([5, 20, 60, 150])
moves = st.lists(
    st.one_of(
        st.tuples(st.just("buy"), names, shares, st.sampled_from(["YES", "NO"])),
        st.tuples(
            st.just("pair"), st.sampled_from(["ab", "ba", "aa", "ac"]), shares, st.sampled_from(list(Policy))
        ),
        st.tuples(st.just("sell"), names, shares, st.sampled_from(["YES", "NO"])),
        st.tuples(st.just("book"), names, st.integers(5, 90), st.sampled_from(["YES", "NO"])),
        st.tuples(st.just("resolve"), names, st.sampled_from([0, 1, 2]), st.just("")),
        st.tuples(st.just("wait"), st.just(""), st.sampled_from([0, 2, 40]), st.just("")),
    ),
    max_size=30,
)


def act(rig: MarketRig, number: int, move: tuple[Any, ...]) -> list[Any]:
    """One step of a history; all that was made of it."""
    what, name, figure, detail = move
    kind = f"{what} {number}"
    match what:
        case "buy":
            return rig.ask(one(name, shares=figure, outcome=detail, ticks=60), kind)
        case "pair":
            return rig.ask(pair(figure, 45, 45, names=name, policy=detail), kind)
        case "sell":
            by = SNIPER if number % 2 else ARB
            sold = leg(name, figure, 1, outcome=detail, side=Side.SELL, by=by)
            return rig.ask(Intent((sold,), reduce_only=True, strategy=by), "exit")
        case "book":
            return rig.book(token(name, detail), figure, figure + 1 + number % 3, lots=4000 + number)
        case "resolve":
            return rig.admit(MarketResolved(f"polymarket:{name}", rig.now, figure * cash_of(1) // 2))
        case _:
            made = rig.wait(figure)
            rig.refresh()
            return made


@settings(max_examples=150, deadline=None)
@given(moves)
def test_the_invariants_hold_after_each_step(history: list[tuple[Any, ...]]) -> None:
    """Exposure is open cost, or worth where that is more, by market and venue; approvals keep to their limits (A9)."""
    rig = MarketRig(slippage_bps_max=None, slippage_edge_max=None, spread_max=None, loss_streak_max=None)
    decisions: dict[int, bool] = {}
    ended: dict[int, int] = {}
    for number, move in enumerate(history):
        for event in act(rig, number, move):
            if isinstance(event, Decision):
                assert event.candidate not in decisions
                decisions[event.candidate] = event.approved
                if event.approved and event.reason != "reduce_only":
                    check_limits(event)
            elif isinstance(event, Verdict):
                ended[event.candidate] = ended.get(event.candidate, 0) + 1
        check(rig)
        rig.guardian.state = reborn(rig.guardian.state)
    assert set(ended) == set(decisions), "latency is 0: each candidate ends in its turn"
    assert set(ended.values()) <= {1}


def check_limits(decision: Decision) -> None:
    """Each recorded exposure is on the right side of its limit."""
    for name in ("position", "event", "underlying", "venue", "desk_share", "portfolio"):
        value, limit = decision.figures[name], decision.limits[name]
        assert isinstance(limit, int)
        assert value is None or (isinstance(value, int) and 0 <= value <= limit)
    assert isinstance(decision.figures["cash_left"], int)
    assert decision.figures["cash_left"] >= 0


def check(rig: MarketRig) -> None:
    """What must hold between any two inputs."""
    rig.ledger.assert_sums()
    state = rig.guardian.state
    assert state.reservations == {}
    nothing = Reservation(DESK, "", 0, [])
    at = exposure_of(rig.ledger, rig.marks, (), nothing, state.locks.lots)
    parts = MarketParts(rig.listing, rig.marks, rig.markets, rig.oracles, rig.freshness)
    costs = held_at_cost(rig)
    worth = {
        held.instrument: max(abs(held.cost), abs(rig.ledger.value(held, rig.marks)))
        for held in rig.ledger.positions()
    }
    for held in rig.ledger.positions():
        locked = state.locks.lots.get(f"{held.desk}/{held.position}", 0)
        assert 0 <= locked <= abs(held.lots)
        market = rig.markets.of(held.instrument)
        assert market is not None
        most = grouped(at, [held.instrument], parts, by_venue=True)
        assert costs[market.id] <= sum(at.all.get(one, 0) for one in (market.yes, market.no))
        assert most.position <= sum(at.all.get(one, 0) for one in (market.yes, market.no))
        assert most.venue == at.portfolio == at.desk
    assert at.portfolio >= sum(worth.values())
    assert at.portfolio >= sum(costs.values()) == rig.ledger.state.collateral
    held_keys = {f"{held.desk}/{held.position}" for held in rig.ledger.positions()}
    assert set(state.locks.lots) <= held_keys
    assert at.cash >= 0


@settings(max_examples=40, deadline=None)
@given(moves)
def test_nothing_is_remembered_of_markets_that_are_gone(history: list[tuple[Any, ...]]) -> None:
    """All resolved and delisted: no lock, reservation, key, book or group is left (A10)."""
    rig = MarketRig(loss_streak_max=None)
    for number, move in enumerate(history):
        act(rig, number, move)
    for name in NAMES:
        rig.admit(MarketResolved(f"polymarket:{name}", rig.now, 0))
    made = rig.wait(300)
    assert len(all_of(made, InstrumentDelisted)) + len(rig.listing.state.instruments) == 6
    state = rig.guardian.state
    assert (state.reservations, state.locks.lots, state.locks.sets) == ({}, {}, {})
    assert rig.freshness.state.books == {}
