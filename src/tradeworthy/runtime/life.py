"""One process's life of a run: one path back from crash, fault and restart."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import structlog

from tradeworthy.core.errors import AllHalted, DeskHalted
from tradeworthy.core.events import Event, Quarantined, SessionEnded
from tradeworthy.core.packets import Kind
from tradeworthy.journal import snapshots
from tradeworthy.journal.digest import Digest
from tradeworthy.journal.flight import FlightRecorder, read_flight
from tradeworthy.journal.reader import Record, read, verify
from tradeworthy.journal.recorder import JournalRecorder, ReplayRecorder
from tradeworthy.journal.segments import START, Header
from tradeworthy.journal.writer import JournalWriter
from tradeworthy.runtime.assembly import Core
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.outbox import DurableOutbox
from tradeworthy.runtime.supervisor import supervised

log = structlog.get_logger()

FAULTS = "faults"
"""Source of Quarantined; its position counts the quarantines on record."""
SESSION = "session"
"""Source of SessionEnded: once in a run."""
FEED = "feed"


class Quarantine(msgspec.Struct, frozen=True, array_like=True):
    """Packet `seq` is withheld from `desk` ("": from all)."""

    seq: int
    desk: str
    error: str


class FaultLog(msgspec.Struct):
    """Faults and deaths on record; a death is the seq and crc32 of the input in whose turn it came."""

    quarantines: list[Quarantine] = []
    deaths: list[tuple[int, int]] = []

    def add(self, records: Iterable[Record]) -> FaultLog:
        """Take what the marks among `records` say."""
        for record in records:
            if record.kind == Kind.MARK:
                name, data = record.mark
                if name == "quarantine":
                    self.quarantines.append(msgspec.convert(data, Quarantine))
                elif name == "death":
                    self.deaths.append((data[0], data[1]))
        return self

    def withheld(self) -> dict[int, frozenset[str]]:
        """The desks that each quarantined packet is withheld from."""
        withheld: dict[int, frozenset[str]] = {}
        for one in self.quarantines:
            withheld[one.seq] = withheld.get(one.seq, frozenset()) | {one.desk}
        return withheld


def withheld_of(folder: Path) -> dict[int, frozenset[str]]:
    """What the whole journal in `folder` says is withheld, and from whom."""
    return FaultLog().add(read(folder)).withheld()


class CarefulRecorder(JournalRecorder):
    """Makes each input durable before it is handled: for a run in whose turns a process has died."""

    def input(self, body: bytes) -> None:
        """Record what begins a turn, and wait until it is on disk."""
        super().input(body)
        if self.writer:
            self.writer.wait_durable()


class Recovery(msgspec.Struct, frozen=True):
    """What opening the run found: bytes of a torn tail, inputs replayed, in whose turn the last life died."""

    torn_bytes: int
    replayed: int
    died_at: int


class Life:
    """A run, open for more inputs. Opening recovers: trim, load the newest snapshot, replay the tail.

    Raises Damage or Divergence where the record can't be trusted, AllHalted where nothing may go on.
    """

    def __init__(
        self,
        folder: Path,
        header: Header,
        build: Callable[[JournalRecorder, DurableOutbox], Core],
        *,
        segment_bytes: int = 64 << 20,
        on_decision: Callable[[bytes], None] | None = None,
    ) -> None:
        self.folder, self.header = folder, header
        self.faults = FaultLog()
        self._on_decision = on_decision
        self.digest = Digest(digest_seed(header))
        self.outbox = DurableOutbox(self._wait_durable)
        recorder = JournalRecorder(self.digest)
        self.core = build(recorder, self.outbox)
        # Before any input: what a run without a snapshot is rebuilt from.
        self._base = snapshots.take(self.core.sequencer, self.digest, START)
        self._base = snapshots.newest(folder) or self._base
        found = verify(folder, self._base.place)
        torn_bytes = found.torn_bytes
        found.last_seq = max(found.last_seq, self._base.seq)
        self.writer = JournalWriter(found, header, segment_bytes=segment_bytes)
        died_at = self._note_death()
        self._flight = FlightRecorder(folder / "inflight") if header.record_inputs else None
        self._replayed = 0
        supervised(self._replay, self.mend)
        self._tell()
        self.recovery = Recovery(torn_bytes, self._replayed, died_at)

    def _wait_durable(self, seq: int) -> None:
        self.writer.wait_durable(seq)

    def _note_death(self) -> int:
        """Record in whose turn the last process died; after two in one turn its input is quarantined.

        After the first, inputs are durable before they are handled, so that the next death's is on record.
        """
        self._load_faults()
        death = read_flight(self.folder / "inflight")
        if death is None:
            return 0
        self.writer.mark("death", death, seq=death[0])
        if death in self.faults.deaths:
            self._quarantine(Quarantine(death[0], "", "the process died twice in this input's turn"))
        self.faults.deaths.append(death)
        self.writer.wait_durable()
        return death[0]

    def _load_faults(self) -> None:
        kept = self._base.extra.get(FAULTS)
        self.faults = msgspec.msgpack.decode(kept, type=FaultLog) if kept else FaultLog()
        self.faults.add(read(self.folder, self._base.place, self.writer.durable_bytes))

    def _quarantine(self, quarantine: Quarantine) -> None:
        self.writer.mark("quarantine", quarantine, seq=quarantine.seq)
        self.faults.quarantines.append(quarantine)

    def _replay(self) -> None:
        """Stand at the end of what is on record, all decisions on the way compared."""
        self.writer.wait_durable()
        sequencer = self.core.sequencer
        snapshots.restore(sequencer, self.digest, self._base)
        self.outbox.shut = True
        replay = ReplayRecorder(self.digest, codec(), self._base.seq)
        sequencer.recorder = replay
        sequencer.withheld = self.faults.withheld()
        self._replayed = 0
        if self.header.record_inputs:
            for record in read(self.folder, self._base.place, self.writer.durable_bytes):
                if record.kind == Kind.INPUT:
                    self._fly(record.seq, record.body)
                    _, packet = codec().decode(record.body)
                    sequencer.admit(
                        packet.agent,
                        packet.position,
                        packet.ts,
                        packet.event,
                        trace=packet.trace,
                        cause=packet.cause,
                        body=record.body,
                    )
                    self._replayed += 1
                elif record.kind == Kind.DECISION:
                    replay.expect(record)
        self.writer.end_turn(*replay.leftover(), urgent=True)
        if self._flight:
            self._flight.end()
        sequencer.recorder = self._recorder()
        self.outbox.shut = False

    def _recorder(self) -> JournalRecorder:
        kind = CarefulRecorder if self.faults.deaths else JournalRecorder
        return kind(self.digest, self.writer, self._flight, self._on_decision)

    def _fly(self, seq: int, body: bytes) -> None:
        if self._flight:
            self._flight.begin(seq, crc32(body))

    def mend(self, error: Exception) -> None:
        """Quarantine the packet that a desk raised on and rebuild without it; raises if no desk did."""
        sequencer = self.core.sequencer
        route, seq = sequencer.route, sequencer.handling
        what = f"{type(error).__name__}: {error}"
        agent = route.agent if route else None
        if agent is None or not agent.desk:
            name = agent.name if agent else "the sequencer"
            raise AllHalted(
                f"{name} raised {what} at packet {seq}: all is halted, and the journal holds what led there;"
                f" see it with `tradeworthy trace {seq}`, and correct the code"
            ) from error
        if not self.header.record_inputs:
            raise DeskHalted(
                f"desk {agent.desk} raised {what} at packet {seq}: the backtest ends; correct the desk"
            ) from error
        if agent.desk in sequencer.withheld.get(seq, frozenset()):
            raise AllHalted(
                f"desk {agent.desk} raised {what} at packet {seq}, which it was not given"
            ) from error
        self._quarantine(Quarantine(seq, agent.desk, what))
        log.error(
            "agent_crashed",
            agent=agent.name,
            desk=agent.desk,
            packet=seq,
            error=what,
            failures=sum(one.desk == agent.desk for one in self.faults.quarantines),
            trace="".join(traceback.format_exception(error)[-3:]).strip(),
        )
        supervised(self._replay, self.mend)
        self._tell()

    def _tell(self) -> None:
        """Admit a Quarantined for each quarantine on record that the core has not heard of."""
        sequencer = self.core.sequencer
        for place, one in enumerate(self.faults.quarantines):
            if one.seq <= sequencer.seq and place > sequencer.positions.get(FAULTS, -1):
                notice = Quarantined(one.seq, one.desk, one.error)
                self.admit(FAULTS, sequencer.now, notice, position=place)

    def admit(self, source: str, ts: int, event: Event, *, position: int = -1) -> None:
        """Admit one input, at the source's next position unless it is given."""
        sequencer = self.core.sequencer
        at = position if position >= 0 else sequencer.positions.get(source, -1) + 1
        supervised(lambda: sequencer.admit(source, at, ts, event), self.mend)

    def admit_rows(self, rows: Sequence[tuple[int, int, Event]]) -> None:
        """Admit a feed's rows (position, ts, event) in order."""
        supervised(lambda: self._admit_rows(rows), self.mend)

    def _admit_rows(self, rows: Sequence[tuple[int, int, Event]]) -> None:
        admit = self.core.sequencer.admit
        for position, ts, event in rows:
            admit(FEED, position, ts, event)

    def advance(self, ts: int) -> None:
        """Let timers due at or before `ts` fire."""
        supervised(lambda: self.core.sequencer.advance(ts), self.mend)

    @property
    def finished(self) -> bool:
        """Whether the run reached its end in this life or an earlier one."""
        return SESSION in self.core.sequencer.positions

    def finish(self, ts: int) -> None:
        """End the run at session time `ts`: timers fire, working orders end, counters close."""
        self.advance(ts)
        self.admit(SESSION, ts, SessionEnded(), position=0)

    def figures(self) -> dict[str, Any]:
        """What `run_finished` says: run, packets, digest, fingerprint."""
        return {
            "run": self.header.run,
            "packets": self.core.sequencer.seq,
            "digest": self.digest.hex(),
            "fingerprint": self.core.fingerprint.hex(),
        }

    def snapshot(self) -> None:
        """Write a snapshot, and the digest so far as a mark."""
        self.writer.mark("digest", self.figures(), seq=self.core.sequencer.seq, ts=self.core.sequencer.now)
        self.writer.wait_durable()
        if self.header.record_inputs:
            extra = {FAULTS: msgspec.msgpack.encode(self.faults)}
            taken = snapshots.take(self.core.sequencer, self.digest, self.writer.durable_bytes)
            self._base = msgspec.structs.replace(taken, extra=extra)
            snapshots.write(self.folder, self._base)

    def close(self) -> None:
        """Make all durable and let go; AllHalted if it can't be."""
        self.writer.close()
        if self._flight:
            self._flight.end()


def digest_seed(header: Header) -> bytes:
    """What the digest chain begins with: seed, and for inputs that are not recorded the feed's identity."""
    feed = {} if header.record_inputs else header.feed
    return msgspec.json.encode([header.seed, feed], order="sorted")
