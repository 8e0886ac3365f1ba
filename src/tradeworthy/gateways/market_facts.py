"""Facts of a market that a person injects, as JSON lines: `{"event": "MarketClosed", "market": ...}`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, DecimalException
from pathlib import Path
from typing import Any, Protocol

import msgspec

from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event
from tradeworthy.gateways.json_lines import read_objects
from tradeworthy.market.bars import FeedGap
from tradeworthy.market.books import BookChanged, Level, check_book
from tradeworthy.market.instruments import CASH_UNIT, Instrument, InstrumentChanged, with_tick
from tradeworthy.market.money import Scale
from tradeworthy.market.predictions import MarketClosed, MarketDisputed, MarketResolved
from tradeworthy.risk.operators import HealthObserved

BY_HAND = "injected"
"""What the source of an injected fact is called."""

EXAMPLE = '{"event": "MarketResolved", "market": "polymarket:0xabc", "payout": "1"}'
SHOWN_MAX = 120
FIGURE_MAX = Decimal(10**15)
"""No price, share count or payout is larger."""


class Fact(msgspec.Struct, frozen=True, tag_field="event", forbid_unknown_fields=True):
    """A line: its event's name is the tag."""


class ClosedFact(Fact, frozen=True, tag="MarketClosed"):
    """No orders are taken any more."""

    market: str
    reason: str = BY_HAND


class DisputedFact(Fact, frozen=True, tag="MarketDisputed"):
    """The outcome is contested."""

    market: str
    reason: str = BY_HAND


class ResolvedFact(Fact, frozen=True, tag="MarketResolved"):
    """The outcome: what a YES share pays, 0 to 1, as text."""

    market: str
    payout: str
    reason: str = ""


class HealthFact(Fact, frozen=True, tag="HealthObserved"):
    """What a part says of itself."""

    part: str
    ok: bool
    figure: float = 0.0
    word: str = BY_HAND


class BookFact(Fact, frozen=True, tag="BookChanged"):
    """A whole book: [price, shares] by level, both as text, the best first."""

    instrument: str
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]
    crossed: bool = False


class TickFact(Fact, frozen=True, tag="InstrumentChanged"):
    """Another tick, as text; all else stays."""

    instrument: str
    tick: str


class GapFact(Fact, frozen=True, tag="FeedGap"):
    """The instrument's book is lost until its next one."""

    instrument: str
    reason: str = BY_HAND


AnyFact = ClosedFact | DisputedFact | ResolvedFact | HealthFact | BookFact | TickFact | GapFact
NAMES = (
    *("MarketClosed", "MarketDisputed", "MarketResolved", "HealthObserved"),
    *("BookChanged", "InstrumentChanged", "FeedGap"),
)


class Known(Protocol):
    """What a session knows of markets and instruments."""

    def instrument(self, instrument: str) -> Instrument | None:
        """The present definition, or None."""

    def is_market(self, market: str) -> bool:
        """Whether a market of that id is known."""


def read_facts(path: Path) -> list[dict[str, Any]]:
    """The file's objects, each checked as far as it can be without a session. Empty lines are passed over.

    UsageError names the file, the line and what is wrong with it.
    """
    return read_objects(
        path, lambda found, where: _figures_of(_fact_of(found, where), where), noun="fact", example=EXAMPLE
    )


def events_of(objects: Iterable[Mapping[str, Any]], known: Known, now: int) -> list[Event]:
    """The events of `objects`, at session time `now` (UTC ns); UsageError names the first wrong one.

    A later one builds on what the ones before it change.
    """
    changed: dict[str, Instrument] = {}
    events: list[Event] = []
    for number, found in enumerate(objects, start=1):
        where = f"fact {number}"
        fact = _fact_of(found, where)
        _figures_of(fact, where)
        event = _event_of(fact, known, changed, now, where)
        if isinstance(event, InstrumentChanged):
            changed[event.instrument.id] = event.instrument
        events.append(event)
    return events


def _fact_of(found: Mapping[str, Any], where: str) -> AnyFact:
    name = found.get("event")
    if name not in NAMES:
        raise UsageError(f"{where}: event is {name!r}; give one of {', '.join(NAMES)}")
    try:
        fact: AnyFact = msgspec.convert(dict(found), AnyFact)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where}: {name} {_short(found)}: {error}") from error
    return fact


def _figures_of(fact: AnyFact, where: str) -> None:
    """UsageError unless the figures that are given as text are such."""
    match fact:
        case ResolvedFact():
            payout = _decimal(fact.payout, "payout", where)
            if not 0 <= payout <= 1 or payout * CASH_UNIT % 1:
                raise UsageError(
                    f"{where}: payout is {fact.payout!r}; a YES share pays 0 to 1, to 8 places: 1, 0 or 0.5"
                )
        case TickFact():
            if not 0 < _decimal(fact.tick, "tick", where) < 1:
                raise UsageError(f"{where}: tick is {fact.tick!r}; write one above 0 and below 1, like 0.001")
        case BookFact():
            for price, shares in (*fact.bids, *fact.asks):
                _decimal(price, "price", where)
                _decimal(shares, "shares", where)
        case _:
            return


def _event_of(fact: AnyFact, known: Known, changed: Mapping[str, Instrument], now: int, where: str) -> Event:
    match fact:
        case ClosedFact():
            return MarketClosed(_market(fact.market, known, where), now, fact.reason)
        case DisputedFact():
            return MarketDisputed(_market(fact.market, known, where), now, fact.reason)
        case ResolvedFact():
            payout = int(Decimal(fact.payout) * CASH_UNIT)
            return MarketResolved(_market(fact.market, known, where), now, payout, BY_HAND, fact.reason)
        case HealthFact():
            return HealthObserved(fact.part, fact.ok, fact.figure, fact.word)
    listed = changed.get(fact.instrument) or known.instrument(fact.instrument)
    if listed is None:
        raise UsageError(
            f"{where}: instrument {fact.instrument!r} is not listed in this session; see its markets in the log"
        )
    match fact:
        case TickFact():
            return InstrumentChanged(_scaled(with_tick(listed, Decimal(fact.tick)), where).instrument)
        case GapFact():
            return FeedGap(BY_HAND, fact.instrument, now, now, fact.reason)
        case BookFact():
            return _book(fact, _scaled(listed, where), now, where)


def _book(fact: BookFact, scale: Scale, now: int, where: str) -> BookChanged:
    bids, asks = (
        tuple(_level(price, shares, scale, where) for price, shares in levels)
        for levels in (fact.bids, fact.asks)
    )
    book = BookChanged(fact.instrument, now, bids, asks, fact.crossed)
    try:
        check_book(book)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error
    return book


def _level(price: str, shares: str, scale: Scale, where: str) -> Level:
    ticks, lots = Decimal(price) / scale.instrument.tick, Decimal(shares) / scale.instrument.lot
    if ticks % 1 or not 1 <= ticks <= scale.ticks_max:
        raise UsageError(
            f"{where}: price {price} is no whole number of ticks of {scale.instrument.tick},"
            f" above 0 and up to {scale.instrument.price_max}"
        )
    if lots % 1 or not 1 <= lots <= scale.lots_max:
        raise UsageError(f"{where}: {shares} shares are no whole number of lots of {scale.instrument.lot}")
    return Level(int(ticks), int(lots))


def _scaled(instrument: Instrument, where: str) -> Scale:
    try:
        return Scale(instrument)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error


def _market(market: str, known: Known, where: str) -> str:
    if not known.is_market(market):
        raise UsageError(
            f"{where}: market {market!r} is not known in this session; see its markets in the log"
        )
    return market


def _decimal(text: str, name: str, where: str) -> Decimal:
    try:
        found = Decimal(text)
    except DecimalException:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) > FIGURE_MAX:
        raise UsageError(f"{where}: {name} is {_cut(text)!r}; write a decimal number as text, like 0.45")
    return found


def _short(found: Mapping[str, Any]) -> str:
    return _cut(msgspec.json.encode(dict(found)).decode())


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}..."
