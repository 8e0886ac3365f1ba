"""Orders of one leg, and how each of them may end (A5, P2)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec

from tests.flows.reached.stage import (
    DESK,
    MINUTE,
    SECOND,
    Stage,
    asking,
    buy,
    market,
    sell,
    together,
)
from tests.flows.reached.table import reaches
from tradeworthy.core.candidates import Outcome
from tradeworthy.core.events import Resumed
from tradeworthy.core.packets import Kind as RecordKind
from tradeworthy.execution.fills import Seen
from tradeworthy.execution.intents import Leg, TimeInForce
from tradeworthy.execution.leg_policies import Stage as WorkStage
from tradeworthy.execution.order_state import Purpose
from tradeworthy.execution.orders import (
    CancelWorking,
    FillStatus,
    OrderObserved,
    OrderStatus,
    Reconciled,
)
from tradeworthy.execution.reasons import Reason
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.instruments import Instrument, InstrumentChanged, InstrumentListed, Side
from tradeworthy.market.predictions import MarketClosed, MarketResolved

FOK, GTC = TimeInForce.FOK, TimeInForce.GTC


def on_books() -> Stage:
    """AAA and BBB asked at 100 ticks and bid at 98, ten lots each."""
    stage = Stage(asking())
    for name in ("AAA", "BBB"):
        stage.book(name, {98: 10}, {100: 10, 101: 10})
    return stage


@reaches(
    *(Outcome.FILLED, Outcome.SKIPPED, Outcome.CANCELLED, Outcome.EXPIRED),
    *(Reason.FILLED, Reason.LIMIT_NOT_REACHED, Reason.NO_LIQUIDITY, Reason.INTENT_EXPIRED),
    *(Reason.NO_PRICE, Reason.NOTHING_TO_REDUCE, Reason.SESSION_ENDED, Reason.HALTED),
    *TimeInForce,
    *Side,
    *(Purpose.LEG, WorkStage.PLACED),
    *(OrderStatus.NEW, OrderStatus.SENT, OrderStatus.ACCEPTED, OrderStatus.PARTIAL, OrderStatus.FILLED),
    *(OrderStatus.CANCELLED, OrderStatus.EXPIRED, FillStatus.CONFIRMED),
    *(RecordKind.INPUT, RecordKind.DECISION, RecordKind.INTERNAL),
    *("turn.unstated", "decision.all_rules_passed", "decision.reduce_only"),
    *("event.CashMoved", "event.InstrumentListed", "event.BookChanged", "event.FeedGap"),
    *("event.HealthObserved", "event.Candidate", "event.TradeCandidate", "event.Decision", "event.Verdict"),
    *("event.PlaceOrder", "event.CancelOrder", "event.CancelWorking", "event.OrderObserved"),
    *("event.FillObserved", "event.PositionChanged", "event.TradeClosed", "event.EquityMarked"),
    *("event.SessionEnded", "event.CountersClosed", "event.TimeAdvanced", "event.WokeUp"),
)
def how_orders_end(_: Path) -> dict[str, None]:
    """Filled, short, too dear, expired, cancelled, without a book, and left over at the session's end."""
    stage = on_books()
    stage.ask(buy("AAA", 10, 100, FOK))
    stage.ask(sell("AAA", 10), reduce_only=True)
    stage.ask(sell("AAA", 10), reduce_only=True)
    stage.ask(buy("BBB", 10, 99))
    stage.ask(buy("BBB", 40, 101))
    stage.ask(buy("BBB", 40, 101, FOK))
    stage.ask(buy("BBB", 20, 99, GTC), expires_at=stage.now + SECOND)
    stage.book("BBB", {97: 10}, {98: 4})
    stage.wait(SECOND)
    stage.ask(buy("BBB", 20, 90, GTC), expires_at=stage.now + SECOND)
    stage.wait(SECOND)
    stage.ask(sell("BBB", 1), reduce_only=True, expires_at=stage.now)
    stage.ask(buy("BBB", 20, 90, GTC))
    stage.put(CancelWorking(DESK))
    stage.lose("AAA")
    stage.ask(buy("AAA", 1, 100))
    stage.say("")
    stage.say("not_today")
    stage.ask(buy("BBB", 20, 90, GTC))
    return stage.finish()


@reaches(
    *(Outcome.REJECTED, OrderStatus.REJECTED),
    *(Reason.BAD_INTENT, Reason.UNKNOWN_INSTRUMENT, Reason.LOTS_OUT_OF_RANGE),
    *(Reason.PRICE_OUT_OF_RANGE, Reason.NOTIONAL_BELOW_MIN),
    "event.PriceObserved",
)
def what_no_venue_takes(_: Path) -> dict[str, None]:
    """Orders that get past risk, since they only reduce or the price has changed, and that the venue refuses."""
    stage = on_books()
    stage.ask(buy("AAA", 10, 100), complete_ticks=-1)
    stage.ask(sell("ZZZ", 10), reduce_only=True)
    stage.ask(sell("AAA", 2_000_000), reduce_only=True)
    stage.ask(sell("AAA", 10, 0), reduce_only=True)
    small = Instrument(
        "CCC", "paper", "USDT", Decimal("0.01"), Decimal(1), Decimal(0), Decimal(0), Decimal(10)
    )
    stage.put(InstrumentListed(small))
    stage.book("CCC", {4: 100}, {5: 100})
    stage.wait(SECOND)
    stage.price(100.0, "CCC")
    stage.ask(buy("CCC", 10))
    return stage.finish()


@reaches(Reason.MAKER_MISSED)
def what_may_only_post(_: Path) -> dict[str, None]:
    """An order that has next to no chance of being filled as maker, and may not take."""
    stage = Stage(asking(venue={"matcher": "bar", "fills": "maker_draw"}))
    stage.put(BarClosed("AAA", "1m", stage.now - MINUTE, 1.0, 1.0, 1.0, 1.0, 100.0))
    stage.ask(Leg("AAA", Side.BUY, 10, maker_chance=1e-12, maker_only=True))
    return stage.finish()


@reaches(
    *(Reason.RESTART, Reason.TICK_CHANGED, Reason.MARKET_CLOSED, Reason.MARKET_SETTLED),
    *("event.Resumed", "event.InstrumentChanged", "event.MarketOpened", "event.MarketClosed"),
    *("event.MarketResolved", "event.Settled"),
)
def what_ends_under_an_order(_: Path) -> dict[str, None]:
    """A bid that rests while the process restarts, the tick changes, its market closes, or pays out."""
    restarted = on_books()
    restarted.ask(buy("AAA", 10, 90, GTC))
    restarted.now += MINUTE
    restarted.put(Resumed(MINUTE))
    reticked = on_books()
    reticked.ask(buy("AAA", 10, 90, GTC))
    finer = msgspec.structs.replace(reticked.core.listing.instrument("AAA"), tick=Decimal("0.001"))
    reticked.put(InstrumentChanged(finer))
    stages = [restarted, reticked]
    one = market()
    for ending in (MarketClosed(one.id, 0), MarketResolved(one.id, 0, 0)):
        stage = Stage(asking())
        stage.open(one)
        stage.quote(one, 39, 40)
        stage.ask(buy(one.yes, 1000, 30, GTC))
        stage.put(ending)
        stages.append(stage)
    return together(*stages)


@reaches(
    *(Outcome.FAILED, Reason.FILL_FAILED, Reason.NOT_AT_VENUE, Reason.UNRECONCILED),
    *(OrderStatus.UNKNOWN, FillStatus.MATCHED, FillStatus.FAILED),
    *Seen,
    *("event.Reconciled", "event.TradeReversed"),
)
def what_a_venue_takes_back(_: Path) -> dict[str, None]:
    """Fills that were matched and then failed, an entry's and an exit's, and an order that never arrived."""
    stage = on_books()
    stage.ask(buy("AAA", 10, 90, GTC))
    (entry,) = stage.orders()
    stage.report(entry, 10, 90, FillStatus.MATCHED)
    stage.put(OrderObserved(entry.order, OrderStatus.FILLED, stage.now))
    stage.report(entry, 10, 90, FillStatus.FAILED)
    stage.ask(buy("BBB", 10, 100))
    stage.ask(sell("BBB", 10, 200, GTC), reduce_only=True)
    exit_ = stage.orders()[-1]
    for status in (FillStatus.MATCHED, FillStatus.MATCHED, FillStatus.FAILED):
        stage.report(exit_, 10, 200, status)
    confirmed = on_books()
    confirmed.ask(buy("AAA", 10, 90, GTC))
    for status in (FillStatus.MATCHED, FillStatus.CONFIRMED):
        confirmed.report(confirmed.orders()[-1], 10, 90, status)
    lost = on_books()
    lost.ask(buy("AAA", 10, 90, GTC))
    lost.put(OrderObserved(lost.orders()[-1].order, OrderStatus.UNKNOWN, lost.now))
    lost.ask(buy("BBB", 10, 100))
    lost.put(Reconciled("", lost.now))
    return together(stage, confirmed, lost)
