"""The whole life of a row from one word, and what became of a dip that was skipped (P2, P5)."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.research.trial_market import market
from tradeworthy.cli.packet_lines import Telling
from tradeworthy.cli.uptrend_lines import life_json, life_lines
from tradeworthy.core.candidates import Candidate, Outcome
from tradeworthy.core.errors import UsageError
from tradeworthy.core.packets import Packet
from tradeworthy.desks.uptrend.events import ActionTaken, PositionClosed, WindowResolved
from tradeworthy.journal.reader import read_header
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.row_lives import RowLife, row_life
from tradeworthy.runtime.tracing import trace

ROW = "1h@BBB"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a backtest over the small market."""
    plan = replace(
        market(tmp_path_factory.mktemp("market")), first_day=date(2026, 1, 1), last_day=date(2026, 2, 12)
    )
    home = Home(tmp_path_factory.mktemp("home"))
    return home.runs / str(run_backtest(plan, home).figures["run"])


@pytest.fixture(scope="module")
def life(folder: Path) -> RowLife:
    """The life of one row."""
    return row_life(folder, ROW)


def kinds(packets: list[Packet]) -> list[str]:
    """The classes of the packets' events, each once, in the order of their first."""
    return list(dict.fromkeys(type(one.event).__name__ for one in packets))


def test_a_life_goes_from_its_signal_to_its_closure(life: RowLife) -> None:
    """P2: signal, decision, rows, status, stages, actions, closure; in order, and of this row alone."""
    assert kinds(life.packets)[:3] == ["SignalTaken", "SignalDecided", "PositionsAllocated"]
    assert {"PositionStatusChanged", "StageChanged", "ActionTaken", "PositionClosed"} < {*kinds(life.packets)}
    assert [one.seq for one in life.packets] == sorted(one.seq for one in life.packets)
    rows = {getattr(one.event, "position", ROW) for one in life.packets}
    assert rows == {ROW}


def test_a_trade_is_told_from_its_first_buy_to_its_end(folder: Path, life: RowLife) -> None:
    """P2: one trade of the row, with the signal that made the row before it."""
    trade = row_life(folder, f"{ROW}#1")
    assert kinds(trade.packets)[0] == "SignalTaken"
    acted = [one.event.trade for one in trade.packets if isinstance(one.event, ActionTaken)]
    assert acted
    assert set(acted) == {f"{ROW}#1"}
    assert isinstance(trade.packets[-1].event, PositionClosed)
    assert len(trade.packets) < len(life.packets)


@pytest.mark.parametrize("asked", ["1h@ZZZ", "1h@BB", "@", f"{ROW}#99"])
def test_what_has_no_life_is_refused(folder: Path, asked: str) -> None:
    """A11: with what there is."""
    with pytest.raises(UsageError, match=r"has no (row|trade)"):
        row_life(folder, asked)


def test_a_life_is_told_in_lines(life: RowLife) -> None:
    """P2: a person reads each step in words, and the sum at the end."""
    lines = list(life_lines(life))
    assert lines[0] == f"run {life.run}, row {ROW}"
    assert any("approved, all 5 checks met" in line for line in lines)
    assert any(f"PositionsAllocated {ROW} cap " in line for line in lines)
    assert any(f"ActionTaken {ROW}#1 entry by " in line for line in lines)
    assert any(f"PositionClosed {ROW}#1 " in line and " rr " in line for line in lines)
    assert any(" actions, " in line and " closed, " in line for line in lines)
    assert lines[-1].startswith("a backtest keeps no inputs on record")


def test_a_life_is_told_in_values_too(folder: Path, life: RowLife) -> None:
    """`--json`: each packet with its id and its event."""
    told = life_json(life, read_header(folder))
    assert [one["seq"] for one in told["packets"]] == [one.seq for one in life.packets]
    assert all(one["id"] and one["event"] for one in told["packets"])


def skipped_of(life: RowLife) -> Packet:
    """The first candidate of a skipped window that came to be known."""
    known = {one.event.window for one in life.packets if isinstance(one.event, WindowResolved)}
    return next(
        one
        for one in life.packets
        if isinstance(one.event, Candidate) and one.event.figures["window"] in known
    )


def test_a_skipped_window_is_traced_to_its_outcome(folder: Path, life: RowLife) -> None:
    """P2, P5: why the dip was skipped, and what became of it turns later, in one trace."""
    skipped = skipped_of(life)
    found = trace(folder, str(skipped.seq))
    assert "WindowClosed" in kinds(found.packets)
    (resolved,) = [one.event for one in found.packets if isinstance(one.event, WindowResolved)]
    assert isinstance(skipped.event, Candidate)
    assert resolved.window == skipped.event.figures["window"]
    verdicts = {packet.seq: verdict for packet, verdict in found.fates()}
    verdict = verdicts[skipped.seq]
    assert verdict is not None
    assert verdict.outcome is Outcome.SKIPPED
    last = list(Telling({}).lines(found))[-1]
    assert f"candidate {skipped.seq} (" in last
    assert "; it turned out " in last
    assert "missed opportunity" in last or "rightly skipped" in last or "neutral" in last


def test_the_life_names_the_gates_that_were_not_met(life: RowLife) -> None:
    """P2: a skipped window with the figure that fell short, and what was asked."""
    lines = [line for line in life_lines(life) if " WindowClosed " in line and " skipped after " in line]
    assert lines
    assert all(line.rpartition(": ")[2] for line in lines)
