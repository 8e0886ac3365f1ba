"""How a session stands as values of the state store, read from its packets (divergence.md sections 7 to 13).

Money is in whole currency, exactly; shares, multipliers and prices of books are floats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from tradeworthy.core.events import Event
from tradeworthy.core.packets import Packet
from tradeworthy.desks.divergence.calendar import HOUR_NS, calendar_factors
from tradeworthy.execution.accounting import PositionChanged, TradeClosed
from tradeworthy.gateways.capital_ledger import LedgerLine, amount_of
from tradeworthy.gateways.state_reports import ACB, EXF
from tradeworthy.market.bars import utc_text
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.factors import FactorsObserved
from tradeworthy.market.instruments import Instrument
from tradeworthy.market.money import Scale
from tradeworthy.risk.stance import POSTURES, BoostChanged, ForewarnerReported, PostureChanged

POSTURE, MC, ESOF, SCAN = "posture:current", "features:mc", "features:esof", "features:scan"
OB = "features:ob:"
"""What comes before the symbol."""

CATEGORIES = ("c1", "c2", "c3", "c4", "c5")
LEVELS = 5

Fields = dict[str, Any]
InstrumentOf = Callable[[str], Instrument | None]


class Written(NamedTuple):
    """A key and what it is to have."""

    key: str
    fields: Fields


class FeatureValues:
    """The keys that no one desk owns: posture, boosts, the forewarner, and the factors."""

    def __init__(self, instruments: frozenset[str], instrument_of: InstrumentOf) -> None:
        self._instruments, self._instrument_of = instruments, instrument_of
        self._boosts: dict[str, Fields] = {}
        self._hour = -1

    def take(self, packet: Packet) -> Iterator[Written]:
        """The values that change with `packet`; what came from the store does not go back to it."""
        event = packet.event
        if self._hour < 0:
            yield Written(POSTURE, posture_fields(packet.ts))
        if packet.ts // HOUR_NS > self._hour:
            self._hour = packet.ts // HOUR_NS
            yield Written(ESOF, {**_plain(calendar_factors(packet.ts)), "esof_mult": 1.0})
        match event:
            case PostureChanged():
                yield Written(POSTURE, posture_fields(packet.ts, event))
            case BoostChanged() if not packet.agent.startswith(ACB):
                boost = {"boost": event.boost, "beta": event.beta}
                self._boosts[event.desk] = boost
                said = {"desk": event.desk, "reason": event.reason, "desks": dict(self._boosts)}
                yield Written(ACB, boost | said)
            case ForewarnerReported():
                yield Written(MC, _plain(event) | {"asof": utc_text(event.asof)})
            case FactorsObserved() if not packet.agent.startswith(EXF):
                yield Written(EXF, factor_fields(event))
            case BookChanged() if event.instrument in self._instruments:
                instrument = self._instrument_of(event.instrument)
                if instrument:
                    yield Written(OB + event.instrument, book_fields(event, Scale(instrument)))


def posture_fields(ts: int, changed: PostureChanged | None = None) -> Fields:
    """Our own posture since `ts` (UTC ns); without a change it is the freest."""
    if changed is None:
        free = POSTURES[0].value
        cats = dict.fromkeys(CATEGORIES, 0.0)
        said: Fields = {"posture": free, "Rm": 1.0, "cats": cats, "prev": free, "reasons": []}
    else:
        cats = dict(zip(CATEGORIES, changed.cats, strict=True))
        said = {"posture": changed.posture.value, "Rm": changed.rm, "cats": cats}
        said |= {"prev": changed.before.value, "reasons": changed.reason.split(", ")}
    return said | {"since": utc_text(ts)}


def factor_fields(event: FactorsObserved) -> Fields:
    """The factors; `observed` is when they were read."""
    figures = {name: value for name, value in _plain(event).items() if name not in {"ts_event", "stale"}}
    return {**figures, "ok": True, "stale": list(event.stale), "observed": utc_text(event.ts_event)}


def book_fields(book: BookChanged, scale: Scale) -> Fields:
    """The best LEVELS of each side, best first: money on offer, and quantity."""
    sides: Mapping[str, tuple[Level, ...]] = {"bid": book.bids[:LEVELS], "ask": book.asks[:LEVELS]}
    found: Fields = {"timestamp": utc_text(book.ts_event)}
    for name, levels in sides.items():
        found[f"{name}_notional"] = [float(amount_of(scale.cost(one.ticks, one.lots))) for one in levels]
        found[f"{name}_depth"] = [float(scale.quantity_of(one.lots)) for one in levels]
    return found


class DeskStanding:
    """What one desk holds, and its last trade; `id_of` gives a packet's public id by its seq."""

    def __init__(self, desk: str, id_of: Callable[[int], object]) -> None:
        self._desk, self._id_of = desk, id_of
        self.position: Fields | None = None
        self.trade: str | None = None

    def take(self, packet: Packet) -> bool:
        """Note `packet`; whether it changed anything."""
        event = packet.event
        if isinstance(event, PositionChanged) and event.desk == self._desk:
            held = {
                "instrument": event.instrument,
                "lots": event.lots,
                "cost": amount_of(event.cost),
                "changed": utc_text(event.ts_event),
            }
            self.position = held if event.lots else None
        elif isinstance(event, TradeClosed) and event.desk == self._desk:
            self.trade = str(self._id_of(packet.seq))
        else:
            return False
        return True


def ledger_fields(line: LedgerLine | None) -> Fields | None:
    """Where the ledger stood when this was written; None before its first line."""
    if line is None:
        return None
    return {"seq": line.seq, "date": line.date, "capital_close": line.capital_close, "sha": line.sha}


def line_fields(line: LedgerLine) -> Fields:
    """A day's record as the store has it: the line, whose own seq and time are `ledger_seq` and `until`."""
    fields = _plain(line)
    fields["ledger_seq"], fields["until"] = fields.pop("seq"), fields.pop("ts")
    return fields


def _plain(value: msgspec.Struct | Event) -> Fields:
    """The fields by name."""
    return msgspec.structs.asdict(value)
