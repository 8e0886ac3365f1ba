"""Faults: a desk that raises is not given the packet, and all else is as if it never had been."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import pytest
from structlog.testing import LogCapture

from tests.runtime.rig import (
    BTC,
    BUY,
    LEAVE,
    LOOP,
    SECOND,
    START,
    TOLD,
    WAKE,
    book,
    desk,
    events_of,
    feed,
    marks_of,
    packets_of,
    place,
    price,
)
from tradeworthy.core.agents import Context
from tradeworthy.core.candidates import Decision, Verdict
from tradeworthy.core.errors import AllHalted, DeskHalted
from tradeworthy.core.events import Event, Quarantined
from tradeworthy.core.packets import Kind
from tradeworthy.desks.arbitrage.sniper import Sniper
from tradeworthy.execution.tally import Tally
from tradeworthy.journal.flight import FlightRecorder
from tradeworthy.journal.reader import read
from tradeworthy.market.bars import PriceObserved
from tradeworthy.risk.operators import HaltChanged
from tradeworthy.runtime.faults import Death, FaultLog, Quarantine
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.opening import open_run
from tradeworthy.runtime.plan import Mode
from tradeworthy.runtime.replay import replay

HATED = 13.0
TOUCHY = TOLD.with_name("touchy.py")


def pair(**first: Any) -> list[dict[str, Any]]:
    """Two desks, `one` with settings of its own."""
    return [desk("one", "0.5", **first), desk("two", "0.5")]


def heard(life: Life, name: str) -> list[float]:
    """The prices that a desk remembers."""
    prices: list[float] = life.core.sequencer.agents[name].state.heard
    return prices


def states(life: Life) -> dict[str, bytes]:
    """What each agent remembers."""
    agents = life.core.sequencer.agents
    return {name: msgspec.msgpack.encode(agent.state) for name, agent in agents.items()}


def test_a_desk_that_raises_is_not_given_the_packet(tmp_path: Path, log: LogCapture) -> None:
    """Marked, logged, told to the core; its state is as if it never had heard it (A10)."""
    there = place(tmp_path, *pair(hates=HATED))
    with there.opened() as life:
        feed(life, price(at=1.0), price(at=HATED), price(at=2.0))
        assert (heard(life, "one"), heard(life, "two")) == ([1.0, 2.0], [1.0, HATED, 2.0])
    (hated,) = [one.seq for one in packets_of(there.folder) if getattr(one.event, "price", 0) == HATED]
    error = f"ValueError: {HATED} is a price I hate"
    assert events_of(there.folder, Quarantined) == [Quarantined(hated, "one", error)]
    assert [mark[:3] for mark in marks_of(there.folder, "quarantine")] == [[hated, "one", error]]
    (crash,) = [entry for entry in log.entries if entry["event"] == "agent_crashed"]
    assert (crash["agent"], crash["desk"], crash["packet"], crash["failures"]) == ("one", "one", hated, 1)
    assert "raise ValueError(message)" in crash["trace"]


def test_the_rest_is_bit_identical_to_a_run_in_which_that_desk_never_got_it(tmp_path: Path) -> None:
    """Each agent's state, books and fingerprint: the same as with a packet that was withheld to begin with."""
    before, hated, after = [book(), price(BUY)], price(BUY, at=HATED), [price(), price(LEAVE), price(WAKE)]
    faulty = place(tmp_path / "faulty", *pair(hates=HATED))
    with faulty.opened() as life:
        feed(life, *before, hated, *after)
        made, fingerprint = states(life), life.core.fingerprint.hex()
    (notice,) = events_of(faulty.folder, Quarantined)
    with place(tmp_path / "calm", *pair()).opened() as life:
        life.core.sequencer.withheld = {notice.seq: frozenset(["one"])}
        feed(life, *before, hated)
        life.admit("faults", life.core.sequencer.now, notice)
        feed(life, *after)
        assert states(life) == made
        assert life.core.fingerprint.hex() == fingerprint


def test_a_run_with_faults_replays_and_resumes_to_its_digest(tmp_path: Path) -> None:
    """The marks are in its journal: what was withheld stays withheld (P1)."""
    there = place(tmp_path, *pair(hates=HATED))
    with there.opened() as life:
        feed(life, book(), price(BUY), price(BUY, at=HATED), price(LEAVE), price(at=HATED))
        life.snapshot()
        feed(life, price(at=HATED), price())
        digest = life.digest.hex()
    for _ in range(2):
        with there.opened() as life:
            assert life.digest.hex() == digest
            assert heard(life, "one") == [100.0, 100.0, 100.0]
            assert life.faults.total() == 3
    assert replay(there.folder).digest == digest


def test_two_desks_that_raise_on_one_packet_are_both_spared_it(tmp_path: Path) -> None:
    """Each has its own quarantine, whichever raised first."""
    desks = [desk(name, "0.25", hates=HATED) for name in ("one", "two", "three")]
    there = place(tmp_path, *desks, desk("calm", "0.25"))
    with there.opened() as life:
        feed(life, price(at=1.0), price(at=HATED), price(at=2.0))
        for name in ("one", "two", "three"):
            assert heard(life, name) == [1.0, 2.0]
        assert heard(life, "calm") == [1.0, HATED, 2.0]
        digest = life.digest.hex()
    assert [one.desk for one in events_of(there.folder, Quarantined)] == ["one", "two", "three"]
    assert len({one.seq for one in events_of(there.folder, Quarantined)}) == 1
    assert replay(there.folder).digest == digest


def test_a_turn_that_never_ends_is_the_desks_fault(tmp_path: Path) -> None:
    """Over 10,000 packets: the desk that keeps it going is not given the one that was too many."""
    there = place(tmp_path, *pair())
    with there.opened() as life:
        feed(life, price(at=1.0), price(LOOP, at=2.0), price(at=3.0))
        assert 10_000 < life.core.sequencer.seq < 10_050
        assert heard(life, "one") == heard(life, "two") == [1.0, 2.0, 3.0]
        digest = life.digest.hex()
    assert "over 10000" in events_of(there.folder, Quarantined)[0].error
    assert {one.desk for one in events_of(there.folder, Quarantined)} == {"one", "two"}
    assert replay(there.folder).digest == digest


def test_a_handler_does_not_end_the_session_nor_the_telling_of_it(tmp_path: Path) -> None:
    """SystemExit is a fault; a desk that raises when it is told of its fault is not told again."""
    there = place(tmp_path, desk("touchy", "0.5", file=str(TOUCHY)), desk("calm", "0.5"))
    with there.opened() as life:
        feed(life, price(at=1.0), price(at=2.0), price(at=3.0), price(at=4.0))
        assert heard(life, "calm") == [1.0, 2.0, 3.0, 4.0]
        digest = life.digest.hex()
    told = [one.error.partition(":")[0] for one in events_of(there.folder, Quarantined)]
    assert told == ["LookupError", "SystemExit"]
    assert len(marks_of(there.folder, "quarantine")) == 4
    assert replay(there.folder).digest == digest


def entries(folder: Path) -> list[tuple[bool, str]]:
    """What was decided about each candidate."""
    return [(one.approved, one.reason) for one in events_of(folder, Decision)]


def test_a_desks_entries_wait_after_its_fault(tmp_path: Path) -> None:
    """1 s of session time after the first, 2 s after the second; exits do not wait."""
    there = place(tmp_path, desk(hates=HATED))
    with there.opened() as life:
        feed(life, book(), price(BUY), every=SECOND)
        feed(life, price(at=HATED), price(BUY), price(LEAVE), every=SECOND // 4)
        feed(life, price(BUY), every=SECOND)
        feed(life, price(at=HATED), every=SECOND)
        feed(life, price(LEAVE), price(BUY), every=3 * SECOND // 4)
        feed(life, price(BUY), every=SECOND)
    assert entries(there.folder) == [
        (True, ""),
        (False, "desk_halt"),
        (True, "reduce_only"),
        (True, ""),
        (True, "reduce_only"),
        (False, "desk_halt"),
        (True, ""),
    ]


@pytest.mark.parametrize(("on_fault", "held"), [("keep", 10_000), ("flatten", 0)])
def test_five_faults_in_ten_minutes_latch_the_desk(tmp_path: Path, on_fault: str, held: int) -> None:
    """Its positions are kept, or closed at market, as its section says."""
    there = place(tmp_path, desk(hates=HATED, on_fault=on_fault))
    with there.opened() as life:
        feed(life, book(), price(BUY))
        feed(life, *[price(at=HATED)] * 5, every=100 * SECOND)
        assert life.core.guardian.halted("told") == "faults"
        assert life.core.guardian.halted() == ""
        assert life.core.ledger.position("told", BTC).lots == held
        feed(life, price(BUY))
    assert [(one.desk, one.rule) for one in events_of(there.folder, HaltChanged)] == [("told", "faults")]
    assert events_of(there.folder, Verdict)[-1].reason == "desk_halt"


def test_a_raise_under_the_desks_halts_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line that names the part, the packet and how to see it; nothing goes on after it."""
    there = place(tmp_path)
    with there.opened() as life:
        feed(life, price())

        def raise_(_: Tally, event: Event, __: Context) -> None:
            raise ZeroDivisionError(type(event).__name__)

        monkeypatch.setattr(Tally, "count_candidate", raise_)
    life = there.open()
    feed(life, book())
    with pytest.raises(AllHalted) as halted:
        feed(life, price(BUY))
    said = str(halted.value)
    assert said.startswith("tally raised ZeroDivisionError: TradeCandidate at packet ")
    assert "all is halted" in said
    assert "tradeworthy trace" in said
    for _ in range(2):
        with pytest.raises(AllHalted, match="tally raised"):
            feed(life, price())
    life.close()
    monkeypatch.undo()
    with there.opened() as life:
        assert life.core.ledger.position("told", BTC).lots == 10_000


def test_a_desk_that_raises_in_a_backtest_ends_it(tmp_path: Path) -> None:
    """There is no quarantine: the author corrects the desk."""
    there = place(tmp_path, desk(hates=HATED))
    plan = dataclasses.replace(there.plan, mode=Mode.BACKTEST)
    run = open_run(plan, there.home, {"feed": "test"}, START)
    with pytest.raises(
        DeskHalted, match=rf"desk told raised ValueError: {HATED} .*the backtest ends; correct"
    ):
        feed(run.life, price(at=1.0), price(at=HATED))
    run.life.close()


class Deadly:
    """A run whose last input on record is `seq`: nothing of what it made is there."""

    def __init__(self, folder: Path) -> None:
        self.there = place(folder)
        with self.there.opened() as life:
            feed(life, book(), price(BUY))
        self.record = [one for one in read(self.there.folder) if one.kind == Kind.INPUT][-1]
        self.seq = self.record.seq
        path = self.there.folder / "00000001.journal"
        path.write_bytes(path.read_bytes()[: self.record.offset_after])

    def die(self, life: int) -> None:
        """Leave what a process leaves that dies in the turn of that input."""
        FlightRecorder(self.there.folder / "inflight", life).begin(self.seq, crc32(self.record.body))


def test_one_death_in_a_turn_is_told_of_and_no_more(tmp_path: Path) -> None:
    """The input is handled again: it may have been the power."""
    deadly = Deadly(tmp_path)
    deadly.die(1)
    with deadly.there.opened() as life:
        assert life.recovery.died_at == deadly.seq
        assert life.core.guardian.halted() == ""
        assert life.core.ledger.position("told", BTC).lots == 10_000
    with deadly.there.opened() as life:
        assert life.recovery.died_at == 0
    assert [mark[0] for mark in marks_of(deadly.there.folder, "death")] == [deadly.seq]


def test_an_input_that_kills_two_processes_is_withheld_and_halts_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: LogCapture
) -> None:
    """The session comes up, halted, without it; it says so, and it is so in each later life and replay."""
    deadly = Deadly(tmp_path)
    deadly.die(1)
    with monkeypatch.context() as patched:
        patched.setattr(Life, "_replay", raise_interrupt)
        with pytest.raises(KeyboardInterrupt):
            deadly.there.open()
    deadly.die(2)
    digest = ""
    for _ in range(2):
        with deadly.there.opened() as life:
            assert life.core.guardian.halted() == "quarantine"
            assert life.core.ledger.positions() == []
            feed(life, price(BUY, ts=life.core.sequencer.now))
            digest = life.digest.hex()
    assert [(one.seq, one.desk) for one in events_of(deadly.there.folder, Quarantined)] == [(deadly.seq, "")]
    assert {one.reason for one in events_of(deadly.there.folder, Verdict)} == {"system_halt"}
    assert [entry["packet"] for entry in log.entries if entry["event"] == "input_quarantined"] == [deadly.seq]
    assert replay(deadly.there.folder).digest == digest


def raise_interrupt(_: Life) -> None:
    """The process ends here."""
    raise KeyboardInterrupt


def test_the_log_of_faults_counts_and_forgets() -> None:
    """What a snapshot holds is not listed any more; totals stay."""
    faults = FaultLog()
    for seq, name in ((5, "one"), (5, "two"), (9, "one")):
        faults.take(Quarantine(seq, name, "odd"))
    assert faults.withheld() == {5: frozenset(["one", "two"]), 9: frozenset(["one"])}
    assert faults.total() == 3
    faults.settle(5)
    assert faults.withheld() == {9: frozenset(["one"])}
    assert (faults.settled, faults.total(), faults.counts) == (2, 3, {"one": 2, "two": 1})


def test_only_two_deaths_in_the_same_turn_of_two_lives_are_deadly() -> None:
    """Another input at that seq, after a torn tail, is another turn."""
    once = FaultLog(deaths=[Death(5, 11, 1), Death(6, 12, 2), Death(5, 13, 3)])
    assert once.deadly() == []
    twice = FaultLog(deaths=[Death(5, 11, 1), Death(5, 11, 2), Death(5, 11, 3)])
    assert twice.deadly() == [5]
    twice.take(Quarantine(5, "", "deadly"))
    assert twice.deadly() == []


def test_a_raise_in_one_agent_of_a_built_in_desk_is_that_desks(
    tmp_path: Path, log: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A10: the packet is withheld from all of its agents, by the desk's name; the log names the one that raised."""

    def raises(_: Sniper, event: PriceObserved, __: Context) -> None:
        if event.price == HATED:
            raise ValueError("a price I hate")

    monkeypatch.setattr(Sniper, "watch", raises)
    there = place(tmp_path, {"name": "arbitrage", "kind": "arbitrage"})
    with there.opened() as life:
        feed(life, price(at=12.9), price(at=HATED), price(at=13.1))
        scanner = life.core.sequencer.agents["opportunity-scanner"]
        assert scanner.desk == "arbitrage"
        assert life.faults.counts == {"arbitrage": 1}
        assert life.core.oracles.price(BTC) == 13.1
    (crashed,) = [entry for entry in log.entries if entry["event"] == "agent_crashed"]
    assert (crashed["agent"], crashed["desk"]) == ("oracle-sniper", "arbitrage")
    assert [one.desk for one in events_of(there.folder, Quarantined)] == ["arbitrage"]
