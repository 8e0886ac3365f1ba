"""Our side of the latency: a book, the desk's answer, the paper venue's fill, and the fill on disk."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.measure import Stages, answer, asked
from benchmarks.session.parts import in_and_out
from benchmarks.workload import Workload
from tradeworthy.core.errors import Bug
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.runtime.assembly import CONFIGURED, first_inputs
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.life import FEED, Life
from tradeworthy.runtime.opening import make_life
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.runs import RunName, header_of

PAUSE_S = 0.001
LOTS_ON_OFFER = 1_000_000


def book(instrument: str, bid: int) -> BookChanged:
    """A book of one level, of now."""
    bids, asks = (Level(bid, LOTS_ON_OFFER),), (Level(bid + 1, LOTS_ON_OFFER),)
    return BookChanged(instrument, time.time_ns(), bids, asks)


def measure(life: Life, workload: Workload) -> tuple[list[float], list[float]]:
    """Microseconds from book to durable fill, and to the fill alone, one for each book."""
    durable, decided = [], []
    instrument = workload.names()[0]
    ticks = 1_000_000 + np.cumsum(np.random.default_rng(workload.seed).integers(-5, 6, workload.bars))
    for position, bid in enumerate(ticks.tolist()):
        event = book(instrument, bid)
        fills = life.core.tally.state.fills
        began = time.perf_counter_ns()
        life.admit(FEED, time.time_ns(), event, position=position)
        made = time.perf_counter_ns()
        life.writer.wait_durable(life.core.sequencer.seq)
        ended = time.perf_counter_ns()
        if life.core.tally.state.fills != fills + 1:
            raise Bug(f"book {position} made {life.core.tally.state.fills - fills} fills instead of one")
        durable.append((ended - began) / 1e3)
        decided.append((made - began) / 1e3)
        time.sleep(PAUSE_S)
    return durable, decided


def main(argument: str) -> None:
    """Measure and answer with the latencies; `figures` has the median without the disk."""
    ask = asked(argument)
    stages = Stages()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder)).make()
        plan = Plan(in_and_out(ask.workload), Mode.PAPER)
        name = RunName("benchmark", 1)
        header = header_of(plan, name, {"feed": "benchmark"}, "", start_ts=0, end_ts=None)
        life = make_life(plan.configuration, home, header)
        for event in first_inputs(plan.configuration):
            life.admit(CONFIGURED, time.time_ns(), event)
        stages.mark("build")
        durable, decided = measure(life, ask.workload)
        stages.mark("run")
        life.close()
    figures = {"decided_p50": float(np.median(decided))}
    answer(ask, stages.report(samples=durable, figures=figures))


if __name__ == "__main__":
    main(sys.argv[1])
