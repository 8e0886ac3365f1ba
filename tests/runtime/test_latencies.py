"""Latencies: percentiles of about the last minute, from a session's own turns, commits and arrivals."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runtime.rig import SECOND, START, book, feed, place, price
from tests.runtime.test_drivers import Prices
from tests.runtime.wall_rig import Drive, Script, Wall, says
from tradeworthy.core.events import TimeAdvanced
from tradeworthy.gateways.feeds.protocol import Row
from tradeworthy.market.bars import BarClosed
from tradeworthy.runtime import latencies as module
from tradeworthy.runtime.drivers import SimulatedDriver
from tradeworthy.runtime.latencies import TURN_S, Latencies, Stage, latencies_of


def done() -> Future[None]:
    """A commit that is over."""
    future: Future[None] = Future()
    future.set_result(None)
    return future


@given(st.lists(st.integers(0, (1 << 63) - 1), min_size=1), st.floats(0.01, 1.0))
def test_a_percentile_is_within_seven_percent_of_the_true_one(samples: list[int], share: float) -> None:
    """Nearest rank, over nine decades, in memory that does not grow."""
    stage = Stage()
    for sample in samples:
        stage.add(sample)
    count, (found,) = stage.figures([share])
    rank = next(rank for rank in range(1, len(samples) + 1) if rank >= share * len(samples))
    assert count == len(samples)
    assert found == pytest.approx(sorted(samples)[rank - 1], rel=0.07, abs=0.5)


def test_what_is_older_than_a_minute_is_forgotten() -> None:
    """It stays for one turn of the histograms, and is gone after two."""
    seconds = [0.0]
    latencies = Latencies(done, seconds=lambda: seconds[0])
    latencies.decide.add(1_000_000)
    for now, count in ((TURN_S - 1, 1), (TURN_S, 1), (2 * TURN_S - 1, 1), (2 * TURN_S, 0)):
        seconds[0] = now
        latencies.turn_over()
        assert sum(one["count"] for one in latencies.figures()) == count


def test_without_samples_there_are_no_figures() -> None:
    """A stage that was never measured is not shown as nothing."""
    assert Latencies(done).figures() == []


@pytest.mark.parametrize("cut", [1, 3, 16, 64, 1_000])
def test_all_rows_are_admitted_once_and_one_in_so_many_is_timed(cut: int) -> None:
    """However they are cut into lists, it is the same ones: a sample is as good as the next."""
    rows: list[Row] = [(at, START + at, price()) for at in range(1_000)]
    latencies, admitted = Latencies(done), list[Row]()
    for at in range(0, len(rows), cut):
        latencies.sampled(admitted.extend, rows[at : at + cut], 16)
    assert admitted == rows
    assert {one["stage"]: one["count"] for one in latencies.figures()} == {"decide": 63, "durable": 63}


def test_a_commit_that_is_under_way_is_waited_for_by_the_clock_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample is taken when the disk has it, from the input's admission on."""
    now = [5_000]
    monkeypatch.setattr(module, "perf_counter_ns", lambda: now[0])
    commit: Future[None] = Future()
    latencies = Latencies(lambda: commit)
    latencies.handled(4_000)
    assert [one["stage"] for one in latencies.figures()] == ["decide"]
    now[0] = 2_004_000
    commit.set_result(None)
    durable = latencies.figures()[1]
    assert (durable["stage"], durable["count"]) == ("durable", 1)
    assert durable["p99_ms"] == pytest.approx(2.0, rel=0.07)


def test_a_feed_s_way_is_counted_from_the_venue_s_own_time() -> None:
    """A bar's from its close; what has no such time is left out, and a clock ahead of ours is no time travel."""
    latencies = Latencies(done)
    bar = BarClosed("BTC", "1m", START, 1.0, 1.0, 1.0, 1.0, 1.0)
    for event in (price(ts=START + 60 * SECOND), book(ts=START + 60 * SECOND), bar, TimeAdvanced()):
        latencies.arrived(event, START + 61 * SECOND)
    latencies.arrived(price(ts=START + 99 * SECOND), START + 61 * SECOND)
    (found,) = latencies.figures()
    assert (found["stage"], found["count"]) == ("feed", 4)
    assert found["p50_ms"] == found["p99_ms"] == pytest.approx(1_000.0, rel=0.07)


def test_a_session_on_the_wall_clock_measures_all_three(tmp_path: Path) -> None:
    """Each input that a gateway delivers."""
    with place(tmp_path).opened() as life:
        drive = Drive(life, Wall(START + SECOND))
        script = Script(says(price(ts=START), book(ts=START)))
        drive.run(script)
        life.writer.wait_durable()
        found = {one["stage"]: one["count"] for one in drive.driver.latencies.figures()}
    assert found == {"feed": 2, "decide": 2, "durable": 2}


def test_a_run_comes_to_the_same_whether_it_is_timed_or_not(tmp_path: Path) -> None:
    """P1: measuring changes no decision and no byte of the digest."""
    with place(tmp_path).opened() as life, place(tmp_path / "plain").opened() as plain:
        for one, latencies in ((life, latencies_of(life)), (plain, None)):
            driver = SimulatedDriver(
                one, Prices(200), asyncio.Event(), end_ts=None, pace=None, beat=_beat, latencies=latencies
            )
            assert asyncio.run(driver.run())
        feed(life, price())
        feed(plain, price())
        assert life.figures() == plain.figures()


async def _beat() -> None:
    """Nothing to look at."""
