"""Our side of the book changes: the pilot as a session runs it, on one core, timed input by input."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.measure import Stages, answer, asked
from tradeworthy.gateways.feeds.protocol import Feed, Row
from tradeworthy.gateways.simulator.prediction_settings import AssetSettings, PredictionSettings
from tradeworthy.market.books import BookChanged
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.feeds import open_feed
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.opening import open_run
from tradeworthy.runtime.pilot import pilot_plan
from tradeworthy.runtime.plan import Mode, Plan

MS = 1e6
LONG_ENOUGH_S = 604_800.0

WIDE = PredictionSettings(
    assets=(
        *PredictionSettings().assets,
        AssetSettings(symbol="XRP", name="XRP", price=2.40, volatility=0.7),
    ),
    windows_minutes=(5, 15, 60),
    ladder_strikes=12,
    event_outcomes=12,
)
"""About a hundred markets on four underlyings."""


def one_core() -> None:
    """Keep the whole process, its journal's thread too, on one core, where the system can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def configured(universe: str) -> Configuration:
    """The pilot's own configuration; `wide` has more markets."""
    configuration = pilot_plan().configuration
    return configuration.model_copy(update={"predictions": WIDE}) if universe == "wide" else configuration


def batches(feed: Feed, changes: int) -> Iterator[list[Row]]:
    """The feed's batches until they hold so many book changes."""
    seen = 0
    for rows in feed.batches():
        yield rows
        seen += sum(isinstance(event, BookChanged) for _, _, event in rows)
        if seen >= changes:
            return


class Queue:
    """What waits if book changes come evenly, `rate` a second, and one input is handled after the other.

    A wait follows from the measured work of what is before it (Lindley's recursion); nothing sleeps.
    """

    def __init__(self, rate: float) -> None:
        self._apart = 1_000.0 / rate
        self._arrives = self._free = 0.0
        self.waits: list[float] = []
        self.work = 0.0

    def handle(self, took: float, *, is_change: bool) -> None:
        """An input that takes so many milliseconds; a change's wait ends with its turn."""
        self.work += took
        self._free = max(self._free, self._arrives) + took
        if is_change:
            self.waits.append(self._free - self._arrives)
            self._arrives += self._apart


def measure(life: Life, feed: Feed, changes: int, rate: float) -> tuple[Queue, Queue, float]:
    """The queues by the clock and by the process's own CPU time, and the seconds that making the rows took."""
    clock, cpu = Queue(rate), Queue(rate)
    making = -time.perf_counter()
    for rows in batches(feed, changes):
        making += time.perf_counter()
        for row in rows:
            began, cpu_began = time.perf_counter_ns(), time.process_time_ns()
            life.admit_rows((row,))
            cpu_ended, ended = time.process_time_ns(), time.perf_counter_ns()
            is_change = isinstance(row[2], BookChanged)
            clock.handle((ended - began) / MS, is_change=is_change)
            cpu.handle((cpu_ended - cpu_began) / MS, is_change=is_change)
        making -= time.perf_counter()
    return clock, cpu, making + time.perf_counter()


def main(argument: str) -> None:
    """Measure `workload.bars` book changes and answer; `options` name the universe and the rate."""
    ask = asked(argument)
    one_core()
    stages = Stages()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder)).make()
        configuration = configured(ask.options["universe"])
        plan = Plan(configuration, Mode.PAPER, "simulator", duration_s=LONG_ENOUGH_S)
        feed = open_feed(plan, home)
        run = open_run(plan, home, feed.identity(), feed.span()[0])
        stages.mark("build")
        clock, cpu, making = measure(run.life, feed, ask.workload.bars, float(ask.options["rate"]))
        run.life.writer.wait_durable()
        stages.mark("run")
        core = run.life.core
        figures = {
            "inputs": core.sequencer.inputs,
            "changes": len(clock.waits),
            "markets": len(core.listing.state.instruments) // 2,
            "work_ms": clock.work,
            "cpu_ms": cpu.work,
            "cpu_p99_ms": float(np.percentile(cpu.waits[len(cpu.waits) // 10 :], 99)),
            "making_s": making,
            "session_s": (core.sequencer.now - feed.span()[0]) / 1e9,
            "fills": core.tally.state.fills,
            "digest": run.life.figures()["digest"],
        }
        run.life.close()
    answer(ask, stages.report(samples=clock.waits, figures=figures))


if __name__ == "__main__":
    main(sys.argv[1])
