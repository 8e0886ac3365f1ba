"""The oracle sniper: the worked example as a whole, and all that keeps it from buying."""

from typing import Any

import pytest

from tests.desks.arbitrage.scanning import EXACT, MS, levels, market
from tests.desks.arbitrage.trading_rig import SECOND, START, Trading, opportunity
from tradeworthy.core.candidates import Outcome
from tradeworthy.desks.arbitrage.events import SNIPER, OpportunityDetected
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.execution.accounting import Settled, TradeClosed
from tradeworthy.execution.intents import Policy, TimeInForce
from tradeworthy.market.instruments import InstrumentDelisted, Side
from tradeworthy.market.money import cash_of

ONE = market()
YES = ONE.yes
WORTH = 0.972791


def rig(**options: object) -> Trading:
    """A desk whose sniper may use a tenth of 500, and the market of the worked example quoted at 0.83 to 0.85."""
    made = Trading(**{"latency_ms": 250, **EXACT, **options})
    made.share(SNIPER, 0.10)
    made.open(ONE)
    made.price(97_500.0)
    made.quote(ONE, 83, 85)
    return made


def lag(lots: int = 40_000, **fields: Any) -> OpportunityDetected:
    """YES at 0.85, worth 0.972791 by the model."""
    profit = round((WORTH - 0.858925) * lots * 1_000_000)
    return opportunity((YES, Side.BUY, lots, 85), **{"profit": profit, "net_edge": 0.113866, **fields})


def test_the_worked_example_from_gap_to_settlement() -> None:
    """A3, A5: 11.74 shares at 0.85 within the time to live, filled after the latency, settled for 1.65622."""
    made = rig()
    made.tell(lag())
    (asked,) = made.proposed()
    (leg,) = asked.intent.legs
    assert (leg.instrument, leg.side, leg.lots, leg.limit_ticks) == (YES, Side.BUY, 1174, 85)
    assert (leg.time_in_force, leg.position) == (TimeInForce.FAK, f"{SNIPER}@{YES}")
    assert (asked.kind, asked.instrument, asked.desk) == ("oracle_lag", YES, "arbitrage")
    assert (asked.intent.strategy, asked.intent.dedupe_key) == (SNIPER, "gap-1")
    assert asked.intent.expires_at == START + 2 * SECOND
    assert asked.intent.edge == pytest.approx(cash_of("1.3368"), abs=cash_of("0.0001"))
    made.wait(250 * MS)
    made.quote(ONE, 83, 85)
    held = made.position(SNIPER, YES)
    assert (held.lots, held.cost, held.fees) == (1174, cash_of("9.9790"), cash_of("0.10478"))
    assert made.verdicts()[-1].outcome is Outcome.FILLED
    made.put(Settled(YES, 1_000_000, made.now))
    assert made.of(TradeClosed)[-1].pnl == cash_of("1.65622")
    assert made.sniper.state.held == {}


def test_a_gap_that_is_gone_at_the_fill_costs_nothing() -> None:
    """The book moved to 0.96 within the latency: the order dies, and the request is forgotten."""
    made = rig()
    made.tell(lag())
    made.quote(ONE, 94, 96)
    made.wait(250 * MS)
    made.quote(ONE, 94, 96)
    assert made.position(SNIPER, YES).lots == 0
    assert made.verdicts()[-1].outcome is Outcome.CANCELLED
    assert made.sniper.state.requests == {}


def test_before_the_allocator_speaks_shares_are_equal() -> None:
    """Alone it counts on the allocator's highest share of half; with a second strategy on half as well."""
    for settings, capital in (
        ({}, 250),
        ({"atomic_arb": True}, 250),
        ({"allocator": {"max_share": 0.2}}, 100),
    ):
        made = Trading(**EXACT, **settings)
        made.open(ONE)
        made.price(97_500.0)
        made.quote(ONE, 83, 85)
        made.tell(lag(lots=400, profit=1))
        assert made.verdicts()[-1].figures["capital"] == cash_of(str(capital))


def skipped(made: Trading, *told: OpportunityDetected) -> tuple[str, ...]:
    """The reasons of the verdicts that `told` led to at once."""
    before = len(made.verdicts())
    made.tell(*told)
    found = made.verdicts()[before:]
    assert all(verdict.outcome is Outcome.SKIPPED for verdict in found)
    return tuple(verdict.reason for verdict in found)


def test_it_says_why_it_lets_go() -> None:
    """Too few shares, no signal, no edge left, nothing left of its capital."""
    made = rig()
    assert skipped(made, lag(lots=499)) == (SkipReason.BELOW_MIN_SIZE,)
    assert skipped(made, lag(signal=0.0)) == (SkipReason.NO_SIGNAL,)
    assert skipped(made, lag(profit=0)) == (SkipReason.BELOW_MIN_EDGE,)
    assert skipped(made, lag(signal=0.1)) == (SkipReason.BELOW_MIN_SIZE,)
    made.share(SNIPER, 0.0)
    assert skipped(made, lag()) == (SkipReason.NO_CAPITAL_LEFT,)
    assert made.verdicts()[-1].figures["signal"] == 1.0
    assert made.proposed() == []


def test_it_asks_for_more_edge_than_the_scanner_tells_of() -> None:
    """A3: bought is what leaves 0.05 of its worth after the fee: 0.91 with its 0.0057 does, and 0.92 does not."""
    made = rig()
    made.book(YES, levels((90, 100)), levels((91, 6), (92, 400)))
    profit = round(WORTH * 40_000 * 1_000_000 - (0.92 + 0.07 * 0.92 * 0.08) * 40_000 * 1_000_000)
    made.tell(opportunity((YES, Side.BUY, 40_000, 92), profit=profit, net_edge=0.048))
    (asked,) = made.proposed()
    assert [(leg.lots, leg.limit_ticks) for leg in asked.intent.legs] == [(600, 91)]
    made = rig()
    made.book(YES, levels((90, 100)), levels((92, 400)))
    assert skipped(made, opportunity((YES, Side.BUY, 40_000, 92), profit=profit, net_edge=0.048)) == (
        SkipReason.BELOW_MIN_EDGE,
    )


def test_what_was_just_sold_is_not_bought_again() -> None:
    """A position is never churned: after an exit the market is left alone for the cool-down, both its tokens."""
    made = rig()
    made.tell(lag())
    made.wait(250 * MS)
    made.quote(ONE, 98, 99)
    made.wait(250 * MS)
    made.quote(ONE, 98, 99)
    assert made.of(TradeClosed)[-1].reason == "take_profit"
    made.reload()
    made.price(97_500.0)
    made.quote(ONE, 83, 85)
    assert skipped(made, lag(dedupe_key="gap-2")) == (SkipReason.JUST_SOLD,)
    assert skipped(made, opportunity((ONE.no, Side.BUY, 40_000, 17), dedupe_key="gap-3")) == (
        SkipReason.JUST_SOLD,
    )
    made.wait(60 * SECOND)
    made.quote(ONE, 83, 85)
    made.tell(lag(dedupe_key="gap-4"))
    assert made.proposed()[-1].intent.dedupe_key == "gap-4"


def test_one_request_at_a_time_for_a_gap_and_for_a_token() -> None:
    """The same gap again, and another gap of the same token, wait until the first request has its verdict."""
    made = rig()
    made.tell(lag())
    assert skipped(made, lag()) == (SkipReason.DUPLICATE_REQUEST,)
    assert skipped(made, lag(dedupe_key="gap-2")) == (SkipReason.ALREADY_WORKING,)
    assert len(made.proposed()) == 1
    made.wait(250 * MS)
    made.quote(ONE, 83, 85)
    made.tell(lag(dedupe_key="gap-3"))
    assert len(made.proposed()) == 2
    bought = made.proposed()[1].intent.legs[0].lots
    assert bought == pytest.approx(1174, abs=2), "Kelly's stake is of the same capital"


def test_what_is_spent_is_not_spent_again() -> None:
    """Positions at cost and requests at work come off the share, across tokens."""
    made = rig()
    made.share(SNIPER, 0.05)
    others = [market(f"m{n}") for n in range(6)]
    for other in others:
        made.open(other)
        made.quote(other, 83, 85)
        profit = round((WORTH - 0.858925) * 40_000 * 1_000_000)
        made.tell(opportunity((other.yes, Side.BUY, 40_000, 85), profit=profit, dedupe_key=other.id))
    asked = [one.intent.legs[0] for one in made.proposed()]
    assert len(asked) == 5, "a share of 25 buys four stakes of 5.04, the rest, and no sixth"
    assert sum(leg.lots * 858_925 for leg in asked) <= cash_of(25)
    assert made.verdicts()[-1].reason in (SkipReason.BELOW_MIN_SIZE, SkipReason.NO_CAPITAL_LEFT)


def test_a_refused_request_is_over() -> None:
    """Risk said no: the next one may be asked for."""
    made = rig()
    made.approver.refuses = True
    made.tell(lag())
    assert made.sniper.state.requests == {}
    made.tell(lag())
    assert len(made.proposed()) == 2


def test_what_is_not_its_own_is_not_touched() -> None:
    """Another strategy's opportunity, one that the desk skipped itself, another desk's shares."""
    made = rig()
    made.tell(opportunity((YES, Side.BUY, 40_000, 85), strategy="another"))
    made.tell(lag(skip=SkipReason.STRATEGY_OFF))
    assert made.proposed() == []
    assert made.sniper.state.share == 0.10


def test_a_request_never_outlives_its_opportunity() -> None:
    """The nearer of the time to live and the opportunity's own end."""
    made = rig()
    made.tell(lag(expires_at=START + SECOND))
    assert made.proposed()[0].intent.expires_at == START + SECOND


def test_the_state_survives_and_stays_small() -> None:
    """P1, A10: a snapshot brings holdings and requests back; what is settled is forgotten."""
    made = rig()
    made.tell(lag())
    made.reload()
    assert [one.dedupe_key for one in made.sniper.state.requests.values()] == ["gap-1"]
    made.wait(250 * MS)
    made.quote(ONE, 83, 85)
    made.reload()
    assert list(made.sniper.state.held) == [YES]
    made.put(Settled(YES, 0, made.now), InstrumentDelisted(YES))
    assert made.sniper.state.held == {}


def test_the_scanner_and_the_sniper_together() -> None:
    """A3: a jump of the oracle, a gap that lasts the latency, one request of the worked example's size."""
    made = rig(scanning=True)
    made.wait(300 * MS)
    (told,) = made.opportunities()
    assert told.strategy == SNIPER
    (asked,) = made.proposed()
    assert asked.intent.legs[0].lots == pytest.approx(1174, abs=5)
    assert asked.intent.policy is Policy.ALL_OR_NONE
