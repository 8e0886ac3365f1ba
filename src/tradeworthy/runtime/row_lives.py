"""The whole life of one row of a desk on tokens: from the signal that made it to its trades, their ends and facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradeworthy.core.candidates import Candidate
from tradeworthy.core.packets import HEAD, Kind, Packet
from tradeworthy.desks.uptrend.events import (
    ActionTaken,
    EpisodeEnded,
    PositionClosed,
    PositionsAllocated,
    PositionStatusChanged,
    RowOperated,
    SignalDecided,
    SignalTaken,
    StageChanged,
    StateForced,
    WindowClosed,
    WindowResolved,
)
from tradeworthy.desks.uptrend.names import row_of
from tradeworthy.journal.reader import Record, read, read_header
from tradeworthy.learning.events import JobAnswered, TradeFact
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.nearest import nearest
from tradeworthy.runtime.runs import find
from tradeworthy.runtime.tracing import NotOnRecord

TRADE_MARK = "#"
"""Stands between a row's key and the number of one of its trades: `1h@BONK#2`."""

TAG_WITHIN = 120
"""An event's tag stands in the first so many bytes of its packet."""

_OF_A_ROW = (
    *(PositionStatusChanged, StageChanged, WindowClosed, WindowResolved, EpisodeEnded),
    *(ActionTaken, PositionClosed),
)


@dataclass(frozen=True)
class RowLife:
    """All on record that tells of a row, in order; of one trade, if one was asked for.

    `facts` are what learning took from its closed trades. `doubt` says what the record does not hold.
    """

    run: str
    row: str
    packets: list[Packet]
    facts: list[TradeFact]
    doubt: str = ""

    def tally(self) -> dict[str, int]:
        """How many of each kind of event there are."""
        return dict(Counter(type(one.event).__name__ for one in self.packets))


def life_of(home: Home, run: str, asked: str) -> RowLife:
    """The life of row or trade `asked` in `run` ("": the newest); NotOnRecord, with the nearest, if it has none."""
    return row_life(find(home, run), asked)


def row_life(folder: Path, asked: str) -> RowLife:
    """The life of row or trade `asked` in the run in `folder`."""
    row, _, number = asked.partition(TRADE_MARK)
    trade = f"{row}{TRADE_MARK}{number}" if number else ""
    reading = _Reading(row)
    for record in read(folder):
        if record.kind != Kind.MARK:
            reading.take(record)
    if not reading.packets:
        raise _unknown(folder, row, reading.rows)
    packets, facts = reading.packets, reading.facts
    if trade:
        packets = _of_trade(packets, trade)
        facts = [one for one in facts if one.trade == trade]
        if not any(isinstance(one.event, ActionTaken) for one in packets):
            trades = {one.event.trade: None for one in reading.packets if isinstance(one.event, ActionTaken)}
            raise NotOnRecord(
                f"row {row} has no trade {trade!r} in run {folder.name}; it has {', '.join(trades) or 'none'}"
            )
    inputs = read_header(folder).record_inputs
    doubt = (
        "" if inputs else "a backtest keeps no inputs on record: what learning took from it is not told here"
    )
    return RowLife(folder.name, asked, packets, facts, doubt)


class _Reading:
    """Takes in records; those that do not name the row are told by their bytes, and not decoded."""

    def __init__(self, row: str) -> None:
        self._row, self._key = row, row.encode()
        self._place = row_of(row)
        self._signals: dict[int, Record] = {}
        self.packets: list[Packet] = []
        self.facts: list[TradeFact] = []
        self.rows: dict[str, None] = {}

    def take(self, record: Record) -> None:
        """Look at one record."""
        start = bytes(record.body[HEAD.size : HEAD.size + TAG_WITHIN])
        if SignalTaken.__name__.encode() in start:
            self._signals[record.seq] = record
        elif PositionsAllocated.__name__.encode() in start:
            packet = codec().decode(record.body)[1]
            assert isinstance(packet.event, PositionsAllocated)
            self.rows.update(dict.fromkeys(one.position for one in packet.event.rows))
            self._keep(packet)
        elif self._key in record.body or (
            self._place.instrument.encode() in record.body
            and any(kind.__name__.encode() in start for kind in (RowOperated, StateForced))
        ):
            self._keep(codec().decode(record.body)[1])

    def _keep(self, packet: Packet) -> None:
        event = packet.event
        match event:
            case JobAnswered():
                own = f"{self._row}{TRADE_MARK}"
                self.facts += [one for one in event.facts if one.trade.startswith(own)]
                return
            case SignalDecided():
                mine = self._row in event.positions
                if mine and event.signal in self._signals:
                    self.packets.append(codec().decode(self._signals.pop(event.signal).body)[1])
            case PositionsAllocated():
                mine = any(one.position == self._row for one in event.rows)
            case RowOperated() | StateForced():
                mine = event.instrument == self._place.instrument and event.timeframe in {
                    "",
                    self._place.timeframe,
                }
            case Candidate():
                mine = bool(event.skip) and f"{event.figures.get('window', '')}".startswith(f"{self._row}/")
            case _:
                mine = isinstance(event, _OF_A_ROW) and event.position == self._row
        if mine:
            self.packets.append(packet)


def _of_trade(packets: list[Packet], trade: str) -> list[Packet]:
    """What made the row, and what happened from the trade's first action to its end."""
    acted = [one.seq for one in packets if isinstance(one.event, ActionTaken) and one.event.trade == trade]
    closed = [
        one.seq for one in packets if isinstance(one.event, PositionClosed) and one.event.trade == trade
    ]
    if not acted:
        return []
    first, last = acted[0], closed[0] if closed else packets[-1].seq
    made = (SignalTaken, SignalDecided, PositionsAllocated)
    before = [one for one in packets if one.seq < first and isinstance(one.event, made)]
    return [*before, *(one for one in packets if first <= one.seq <= last)]


def _unknown(folder: Path, row: str, rows: Mapping[str, Any]) -> NotOnRecord:
    known = list(rows)
    hint = nearest(row, known) or (f"; it has {', '.join(known[:8])}" if known else "; it made no rows")
    return NotOnRecord(f"run {folder.name} has no row {row!r}{hint}")
