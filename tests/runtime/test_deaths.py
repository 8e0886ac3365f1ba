"""Processes that died in a turn, raises that are final, and ends that nobody saw."""

import asyncio
from pathlib import Path
from zlib import crc32

import pytest

from tests.runtime.rig import SECOND, Place, desk, events_of, feed, marks_of, place, price, trade
from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.errors import AllHalted
from tradeworthy.core.events import Quarantined
from tradeworthy.core.packets import Kind
from tradeworthy.gateways.control import Halt
from tradeworthy.gateways.latch import LatchFile
from tradeworthy.journal.flight import FlightRecorder
from tradeworthy.journal.reader import read
from tradeworthy.market.bars import PriceObserved
from tradeworthy.risk.operators import Operator
from tradeworthy.runtime.concluded import is_concluded
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.opening import claim_ordinal, make_life
from tradeworthy.runtime.requests import RequestHandler

HATED = 13.0


class Picky(Agent):
    """A part under the desks that raises at a price, and at any operator."""

    @on(PriceObserved)
    def price(self, event: PriceObserved, _: Context) -> None:
        """Raise at 13."""
        if event.price == HATED:
            raise ArithmeticError("13 is no price")

    @on(Operator)
    def operator(self, _: Operator, __: Context) -> None:
        """Raise at all."""
        raise ArithmeticError("no operators")


def picky(where: Place) -> Life:
    """The place's run, with such a part in it."""
    with where.opened() as life:
        header = life.header
    return make_life(where.plan.configuration, where.home, header, [Picky("picky", State())])


def died(where: Place, life: int) -> int:
    """Leave what a process dead in the turn of the last input leaves; that input's seq."""
    *_, last = [record for record in read(where.folder) if record.kind == Kind.INPUT]
    FlightRecorder(where.folder / "inflight", life).begin(last.seq, crc32(last.body))
    return last.seq


def test_a_death_is_counted_once_however_often_it_is_found(tmp_path: Path) -> None:
    """A process that is killed after it noted the last one's death, and before it forgot it, has not died in a turn."""
    where = place(tmp_path)
    with where.opened() as life:
        trade(life)
        feed(life, price())
    seq = died(where, 1)
    for _ in range(2):
        with where.opened() as life:
            assert life.recovery.died_at == seq
            assert not life.core.guardian.halted()
        assert len(marks_of(where.folder, "death")) == 1
        died(where, 1)
    died(where, 2)
    with where.opened() as life:
        assert life.core.guardian.halted() == "quarantine"
    assert [one.seq for one in events_of(where.folder, Quarantined)] == [seq]
    with where.opened() as life:
        assert life.core.guardian.halted() == "quarantine"
    assert len(events_of(where.folder, Quarantined)) == 1


def test_a_turn_that_was_whole_once_kills_no_process(tmp_path: Path) -> None:
    """Its decisions are on record: two kills from outside while it is replayed are no reason to withhold it."""
    where = place(tmp_path)
    with where.opened() as life:
        trade(life)
        figures = life.figures()
    for number in (1, 2, 3):
        seq = died(where, number)
        with where.opened() as life:
            assert life.recovery.died_at == seq
            assert life.figures() == figures
    assert marks_of(where.folder, "quarantine") == []


def test_a_desk_that_raises_again_and_again_is_rebuilt_from_near(tmp_path: Path) -> None:
    """A10: each fault costs the turns since the last one, not all since the last snapshot; nothing piles up."""
    where = place(tmp_path, desk(hates=HATED))
    with where.opened() as life:
        feed(life, *[price()] * 200)
        for _ in range(30):
            feed(life, price(at=HATED), price())
            assert life._replayed < 10 or life.faults.total() == 1
            assert life.faults.quarantines == []
        assert life.faults.total() == 30
        figures = life.figures()
    with where.opened() as life:
        assert life.figures() == figures
        assert life.faults.total() == 30
    assert len(events_of(where.folder, Quarantined)) == 30


def test_a_raise_under_the_desks_is_final(tmp_path: Path) -> None:
    """The half changed state takes no more inputs and goes into no snapshot; the next start meets the raise again."""
    where = place(tmp_path)
    life = picky(where)
    for told in (HATED, 1.0):
        with pytest.raises(AllHalted, match="picky raised ArithmeticError: 13 is no price"):
            feed(life, price(at=told))
    with pytest.raises(AllHalted, match="picky raised"):
        life.snapshot()
    life.close()
    assert not list(where.folder.glob("snapshots/*"))
    with pytest.raises(AllHalted, match="picky raised"):
        picky(where)


def test_a_request_that_halts_all_stops_the_session_too(tmp_path: Path) -> None:
    """The person is told, and the session does not go on with a half changed state."""
    where = place(tmp_path)
    life, stop = picky(where), asyncio.Event()
    handler = RequestHandler(life, LatchFile(where.home.path), stop, lambda: life.core.sequencer.now)
    with pytest.raises(AllHalted, match="no operators"):
        asyncio.run(handler.handle(Halt(by="ann", reason="test")))
    assert stop.is_set()
    with pytest.raises(AllHalted, match="no operators"):
        life.check()
    life.close()


def test_a_finished_run_is_concluded_once_its_end_was_seen_through(tmp_path: Path) -> None:
    """A kill between its last turn and its last line leaves a run that the same command finishes."""
    where = place(tmp_path)
    with where.opened() as life:
        trade(life)
        life.finish(life.core.sequencer.now + SECOND)
        life.snapshot()
        figures = life.figures()
    assert not is_concluded(where.folder)
    with where.opened() as life:
        life.finish(life.core.sequencer.now + SECOND)
        assert life.figures() == figures
        life.conclude()
    assert is_concluded(where.folder)


def test_a_session_uses_the_folder_that_a_killed_start_left(tmp_path: Path) -> None:
    """A run keeps its name, and with it the ids of its rows; backtests, which may run side by side, never share one."""
    home = Home(tmp_path).make()
    (home.runs / "flow-1234-1").mkdir()
    assert claim_ordinal(home, "flow-1234", None, alone=True) == 1
    assert claim_ordinal(home, "flow-1234", None, alone=False) == 2
