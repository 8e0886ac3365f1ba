"""What goes wrong in a process, on real journals: raises, endless turns, and deaths (A10, A11, P1)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest

from tests.flows.reached.reading import Reading
from tests.flows.reached.table import reaches
from tests.runtime.rig import BUY as TOLD_TO_BUY
from tests.runtime.rig import LOOP, START, TOLD, Place, book, desk, feed, place, price
from tradeworthy.core.errors import AllHalted, DeskHalted
from tradeworthy.core.packets import Kind as RecordKind
from tradeworthy.core.sequencer import TURN_LIMIT
from tradeworthy.journal.flight import FlightRecorder
from tradeworthy.journal.reader import read
from tradeworthy.market.instruments import InstrumentDelisted
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.faults import DEATH, QUARANTINE
from tradeworthy.runtime.opening import open_run
from tradeworthy.runtime.plan import Mode

HATED = 13.0
TOUCHY = TOLD.with_name("touchy.py")


def journal(there: Place) -> dict[str, None]:
    """The codes on record: of its packets, and of what its marks say of faults."""
    reading = Reading()
    for record in read(there.folder):
        if record.kind == RecordKind.MARK:
            reading.note("packets.Kind.MARK", *faults_of(*record.mark))
        else:
            reading.take(*codec().decode(record.body))
    return reading.happened


def faults_of(name: str, data: list[object]) -> Iterator[str]:
    """What a mark says."""
    if name == DEATH:
        yield "fault.death_in_a_turn"
    elif name == QUARANTINE:
        _, of, error, *silent = data
        if not of:
            yield "fault.two_deaths_in_a_turn"
        elif any(silent):
            yield "fault.desk_raises_when_told"
        elif "SystemExit" in str(error):
            yield "fault.desk_leaves_the_process"
        else:
            endless = f"over {TURN_LIMIT}" in str(error)
            yield f"fault.{'turn_too_long' if endless else 'desk_raises'}"


@reaches(
    *("fault.desk_raises", "fault.desk_leaves_the_process", "fault.desk_raises_when_told"),
    *("fault.turn_too_long", RecordKind.MARK),
)
def what_a_desk_does_wrong(folder: Path) -> dict[str, None]:
    """One raises at a price and loops at another; one leaves the process, and can't bear to hear of it."""
    there = place(folder, desk("told", "0.5", hates=HATED), desk("touchy", "0.5", file=str(TOUCHY)))
    with there.opened() as life:
        feed(life, price(at=HATED), price(LOOP, at=1.0), price(at=2.0), price(at=3.0))
        assert not life.core.guardian.halted()
    return journal(there)


@reaches("fault.raise_under_the_desks")
def what_a_part_does_wrong(folder: Path) -> dict[str, None]:
    """An instrument goes that somebody holds: the ledger raises, and nothing goes on."""
    there = place(folder)
    with there.opened() as life:
        feed(life, book(), price(TOLD_TO_BUY))
        for event in (InstrumentDelisted("BTC"), price()):
            with pytest.raises(AllHalted, match="ledger raised Bug"):
                feed(life, event)
    return {"fault.raise_under_the_desks": None}


@reaches("fault.raise_in_a_backtest")
def what_ends_a_backtest(folder: Path) -> dict[str, None]:
    """A desk that raises there ends it."""
    there = place(folder, desk(hates=HATED))
    plan = dataclasses.replace(there.plan, mode=Mode.BACKTEST)
    life = open_run(plan, there.home, {"feed": "test"}, START).life
    with pytest.raises(DeskHalted, match="desk told raised ValueError"):
        feed(life, price(at=HATED))
    life.close()
    return {"fault.raise_in_a_backtest": None}


@reaches("fault.death_in_a_turn", "fault.two_deaths_in_a_turn")
def what_kills_a_process(folder: Path) -> dict[str, None]:
    """An input at which two processes died: the next comes up halted, without it."""
    there = place(folder)
    with there.opened() as life:
        feed(life, book(), price())
    last = [one for one in read(there.folder) if one.kind == RecordKind.INPUT][-1]
    for number in (1, 2):
        FlightRecorder(there.folder / "inflight", number).begin(last.seq, crc32(last.body))
        with there.opened() as life:
            assert life.recovery.died_at == last.seq
            assert life.core.guardian.halted() == ("quarantine" if number == 2 else "")
    return journal(there)
