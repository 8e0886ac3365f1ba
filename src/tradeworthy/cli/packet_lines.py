"""Packets for people: time, agent, event, and the fields that matter, in the instrument's own units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tradeworthy.cli import uptrend_lines
from tradeworthy.cli.console import table_lines
from tradeworthy.core.candidates import Candidate, Decision, Outcome, Verdict
from tradeworthy.core.packets import Packet
from tradeworthy.desks.arbitrage.events import OpportunityDetected, OpportunityLeg
from tradeworthy.desks.uptrend.events import WindowResolved
from tradeworthy.execution.accounting import PositionChanged, TradeClosed
from tradeworthy.execution.intents import IntentProposed, Leg, TradeCandidate
from tradeworthy.execution.orders import FillObserved, PlaceOrder
from tradeworthy.journal.segments import Header
from tradeworthy.market.bars import BarClosed, utc_text
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import Instrument
from tradeworthy.market.money import Scale, decimal_of
from tradeworthy.risk.guards import CASH_FIGURES
from tradeworthy.runtime.tracing import Trace
from tradeworthy.store.values import Ids, plain

CASH_FIELDS = CASH_FIGURES | {
    *("fee", "fees", "pnl", "cost", "cash", "peak", "amount", "realised", "leg_risk_loss"),
    *("entry_notional", "exit_notional"),
}
TIME_FIELDS = frozenset({"ts_event", "expires_at", "from_ts", "to_ts", "opened_ts", "closed_ts"})


class Telling:
    """Tells traces in the units of `instruments`, by id."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._scales = {name: Scale(instrument) for name, instrument in instruments.items()}

    def lines(self, trace: Trace) -> Iterator[str]:
        """The packets one by one, then how it ended."""
        yield f"run {trace.run}, trace {trace.root}"
        rows = [(one.seq, utc_text(one.ts)[:-1], one.agent, self.said(one.event)) for one in trace.packets]
        told = table_lines(rows, right=(0,))
        for packet, line in zip(trace.packets, told, strict=True):
            yield line
            if isinstance(packet.event, Decision):
                yield from self._guards(packet.event)
        yield ""
        yield from self._ending(trace)

    def said(self, event: Any) -> str:
        """An event's name and the fields that matter."""
        words = self._of_market(event) or self._of_candidate(event) or self._of_trade(event)
        words = words or uptrend_lines.said(event)
        if not words:
            values = {name: value for name, value in plain(event).items() if value not in ("", None, [], {})}
            words = _pairs(_in_currency(_in_time(values)))
        return f"{type(event).__name__} {words}".rstrip()

    def _of_market(self, event: Any) -> str:
        match event:
            case BarClosed():
                return (
                    f"{event.instrument} {event.timeframe} open {event.open} high {event.high}"
                    f" low {event.low} close {event.close} volume {event.volume}"
                )
            case BookChanged():
                bid = self._level(event.instrument, event.best_bid)
                return f"{event.instrument} bid {bid} ask {self._level(event.instrument, event.best_ask)}"
            case _:
                return ""

    def _of_candidate(self, event: Any) -> str:
        match event:
            case IntentProposed():
                wanted = f"{event.kind}{self._legs(event.intent.legs)} for candidate {event.candidate}"
                return f"{wanted}, expected profit {_cents(event.intent.edge)}"
            case OpportunityDetected():
                found = f"{event.kind} {event.method}{self._legs(event.legs)} net edge {event.net_edge:.4f}"
                return f"{found} profit {_cents(event.profit)} {_pairs(event.figures)}{_skip(event)}"
            case Candidate():
                legs = self._legs(event.intent.legs if isinstance(event, TradeCandidate) else ())
                return f"{event.kind} {event.instrument}{legs} {_pairs(event.figures)}{_skip(event)}"
            case Decision():
                return f"{'yes' if event.approved else 'no'}{f': {event.reason}' if event.reason else ''}"
            case Verdict():
                share = f" {event.share:.0%}" if event.outcome is Outcome.FILLED else ""
                shown = event.figures if event.outcome is Outcome.SKIPPED else _in_currency(event.figures)
                limits = f" limit {_pairs(_in_currency(event.limits))}" if event.limits else ""
                return f"{event.outcome} {event.reason}{share} {_pairs(shown)}{limits}"
            case _:
                return ""

    def _of_trade(self, event: Any) -> str:
        match event:
            case PlaceOrder() | FillObserved():
                return f"{event.order} {self._order(event)}"
            case PositionChanged():
                held = self._quantity(event.instrument, event.lots)
                return f"{event.position} holds {held}, cost {_cents(event.cost)}"
            case TradeClosed():
                quantity = self._quantity(event.instrument, event.lots)
                return (
                    f"{event.position} {event.side} {quantity} pnl {_cents(event.pnl)}"
                    f" after fees {_cents(event.fees)}, opened by candidate {event.entry_candidate}"
                )
            case _:
                return ""

    def _legs(self, legs: Sequence[Leg | OpportunityLeg]) -> str:
        """What is to be traded; instruments are named where there are several."""
        return "".join(
            f" {leg.side} {self._quantity(leg.instrument, leg.lots)}"
            f"{f' {leg.instrument}' if len(legs) > 1 else ''}{self._at(leg.instrument, leg.limit_ticks)}"
            for leg in legs
        )

    def _level(self, instrument: str, level: Level | None) -> str:
        if level is None:
            return "none"
        return f"{self._quantity(instrument, level.lots)}{self._at(instrument, level.ticks)}"

    def _order(self, event: PlaceOrder | FillObserved) -> str:
        quantity = f"{event.side} {self._quantity(event.instrument, event.lots)} {event.instrument}"
        if isinstance(event, PlaceOrder):
            reduces = " reduce-only" if event.reduce_only else ""
            return f"{quantity}{self._at(event.instrument, event.limit_ticks)} {event.time_in_force}{reduces}"
        return (
            f"{quantity}{self._at(event.instrument, event.ticks)} fee {_cents(event.fee)}"
            f" {'maker' if event.maker else 'taker'} {event.status}"
        )

    def _quantity(self, instrument: str, lots: int) -> str:
        scale = self._scales.get(instrument)
        return f"{scale.quantity_of(lots)}" if scale else f"{lots} lots"

    def _at(self, instrument: str, ticks: int | None) -> str:
        if ticks is None:
            return " at market"
        scale = self._scales.get(instrument)
        return f" at {scale.price_of(ticks)}" if scale else f" at {ticks} ticks"

    def _guards(self, decision: Decision) -> Iterator[str]:
        """Each figure of a decision beside its limit; the one that failed is marked."""
        figures, limits = _in_currency(decision.figures), _in_currency(decision.limits)
        rows = [
            (
                "✗" if not decision.approved and name == _failed(decision) else " ",
                name,
                _word(value),
                f"limit {_word(limits[name])}" if name in limits and _word(limits[name]) != "-" else "",
            )
            for name, value in figures.items()
            if value not in ("", None)
        ]
        yield from table_lines(rows, right=(2,), indent=" " * 12)

    def _ending(self, trace: Trace) -> Iterator[str]:
        fates = list(trace.fates())
        for packet, verdict in fates:
            event = packet.event
            assert isinstance(event, Candidate)
            about = f"candidate {packet.seq} ({event.kind} {event.instrument})"
            if verdict is None:
                last = next(one for one in reversed(trace.packets) if one.seq >= packet.seq)
                yield f"{about} is open: it stands at {type(last.event).__name__} {last.seq}"
            else:
                yield f"{about} ended {verdict.outcome} {verdict.reason}{_afterwards(trace, event)}"
        if trace.reasons:
            yield "no desk opened a candidate:"
            yield from table_lines(sorted(trace.reasons.items()))
        elif not fates and not trace.doubt:
            yield "no desk was asked in this turn"
        if trace.doubt:
            yield trace.doubt


def _afterwards(trace: Trace, event: Candidate) -> str:
    """What became of the opportunity that a candidate let pass, once that is known."""
    window = event.figures.get("window")
    if not window:
        return ""
    resolved = (one.event for one in trace.packets if isinstance(one.event, WindowResolved))
    found = next((one for one in resolved if one.window == window), None)
    return f"; it {uptrend_lines.window_outcome(found)}" if found else "; what became of it is not known yet"


def _skip(event: Candidate) -> str:
    return f", skipped: {event.skip}" if event.skip else ""


def _failed(decision: Decision) -> str:
    """The figure that the decision's reason is about."""
    from tradeworthy.risk.guards import RULES

    return next(
        (rule.figure for rule in RULES if rule.code == decision.reason and rule.figure in decision.figures),
        "",
    )


def _in_currency(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Cash units as amounts, by the names that are known to be cash."""
    return {
        name: _cents(value) if name in CASH_FIELDS and isinstance(value, int) else value
        for name, value in figures.items()
    }


def _cents(cash: int) -> str:
    """Cash units to the cent; `--json` has them exactly."""
    return f"{decimal_of(cash):.2f}"


def _in_time(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: utc_text(value) if name in TIME_FIELDS and value else value for name, value in values.items()
    }


def _pairs(figures: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={_word(value)}" for name, value in figures.items())


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{name}:{_word(item)}" for name, item in value.items())
    return "-" if value in ("", None) else f"{value}"


def trace_json(trace: Trace, header: Header) -> dict[str, Any]:
    """A trace in JSON values: packets with the ids that the database has, candidates with their verdicts, reasons."""
    ids = Ids(header.run)
    return {
        "run": trace.run,
        "trace": trace.root,
        "packets": [_packet_json(one, ids) for one in trace.packets],
        "candidates": [
            {
                "seq": packet.seq,
                "outcome": verdict.outcome if verdict else "OPEN",
                "reason": verdict.reason if verdict else "",
            }
            for packet, verdict in trace.fates()
        ],
        "reasons": trace.reasons,
        "doubt": trace.doubt,
    }


def _packet_json(packet: Packet, ids: Ids) -> dict[str, Any]:
    return {
        "id": str(ids.of(packet.seq)),
        "seq": packet.seq,
        "trace": packet.trace,
        "cause": packet.cause,
        "time": utc_text(packet.ts),
        "agent": packet.agent,
        "type": type(packet.event).__name__,
        "event": plain(packet.event),
    }
