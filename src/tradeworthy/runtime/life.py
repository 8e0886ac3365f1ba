"""One process's life of a run: one path back from crash, fault and restart."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import structlog

from tradeworthy.core.agents import Agent
from tradeworthy.core.candidates import Verdict
from tradeworthy.core.errors import AllHalted, DeskHalted
from tradeworthy.core.events import Event, Quarantined, SessionEnded
from tradeworthy.core.packets import Kind, Packet
from tradeworthy.core.sequencer import TurnTooLong
from tradeworthy.journal import snapshots
from tradeworthy.journal.digest import Digest
from tradeworthy.journal.flight import FlightRecorder, read_flight
from tradeworthy.journal.reader import Record, read, verify
from tradeworthy.journal.recorder import JournalRecorder, ReplayRecorder
from tradeworthy.journal.segments import START, Header
from tradeworthy.journal.writer import JournalWriter
from tradeworthy.runtime.assembly import Core
from tradeworthy.runtime.concluded import CONCLUDED, SESSION, digest_seed
from tradeworthy.runtime.errands import ANSWERS, Answer
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.faults import (
    CAREFUL_INPUTS,
    DEATH,
    FAULTS,
    QUARANTINE,
    CarefulRecorder,
    Death,
    FaultLog,
    PatientRecorder,
    Quarantine,
)
from tradeworthy.runtime.outbox import DurableOutbox
from tradeworthy.runtime.supervisor import supervised

log = structlog.get_logger()

FEED = "feed"
COMMIT_MS, BACKTEST_COMMIT_MS = 2.0, 500.0
"""How long a turn may wait for the disk. A backtest is not gone on with: what it decided is made again instead."""

UNANSWERED = "unanswered"
"""Where a snapshot keeps the commands that wait for their answers."""


class Recovery(msgspec.Struct, frozen=True):
    """What opening the run found: bytes of a torn tail, inputs replayed, in whose turn the last life died."""

    torn_bytes: int
    replayed: int
    died_at: int


class Life:
    """A run, open for more inputs. Opening recovers: trim, load the newest snapshot, replay the tail.

    Raises Damage or Divergence where the record can't be trusted, AllHalted where nothing may go on; what
    raised AllHalted once raises it with each call.
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
        self.halted: AllHalted | None = None
        self.answer: Answer | None = None
        self._traced = "", ""
        self._on_decision = on_decision
        self._flight: FlightRecorder | None = None
        self.digest = Digest(digest_seed(header))
        self.outbox = DurableOutbox(self._wait_durable)
        self._recording = JournalRecorder(self.digest)
        self.core = build(self._recording, self.outbox)
        # Before any input: what a run without a snapshot is rebuilt from.
        self._base = snapshots.take(self.core.sequencer, self.digest, START)
        self._base = snapshots.newest(folder) or self._base
        found = verify(folder, self._base.place)
        torn_bytes = found.torn_bytes
        found.last_seq = max(found.last_seq, self._base.seq)
        commit_ms = COMMIT_MS if header.record_inputs else BACKTEST_COMMIT_MS
        self.writer = JournalWriter(found, header, segment_bytes=segment_bytes, commit_ms=commit_ms)
        with ExitStack() as undo:
            undo.callback(self.close)
            self.faults = self._load_faults(found.marks)
            died_at = self._note_death()
            if header.record_inputs:
                self._flight = FlightRecorder(folder / "inflight", self.writer.durable_bytes.segment)
            self._replayed, self._half_done, self._told_in_turn = 0, True, False
            self._do(lambda: None)
            undo.pop_all()
        self.recovery = Recovery(torn_bytes, self._replayed, died_at)

    def _wait_durable(self, seq: int) -> None:
        self.writer.wait_durable(seq)

    def _load_faults(self, marks: Sequence[Record]) -> FaultLog:
        kept = self._base.extra.get(FAULTS)
        faults = msgspec.msgpack.decode(kept, type=FaultLog) if kept else FaultLog()
        return faults.add(marks)

    def _note_death(self) -> int:
        """Record in whose turn the last process died; after two in one turn its input is quarantined.

        After the first, inputs are durable before they are handled, so that the next death's is on record. A turn
        with anything on record after its input was whole once: it is no killer, whoever was killed while in it.
        """
        flight = read_flight(self.folder / "inflight")
        if flight is None:
            return 0
        death = Death(*flight)
        if death not in self.faults.deaths:
            self.writer.mark(DEATH, death, seq=death.seq)
            self.faults.deaths.append(death)
        for seq in self.faults.deadly():
            if seq == self.writer.durable_seq:
                why = "the process died twice in this input's turn"
                self._quarantine(Quarantine(seq, "", why))
                log.error("input_quarantined", packet=seq, error=why)
        self.writer.wait_durable()
        return death.seq

    def _quarantine(self, quarantine: Quarantine) -> None:
        self.writer.mark(QUARANTINE, quarantine, seq=quarantine.seq)
        self.faults.take(quarantine)

    def _do(self, action: Callable[[], object]) -> None:
        """Take `action` between two turns, however many faults of desks it meets."""
        self.check()
        try:
            supervised(lambda: self._whole(action), self.mend)
        except AllHalted as error:
            self.halted = error
            raise

    def _whole(self, action: Callable[[], object]) -> None:
        """Take `action`, after a rebuild if a raise has left the state half changed."""
        if self._half_done:
            self._replay()
            self._half_done = False
            self._tell()
        action()

    def check(self) -> None:
        """Raise what has halted all, if anything has: the state may be half changed."""
        if self.halted:
            raise self.halted

    def _replay(self) -> None:
        """Stand at the end of what is on record, all decisions on the way compared."""
        self.writer.wait_durable()
        sequencer = self.core.sequencer
        snapshots.restore(sequencer, self.digest, self._base)
        self.outbox.shut = True
        self._load_unanswered()
        replay = ReplayRecorder(self.digest, codec(), self._base.seq)
        sequencer.recorder = self._recording = replay
        sequencer.withheld = self.faults.withheld()
        self._replayed = 0
        if self.header.record_inputs:
            for record in read(self.folder, self._base.place, self.writer.durable_bytes):
                if record.kind == Kind.INPUT:
                    self._admit_again(record.seq, record.body)
                elif record.kind == Kind.DECISION:
                    replay.expect(record)
        self.writer.end_turn(*replay.leftover(), urgent=True)
        sequencer.recorder = self._recording = self._recorder()
        self.outbox.shut = False

    def _admit_again(self, seq: int, body: bytes) -> None:
        """Admit an input on record; a process that dies in its turn dies in it again."""
        packet = codec().decode(body)[1]
        self._told_in_turn = packet.agent == FAULTS
        if self._flight:
            self._flight.begin(seq, crc32(body))
        self.core.sequencer.admit(
            packet.agent,
            packet.position,
            packet.ts,
            packet.event,
            trace=packet.trace,
            cause=packet.cause,
            body=body,
        )
        if self._flight:
            self._flight.end()
        self._told_in_turn = False
        self._replayed += 1
        self.outbox.unanswered.pop(packet.cause, None)

    def _load_unanswered(self) -> None:
        """Let the outbox wait for what it waited for at the snapshot."""
        kept = self._base.extra.get(UNANSWERED)
        bodies = msgspec.msgpack.decode(kept, type=list[bytes]) if kept else []
        packets = [codec().decode(body)[1] for body in bodies]
        self.outbox.unanswered = {packet.seq: packet for packet in packets}

    def _recorder(self) -> JournalRecorder:
        if not self.header.record_inputs:
            return PatientRecorder(self.digest, self.writer, None, self._on_decision)
        deaths = self.faults.deaths
        if not deaths:
            return JournalRecorder(self.digest, self.writer, self._flight, self._on_decision)
        careful = CarefulRecorder(self.digest, self.writer, self._flight, self._on_decision)
        careful.until = max(death.seq for death in deaths) + CAREFUL_INPUTS
        return careful

    def mend(self, error: Exception | SystemExit) -> None:
        """Quarantine the packet that a desk raised on, to be rebuilt without it; raises if no desk did."""
        sequencer = self.core.sequencer
        agent, seq = self._culprit(error)
        what = f"{type(error).__name__}: {error}"
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
        # A desk that can't bear to hear of its faults would have no end of them.
        self._quarantine(Quarantine(seq, agent.desk, what, silent=self._told_in_turn))
        self._half_done = True
        self._told_in_turn = False
        failures = self.faults.counts[agent.desk]
        trace = "".join(traceback.format_exception(error)[-3:]).strip()
        # A desk that raises on every bar says where once; the same again is one short line.
        told = {} if (agent.desk, trace) == self._traced else {"trace": trace}
        self._traced = agent.desk, trace
        log.error(
            "agent_crashed",
            agent=agent.name,
            desk=agent.desk,
            packet=seq,
            error=what,
            failures=failures,
            **told,
        )

    def _culprit(self, error: BaseException) -> tuple[Agent | None, int]:
        """Whose handler raised, and on which packet.

        Where a part under the desks made the one packet too many, the desk that last spoke in that turn kept it going.
        """
        sequencer = self.core.sequencer
        agent = sequencer.route.agent if sequencer.route else None
        if isinstance(error, TurnTooLong) and not (agent and agent.desk):
            for body in reversed(self._recording.unfinished):
                packet = codec().decode(body)[1]
                speaker = sequencer.agents.get(packet.agent)
                if speaker and speaker.desk and not isinstance(packet.event, Verdict):
                    return speaker, packet.cause
        return agent, sequencer.handling

    def _tell(self) -> None:
        """Admit a Quarantined for each quarantine on record that the core has not heard of."""
        sequencer, told = self.core.sequencer, False
        for place, one in enumerate(self.faults.quarantines, self.faults.settled):
            if place > sequencer.positions.get(FAULTS, -1) and not one.silent:
                self._told_in_turn = told = True
                notice = Quarantined(one.seq, one.desk, one.error)
                sequencer.admit(FAULTS, place, sequencer.now, notice)
        self._told_in_turn = False
        if told:
            # The next fault's rebuild begins here, or a desk that raises on each bar would have all replayed each time.
            self._rebase()

    def admit(self, source: str, ts: int, event: Event, *, position: int = -1) -> None:
        """Admit one input, at the source's next position unless it is given (-1: it is not)."""
        sequencer = self.core.sequencer
        at = position if position >= 0 else sequencer.positions.get(source, -1) + 1
        self._do(lambda: self._admit_one(source, at, ts, event))

    def _admit_one(self, source: str, position: int, ts: int, event: Event) -> None:
        self._settle()
        self.core.sequencer.admit(source, position, ts, event)
        self._settle()

    def admit_rows(self, rows: Sequence[tuple[int, int, Event]]) -> None:
        """Admit a feed's rows (position, ts, event) in order."""
        self._do(lambda: self._admit_rows(rows))

    def _admit_rows(self, rows: Sequence[tuple[int, int, Event]]) -> None:
        admit = self.core.sequencer.admit
        if self.answer is None:
            for position, ts, event in rows:
                admit(FEED, position, ts, event)
            return
        self._settle()
        timers = self.core.sequencer.timers
        for position, ts, event in rows:
            if timers.due <= ts:
                self._advance(ts)
            admit(FEED, position, ts, event)
            if self.outbox.unanswered:
                self._settle()

    def advance(self, ts: int) -> None:
        """Let timers due at or before `ts` fire."""
        self._do(lambda: self._advance(ts))

    def _advance(self, ts: int) -> None:
        sequencer = self.core.sequencer
        if self.answer is None:
            sequencer.advance(ts)
            return
        self._settle()
        while (due := sequencer.timers.due) <= ts:
            sequencer.advance(due)
            self._settle()

    def _settle(self) -> None:
        """On the simulated clock: have what waits for an answer answered, before time moves on."""
        unanswered, answer = self.outbox.unanswered, self.answer
        while unanswered and answer is not None:
            packet = next(iter(unanswered.values()))
            self._admit_answer(packet, self.core.sequencer.now, answer(packet))

    def admit_answer(self, packet: Packet, ts: int, event: Event) -> None:
        """Admit what answers the command in `packet`; an answer that nobody waits for is dropped."""
        if packet.seq in self.outbox.unanswered:
            self._do(lambda: self._admit_answer(packet, ts, event))

    def _admit_answer(self, packet: Packet, ts: int, event: Event) -> None:
        sequencer = self.core.sequencer
        if self.outbox.unanswered.pop(packet.seq, None) is None:
            return  # it was admitted already, before a fault of its handler
        place = sequencer.positions.get(ANSWERS, -1) + 1
        sequencer.admit(ANSWERS, place, ts, event, trace=packet.trace, cause=packet.seq)

    def finish(self, ts: int) -> None:
        """End the run at session time `ts`: timers fire, working orders end, counters close."""
        self.advance(ts)
        self.admit(SESSION, ts, SessionEnded(), position=0)

    def conclude(self) -> None:
        """Record that the finished run was seen through: the same command begins an empty one from now on."""
        if SESSION not in self._base.core.positions:
            self.snapshot()
        self.writer.mark(CONCLUDED, self.figures(), seq=self.core.sequencer.seq, ts=self.core.sequencer.now)
        self.writer.wait_durable()

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
        self.check()
        self.writer.mark("digest", self.figures(), seq=self.core.sequencer.seq, ts=self.core.sequencer.now)
        self.writer.wait_durable()
        if self.header.record_inputs:
            self._rebase()
            snapshots.write(self.folder, self._base)

    def _rebase(self) -> None:
        """Take a snapshot into memory, from which rebuilds begin."""
        self.writer.wait_durable()
        taken = snapshots.take(self.core.sequencer, self.digest, self.writer.durable_bytes)
        waiting = [codec().encode(Kind.DECISION, packet) for packet in self.outbox.unanswered.values()]
        extra = {FAULTS: msgspec.msgpack.encode(self.faults.settle(taken.seq))}
        if waiting:
            extra[UNANSWERED] = msgspec.msgpack.encode(waiting)
        self._base = msgspec.structs.replace(taken, extra=extra)

    def close(self) -> None:
        """Make all durable and let go; AllHalted if it can't be."""
        if self._flight:
            # Whatever ends this process from here on, no turn is to blame for it.
            self._flight.end()
        self.writer.close()
