"""Tells the durable journal in log lines: what was heard, found, asked, decided, done. Sparse enough to be read."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from tradeworthy.core.candidates import Decision
from tradeworthy.core.events import Event
from tradeworthy.core.packets import Packet
from tradeworthy.desks.arbitrage.events import AllocationsChanged, DataHeard, OpportunityDetected
from tradeworthy.execution.accounting import PositionChanged, ResolutionOverdue, TradeClosed
from tradeworthy.execution.intents import Intent, IntentProposed, TradeCandidate, strategy_of
from tradeworthy.execution.orders import FillObserved, FillStatus
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.books import BookChanged
from tradeworthy.market.instruments import (
    Instrument,
    InstrumentChanged,
    InstrumentDelisted,
    InstrumentListed,
)
from tradeworthy.market.money import Scale, cash_text
from tradeworthy.market.predictions import MarketDisputed, MarketResolved, MarketsFetched
from tradeworthy.risk.operators import HaltChanged, HealthObserved
from tradeworthy.runtime.assembly import Core
from tradeworthy.runtime.faces import EXECUTOR, ORACLE, WATCHER
from tradeworthy.runtime.throttle import Allowance, Throttle

log = structlog.get_logger()

SECOND_NS = 1_000_000_000
PRICE_EVERY_NS = MARKET_EVERY_NS = 5 * SECOND_NS
FETCHED_EVERY_NS = HEARD_EVERY_NS = 60 * SECOND_NS
MARKET_AGAIN_NS = 30 * SECOND_NS
"""Of all books one is told every five seconds, and the same token's not before its turn comes again."""


SAMPLED_BURST, SAMPLED_A_SECOND = 100, 20.0
TOLD_BURST, TOLD_A_SECOND = 1_000, 100.0
"""Lines of a wall second: of what is sampled, and of what happened. A run that is not paced would flood else."""

Teller = Callable[[Packet, Any], None]


class Admitted:
    """Counts of what the feed's two faces delivered, as it stands in the journal, and when the last of it came (ns)."""

    def __init__(self) -> None:
        self.books = self.prices = self.book_ts = self.price_ts = 0


class Narrator:
    """Takes the packets of the durable journal in their order, in one thread; `feed` is where prices come from.

    What was there before its first packet it is told with `know`. `seconds` is the wall's clock.
    """

    def __init__(self, feed: str, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self.admitted = Admitted()
        self._feed = feed
        self._instruments: dict[str, Instrument] = {}
        self._held: dict[str, str] = {}
        self._every = {
            name: Throttle(every)
            for name, every in (
                ("price_update", PRICE_EVERY_NS),
                ("market_update", MARKET_AGAIN_NS),
                ("markets_fetched", FETCHED_EVERY_NS),
                ("heard", HEARD_EVERY_NS),
            )
        }
        self._sampled = Allowance(SAMPLED_BURST, SAMPLED_A_SECOND, seconds=seconds)
        self._told = Allowance(TOLD_BURST, TOLD_A_SECOND, seconds=seconds)
        self._left_out: dict[str, int] = {}
        self._market_due = self._books_told = 0
        self._tellers: Mapping[type[Event], Teller] = {
            BookChanged: self._book,
            PriceObserved: self._price,
            MarketsFetched: self._fetched,
            InstrumentListed: self._list,
            InstrumentChanged: self._list,
            InstrumentDelisted: self._delist,
            MarketDisputed: self._disputed,
            MarketResolved: self._resolved,
            ResolutionOverdue: self._overdue,
            DataHeard: self._heard,
            OpportunityDetected: self._opportunity,
            IntentProposed: self._request,
            TradeCandidate: self._request,
            Decision: self._decision,
            FillObserved: self._fill,
            PositionChanged: self._position,
            TradeClosed: self._trade,
            AllocationsChanged: self._allocations,
            HaltChanged: self._halt,
            HealthObserved: self._health,
        }

    def know(self, core: Core) -> None:
        """What is listed and held already, of a run that goes on."""
        self._instruments.update(core.listing.state.instruments)
        for held in core.positions():
            self._hold(f"{held.desk}/{held.position}", held.instrument, held.lots)

    def take(self, packet: Packet) -> None:
        """Tell of `packet` what is to be told."""
        teller = self._tellers.get(type(packet.event))
        if teller is not None:
            teller(packet, packet.event)

    def close(self) -> None:
        """Say what was too much to be said."""
        if self._left_out:
            log.info("log_lines_left_out", **dict(sorted(self._left_out.items())))
            self._left_out = {}

    # How it is said

    def _sample(self, name: str, packet: Packet, **values: Any) -> None:
        """A line that stands for many."""
        if self._sampled.take():
            log.info(name, **values, at=time_text(packet.ts))
        else:
            self._left_out[name] = self._left_out.get(name, 0) + 1

    def _tell(self, name: str, packet: Packet, **values: Any) -> None:
        """A line of something that happened once."""
        if self._told.take():
            log.info(name, **values, at=time_text(packet.ts))
        else:
            self._left_out[name] = self._left_out.get(name, 0) + 1

    def _scale(self, instrument: str) -> Scale | None:
        found = self._instruments.get(instrument)
        return Scale(found) if found else None

    def _price_text(self, instrument: str, ticks: int | None) -> str:
        scale = self._scale(instrument)
        if ticks is None:
            return "none"
        return f"{scale.price_of(ticks):f}" if scale else f"{ticks} ticks"

    def _shares_text(self, instrument: str, lots: int) -> str:
        scale = self._scale(instrument)
        return f"{scale.quantity_of(lots):f}" if scale else f"{lots} lots"

    # What was heard

    def _price(self, packet: Packet, event: PriceObserved) -> None:
        admitted = self.admitted
        admitted.prices += 1
        admitted.price_ts = packet.ts
        if self._every["price_update"].lets(event.instrument, packet.ts):
            age_ms = max(0, packet.ts - event.ts_event) // 1_000_000
            self._sample(
                "price_update",
                packet,
                agent=ORACLE,
                symbol=event.instrument,
                value=f"{event.price:.2f}" if event.price >= 1.0 else f"{event.price:.6g}",
                source=self._feed if packet.agent == "feed" else packet.agent,
                age_ms=age_ms,
            )

    def _book(self, packet: Packet, event: BookChanged) -> None:
        admitted = self.admitted
        admitted.books += 1
        admitted.book_ts = packet.ts
        if packet.ts < self._market_due:
            return
        if not self._every["market_update"].lets(event.instrument, packet.ts):
            return
        self._market_due = packet.ts + MARKET_EVERY_NS
        bid, ask = event.best_bid, event.best_ask
        listed = self._instruments.get(event.instrument)
        self._sample(
            "market_update",
            packet,
            agent=WATCHER,
            market=listed.market if listed else event.instrument,
            outcome=listed.outcome if listed else "",
            bid=self._price_text(event.instrument, bid.ticks if bid else None),
            ask=self._price_text(event.instrument, ask.ticks if ask else None),
            books=admitted.books - self._books_told,
        )
        self._books_told = admitted.books

    def _fetched(self, packet: Packet, event: MarketsFetched) -> None:
        if self._every["markets_fetched"].lets(event.venue, packet.ts):
            self._sample("markets_fetched", packet, agent=WATCHER, venue=event.venue, count=event.count)

    def _heard(self, packet: Packet, event: DataHeard) -> None:
        if self._every["heard"].lets(f"{event.what} {event.name}", packet.ts):
            name = {"price": "symbol", "market": "market"}.get(event.what, "name")
            said: dict[str, Any] = {name: event.name, "count": event.count}
            self._sample(f"{event.what}_received", packet, agent=packet.agent, **said)

    # What the venue did

    def _list(self, _: Packet, event: InstrumentListed | InstrumentChanged) -> None:
        self._instruments[event.instrument.id] = event.instrument

    def _delist(self, _: Packet, event: InstrumentDelisted) -> None:
        self._instruments.pop(event.instrument, None)

    def _disputed(self, _: Packet, event: MarketDisputed) -> None:
        log.warning("market_disputed", agent=WATCHER, market=event.market, reason=event.reason)

    def _resolved(self, packet: Packet, event: MarketResolved) -> None:
        if event.market in self._held.values():
            self._tell(
                "market_resolved",
                packet,
                agent=WATCHER,
                market=event.market,
                yes_pays=cash_text(event.payout),
            )

    def _overdue(self, packet: Packet, event: ResolutionOverdue) -> None:
        late_s = (packet.ts - event.since_ts) // SECOND_NS
        self._tell("resolution_overdue", packet, market=event.market, overdue_s=late_s, held=event.held)

    # What was found, asked and decided

    def _opportunity(self, packet: Packet, event: OpportunityDetected) -> None:
        self._tell(
            "opportunity_detected",
            packet,
            agent=packet.agent,
            id=packet.seq,
            type=event.kind,
            method=event.method.value,
            markets=",".join(event.markets),
            strategy=event.strategy,
            net_edge=f"{event.net_edge:.4f}",
            profit=cash_text(event.profit),
            **({"skipped": event.skip} if event.skip else {}),
        )

    def _request(self, packet: Packet, event: IntentProposed | TradeCandidate) -> None:
        if isinstance(event, TradeCandidate):
            if event.skip:
                return
            candidate = packet.seq
        else:
            candidate = event.candidate
        self._tell(
            "trade_request_submitted",
            packet,
            agent=packet.agent,
            id=candidate,
            type=event.kind,
            **self._asked(event.intent),
        )

    def _asked(self, intent: Intent) -> dict[str, Any]:
        first = intent.legs[0]
        legs = {"legs": len(intent.legs)} if len(intent.legs) > 1 else {}
        return {
            "instrument": first.instrument,
            "side": first.side.value,
            "shares": self._shares_text(first.instrument, first.lots),
            "limit": self._price_text(first.instrument, first.limit_ticks),
            "expected_profit": cash_text(intent.edge),
            **legs,
        }

    def _decision(self, packet: Packet, event: Decision) -> None:
        self._tell(
            "risk_decision",
            packet,
            agent=packet.agent,
            id=event.candidate,
            approved=event.approved,
            reason=event.reason or "all rules passed",
        )

    # What was done

    def _fill(self, packet: Packet, event: FillObserved) -> None:
        reversed_ = event.status is FillStatus.FAILED
        self._tell(
            "paper_trade_reversed" if reversed_ else "paper_trade_executed",
            packet,
            agent=EXECUTOR,
            id=event.order,
            strategy=strategy_of(event.position) or event.desk,
            instrument=event.instrument,
            side=event.side.value,
            shares=self._shares_text(event.instrument, event.lots),
            price=self._price_text(event.instrument, event.ticks),
            fee=cash_text(event.fee),
        )

    def _position(self, packet: Packet, event: PositionChanged) -> None:
        self._hold(f"{event.desk}/{event.position}", event.instrument, event.lots)

    def _hold(self, key: str, instrument: str, lots: int) -> None:
        if lots and (listed := self._instruments.get(instrument)) and listed.market:
            self._held[key] = listed.market
        else:
            self._held.pop(key, None)

    def _trade(self, packet: Packet, event: TradeClosed) -> None:
        self._tell(
            "trade_closed",
            packet,
            strategy=strategy_of(event.position) or event.desk,
            instrument=event.instrument,
            pnl=cash_text(event.pnl),
            reason=event.reason,
        )

    def _allocations(self, packet: Packet, event: AllocationsChanged) -> None:
        shares = ",".join(f"{one.strategy}:{one.share:.3f}" for one in event.allocations)
        self._tell(
            "allocations_rebalanced",
            packet,
            agent=packet.agent,
            reason=event.reason,
            capital=cash_text(event.capital),
            shares=shares,
        )

    # What stops trading

    def _halt(self, _: Packet, event: HaltChanged) -> None:
        if event.halted and not event.desk and event.rule.startswith("drawdown"):
            log.error("drawdown_halt_triggered", by=event.by, reason=event.reason)
        elif event.halted:
            log.warning("halt_set", rule=event.rule, desk=event.desk or "all", reason=event.reason)
        else:
            log.warning("halt_released", rule=event.rule, desk=event.desk or "all", by=event.by)

    def _health(self, _: Packet, event: HealthObserved) -> None:
        say = log.info if event.ok else log.warning
        say("health_observed", part=event.part, ok=event.ok, word=event.word, figure=event.figure)


def time_text(ts: int) -> str:
    """Session time as ISO-8601 UTC with seconds; "" before the first input."""
    if not ts:
        return ""
    return datetime.fromtimestamp(ts / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
