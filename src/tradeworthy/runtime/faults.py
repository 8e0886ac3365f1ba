"""What went wrong in a run, as the marks in its journal tell it: packets withheld from desks, deaths of its process."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from zlib import crc32

import msgspec

from tradeworthy.core.packets import HEAD, Kind
from tradeworthy.journal import snapshots
from tradeworthy.journal.reader import Record, read
from tradeworthy.journal.recorder import JournalRecorder

FAULTS = "faults"
"""Where a snapshot keeps the FaultLog, and the source of Quarantined; its position counts the quarantines."""

QUARANTINE, DEATH = "quarantine", "death"

CAREFUL_INPUTS = 1_000
"""After a death, so many inputs past it are made durable before they are handled."""


class Quarantine(msgspec.Struct, frozen=True, array_like=True):
    """Packet `seq` is withheld from `desk` ("": from all). The core hears of it, unless it is `silent`."""

    seq: int
    desk: str
    error: str
    silent: bool = False


class Death(msgspec.Struct, frozen=True, array_like=True):
    """A process died in the turn of input `seq`, whose body has crc32 `crc`; `life` tells processes apart."""

    seq: int
    crc: int
    life: int


class FaultLog(msgspec.Struct):
    """Quarantines and deaths that a rebuild may meet again, and how many quarantines there were, by desk.

    `settled` quarantines are not listed any more: a snapshot holds what came of them.
    """

    quarantines: list[Quarantine] = []
    deaths: list[Death] = []
    counts: dict[str, int] = {}
    settled: int = 0

    def add(self, records: Iterable[Record]) -> FaultLog:
        """Take what the marks among `records` say."""
        for record in records:
            if record.kind == Kind.MARK:
                name, data = record.mark
                if name == QUARANTINE:
                    self.take(msgspec.convert(data, Quarantine))
                elif name == DEATH:
                    self.deaths.append(msgspec.convert(data, Death))
        return self

    def take(self, quarantine: Quarantine) -> None:
        """One more."""
        self.quarantines.append(quarantine)
        self.counts[quarantine.desk] = self.counts.get(quarantine.desk, 0) + 1

    def withheld(self) -> dict[int, frozenset[str]]:
        """The desks that each listed packet is withheld from."""
        withheld: dict[int, frozenset[str]] = {}
        for one in self.quarantines:
            withheld[one.seq] = withheld.get(one.seq, frozenset()) | {one.desk}
        return withheld

    def deadly(self) -> list[int]:
        """The inputs in whose turn two processes died, and which are not withheld from all yet."""
        once: dict[tuple[int, int], None] = {}
        found: dict[int, None] = {}
        gone = [one.seq for one in self.quarantines if not one.desk]
        for one in self.deaths:
            if (one.seq, one.crc) in once and one.seq not in gone:
                found[one.seq] = None
            once[one.seq, one.crc] = None
        return list(found)

    def settle(self, seq: int) -> FaultLog:
        """Forget what lies at or before packet `seq`, from where on rebuilds begin; itself.

        To be called once the core has heard of all that is listed.
        """
        rest = [one for one in self.quarantines if one.seq > seq]
        self.settled += len(self.quarantines) - len(rest)
        self.quarantines = rest
        self.deaths = [one for one in self.deaths if one.seq > seq]
        return self

    def total(self) -> int:
        """How many quarantines the run has had."""
        return sum(self.counts.values())


def withheld_of(folder: Path) -> dict[int, frozenset[str]]:
    """What the whole journal in `folder` says is withheld, and from whom.

    A snapshot that knows of no quarantine spares reading what comes before it.
    """
    base = snapshots.newest(folder)
    kept = base.extra.get(FAULTS) if base else None
    spared = base and kept and not msgspec.msgpack.decode(kept, type=FaultLog).total()
    return FaultLog().add(read(folder, base.place if base and spared else None)).withheld()


class CarefulRecorder(JournalRecorder):
    """Makes inputs up to packet `until` durable before they are handled: a process has died in such a turn.

    What kills the next process, too, is then on record, and is known again.
    """

    until: int = 0

    def input(self, body: bytes) -> None:
        """Record what begins a turn, and wait until it is on disk."""
        seq = HEAD.unpack_from(body)[1]
        if seq > self.until or not self.writer:
            super().input(body)
            return
        self.digest.update(body)
        self.writer.append(body)
        self.writer.wait_durable()
        if self.flight:
            self.flight.begin(seq, crc32(body))


class PatientRecorder(JournalRecorder):
    """Asks for no haste: nothing leaves a backtest, so that no command of it has to be durable first."""

    def end_turn(self, *, urgent: bool) -> None:
        """Hand the turn's decisions over."""
        del urgent
        super().end_turn(urgent=False)
