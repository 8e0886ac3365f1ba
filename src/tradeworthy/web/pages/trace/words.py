"""What happened in a step of a path, in a few words, from the plain fields of its event."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from tradeworthy.market.money import decimal_of
from tradeworthy.web.dashboard.markup import MINUS, money
from tradeworthy.web.dashboard.markup import price as price_of
from tradeworthy.web.dashboard.reason_words import reason_words, spoken
from tradeworthy.web.pages.trace.picture import BAD, FAINT, GOOD, WIDE
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
    "PricePoint": "Price",
    "PriceLate": "Late price",
    "TradeTick": "Trade of others",
    "DataHeard": "Data counted",
    "BookChanged": "Book",
    "BarClosed": "Bar",
    "BarBuilt": "Bar",
    "BarRefused": "Bar left out",
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
    "EngineJudged": "Engine",
    "CancelWorking": "Orders taken back",
    "InstrumentListed": "Listed",
    "InstrumentChanged": "Listing changed",
    "InstrumentDelisted": "Delisted",
    "TimeAdvanced": "Time",
    "WokeUp": WOKEN,
    ROOT: "Market data",
}
"""What a step is called; one that is not here by the words of its type."""

GONE: Final = frozenset({"REJECTED", "EXPIRED", "CANCELLED", "FAILED"})

NAME_MAX: Final = 19
"""Names of instruments are cut to their ends in the picture."""


class Unit(NamedTuple):
    """What one tick and one lot of an instrument are."""

    tick: Decimal
    lot: Decimal


Units = Mapping[str, Unit]


def name_of(type_: str) -> str:
    """A type of steps in the field's words."""
    return LABELS.get(type_) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type_).capitalize()


def label_of(step: Step) -> str:
    """The step's name in the field's words, with how it ended if that is what it is about."""
    name, event = name_of(step.type), step.event
    if step.type == "Verdict" and event.get("outcome"):
        return f"{name}: {event['outcome'].lower()}"
    if step.type == "OrderObserved" and event.get("status"):
        return f"{name} {event['status'].lower()}"
    return name


def note_of(step: Step, units: Units) -> str:
    """What matters of it, short enough for the picture; "" if its name says it all."""
    said = _NOTES.get(step.type)
    if said is not None:
        return said(step.event, units)
    if step.type == ROOT:
        return "not in the tables"
    if step.type in UNSEEN:
        return f"{'timer of' if step.type == WOKEN else 'to'} {step.agent.replace('-', ' ') or 'an agent'}"
    about = step.event.get("instrument") or step.event.get("position") or step.event.get("market") or ""
    return str(spoken(step.event.get("reason"))) if step.event.get("reason") else _tail(str(about))


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
    note = _sentence_note(step, units)
    if (
        step.type in {"PlaceOrder", "FillObserved", "TradeClosed", "OrderObserved"}
        and event.get("status") not in GONE
    ):
        return note
    words = reason_words(str(code)) if code and state_of(step) == BAD else ""
    return f"{note}. {words}".strip(". ") + ("." if words else "") if words else note


def _sentence_note(step: Step, units: Units) -> str:
    """The note where there is room for all of it."""
    kind = spoken(step.event["kind"]) if step.event.get("kind") else ""
    if step.type == "TradeCandidate" and kind:
        return ", ".join(filter(None, (kind, _legs(step.event, units), _skipped(step.event))))
    if step.event.get("skip") and kind:
        return f"{kind}, {_skipped(step.event)}"
    if step.type == "Decision":
        return _decision(step.event, units)
    return note_of(step, units)


def _skipped(event: Event) -> str:
    return spoken(event["skip"]) if event.get("skip") else ""


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
    return str(money(decimal_of(amount))) if isinstance(amount, int) else "-"


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
    return f"at {(unit.tick * ticks).normalize():,f}" if unit else f"at {ticks} ticks"


def _tail(name: str) -> str:
    """The end of a long name, which tells it from others; of a market's token its outcome comes first."""
    if name.count(":") == 2:
        _, market, outcome = name.split(":")
        return f"{outcome}, {market}"
    return name if len(name) <= NAME_MAX else f"\N{HORIZONTAL ELLIPSIS}{name[-NAME_MAX:]}"


def _legs(event: Event, units: Units) -> str:
    legs = (event.get("intent") or event).get("legs") or ()
    if len(legs) > 1:
        return f"{len(legs)} legs"
    return "".join(f"{leg['side']} {quantity(leg, units)} {price(leg, units, 'limit_ticks')}" for leg in legs)


def _fitting(name: str, said: str) -> str:
    """Both if the picture has room for them, else what was said alone."""
    both = f"{name}: {said}" if name and said else name or said
    return both if len(both) <= WIDE.note_max else said


def _opportunity(event: Event, units: Units) -> str:
    kind = spoken(event["kind"])
    if event.get("skip"):
        return _fitting(kind, spoken(event["skip"]))
    return f"{kind}, edge {event['net_edge']:.2%}".replace("-", MINUS)


def _candidate(event: Event, units: Units) -> str:
    kind, legs = spoken(event.get("kind")), _legs(event, units)
    if event.get("skip"):
        return _fitting(kind, spoken(event["skip"]))
    both = f"{kind}: {legs}" if legs else kind
    return both if len(both) <= WIDE.note_max else kind


def _decision(event: Event, units: Units) -> str:
    number = len(event.get("limits") or ())
    if event.get("approved"):
        return f"yes, {number} figure{'' if number == 1 else 's'} on record"
    return f"no: {spoken(event.get('reason'))}"


def _order(event: Event, units: Units) -> str:
    return f"{event['side']} {quantity(event, units)} {price(event, units, 'limit_ticks')}"


def _fill(event: Event, units: Units) -> str:
    return f"{quantity(event, units)} {price(event, units, 'ticks')}"


def _observed(event: Event, units: Units) -> str:
    """Why, unless its name says that: an order that is filled was "filled"."""
    why = event.get("reason")
    return spoken(why) if why and why != str(event.get("status")).lower() else ""


def _verdict(event: Event, units: Units) -> str:
    why = spoken(event["reason"]) if event.get("reason") not in {None, "", "filled"} else ""
    share = f"{event.get('share', 0):.0%}" if event.get("outcome") == "FILLED" else ""
    return ", ".join(filter(None, (share, why)))


def _closed(event: Event, units: Units) -> str:
    pnl = event.get("pnl")
    sign = "+" if isinstance(pnl, int) and pnl > 0 else ""
    return f"{sign}{cash(pnl)}, {spoken(event.get('reason') or event.get('exit_reason'))}"


def _holding(event: Event, units: Units) -> str:
    held = f"holds {quantity(event, units)} for {cash(event.get('cost'))}"
    return held if event.get("lots") else "holds nothing"


def _bar(event: Event, units: Units) -> str:
    return f"{event.get('instrument')} {event.get('timeframe')} close {price_of(event.get('close'))}"


def _price(event: Event, units: Units) -> str:
    return f"{event.get('instrument')} {price_of(event.get('price'))}"


def _signal(event: Event, units: Units) -> str:
    return f"{event.get('curator', '')} on {event.get('ticker', '')}".strip()


def _action(event: Event, units: Units) -> str:
    kind = spoken(event.get("decision_type"))
    if event.get("error"):
        return _fitting(kind, spoken(event["error"]))
    return f"{kind} {event.get('size_frac', 0):.0%} in {event.get('state')}"


def _engine(event: Event, units: Units) -> str:
    payload = event.get("payload") or {}
    return f"{event.get('instrument', '')} {payload.get('state', '')} at {price_of(payload.get('price', 0))}".strip()


def _settled(event: Event, units: Units) -> str:
    """What one share pays; one lot, where its size is not known."""
    name = str(event.get("instrument"))
    unit, paid = units.get(name), decimal_of(event.get("payout") or 0)
    amount = f"{(paid / unit.lot).normalize():f}" if unit else f"{paid.normalize():f} a lot"
    return f"{name.rpartition(':')[2]} pays {amount}"


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
    QUIET: lambda event, _: f"{event.get('desk')}: {spoken(event.get('skip'))}",
    "OrderObserved": _observed,
    "PositionChanged": _holding,
    "Settled": _settled,
    "PriceObserved": _price,
    "PricePoint": _price,
    "TradeTick": _price,
    "DataHeard": lambda event, _: (
        f"{_tail(str(event.get('name')))}, {event.get('what')} {event.get('count', 0):,}"
    ),
    "EquityMarked": lambda event, _: cash(event.get("equity")),
    "GapClosed": lambda event, _: "outlived the wait" if event.get("survived") else "vanished before it",
    "SignalDecided": lambda event, _: (
        "approved" if event.get("approved") else f"refused: {spoken(event.get('reason'))}"
    ),
    "PositionStatusChanged": lambda event, _: f"{event.get('before')} to {event.get('status')}",
    "StageChanged": lambda event, _: f"{event.get('from_state') or 'none'} to {event.get('to_state')}",
    "WindowClosed": lambda event, _: f"{spoken(event.get('decision_taken'))} after {event.get('bars')} bars",
    "WindowResolved": lambda event, _: spoken(event.get("outcome")),
    "EpisodeEnded": lambda event, _: f"{spoken(event.get('episode_type'))}: {spoken(event.get('outcome'))}",
    "PositionBooked": lambda event, _: f"{event.get('why')}, worth {cash(event.get('value'))}",
    "PositionsAllocated": lambda event, _: f"{len(event.get('rows') or ())} rows of {event.get('ticker')}",
    "MarketResolved": lambda event, _: f"YES pays {cash(event.get('payout'))}",
}
