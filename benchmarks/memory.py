"""Resident memory over a simulated year of bars, and over a wide job: flat, or growing with the run."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from benchmarks import bars, process
from benchmarks.process import Run
from benchmarks.results import Goal, Section
from benchmarks.size import Size
from benchmarks.workload import Workload

YEAR = 525_600
GROWTH_MIB_HELD = 20.0
PEAK_MIB_HELD = 500.0
SETTLED = 0.1
"""Growth counts from here on: by a tenth of the run all that is bounded has its size."""

METHOD = """\
Resident memory as the system sees it (/proc), sampled from outside, at the run's start (all loaded and
built), after a tenth of it, and at its end; *growth* is from that tenth to the end. One run each. *paper* is
a run on the market simulator that writes its journal: nothing but the session itself is in it. The backtests
read the file of the first section, ours in windows of a million rows, which come and go."""


class Job(NamedTuple):
    """One side's run on one workload; `held` names the figure that something is promised of."""

    side: str
    module: str
    workload: Workload
    held: str = ""
    feed: str = ""


def jobs(size: Size) -> list[Job]:
    """The year on both sides, and the wide job."""
    year = Workload(f"{size.of(YEAR):,} bars x 3 symbols", size.of(YEAR), symbols=3)
    wide = Workload(f"{size.of(100_000):,} bars x 50 symbols", size.of(100_000), symbols=50)
    return [
        Job("tradeworthy, paper", "benchmarks.session.record", year, "growth", "simulator"),
        Job("tradeworthy, backtest", "benchmarks.session.backtest", year),
        Job("nautilus_trader, backtest", "benchmarks.nautilus.backtest", year),
        Job("tradeworthy, backtest", "benchmarks.session.backtest", wide, "peak"),
        Job("nautilus_trader, backtest", "benchmarks.nautilus.backtest", wide),
    ]


def growth(run: Run) -> float:
    """MiB from a tenth of the run to its end."""
    start, end = run.report.ended["build"], run.report.ended["run"]
    return run.memory.at(end) - run.memory.at(start + SETTLED * (end - start))


def goal_of(job: Job, grown: float, peak: float) -> Goal:
    """What is promised of the job, and whether it holds."""
    measured, limit = (grown, GROWTH_MIB_HELD) if job.held == "growth" else (peak, PEAK_MIB_HELD)
    what = f"memory, {job.workload.name}, {job.side.partition(', ')[2]}"
    return Goal(what, f"{job.held} under {limit:.0f} MiB", f"{job.held} {measured:.0f} MiB", measured < limit)


def measure(size: Size) -> Section:
    """Each job once."""
    rows, goals = [], []
    for job in jobs(size):
        with tempfile.TemporaryDirectory() as folder:
            data = bars.write(job.workload, Path(folder))
            options = {"home": f"{folder}/home", **({"feed": job.feed} if job.feed else {})}
            run = process.alternate({job.side: job.module}, job.workload, data, 1, options)[job.side][0]
        grown, peak = growth(run), run.memory.peak()
        start, end = (run.memory.at(run.report.ended[stage]) for stage in ("build", "run"))
        figures = (f"{value:,.0f}" for value in (start, end, grown, peak))
        rows.append((job.workload.name, job.side, *figures))
        if job.held:
            goals.append(goal_of(job, grown, peak))
    columns = ("job", "side", "start", "end", "growth", "peak")
    return Section("Memory, in MiB", METHOD, columns, rows, goals)
