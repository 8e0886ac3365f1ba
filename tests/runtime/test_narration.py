"""The journal in log lines: each thing that happens by its name, sparse enough to be read."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from structlog.testing import LogCapture

from tradeworthy.core.candidates import Decision
from tradeworthy.core.events import Event
from tradeworthy.core.packets import Packet
from tradeworthy.desks.arbitrage.events import (
    Allocation,
    AllocationsChanged,
    DataHeard,
    Method,
    OpportunityDetected,
)
from tradeworthy.execution.accounting import PositionChanged, ResolutionOverdue, TradeClosed
from tradeworthy.execution.intents import Intent, IntentProposed, Leg, TradeCandidate
from tradeworthy.execution.orders import FillObserved, FillStatus
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import CASH_UNIT, Instrument, InstrumentDelisted, InstrumentListed, Side
from tradeworthy.market.predictions import MarketDisputed, MarketResolved, MarketsFetched
from tradeworthy.risk.operators import HaltChanged, HealthObserved
from tradeworthy.runtime.narration import SAMPLED_BURST, TOLD_BURST, Narrator

SECOND = 1_000_000_000
MARKET, YES = "polymarket:0xa", "polymarket:0xa:YES"
POSITION = f"oracle-sniper@{YES}"
TOKEN = Instrument(
    id=YES,
    venue="polymarket",
    quote="USD",
    tick=Decimal("0.01"),
    lot=Decimal("0.01"),
    taker_fee=Decimal(0),
    maker_fee=Decimal(0),
    price_max=Decimal(1),
    market=MARKET,
    outcome="YES",
)

Take = Callable[..., None]


@pytest.fixture
def narrator() -> Narrator:
    """One whose wall clock stands still."""
    return Narrator("simulator", seconds=lambda: 0.0)


@pytest.fixture
def take(narrator: Narrator) -> Take:
    """Hands events over, of an agent at a second of session time."""
    numbers = itertools.count(1)

    def give(event: Event, agent: str = "feed", at_s: float = 0.0) -> None:
        seq = next(numbers)
        narrator.take(Packet(seq, seq, 0, round(at_s * SECOND), agent, event))

    return give


def said(log: LogCapture, name: str) -> list[dict[str, Any]]:
    """The lines of that name, without level and session time."""
    return [
        {key: value for key, value in entry.items() if key not in {"event", "log_level", "at"}}
        for entry in log.entries
        if entry["event"] == name
    ]


def book(bid: int = 45, instrument: str = YES) -> BookChanged:
    """A book of one level a side."""
    return BookChanged(instrument, 0, (Level(bid, 100),), (Level(bid + 2, 100),))


def test_prices_are_told_once_in_five_seconds_for_each_symbol(take: Take, log: LogCapture) -> None:
    """A3: with source and age; what is injected is told as such."""
    for tenth in range(100):
        at_s = tenth / 10
        take(PriceObserved("BTC", 97_500.25, round((at_s - 0.04) * SECOND)), at_s=at_s)
    take(PriceObserved("ETH", 3_400.0, 10 * SECOND), "inject", at_s=10.0)
    assert said(log, "price_update") == [
        {
            "agent": "oracle-binance",
            "symbol": "BTC",
            "value": "97500.25",
            "source": "simulator",
            "age_ms": 40,
        },
        {
            "agent": "oracle-binance",
            "symbol": "BTC",
            "value": "97500.25",
            "source": "simulator",
            "age_ms": 40,
        },
        {"agent": "oracle-binance", "symbol": "ETH", "value": "3400.00", "source": "inject", "age_ms": 0},
    ]


def test_books_are_sampled_and_counted(take: Take, narrator: Narrator, log: LogCapture) -> None:
    """A3: in prices, one line in five seconds, each token in its turn, with the number of books since the last."""
    take(InstrumentListed(TOKEN))
    for at_s in range(31):
        take(book(40 + at_s), at_s=at_s)
    take(book(instrument="unknown"), at_s=36)
    take(book(instrument="unknown"), at_s=42)
    first, second, odd = said(log, "market_update")
    assert first == {
        "agent": "venue-watcher-polymarket",
        "market": MARKET,
        "outcome": "YES",
        "bid": "0.40",
        "ask": "0.42",
        "books": 1,
    }
    assert (second["bid"], second["books"]) == ("0.70", 30)
    assert (odd["market"], odd["bid"]) == ("unknown", "45 ticks")
    assert (narrator.admitted.books, narrator.admitted.book_ts) == (33, 42 * SECOND)


def test_each_line_says_the_session_time(take: Take, log: LogCapture) -> None:
    """A run without pace lives an hour in a second: the stamp of the line says little."""
    take(PriceObserved("BTC", 1.0, 0), at_s=1_700_000_000)
    take(opportunity(), at_s=1_700_000_001)
    assert [one["at"] for one in log.entries] == ["2023-11-14T22:13:20Z", "2023-11-14T22:13:21Z"]


def test_an_empty_side_is_told_as_none(take: Take, log: LogCapture) -> None:
    """A book may have one side or none."""
    take(BookChanged(YES, 0, (), ()))
    assert [(line["bid"], line["ask"]) for line in said(log, "market_update")] == [("none", "none")]


def test_the_catalogue_and_what_the_scanner_heard_are_told_each_minute(take: Take, log: LogCapture) -> None:
    """A3: the scanner's proof of data."""
    for second in (0, 30, 60):
        take(MarketsFetched("polymarket", 40 + second, 0), at_s=second)
        take(DataHeard("price", "BTC", 1 + second), "opportunity-scanner", at_s=second)
        take(DataHeard("market", MARKET, 2 + second), "opportunity-scanner", at_s=second)
    assert [line["count"] for line in said(log, "markets_fetched")] == [40, 100]
    assert said(log, "price_received") == [
        {"agent": "opportunity-scanner", "symbol": "BTC", "count": 1},
        {"agent": "opportunity-scanner", "symbol": "BTC", "count": 61},
    ]
    assert [line["market"] for line in said(log, "market_received")] == [MARKET, MARKET]


def opportunity(skip: str = "") -> OpportunityDetected:
    """A window that lags."""
    return OpportunityDetected(
        "oracle_lag",
        YES,
        {},
        skip,
        strategy="oracle-sniper",
        method=Method.WINDOW,
        markets=(MARKET,),
        legs=(),
        gross_edge=0.12279,
        net_edge=0.113866,
        signal=1.0,
        profit=CASH_UNIT,
    )


def test_an_opportunity_is_followed_from_gap_to_fill(take: Take, log: LogCapture) -> None:
    """A3: the same id on each line."""
    intent = Intent((Leg(YES, Side.BUY, 1_174, 85, POSITION),), edge=133_678_684)
    take(InstrumentListed(TOKEN))
    take(opportunity(), "opportunity-scanner")
    take(IntentProposed(2, "arbitrage", "oracle_lag", YES, intent), "oracle-sniper")
    take(Decision("risk-guardian", 2, "arbitrage", approved=True, reason="", figures={}, limits={}), "x")
    fill = FillObserved(
        *("polymarket", "f1", "2.0", "arbitrage", POSITION, YES, Side.BUY),
        ticks=85,
        lots=1_174,
        fee=10_478_000,
        maker=False,
        ts_event=0,
    )
    take(fill, "paper-executor")
    (found,) = said(log, "opportunity_detected")
    assert (found["id"], found["type"], found["method"], found["net_edge"]) == (
        2,
        "oracle_lag",
        "O3",
        "0.1139",
    )
    assert "skipped" not in found
    assert said(log, "trade_request_submitted") == [
        {
            "agent": "oracle-sniper",
            "id": 2,
            "type": "oracle_lag",
            "instrument": YES,
            "side": "buy",
            "shares": "11.74",
            "limit": "0.85",
            "expected_profit": "1.33678684",
        }
    ]
    assert said(log, "risk_decision") == [
        {"agent": "x", "id": 2, "approved": True, "reason": "all rules passed"}
    ]
    (done,) = said(log, "paper_trade_executed")
    assert (done["id"], done["strategy"], done["shares"], done["price"]) == (
        *("2.0", "oracle-sniper"),
        *("11.74", "0.85"),
    )


def test_a_desks_own_candidate_is_its_request(take: Take, log: LogCapture) -> None:
    """An exit opens its candidate itself; one that is skipped asks for nothing."""
    intent = Intent((Leg(YES, Side.SELL, 100, None), Leg(YES, Side.SELL, 100, 40)), reduce_only=True)
    take(TradeCandidate("exit", YES, {}, intent=intent), "oracle-sniper")
    take(TradeCandidate("exit", YES, {}, "no_bid", intent=intent), "oracle-sniper")
    (asked,) = said(log, "trade_request_submitted")
    assert (asked["id"], asked["limit"], asked["legs"]) == (1, "none", 2)
    take(opportunity("strategy_off"), "opportunity-scanner")
    assert said(log, "opportunity_detected")[0]["skipped"] == "strategy_off"


def test_the_end_of_a_held_market_is_told(take: Take, log: LogCapture) -> None:
    """Others resolve in silence; a late outcome and a dispute are told of all."""
    take(InstrumentListed(TOKEN))
    take(MarketResolved("polymarket:0xb", 0, CASH_UNIT))
    held = PositionChanged("arbitrage", POSITION, YES, 1_174, 1, 0, 0, 0)
    take(held, "ledger")
    take(ResolutionOverdue(MARKET, 10 * SECOND, held=True), "settlement", at_s=1_810)
    take(MarketDisputed(MARKET, 0, "why"))
    take(MarketResolved(MARKET, 0, CASH_UNIT // 2))
    take(PositionChanged("arbitrage", POSITION, YES, 0, 0, 0, 0, 0), "ledger")
    take(InstrumentDelisted(YES))
    take(MarketResolved(MARKET, 0, CASH_UNIT // 2))
    assert said(log, "resolution_overdue") == [{"market": MARKET, "overdue_s": 1_800, "held": True}]
    assert said(log, "market_disputed")[0]["reason"] == "why"
    (resolved,) = said(log, "market_resolved")
    assert (resolved["market"], Decimal(resolved["yes_pays"])) == (MARKET, Decimal("0.5"))


def test_money_and_shares_of_capital_are_told(take: Take, log: LogCapture) -> None:
    """A round trip and an allocation."""
    trade = TradeClosed(
        *("arbitrage", POSITION, YES, Side.BUY, 100, 1, 2, 3),
        pnl=-CASH_UNIT,
        opened_ts=0,
        closed_ts=0,
        reason="settled",
        candidate=1,
    )
    take(trade, "ledger")
    shares = (
        Allocation("oracle-sniper", 0.5, 1.0, 0, 0, 0, 0),
        Allocation("atomic-arb", 0.25, 1.0, 0, 0, 0, 0),
    )
    take(AllocationsChanged("arbitrage", shares, 500 * CASH_UNIT, "start"), "capital-allocator")
    assert said(log, "trade_closed")[0]["strategy"] == "oracle-sniper"
    (shared,) = said(log, "allocations_rebalanced")
    assert (shared["reason"], shared["shares"]) == ("start", "oracle-sniper:0.500,atomic-arb:0.250")


def test_what_stops_trading_is_never_left_out(take: Take, log: LogCapture) -> None:
    """The drawdown has a name of its own."""
    for _ in range(TOLD_BURST + 10):
        take(opportunity(), "opportunity-scanner")
    take(HaltChanged("", halted=True, rule="drawdown_halt", by="risk-guardian", reason="fell"))
    take(HaltChanged("arbitrage", halted=True, rule="faults", by="risk-guardian", reason="five"))
    take(HaltChanged("", halted=False, rule="drawdown_halt", by="anna", reason="seen"))
    take(HealthObserved("polymarket", ok=False, word="gateway_crashed"))
    assert said(log, "drawdown_halt_triggered") == [{"by": "risk-guardian", "reason": "fell"}]
    assert said(log, "halt_set")[0]["desk"] == "arbitrage"
    assert said(log, "halt_released")[0]["by"] == "anna"
    assert said(log, "health_observed")[0]["ok"] is False


def test_a_run_without_pace_does_not_flood(take: Take, narrator: Narrator, log: LogCapture) -> None:
    """A10: beyond so many lines a second they are counted, and the count is told in the end."""
    for number in range(TOLD_BURST + 7):
        take(opportunity(), "opportunity-scanner", at_s=number)
    for number in range(SAMPLED_BURST + 3):
        take(PriceObserved("BTC", 1.0, 0), at_s=5 * number)
    assert len(said(log, "opportunity_detected")) == TOLD_BURST
    assert len(said(log, "price_update")) == SAMPLED_BURST
    narrator.close()
    narrator.close()
    assert said(log, "log_lines_left_out") == [{"opportunity_detected": 7, "price_update": 3}]


def test_a_fill_that_failed_is_told_as_reversed(take: Take, log: LogCapture) -> None:
    """What was done is undone."""
    fill = FillObserved(
        *("polymarket", "f1", "2.0", "arbitrage", "", YES, Side.BUY),
        ticks=85,
        lots=1_174,
        fee=0,
        maker=False,
        ts_event=0,
        status=FillStatus.FAILED,
    )
    take(fill, "paper-executor")
    assert said(log, "paper_trade_executed") == []
    assert said(log, "paper_trade_reversed")[0]["shares"] == "1174 lots"
