"""Packets for people: time, agent, event, and the fields that matter, in the instrument's own units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tradeworthy.cli.console import table_lines
from tradeworthy.core.candidates import Candidate, Decision, Outcome, Verdict
from tradeworthy.core.packets import Packet
from tradeworthy.execution.accounting import PositionChanged, TradeClosed
from tradeworthy.execution.intents import TradeCandidate
from tradeworthy.execution.orders import FillObserved, PlaceOrder
from tradeworthy.journal.segments import Header
from tradeworthy.market.bars import BarClosed, utc_text
from tradeworthy.market.money import Scale, decimal_of
from tradeworthy.risk.guards import CASH_FIGURES
from tradeworthy.runtime.assembly import instruments_of
from tradeworthy.runtime.configuration import from_values
from tradeworthy.runtime.tracing import Trace
from tradeworthy.store.values import Ids, plain

CASH_FIELDS = CASH_FIGURES | {
    *("fee", "fees", "pnl", "cost", "cash", "peak", "amount", "realised", "leg_risk_loss"),
    *("entry_notional", "exit_notional"),
}
TIME_FIELDS = frozenset({"ts_event", "expires_at", "from_ts", "to_ts", "opened_ts", "closed_ts"})


class Telling:
    """Tells traces of the run that `header` heads."""

    def __init__(self, header: Header) -> None:
        configuration = from_values(header.configuration, f"the header of run {header.run}")
        self._scales = {item.id: Scale(item) for item in instruments_of(configuration)}

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
        name = type(event).__name__
        match event:
            case BarClosed():
                return (
                    f"{name} {event.instrument} {event.timeframe} open {event.open} high {event.high}"
                    f" low {event.low} close {event.close} volume {event.volume}"
                )
            case Candidate():
                skip = f", skipped: {event.skip}" if event.skip else ""
                return (
                    f"{name} {event.kind} {event.instrument}{self._legs(event)} {_pairs(event.figures)}{skip}"
                )
            case Decision():
                word = "yes" if event.approved else "no"
                return f"{name} {word}{f': {event.reason}' if event.reason else ''}"
            case Verdict():
                share = f" {event.share:.0%}" if event.outcome is Outcome.FILLED else ""
                shown = event.figures if event.outcome is Outcome.SKIPPED else _in_currency(event.figures)
                limits = f" limit {_pairs(_in_currency(event.limits))}" if event.limits else ""
                return f"{name} {event.outcome} {event.reason}{share} {_pairs(shown)}{limits}".rstrip()
            case PlaceOrder() | FillObserved():
                return f"{name} {event.order} {self._order(event)}"
            case PositionChanged():
                held = self._quantity(event.instrument, event.lots)
                return f"{name} {event.position} holds {held}, cost {_cents(event.cost)}"
            case TradeClosed():
                quantity = self._quantity(event.instrument, event.lots)
                return (
                    f"{name} {event.position} {event.side} {quantity} pnl {_cents(event.pnl)}"
                    f" after fees {_cents(event.fees)}, opened by candidate {event.entry_candidate}"
                )
            case _:
                values = {
                    name: value for name, value in plain(event).items() if value not in ("", None, [], {})
                }
                return f"{name} {_pairs(_in_currency(_in_time(values)))}".rstrip()

    def _legs(self, event: Candidate) -> str:
        legs = event.intent.legs if isinstance(event, TradeCandidate) else ()
        return "".join(
            f" {leg.side} {self._quantity(leg.instrument, leg.lots)}{self._at(leg.instrument, leg.limit_ticks)}"
            for leg in legs
        )

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
                yield f"{about} ended {verdict.outcome} {verdict.reason}"
        if trace.reasons:
            yield "no desk opened a candidate:"
            yield from table_lines(sorted(trace.reasons.items()))
        elif not fates and not trace.doubt:
            yield "no desk was asked in this turn"
        if trace.doubt:
            yield trace.doubt


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
