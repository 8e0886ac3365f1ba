"""What happened in a step of a path, in a few words, from the plain fields of its event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from tradeworthy.market.money import decimal_of
from tradeworthy.web.dashboard.reason_words import reason_words
from tradeworthy.web.pages.trace.picture import BAD, FAINT, GOOD
from tradeworthy.web.pages.trace.steps import INSIDE, QUIET, ROOT, UNSEEN, WOKEN, Event, Step

LABELS: Final = {
    "OpportunityDetected": "Opportunity",
    "TradeCandidate": "Candidate",
    "IntentProposed": "Intent",
    "PlaceOrder": "Order placed",
    "CancelOrder": "Order taken back",
    "OrderObserved": "Order",
    "FillObserved": "Fill",
    "PositionChanged": "Position",
    "TradeClosed": "Trade closed",
    "TradeReversed": "Trade reversed",
    "EquityMarked": "Equity marked",
    "GapClosed": "Gap closed",
    "PriceObserved": "Price",
    "BookChanged": "Book",
    "BarClosed": "Bar",
    "BarBuilt": "Bar",
    "MarketResolved": "Market resolved",
    "MarketClosed": "Market closed",
    "SignalTaken": "Signal",
    "SocialSignal": "Signal",
    "SignalDecided": "Decision on signal",
    "PositionsAllocated": "Rows allocated",
    "PositionStatusChanged": "Row status",
    "StageChanged": "Stage",
    "EngineReported": "Engine",
    "WindowClosed": "Window closed",
    "WindowResolved": "Window resolved",
    "EpisodeEnded": "Episode ended",
    "ActionTaken": "Action",
    "PositionBooked": "Books",
    "PositionClosed": "Trade closed",
}
GONE: Final = frozenset({"REJECTED", "EXPIRED", "CANCELLED", "FAILED"})

NAME_MAX: Final = 19
"""Names of instruments are cut to their ends in the picture."""


class Unit(NamedTuple):
    """What one tick and one lot of an instrument are."""

    tick: Decimal
    lot: Decimal


Units = Mapping[str, Unit]


def label_of(step: Step) -> str:
    """The step's name in the field's words."""
    return LABELS.get(step.type, step.type)


def note_of(step: Step, units: Units) -> str:
    """What matters of it, short enough for the picture; "" if its name says it all."""
    said = _NOTES.get(step.type)
    if said is not None:
        return said(step.event, units)
    if step.type in UNSEEN:
        return f"number {step.seq}"
    about = step.event.get("instrument") or step.event.get("position") or step.event.get("market") or ""
    return str(step.event.get("reason") or _tail(str(about)))


def state_of(step: Step) -> str:
    """Whether the step ended something well or badly, or is not on record."""
    event = step.event
    if step.type in UNSEEN:
        return FAINT
    if step.type == "Verdict":
        return GOOD if event.get("outcome") == "FILLED" else BAD
    if step.type in {"Decision", "SignalDecided"}:
        return "" if event.get("approved") else BAD
    if event.get("skip") or event.get("blocked") or event.get("error"):
        return BAD
    return BAD if step.type == "OrderObserved" and event.get("status") in GONE else ""


def sentence_of(step: Step, units: Units) -> str:
    """The same as a sentence with its reason, for the list."""
    event = step.event
    if step.type == INSIDE:
        return f"What {step.agent or 'an agent'} was told inside the turn; only decisions and inputs are on record."
    if step.type == WOKEN:
        return f"A timer of {step.agent}, set earlier on this path; timers are not on record."
    if step.type == ROOT:
        return "The market data that began it; the journal has it, the tables do not."
    code = event.get("skip") or event.get("reason")
    note = note_of(step, units)
    if (
        step.type in {"PlaceOrder", "FillObserved", "TradeClosed", "OrderObserved"}
        and event.get("status") not in GONE
    ):
        return note
    words = reason_words(str(code)) if code and state_of(step) == BAD else ""
    return f"{note}. {words}".strip(". ") + ("." if words else "") if words else note


def is_milestone(step: Step) -> bool:
    """Whether a chapter ends with the step: a trade is over, or a candidate has its verdict."""
    return step.type in {"PositionClosed", "TradeClosed", "Verdict"}


def type_of(step: Step) -> str:
    """A coarse kind: what repeats of one type is folded."""
    return step.type


def kind_of(step: Step) -> str:
    """What makes two steps alike enough to be folded into one."""
    event = step.event
    what = (
        event.get("outcome") or event.get("status") or event.get("skip") or event.get("decision_taken") or ""
    )
    return f"{step.type}/{step.agent}/{what}"


def cash(amount: Any) -> str:
    """Cash units as an amount to the cent; "-" for what is none."""
    return f"{decimal_of(amount):,.2f}" if isinstance(amount, int) else "-"


def quantity(event: Event, units: Units) -> str:
    """`lots` in the instrument's own units, or as lots where those are not known."""
    unit, lots = units.get(str(event.get("instrument"))), event.get("lots")
    if not isinstance(lots, int):
        return ""
    return f"{(unit.lot * lots).normalize():,f}" if unit else f"{lots} lots"


def price(event: Event, units: Units, field: str) -> str:
    """A field of ticks as a price."""
    unit, ticks = units.get(str(event.get("instrument"))), event.get(field)
    if ticks is None:
        return "at market"
    return f"at {(unit.tick * ticks).normalize():f}" if unit else f"at {ticks} ticks"


def _tail(name: str) -> str:
    """The end of a long name, which tells it from others."""
    return name if len(name) <= NAME_MAX else f"\N{HORIZONTAL ELLIPSIS}{name[-NAME_MAX:]}"


def _legs(event: Event, units: Units) -> str:
    legs = (event.get("intent") or event).get("legs") or ()
    if len(legs) > 1:
        return f"{len(legs)} legs"
    return "".join(f"{leg['side']} {quantity(leg, units)} {price(leg, units, 'limit_ticks')}" for leg in legs)


def _opportunity(event: Event, units: Units) -> str:
    if event.get("skip"):
        return f"{event['kind']}: {event['skip']}"
    return f"{event['kind']}, net edge {event['net_edge']:.4f}"


def _candidate(event: Event, units: Units) -> str:
    if event.get("skip"):
        return f"{event.get('kind')}: {event['skip']}"
    return f"{event.get('kind')} {_legs(event, units)}".strip()


def _decision(event: Event, units: Units) -> str:
    return (
        f"yes, {len(event.get('limits') or ())} figures on record"
        if event.get("approved")
        else f"no: {event.get('reason')}"
    )


def _order(event: Event, units: Units) -> str:
    return f"{event['side']} {quantity(event, units)} {price(event, units, 'limit_ticks')}"


def _fill(event: Event, units: Units) -> str:
    return f"{quantity(event, units)} {price(event, units, 'ticks')}"


def _verdict(event: Event, units: Units) -> str:
    share = f" {event.get('share', 0):.0%}" if event.get("outcome") == "FILLED" else ""
    reason = event.get("reason")
    return f"{event.get('outcome')}{share}" + ("" if reason in {"", "filled"} else f": {reason}")


def _closed(event: Event, units: Units) -> str:
    return f"P&L {cash(event.get('pnl'))}, {event.get('reason') or event.get('exit_reason')}"


def _bar(event: Event, units: Units) -> str:
    return f"{event.get('instrument')} {event.get('timeframe')} close {event.get('close')}"


def _signal(event: Event, units: Units) -> str:
    return f"{event.get('curator', '')} on {event.get('ticker', '')}".strip()


def _action(event: Event, units: Units) -> str:
    if event.get("error"):
        return f"{event['decision_type']}: {event['error']}"
    return f"{event.get('decision_type')} {event.get('size_frac', 0):.0%} in {event.get('state')}"


def _engine(event: Event, units: Units) -> str:
    payload = event.get("payload") or {}
    return f"{payload.get('state', '')} at {payload.get('price', 0):g}"


_NOTES: Final[dict[str, Callable[[Event, Units], str]]] = {
    "OpportunityDetected": _opportunity,
    "Candidate": _candidate,
    "TradeCandidate": _candidate,
    "IntentProposed": _legs,
    "Decision": _decision,
    "PlaceOrder": _order,
    "FillObserved": _fill,
    "Verdict": _verdict,
    "TradeClosed": _closed,
    "PositionClosed": _closed,
    "BarClosed": _bar,
    "BarBuilt": _bar,
    "SignalTaken": _signal,
    "SocialSignal": _signal,
    "ActionTaken": _action,
    "EngineReported": _engine,
    QUIET: lambda event, _: f"{event.get('desk')}: {event.get('skip')}",
    "OrderObserved": lambda event, _: f"{event.get('status')} {event.get('reason') or ''}".strip(),
    "PositionChanged": lambda event, units: f"holds {quantity(event, units)}, cost {cash(event.get('cost'))}",
    "EquityMarked": lambda event, _: cash(event.get("equity")),
    "GapClosed": lambda event, _: "outlived the wait" if event.get("survived") else "vanished before it",
    "PriceObserved": lambda event, _: f"{event.get('instrument')} {event.get('price')}",
    "BookChanged": lambda event, _: str(event.get("instrument", "")).rpartition(":")[2],
    "SignalDecided": lambda event, _: (
        "approved" if event.get("approved") else f"refused: {event.get('reason')}"
    ),
    "PositionStatusChanged": lambda event, _: f"{event.get('before')} to {event.get('status')}",
    "StageChanged": lambda event, _: f"{event.get('from_state') or 'none'} to {event.get('to_state')}",
    "WindowClosed": lambda event, _: f"{event.get('decision_taken')} after {event.get('bars')} bars",
    "WindowResolved": lambda event, _: str(event.get("outcome")),
    "EpisodeEnded": lambda event, _: f"{event.get('episode_type')}: {event.get('outcome')}",
    "PositionBooked": lambda event, _: f"{event.get('why')}, worth {cash(event.get('value'))}",
    "PositionsAllocated": lambda event, _: f"{len(event.get('rows') or ())} rows of {event.get('ticker')}",
    "MarketResolved": lambda event, _: f"YES pays {cash(event.get('payout'))}",
}
