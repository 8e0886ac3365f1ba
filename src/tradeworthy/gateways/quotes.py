"""Order books for people and screens: the best prices of each, and no more of them than can be looked at."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from tradeworthy.core.packets import HEAD, Packet
from tradeworthy.market.bars import utc_text
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import (
    Instrument,
    InstrumentChanged,
    InstrumentDelisted,
    InstrumentListed,
)

SECOND_NS = 1_000_000_000
"""Between two books of one instrument that are shown, session time."""

FORGET_NS = 10 * SECOND_NS

_TAG = b"\xabBookChanged"
_split = msgspec.msgpack.Decoder(tuple[int, int, str, int, msgspec.Raw]).decode
_STR8 = 0xD9


def booked_instrument(body: bytes) -> bytes:
    """The instrument's id in the record body of a BookChanged, empty if it is no such record.

    Most records are told by a search of their bytes, and no book is decoded: there may be 10,000 a second.
    """
    if _TAG not in body:
        return b""
    event = bytes(_split(memoryview(body)[HEAD.size :])[4])
    if event[1:13] != _TAG:
        return b""
    size, begin = (event[14], 15) if event[13] == _STR8 else (event[13] & 0x1F, 14)
    return event[begin : begin + size]


class Conflation:
    """Lets one book of each instrument through in a second of session time: the first, and then the newest.

    What comes too early waits for the second to pass, or for a newer one to take its place. All else goes through.
    """

    def __init__(self) -> None:
        self._shown: dict[bytes, int] = {}
        self._waiting: dict[bytes, bytes] = {}
        self._looked_ts = 0

    def admit(self, ts: int, body: bytes) -> list[bytes]:
        """The record bodies to show now that the one at session time `ts` is here."""
        due = self._due(ts) if ts - self._looked_ts >= SECOND_NS else []
        instrument = booked_instrument(body)
        if not instrument:
            return [*due, body]
        if ts - self._shown.get(instrument, -SECOND_NS) < SECOND_NS:
            self._waiting[instrument] = body
            return due
        self._waiting.pop(instrument, None)
        self._shown[instrument] = ts
        return [*due, body]

    def rest(self) -> list[bytes]:
        """What still waits, at the end."""
        waiting, self._waiting = [*self._waiting.values()], {}
        return waiting

    def _due(self, ts: int) -> list[bytes]:
        self._looked_ts = ts
        shown = self._shown
        due = [instrument for instrument in self._waiting if ts - shown[instrument] >= SECOND_NS]
        for instrument in due:
            shown[instrument] = ts
        self._shown = {
            instrument: last
            for instrument, last in shown.items()
            if ts - last < FORGET_NS or instrument in self._waiting
        }
        return [self._waiting.pop(instrument) for instrument in due]


class Quotes:
    """Books as quotes in exact decimals, by the instruments as they were listed when the book came.

    `instrument_of` knows those that were listed before the first packet.
    """

    def __init__(self, instrument_of: Callable[[str], Instrument | None]) -> None:
        self._instrument_of = instrument_of
        self._listed: dict[str, Instrument] = {}

    def note(self, packet: Packet) -> None:
        """Follow what is listed, changed and delisted."""
        event = packet.event
        if isinstance(event, InstrumentListed | InstrumentChanged):
            self._listed[event.instrument.id] = event.instrument
        elif isinstance(event, InstrumentDelisted):
            self._listed.pop(event.instrument, None)

    def data(self, book: BookChanged) -> dict[str, Any] | None:
        """The best prices and sizes of `book` for JSON, null where a side is empty; None if nobody listed it."""
        instrument = self._listed.get(book.instrument) or self._instrument_of(book.instrument)
        if instrument is None:
            return None
        bid, ask = book.best_bid, book.best_ask
        spread = _text(instrument.tick, ask.ticks - bid.ticks) if bid and ask else None
        return {
            "event": "BookChanged",
            "instrument": book.instrument,
            "market": instrument.market,
            "outcome": instrument.outcome,
            **_side("bid", bid, instrument),
            **_side("ask", ask, instrument),
            "spread": spread,
            "crossed": book.crossed,
            "book_ts": utc_text(book.ts_event),
        }


def _side(name: str, level: Level | None, instrument: Instrument) -> dict[str, str | None]:
    return {
        name: _text(instrument.tick, level.ticks) if level else None,
        f"{name}_size": _text(instrument.lot, level.lots) if level else None,
    }


def _text(step: Decimal, count: int) -> str:
    return format(step * count, "f")
