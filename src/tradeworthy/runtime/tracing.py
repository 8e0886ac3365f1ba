"""Shows the way of a packet: its root, all that the root caused, and where each candidate ended."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from tradeworthy.core.candidates import Candidate, Verdict
from tradeworthy.core.errors import TradeworthyError, UsageError
from tradeworthy.core.packets import HEAD, Kind, Packet
from tradeworthy.desks.uptrend.events import WindowResolved
from tradeworthy.journal.reader import Record, read, read_header
from tradeworthy.market.instruments import Instrument, InstrumentChanged, InstrumentListed
from tradeworthy.runtime.assembly import Core, instruments_of
from tradeworthy.runtime.configuration import from_values
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.rebuilding import readmit, rebuilt
from tradeworthy.runtime.replay import differing_here
from tradeworthy.runtime.runs import with_parents
from tradeworthy.store.values import Ids

_LISTING = (InstrumentListed.__name__.encode(), InstrumentChanged.__name__.encode())
"""The tags of records that define an instrument: looked for before a record is decoded."""

_RESOLVED = WindowResolved.__name__.encode()
"""The tag of records that tell what became of a window."""

_HEADS = msgspec.msgpack.Decoder(tuple[int, int, str, int, msgspec.Raw])


@dataclass(frozen=True)
class Trace:
    """All packets on record of one trace, in order.

    `reasons`, by desk, are given for a turn without a candidate; `doubt` says why they may be others or are missing.
    """

    run: str
    root: int
    packets: list[Packet]
    reasons: dict[str, str]
    doubt: str = ""

    def fates(self) -> Iterator[tuple[Packet, Verdict | None]]:
        """Each candidate of the trace, with its verdict (None: it is open)."""
        verdicts = {
            packet.event.candidate: packet.event
            for packet in self.packets
            if isinstance(packet.event, Verdict)
        }
        for packet in self.packets:
            if isinstance(packet.event, Candidate):
                yield packet, verdicts.get(packet.seq)


def trace_in(home: Home, run: str, packet: str) -> Trace:
    """The trace of `packet` in `run` ("": the newest); an id is looked for in its parents, too."""
    folders = with_parents(home, run)
    if packet.isdecimal():
        return trace(folders[0], packet)
    for folder in folders[:-1]:
        with contextlib.suppress(NotOnRecord):
            return trace(folder, packet)
    return trace(folders[-1], packet)


class NotOnRecord(UsageError):
    """The run has no such packet."""


def find_seq(folder: Path, packet: str) -> int:
    """The seq that `packet` names: a seq, or the id of a packet on record; UsageError if it is neither."""
    if packet.isdecimal():
        return int(packet)
    try:
        wanted = UUID(packet)
    except ValueError as error:
        raise UsageError(f"{packet!r} is no packet; give a seq, or an id as the database has it") from error
    ids = Ids(read_header(folder).run)
    for record in read(folder):
        if record.kind != Kind.MARK and ids.of(record.seq) == wanted:
            return record.seq
    raise NotOnRecord(f"packet {packet} is not in run {folder.name}; name its run with --run")


def trace(folder: Path, packet: str) -> Trace:
    """The trace that `packet` (a seq or an id) of the run in `folder` is of.

    A candidate's later packets belong to other turns, so all that name it as their cause are followed, too.
    """
    seq = find_seq(folder, packet)
    root = _root_of(folder, seq)
    found = _family(folder, root)
    quiet = not any(isinstance(one.event, Candidate) for one in found)
    if not quiet:
        return Trace(folder.name, root, found, {})
    try:
        changed = "; ".join(differing_here(folder))
        doubt = f"recomputed by other code than the run's: {changed}" if changed else ""
        return Trace(folder.name, root, found, _reasons(folder, root), doubt)
    except TradeworthyError as error:
        return Trace(folder.name, root, found, {}, f"the desks' reasons can't be recomputed: {error}")


def instruments_of_trace(folder: Path, found: Trace) -> dict[str, Instrument]:
    """The instruments that the packets of `found` name, as they were listed by its end, by id."""
    named = {str(getattr(packet.event, "instrument", "")) for packet in found.packets}
    for packet in found.packets:
        legs = getattr(getattr(packet.event, "intent", packet.event), "legs", ())
        named.update(leg.instrument for leg in legs)
    header = read_header(folder)
    configuration = from_values(header.configuration, f"the header of run {header.run}")
    listed = {item.id: item for item in instruments_of(configuration) if item.id in named}
    for record in read(folder):
        if record.kind == Kind.INPUT and any(tag in record.body for tag in _LISTING):
            event = codec().decode(record.body)[1].event
            if isinstance(event, InstrumentListed | InstrumentChanged) and event.instrument.id in named:
                listed[event.instrument.id] = event.instrument
        if found.packets and record.seq > found.packets[-1].seq:
            break
    return listed


def _heads(record: Record) -> tuple[int, int]:
    trace_of, cause, *_ = _HEADS.decode(memoryview(record.body)[HEAD.size :])
    return trace_of, cause


def _root_of(folder: Path, seq: int) -> int:
    """The trace that packet `seq` is of: of a packet about a candidate, the candidate's."""
    packet = _packet_at(folder, seq)
    candidate = _speaks_of(packet.event)
    return _packet_at(folder, candidate).trace if candidate else packet.trace


def _packet_at(folder: Path, seq: int) -> Packet:
    """Packet `seq`; for an internal one, which is not on record, the input of its turn."""
    turn: Record | None = None
    last = 0
    for record in read(folder):
        if record.kind == Kind.MARK:
            continue
        last = record.seq
        if record.seq > seq:
            break
        if record.kind == Kind.INPUT or record.seq == seq:
            turn = record
        if record.seq == seq:
            break
    if turn is None or last < seq:
        raise NotOnRecord(
            f"packet {seq} is not on record in run {folder.name}; give a seq of that run, or name another with --run"
        )
    return codec().decode(turn.body)[1]


def _family(folder: Path, root: int) -> list[Packet]:
    """The packets of trace `root`, and those that speak of its candidates, or the windows they passed, later."""
    found: list[Packet] = []
    candidates: dict[int, None] = {}
    windows: dict[bytes, None] = {}
    for record in read(folder):
        if record.kind == Kind.MARK or record.seq < root:
            continue
        of_trace = _heads(record)[0] == root
        resolves = _RESOLVED in record.body and any(one in record.body for one in windows)
        if not of_trace and not resolves and not (candidates and record.kind == Kind.DECISION):
            continue
        packet = codec().decode(record.body)[1]
        if of_trace or resolves or _speaks_of(packet.event) in candidates:
            found.append(packet)
            if isinstance(packet.event, Candidate):
                candidates[packet.seq] = None
                if packet.event.figures.get("window"):
                    windows[f"{packet.event.figures['window']}".encode()] = None
            elif isinstance(packet.event, Verdict):
                candidates.pop(packet.event.candidate, None)
    return found


def _speaks_of(event: Any) -> int:
    """The candidate that an event is about: by its own field, or by its order's id."""
    candidate = getattr(event, "candidate", 0)
    if candidate:
        return int(candidate)
    number = str(getattr(event, "order", "")).partition(".")[0]
    return int(number) if number.isdecimal() else 0


def _reasons(folder: Path, root: int) -> dict[str, str]:
    """Recompute the turn of input `root`: each desk's reason for opening nothing."""
    core = rebuilt(folder, before=root)
    # Whatever timer was due before this input, the hour's count among them, is an input on record of its own.
    before = _counts(core)
    readmit(core.sequencer, _packet_at(folder, root))
    return {
        desk: reason
        for (desk, reason), count in _counts(core).items()
        if count > before.get((desk, reason), 0)
    }


def _counts(core: Core) -> dict[tuple[str, str], int]:
    return {
        (desk, reason): count
        for desk, reasons in core.sequencer.agents["counters"].state.counts.items()
        for reason, count in reasons.items()
    }
