"""Packets become rows: which event goes where, and nothing else. Values in, values out.

What must be known besides the packets (steps of instruments, what is open) stands in `Known`, which the tables
themselves can give back: so a projector that comes back makes the same rows as one that never stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from tradeworthy.core.candidates import Candidate, Decision, Outcome, Verdict
from tradeworthy.core.events import CountersClosed, Event
from tradeworthy.core.packets import Kind, Packet
from tradeworthy.desks.arbitrage.events import GapClosed, OpportunityDetected
from tradeworthy.execution.accounting import EquityMarked, TradeClosed
from tradeworthy.execution.intents import Intent, IntentProposed, TradeCandidate
from tradeworthy.execution.orders import CancelOrder, FillObserved, OrderObserved, PlaceOrder
from tradeworthy.learning.events import JobAnswered, OverridesChanged, RunJob
from tradeworthy.market.backfill import BackfillAnswered
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.instruments import InstrumentChanged, InstrumentDelisted, InstrumentListed
from tradeworthy.market.money import Scale, decimal_of
from tradeworthy.market.ticks import BarBuilt
from tradeworthy.store.alert_rows import AlertRows
from tradeworthy.store.alerts import AlertState
from tradeworthy.store.changes import Changes, Row
from tradeworthy.store.learning_rows import KnownLearning, LearningRows
from tradeworthy.store.market_rows import MarketRows
from tradeworthy.store.risk_rows import RiskRows
from tradeworthy.store.strand_rows import KnownUptrend, StrandRows
from tradeworthy.store.trade_rows import KnownTrades, TradeRows, candidate_of, leg_of
from tradeworthy.store.uptrend_rows import UptrendRows
from tradeworthy.store.values import Ids, at, at_or_none, day_of, json_of

Maker = Callable[["Rows", Packet, Any], None]

_BAR = ("open", "high", "low", "close", "volume")
_BUILT = ("source", "source_bars", "expected", "coverage", "liquidity_usd", "market_cap")
_IN_TABLES: dict[type[Event], tuple[str, ...]] = {
    JobAnswered: ("facts", "lessons", "overrides"),
    OverridesChanged: ("overrides",),
    RunJob: ("overrides",),
    BackfillAnswered: ("ts", *_BAR),
}
"""What whole tables in events are rows of elsewhere: a copy in each packet would be most of the database."""

_UNFILLED = {Outcome.SKIPPED: "skipped", Outcome.REJECTED: "rejected"}


class Known(msgspec.Struct):
    """What rows rest on besides their packets: scales by instrument, trades that are open, halts by desk, and so on."""

    scales: dict[str, Scale] = {}
    trades: KnownTrades = msgspec.field(default_factory=KnownTrades)
    halts: dict[str, list[UUID]] = {}
    uptrend: KnownUptrend = msgspec.field(default_factory=KnownUptrend)
    learning: KnownLearning = msgspec.field(default_factory=KnownLearning)
    alerts: AlertState = msgspec.field(default_factory=AlertState)


class Rows:
    """Makes the rows of one run; `take` hands over those made since the last call. `bars` asks for bars, too."""

    def __init__(self, run: str, known: Known, *, bars: bool = False) -> None:
        self.run, self.known = run, known
        self._ids = Ids(run)
        self._bars = bars
        self._changes, self._alert_state = Changes(), ""
        self._others = (
            TradeRows(run, self._ids, known.scales, known.trades),
            MarketRows(run, self._ids, known.scales),
            RiskRows(run, self._ids, known.halts),
            StrandRows(run, self._ids, known.scales, known.uptrend),
            UptrendRows(run, self._ids, known.scales, known.uptrend),
            LearningRows(run, self._ids, known.learning),
            AlertRows(run, self._ids, known.alerts),
        )
        self._makers: dict[type[Event], Maker | None] = {}

    def add(self, kind: int, packet: Packet) -> None:
        """Note one packet: decision-level ones, health, and bars if they were asked for; others make no row."""
        event = packet.event
        cls = type(event)
        if event.decision:
            self._packet(packet, is_input=kind == Kind.INPUT)
        if cls not in self._makers:
            self._makers[cls] = next(
                (self._MAKERS[base] for base in cls.__mro__ if base in self._MAKERS), None
            )
        maker = self._makers[cls]
        if maker is not None:
            maker(self, packet, event)
        for rows in self._others:
            rows.add(packet, self._changes)

    def take(self) -> Changes:
        """All changes since the last call."""
        changes, self._changes = self._changes, Changes()
        state = json_of(self.known.alerts)
        if state != self._alert_state:
            changes.alert_state = self._alert_state = state
        return changes

    def _head(self, packet: Packet) -> Row:
        return {
            "id": self._ids.of(packet.seq),
            "run": self.run,
            "seq": packet.seq,
            "created_at": at(packet.ts),
        }

    def _packet(self, packet: Packet, *, is_input: bool) -> None:
        row = {
            **self._head(packet),
            "ts": packet.ts,
            "trace": packet.trace,
            "cause": packet.cause,
            "agent": packet.agent,
            "type": type(packet.event).__name__,
            "input": is_input,
            "candidate": candidate_behind(packet),
            "event": json_of(_shown(packet.event)),
        }
        self._changes.add("packets", row)

    def _quantity(self, instrument: str, lots: int) -> Decimal | None:
        scale = self.known.scales.get(instrument)
        return scale.quantity_of(lots) if scale else None

    def _price(self, instrument: str, ticks: int | None) -> Decimal | None:
        scale = self.known.scales.get(instrument)
        return scale.price_of(ticks) if scale and ticks is not None else None

    def _daily(self, packet: Packet, **values: Any) -> None:
        self._changes.daily(self.run, day_of(packet.ts), values)

    def _listed(self, _: Packet, event: InstrumentListed | InstrumentChanged) -> None:
        self.known.scales[event.instrument.id] = Scale(event.instrument)

    def _delisted(self, _: Packet, event: InstrumentDelisted) -> None:
        self.known.scales.pop(event.instrument, None)

    def _candidate(self, packet: Packet, event: Candidate) -> None:
        row = {
            **self._head(packet),
            "trace": packet.trace,
            "desk": packet.agent,
            "kind": event.kind,
            "instrument": event.instrument,
            "status": "open",
            "figures": json_of(event.figures),
        }
        if isinstance(event, TradeCandidate):
            row |= self._request(event.intent)
        elif isinstance(event, OpportunityDetected):
            row |= {"strategy": event.strategy or None, "edge": decimal_of(event.profit)}
            if event.legs:
                leg = event.legs[0]
                row |= self._sizes(leg.instrument, leg.lots, leg.limit_ticks) | {"side": leg.side.value}
        self._changes.add("candidates", row)
        self._daily(packet, candidates=1)

    def _proposed(self, _: Packet, event: IntentProposed) -> None:
        row = {"run": self.run, "seq": event.candidate, "desk": event.desk}
        self._changes.change("candidates", row | self._request(event.intent))

    def _request(self, intent: Intent) -> Row:
        """What an intent says of its candidate: its first leg's figures stand for it, `legs` has them all."""
        legs = [
            {
                **self._token(leg.instrument),
                "side": leg.side.value,
                **self._sizes(leg.instrument, leg.lots, leg.limit_ticks),
            }
            for leg in intent.legs
        ]
        first = {name: legs[0][name] for name in ("side", "quantity", "price")} if legs else {}
        return {
            "strategy": intent.strategy or None,
            "intent": json_of(intent),
            "legs": json_of(legs),
            "edge": decimal_of(intent.edge),
            **first,
        }

    def _token(self, name: str) -> Row:
        scale = self.known.scales.get(name)
        if scale is None:
            return {"instrument": name}
        one = scale.instrument
        found = {"venue": one.venue, "market": one.market, "outcome": one.outcome, "token": one.token}
        return {"instrument": name, **{key: word for key, word in found.items() if word}}

    def _sizes(self, instrument: str, lots: int, ticks: int | None) -> Row:
        return {"quantity": self._quantity(instrument, lots), "price": self._price(instrument, ticks)}

    def _decision(self, packet: Packet, event: Decision) -> None:
        figures, limits = json_of(event.figures), json_of(event.limits)
        row = {
            **self._head(packet),
            "candidate": event.candidate,
            "decided_by": event.by,
            "desk": event.desk,
            "approved": event.approved,
            "reason": event.reason,
            "figures": figures,
            "limits": limits,
        }
        self._changes.add("decisions", row)
        patch = {
            "run": self.run,
            "seq": event.candidate,
            "desk": event.desk,
            "approved": event.approved,
            "decided_by": event.by,
            "rule": None if event.approved else event.reason,
            "decision_figures": figures,
            "limits": limits,
        }
        self._changes.change("candidates", patch)

    def _verdict(self, packet: Packet, event: Verdict) -> None:
        row = {
            "run": self.run,
            "seq": event.candidate,
            "desk": event.desk,
            "status": event.outcome.value.lower(),
            "verdict": event.outcome.value,
            "reason": event.reason,
            "share": event.share,
            "closed_at": at(packet.ts),
            "closed_seq": packet.seq,
        }
        if event.limits:
            row["limits"] = json_of(event.limits)
        self._changes.change("candidates", row)
        filled = event.outcome is Outcome.FILLED
        self._daily(packet, **{"filled" if filled else _UNFILLED.get(event.outcome, "unfilled"): 1})

    def _place_order(self, packet: Packet, event: PlaceOrder) -> None:
        row = {
            **self._head(packet),
            "order_ref": event.order,
            "candidate": event.candidate,
            "leg_no": leg_of(event.order),
            "desk": event.desk,
            "position": event.position,
            "instrument": event.instrument,
            "side": event.side.value,
            "lots": event.lots,
            "quantity": self._quantity(event.instrument, event.lots),
            "limit_ticks": event.limit_ticks,
            "limit_price": self._price(event.instrument, event.limit_ticks),
            "time_in_force": event.time_in_force.value,
            "expires_at": at_or_none(event.expires_at),
            "reduce_only": event.reduce_only,
            "reason": event.reason,
            "status": "SENT",
            "updated_at": at(packet.ts),
        }
        self._changes.add("orders", row)

    def _cancel_order(self, packet: Packet, event: CancelOrder) -> None:
        row = {"run": self.run, "order_ref": event.order, "cancel_reason": event.reason}
        self._changes.change("orders", row)

    def _order_observed(self, packet: Packet, event: OrderObserved) -> None:
        row = {
            "run": self.run,
            "order_ref": event.order,
            "status": event.status.value,
            "status_reason": event.reason or None,
            "venue_order": event.venue_order or None,
            "updated_at": at(packet.ts),
        }
        self._changes.change("orders", row)

    def _fill(self, packet: Packet, event: FillObserved) -> None:
        scale = self.known.scales.get(event.instrument)
        notional = decimal_of(scale.cost(event.ticks, event.lots)) if scale else None
        row = {
            **self._head(packet),
            "venue": event.venue,
            "fill": event.fill,
            "order_ref": event.order,
            "candidate": candidate_of(event.order),
            "desk": event.desk,
            "position": event.position,
            "instrument": event.instrument,
            "side": event.side.value,
            "ticks": event.ticks,
            "price": self._price(event.instrument, event.ticks),
            "lots": event.lots,
            "quantity": self._quantity(event.instrument, event.lots),
            "notional": notional,
            "fee": decimal_of(event.fee),
            "maker": event.maker,
            "status": event.status.value,
            "reason": event.reason or None,
            "ts_event": at(event.ts_event),
        }
        self._changes.change("fills", row)

    def _equity(self, packet: Packet, event: EquityMarked) -> None:
        names = ("cash", "cost", "equity", "realised", "fees", "peak")
        cash = {name: decimal_of(getattr(event, name)) for name in names}
        self._changes.add("equity", {**self._head(packet), **cash, "open_positions": event.open_positions})
        self._daily(packet, equity=cash["equity"], peak=cash["peak"])

    def _counters(self, packet: Packet, event: CountersClosed) -> None:
        for reason, turns in event.counts.items():
            row = {
                "run": self.run,
                "desk": event.desk,
                "from_at": at(event.from_ts),
                "to_at": at(event.to_ts),
                "reason": reason,
                "turns": turns,
                "seq": packet.seq,
            }
            self._changes.change("counters", row)

    def _bar(self, packet: Packet, event: BarClosed | BarBuilt) -> None:
        if not self._bars:
            return
        row = {
            "run": self.run,
            "instrument": event.instrument,
            "timeframe": event.timeframe,
            "open_at": at(event.ts_event),
            "seq": packet.seq,
            **{name: getattr(event, name) for name in _BAR},
        }
        if isinstance(event, BarBuilt):
            row |= {name: getattr(event, name) for name in _BUILT}
        self._changes.change("bars", row)

    def _backfilled(self, packet: Packet, event: BackfillAnswered) -> None:
        if not self._bars:
            return
        head = {
            "run": self.run,
            "instrument": event.instrument,
            "timeframe": event.timeframe,
            "seq": packet.seq,
        }
        columns = (event.open, event.high, event.low, event.close, event.volume)
        for ts, *figures in zip(event.ts, *columns, strict=True):
            bar = dict(zip(_BAR, figures, strict=True))
            self._changes.change("bars", {**head, "open_at": at(ts), "source": "backfill", **bar})

    _MAKERS: ClassVar[dict[type[Event], Maker]] = {
        InstrumentListed: _listed,
        InstrumentChanged: _listed,
        InstrumentDelisted: _delisted,
        Candidate: _candidate,
        IntentProposed: _proposed,
        Decision: _decision,
        Verdict: _verdict,
        PlaceOrder: _place_order,
        CancelOrder: _cancel_order,
        OrderObserved: _order_observed,
        FillObserved: _fill,
        EquityMarked: _equity,
        CountersClosed: _counters,
        BarClosed: _bar,
        BarBuilt: _bar,
        BackfillAnswered: _backfilled,
    }


def _shown(event: Event) -> Any:
    """The event with the length of what has rows of its own in its place."""
    bulk = _IN_TABLES.get(type(event))
    if bulk is None:
        return event
    fields = ((name, getattr(event, name)) for name in event.__struct_fields__)
    return {name: {"rows": len(value)} if name in bulk else value for name, value in fields}


def candidate_behind(packet: Packet) -> int | None:
    """The candidate that a packet is, answers or follows from, as far as its event tells."""
    event = packet.event
    if isinstance(event, Candidate):
        return packet.seq
    if isinstance(event, Decision | Verdict | PlaceOrder | IntentProposed | GapClosed):
        return event.candidate or None
    if isinstance(event, TradeClosed):
        return event.candidate or event.entry_candidate or None
    if isinstance(event, CancelOrder | OrderObserved | FillObserved):
        return candidate_of(event.order)
    return None
