"""What a run hands over is what its records say, to the last unit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.runtime.rig import BTC, BUY, ETH, LEAVE, REST, SECOND, START, book, desk, feed, place, price, trade
from tradeworthy.core.events import Event
from tradeworthy.execution.accounting import CashMoved
from tradeworthy.execution.orders import FillObserved, FillStatus
from tradeworthy.market.instruments import Side
from tradeworthy.risk.operators import Operator, Order
from tradeworthy.runtime.sealed import handover_of, is_sealed, seal

ACTS = st.tuples(st.sampled_from([BUY, LEAVE, REST]), st.sampled_from([BTC, ETH]), st.integers(800, 1_200))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, max_size=12), halted=st.booleans())
def test_books_orders_and_latches_are_those_that_the_run_had(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[int, str, int]], halted: Any
) -> None:
    """Whatever it traded: cash and positions as its ledger held them, without a desk's code."""
    there = place(tmp_path_factory.mktemp("run"), desk("one", "0.5"), desk("two", "0.4", notional=77.7))
    with there.opened() as life:
        for told, name, ticks in acts:
            feed(life, book(ticks, name), price(told, ticks / 10, name, ts=life.core.sequencer.now))
        if halted:
            life.admit("operator", life.core.sequencer.now, Operator(Order.HALT, "anna", "odd", "two"))
        state, records = life.core.ledger.state, life.core.ledger.records()
        working = [order for work in life.core.orders.state.works.values() for order in work.orders]
    found = handover_of(there.folder)
    assert (found.opened.parent, found.opened.cash, found.opened.positions) == (
        "test-0-1",
        state.cash,
        records,
    )
    assert sorted(found.opened.open_orders) == sorted(working)
    assert found.opened.latches == (("two/operator",) if halted else ())
    assert [*found.instruments] == [BTC, ETH]
    assert (found.begun, found.finished) == (True, False)


def fill(status: FillStatus) -> Event:
    """A venue's report of one fill."""
    return FillObserved(
        "test",
        "1",
        "0.0",
        "told",
        BTC,
        BTC,
        Side.BUY,
        1_000,
        10,
        5,
        maker=False,
        ts_event=START,
        status=status,
    )


@pytest.mark.parametrize(
    ("statuses", "lots"),
    [
        ([FillStatus.MATCHED], 10),
        ([FillStatus.MATCHED, FillStatus.CONFIRMED, FillStatus.CONFIRMED], 10),
        ([FillStatus.MATCHED, FillStatus.FAILED], 0),
    ],
)
def test_a_fill_counts_as_the_venue_last_said(tmp_path: Path, statuses: list[FillStatus], lots: int) -> None:
    """Once, however often it was reported; not at all if it failed."""
    there = place(tmp_path)
    with there.opened() as life:
        for status in statuses:
            life.admit("venue", START + SECOND, fill(status))
    assert sum(held.lots for held in handover_of(there.folder).opened.positions) == lots


def test_a_finished_run_says_so(tmp_path: Path) -> None:
    """And one without cash has not begun."""
    there = place(tmp_path)
    with there.opened() as life:
        trade(life)
        life.finish(START + 60 * SECOND)
    assert handover_of(there.folder).finished
    path = there.folder / "00000001.journal"
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"initial cash")])
    assert not handover_of(there.folder).begun


def test_a_torn_tail_was_never_there(tmp_path: Path) -> None:
    """What was not durable is not handed over."""
    there = place(tmp_path)
    with there.opened() as life:
        feed(life, book(), price(BUY))
    path = there.folder / "00000001.journal"
    data = path.read_bytes()
    before = path.stat().st_size
    path.write_bytes(data[: data.index(b"FillObserved")])
    assert handover_of(there.folder).opened.positions == ()
    path.write_bytes(data)
    assert path.stat().st_size == before
    assert handover_of(there.folder).opened.positions


def test_a_seal_names_the_heir(tmp_path: Path) -> None:
    """For whoever looks into the folder."""
    assert not is_sealed(tmp_path)
    seal(tmp_path, "test-1-1")
    assert is_sealed(tmp_path)
    assert (tmp_path / "sealed").read_text(encoding="utf-8") == "test-1-1"


def test_the_peak_goes_on_from_run_to_run(tmp_path: Path) -> None:
    """The highest equity that was marked, moved by what was paid in since: the drawdown is counted from there."""
    there = place(tmp_path)
    with there.opened() as life:
        life.admit("venue", START + SECOND, fill(FillStatus.MATCHED))
        assert handover_of(there.folder).opened.peak == 0, "nothing was marked yet"
        life.core.sequencer.advance(START + 3 * 3600 * SECOND)
        life.admit("account", life.core.sequencer.now, CashMoved(700, "deposit"))
        peak = life.core.guardian.state.peak
    assert handover_of(there.folder).opened.peak == peak > 700
